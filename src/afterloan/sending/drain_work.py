"""The drain at work: due actions become jobs of the queue, workers do them, what a dead worker left is put back."""

import asyncio
import multiprocessing
import queue
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import procrastinate
from procrastinate.job_context import JobContext

from afterloan.expected import BadInput
from afterloan.sending.channels import ChannelSetting, setting
from afterloan.sending.drain import CHANNELS, Handler, channels
from afterloan.sending.drain_batch import Batch
from afterloan.store import sending
from afterloan.store.server import Store

JOB = "afterloan.send"
PER_JOB = 200
HANDED = 20_000
"""Most actions handed over in one transaction."""
PAUSE = timedelta(seconds=30)
POLL_SECONDS = 1.0
REASONS = 12
"""Most reasons that are shown."""
HANDS = 4
"""Jobs that a worker does at once; each has a connection to the store and one to each receiver."""


@dataclass(slots=True)
class Drained:
    """What a run of the drain came to: by channel, how many actions had which end."""

    jobs: int = 0
    seconds: float = 0.0
    ends: dict[str, Counter[str]] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, channel: str, done: dict[str, Any]) -> None:
        """Count a job in."""
        self.jobs += 1
        self.reasons.update({f"{channel}: {why}": n for why, n in done["reasons"].items()})
        self.ends.setdefault(channel, Counter()).update({k: v for k, v in done.items() if v and k != "reasons"})

    def total(self, end: str) -> int:
        """How many actions had that end (sent, refused, again, unknown, doubt, dropped, held)."""
        return sum(c[end] for c in self.ends.values())

    def told(self) -> dict[str, Any]:
        """For machines."""
        channels = {name: dict(counts) for name, counts in self.ends.items()}
        return {
            "jobs": self.jobs,
            "seconds": round(self.seconds, 3),
            "channels": channels,
            "reasons": dict(self.reasons),
        }

    def __str__(self) -> str:
        """For people."""
        if not self.ends:
            return "nothing is due"
        lines = [
            f"{name}: " + ", ".join(f"{n:,} {end}" for end, n in sorted(counts.items()))
            for name, counts in sorted(self.ends.items())
        ]
        most = [f"  {n:,} × {why}" for why, n in self.reasons.most_common(REASONS)]
        return "\n".join([*lines, *most])


def now_utc() -> datetime:
    """The clock of the drain."""
    return datetime.now(UTC)


def _at(moment: datetime | None) -> Callable[[], datetime]:
    return now_utc if moment is None else lambda: moment


def chosen(only: Sequence[str] = ()) -> list[str]:
    """The channels to drain: those named, or all. Raises ValueError for one that does not exist."""
    known = channels()
    for name in only:
        if name not in known:
            raise BadInput(f"channel {name!r}: no such channel; there are: {', '.join(sorted(known))}")
    return sorted(only or known)


def _queue(store: Store) -> procrastinate.App:
    app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=store.url, min_size=0, max_size=1))
    app.open()
    return app


def hand_over(
    store: Store, jobs: procrastinate.App, names: Sequence[str], now: datetime, per_job: int = PER_JOB
) -> int:
    """Make jobs of what is due; the jobs and the mark that they are handed over commit together. Returns actions."""
    total = 0
    for name in names:
        while True:
            with store.connect() as connection:
                actions = sending.due(connection, CHANNELS[name].kinds, now, HANDED)
                for first in range(0, len(actions), per_job):
                    some = actions[first : first + per_job]
                    deferrer = jobs.configure_task(JOB, queue=name, connection=connection)
                    sending.hand_over(connection, some, int(deferrer.defer(channel=name)))
            total += len(actions)
            if len(actions) < HANDED:
                break
    return total


def send_at_once(store: Store, key: str, moment: datetime | None = None, told: ChannelSetting | None = None) -> bool:
    """Send the one action of a key now, before all that waits; False where it does not wait (any more).

    It is handed over as any other: what this process does not come to, the next drain does. Raises ChannelsRefused.
    """
    made, clock = told or setting(), _at(moment)
    channels()
    jobs = _queue(store)
    hand = Hand(store, made)
    try:
        with store.connect() as connection:
            found = sending.due_under(connection, key, clock())
            if found is None:
                return False
            action, kind = found
            name = next(told.channel for told in CHANNELS.values() if kind in told.kinds)
            job = int(jobs.configure_task(JOB, queue=name, connection=connection).defer(channel=name))
            sending.hand_over(connection, [action], job)
        Batch(hand.connection, hand.handler(name), job, clock).run()
        sending.drop_job(hand.connection, job)
        return True
    finally:
        hand.close()
        jobs.close()


class Hand:
    """What one job at a time works with: a connection for the record, a handler for each channel."""

    def __init__(self, store: Store, told: ChannelSetting) -> None:
        """Connects at once; handlers are made at their first job. Whoever made it closes it."""
        self._kept = ExitStack()
        self.connection = self._kept.enter_context(store.connect(autocommit=True))
        self.told = told
        self.handlers: dict[str, Handler] = {}

    def close(self) -> None:
        """Give the connection back."""
        self._kept.close()

    def handler(self, channel: str) -> Handler:
        """The handler of a channel."""
        if channel not in self.handlers:
            self.handlers[channel] = CHANNELS[channel].make(self.told.place(channel))
        return self.handlers[channel]


class Worker:
    """A worker process: some hands, each doing one job of the queue at a time (they mostly wait for receivers)."""

    def __init__(
        self, store: Store, told: ChannelSetting, moment: datetime | None, report: Callable[..., None]
    ) -> None:
        """Opens nothing before `run`."""
        self.store, self.told, self.clock, self.report = store, told, _at(moment), report
        self.idle: queue.LifoQueue[Hand] = queue.LifoQueue()

    def run(self, names: Sequence[str], stay: bool) -> None:
        """Do jobs until there are none (or, `stay`, until told to stop)."""
        channels()
        connector = procrastinate.PsycopgConnector(conninfo=self.store.url, min_size=1, max_size=3)
        app = procrastinate.App(connector=connector)

        @app.task(name=JOB, pass_context=True)
        def send(context: JobContext, channel: str) -> None:
            assert context.job.id is not None
            hand = self._hand()
            try:
                self.report(
                    channel, asdict(Batch(hand.connection, hand.handler(channel), context.job.id, self.clock).run())
                )
            finally:
                self.idle.put(hand)

        try:
            asyncio.run(_work(app, list(names), stay))
        finally:
            while not self.idle.empty():
                self.idle.get().close()

    def _hand(self) -> Hand:
        """An idle hand, or a new one: never more than jobs at once."""
        try:
            return self.idle.get_nowait()
        except queue.Empty:
            return Hand(self.store, self.told)


async def _work(app: procrastinate.App, names: list[str], stay: bool) -> None:
    async with app.open_async():
        await app.run_worker_async(
            queues=names,
            wait=stay,
            concurrency=HANDS,
            delete_jobs="successful",
            fetch_job_polling_interval=POLL_SECONDS,
            abort_job_polling_interval=60.0,
            install_signal_handlers=stay,
            listen_notify=stay,
        )


ALSO: list[str] = []
"""Modules of higher floors that every worker loads: they say what becomes of money, for one."""


def load_also(module: str) -> None:
    """Load a module here and in every worker process started from here."""
    import_module(module)
    if module not in ALSO:
        ALSO.append(module)


def _work_in_process(
    url: str, told: ChannelSetting, moment: datetime | None, names: list[str], ends: Any, also: list[str]
) -> None:
    for module in also:
        load_also(module)
    Worker(Store(url), told, moment, lambda *done: ends.put(done)).run(names, stay=False)


def drain(
    store: Store,
    only: Sequence[str] = (),
    moment: datetime | None = None,
    workers: int = 1,
    told: ChannelSetting | None = None,
    per_job: int = PER_JOB,
) -> Drained:
    """Do all that is due and come back. `moment`: as of when (None: the clock); `workers`: processes.

    Put back what dead workers left, hand over, work; again until nothing is due. Raises ValueError for an unknown
    channel, ChannelsRefused for a wrong configuration.
    """
    names, made, clock = chosen(only), told or setting(), _at(moment)
    began, result = time.perf_counter(), Drained()
    jobs = _queue(store)
    try:
        with store.connect() as connection:
            sending.put_back_lost(connection, clock(), PAUSE)
        while hand_over(store, jobs, names, clock(), per_job) or _jobs_left(store, names):
            before = result.jobs
            _run_workers(store, made, moment, names, workers, result)
            if result.jobs == before:
                break
    finally:
        jobs.close()
    result.seconds = time.perf_counter() - began
    return result


def _jobs_left(store: Store, names: Sequence[str]) -> bool:
    with store.connect() as connection:
        row = connection.execute(
            "select exists (select from procrastinate_jobs where status = 'todo' and queue_name = any(%s))",
            (list(names),),
        ).fetchone()
    return bool(row and row[0])


def _run_workers(
    store: Store, told: ChannelSetting, moment: datetime | None, names: list[str], workers: int, result: Drained
) -> None:
    if workers == 1:
        Worker(store, told, moment, result.add).run(names, stay=False)
        return
    context = multiprocessing.get_context("spawn")
    ends = context.SimpleQueue()
    running = [
        context.Process(target=_work_in_process, args=(store.url, told, moment, names, ends, ALSO))
        for _ in range(workers)
    ]
    for process in running:
        process.start()
    while any(p.is_alive() for p in running) or not ends.empty():
        if ends.empty():
            time.sleep(0.02)
        else:
            result.add(*ends.get())
    for process in running:
        process.join()


def stay(store: Store, only: Sequence[str] = (), told: ChannelSetting | None = None, workers: int = 1) -> None:
    """Drain until interrupted or told to end: each second, what is due and what dead workers left.

    SIGTERM ends it as the keyboard does: the batches under way are finished and recorded first.
    """
    names, made = chosen(only), told or setting()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        while True:
            drain(store, names, told=made, workers=workers)
            time.sleep(POLL_SECONDS)

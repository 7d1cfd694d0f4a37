"""Does jobs, one after the other, beside the pages: closes, decisions, sendings, played days."""

import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from afterloan.dates import date_told, number_of
from afterloan.desk.bulk import BULK, Step
from afterloan.expected import BadInput, ExpectedFailure
from afterloan.store.connect import is_lost
from afterloan.store.jobs import Job, end_job, progress_of, put_back_job, put_back_jobs, take_job, tell_news
from afterloan.store.server import Store

LOG = logging.getLogger("afterloan.work")
PAUSE = 0.5
"""Seconds between two looks at the queue, where nobody rang, and between two looks for a database that went away."""
TURNS = 5
"""How often a job is begun anew because the database went away under it, before it counts as failed: it may be why."""


class Stopped(Exception):
    """The job was asked to stop, at a safe point."""


class JobWorker:
    """Does the jobs of a book in a thread of its own until `stop`, which waits for the next safe point."""

    def __init__(self, store: Store, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Nothing is begun before `start`."""
        self.store, self.now = store, now
        self.rung, self.ending = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._run, name="afterloan-work", daemon=True)
        self._begun: tuple[str, int] = ("", 0)
        """The job in hand, or under which the database went away, and how often it was begun."""
        self._world: Any = None
        self._stack = ExitStack()

    def start(self) -> None:
        """Begin; jobs with which an earlier worker died wait again."""
        with self.store.connect() as connection:
            put_back_jobs(connection)
        self.thread.start()

    def ring(self) -> None:
        """There is a new job: look now."""
        self.rung.set()

    def stop(self) -> None:
        """Come to the next safe point and end."""
        self.ending.set()
        self.rung.set()
        if self.thread.is_alive():
            self.thread.join(30)

    def _run(self) -> None:
        with self._stack:
            while not self.ending.is_set():
                if not self._did():
                    self.rung.wait(PAUSE)
                    self.rung.clear()

    def _did(self) -> bool:
        """Do the next job, if there is one; a database that is away, or a mistake of ours, ends nobody's work."""
        try:
            return self.do_next()
        except Exception as error:
            if is_lost(error):
                LOG.error("the database does not answer: %s", error)
            else:
                LOG.exception("the queue could not be worked off")
            return False

    def do_next(self) -> bool:
        """Do the job that waits longest; False where none waits.

        One under which the database went away, TURNS times at most, waits again, first with us: nobody else has it.
        Raises what the database raises while it is away.
        """
        with self.store.connect() as connection:
            if self._begun[0]:
                put_back_job(connection, self._begun[0])
            job = take_job(connection, self.now())
        if job is None:
            return False
        turn = 1 + (self._begun[1] if self._begun[0] == job.job else 0)
        self._begun = (job.job, turn)
        state, result, refused = self._ended(job, turn >= TURNS)
        if state == "lost":
            return False
        with self.store.connect() as connection:
            if state == "queued":
                put_back_job(connection, job.job)
            else:
                end_job(connection, job.job, state, self.now(), result, refused)
                tell_news(connection, job.job, {"state": state, "result": result, "refused": refused})
        self._begun = ("", 0)
        return True

    def _ended(self, job: Job, last: bool) -> tuple[str, Any, Any]:
        """How a job ended: its state, result and refusal; "lost" where the database went away, unless it is the `last`
        turn. A mistake of ours ends the job, not the worker."""
        told: dict[str, Any] = {}
        try:
            for step in KINDS[job.kind](self, job.asked):
                told = dict(step.told)
                self._tell(job, step)
        except Stopped:
            return "queued" if self.ending.is_set() else "cancelled", told, None
        except ExpectedFailure as failure:
            return "failed", told, {"reason": "invalid", "detail": str(failure)}
        except Exception as error:
            if is_lost(error) and not last:
                LOG.error("the database went away under job %s (%s), which is begun again", job.job, job.kind)
                return "lost", told, None
            number = secrets.token_hex(4)
            LOG.exception("error %s in job %s (%s)", number, job.job, job.kind)
            return "failed", told, {"reason": "mistake", "request": number}
        return "done", told, None

    def _tell(self, job: Job, step: Step) -> None:
        """Note a step. Raises Stopped where the job, or the worker, is to stop."""
        with self.store.connect() as connection:
            stop = progress_of(connection, job.job, step.done, step.total, step.unit)
            if step.told:
                progress = {"done": step.done, "total": step.total, "unit": step.unit}
                tell_news(connection, job.job, {**step.told, "progress": progress})
        if (stop or self.ending.is_set()) and step.done < step.total:
            raise Stopped

    @property
    def world(self) -> Any:
        """The played world, its bank begun when first asked for and kept."""
        if self._world is None:
            from afterloan.rehearsal.played import world_of

            self._world = self._stack.enter_context(world_of(self.store))
        return self._world


def _advance(worker: JobWorker, asked: Mapping[str, Any]) -> Iterator[Step]:
    """Play days from `first` up to `to`; begun again after an interruption, it goes on where it stopped."""
    world = worker.world
    to = date_told(str(asked["to"]))
    first = date_told(str(asked["first"]))
    total = (to - first).days
    yield Step((world.today() - first).days, total, "days", {"day": str(world.today()), "step": "from"})
    while (day := world.today()) < to:
        for told in world.play_day():
            yield Step((day - first).days, total, "days", told)
        yield Step((day - first).days + 1, total, "days", {"day": str(world.today()), "step": "reached"})


def _close(worker: JobWorker, asked: Mapping[str, Any]) -> Iterator[Step]:
    """Close all days up to one."""
    from afterloan.close import close_through

    report = close_through(worker.store, number_of(_day(asked, "through")), workers=1)
    if report.failed:
        raise BadInput(str(report))
    yield Step(1, 1, "closes", report.told())


def _day_begun(worker: JobWorker, asked: Mapping[str, Any]) -> Iterator[Step]:
    """Begin a day: close the one before, watch plans, decide, propose."""
    from afterloan.close.today import run_day

    for done, words in enumerate(run_day(worker.store, number_of(_day(asked, "day"))), 1):
        yield Step(done, max(done, 6), "steps", {"words": words})


def _decide(worker: JobWorker, asked: Mapping[str, Any]) -> Iterator[Step]:
    """Decide a day."""
    from afterloan.close.decide import decide

    yield Step(1, 1, "decisions", decide(worker.store, number_of(_day(asked, "day")), 1).told())


def _drain(worker: JobWorker, asked: Mapping[str, Any]) -> Iterator[Step]:
    """Do what is due to leave, as of the book's own moment."""
    from afterloan.enquiry.clock import clock_of
    from afterloan.sending.drain_work import drain, load_also

    load_also("afterloan.servicing.money")
    with worker.store.connect() as connection:
        clock = clock_of(connection, worker.now())
    told = worker.world.channels if clock.test else None
    done = drain(worker.store, list(asked.get("channels", ())), clock.now if clock.test else None, told=told)
    yield Step(1, 1, "drains", done.told())


def _bank_put(worker: JobWorker, asked: Mapping[str, Any]) -> Iterator[Step]:
    """Money comes onto an account at the played bank."""
    account = str(asked["account"])
    worker.world.bank.put(account, int(asked["amount_fen"]))
    yield Step(1, 1, "accounts", {"account": account[-4:], "balance_fen": worker.world.bank.balance(account)})


def _ask_bank(worker: JobWorker, asked: Mapping[str, Any]) -> Iterator[Step]:
    """Ask the gateway what became of debits without an answer; nothing is sent again."""
    from afterloan.enquiry.clock import clock_of
    from afterloan.sending.channels import setting
    from afterloan.sending.doubt import gateway_of, resolve_doubt
    from afterloan.servicing.answers import told_in

    with worker.store.connect() as connection:
        clock = clock_of(connection, worker.now())
    gateway = gateway_of(worker.world.channels if clock.test else setting())
    done = resolve_doubt(worker.store, gateway, clock.now, timedelta(minutes=int(asked["minutes"])))
    yield Step(1, 1, "questions", told_in(done))


def _bulk(
    does: Callable[[Store, Mapping[str, Any]], Iterator[Step]], worker: JobWorker, asked: Mapping[str, Any]
) -> Iterator[Step]:
    """A work on the whole book that needs the store only."""
    yield from does(worker.store, asked)


def _day(asked: Mapping[str, Any], name: str) -> date:
    return date_told(str(asked.get(name, "")))


KINDS: dict[str, Callable[[JobWorker, Mapping[str, Any]], Iterator[Step]]] = {
    "advance": _advance,
    "close": _close,
    "day": _day_begun,
    "decide": _decide,
    "drain": _drain,
    "ask-bank": _ask_bank,
    "bank-put": _bank_put,
    **{name: partial(_bulk, does) for name, does in BULK.items()},
}
"""What each kind of job does, step by step."""

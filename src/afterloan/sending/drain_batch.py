"""One job of the queue: its actions of one channel are started, sent and recorded; those in doubt are asked after."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import sleep
from typing import Any

import psycopg

from afterloan.counting import counted
from afterloan.facts.act import Who
from afterloan.facts.outbox import Action, BodyRefused, DoubtTask, OutboxBody
from afterloan.sending.drain import Dropped, Handler, Item, Outcome, Promise, Retry, SendRefused, Sent, Unknown
from afterloan.store import sending
from afterloan.store.acts import acts_of_job
from afterloan.store.locks import lock_borrowers
from afterloan.store.outbox import put, unreadable
from afterloan.store.sending import SendStep, Waiting

SETTLE = timedelta(seconds=60)
"""A try is not asked after before this has passed: longer than a send may take (handlers may set `settle`)."""
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)

log = logging.getLogger("afterloan.drain")
Clock = Callable[[], datetime]


@dataclass(slots=True)
class Done:
    """What a job came to: actions by the end they had."""

    sent: int = 0
    refused: int = 0
    again: int = 0
    unknown: int = 0
    doubt: int = 0
    dropped: int = 0
    held: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


def back_off(number: int) -> timedelta:
    """How long to wait after a try: 30 s after the first, twice as long after each, an hour at most."""
    return min(FIRST_PAUSE * (1 << min(number - 1, 10)), LONGEST_PAUSE)


def item_of(row: Waiting, number: int) -> Item:
    """The action as its handler sees it, for a try; its body can be read."""
    assert isinstance(row.body, OutboxBody), row.key
    return Item(
        row.action,
        row.key,
        number,
        row.kind,
        row.borrower,
        row.borrower_number,
        row.loan,
        row.name,
        row.attributes,
        row.body,
        row.not_before,
    )


WHO = Who("rule", "drain", ("rule",), "drain")


class Batch:
    """The actions of one job, done with one handler on one connection (autocommit; transactions are explicit)."""

    def __init__(self, connection: psycopg.Connection[Any], handler: Handler, job: int, clock: Clock) -> None:
        """Nothing happens before `run`."""
        self.connection, self.handler, self.job, self.clock = connection, handler, job, clock
        self.done = Done()

    def run(self) -> Done:
        """Do the job; nothing if another worker holds it. Safe to repeat: the record says what is left."""
        if not self._taken():
            return self.done
        asked = {"channel": self.handler.channel, "job": self.job}
        try:
            with acts_of_job(self.connection, WHO, "message.drain", f"drain:{self.job}", self.clock().date(), asked):
                self._do(sending.of_job(self.connection, self.job))
        finally:
            sending.leave_job(self.connection, self.job)
        return self.done

    def _do(self, rows: Sequence[Waiting]) -> None:
        """All of the job's actions, those in doubt first; what cannot be read is a person's task."""
        rows = [row for row in rows if not self._unreadable(row)]
        doubtful = [r for r in rows if r.step in sending.DOUBTFUL]
        ready = [r for r in rows if r.step not in sending.DOUBTFUL]
        for row in doubtful:
            ready.extend(self._resolve(row))
        size = self.handler.batch
        for first in range(0, len(ready), size):
            self._send(ready[first : first + size])

    def _unreadable(self, row: Waiting) -> bool:
        """An action that does not say what its kind asks for is refused, and shown to a person in its transaction."""
        if not isinstance(row.body, BodyRefused):
            return False
        now, why = self.clock(), f"cannot be read: {row.body}"
        step = SendStep(row.action, row.number, "refused", self.handler.channel, now, self.job, "", {"why": why})
        with self.connection.transaction():
            sending.write(self.connection, [step])
            sending.finish(self.connection, [row.action])
            put(self.connection, [unreadable(row.key, row.borrower_number, row.kind, row.body, now.date())])
        self.done.refused += 1
        self.done.reasons[why[:160]] = self.done.reasons.get(why[:160], 0) + 1
        return True

    def _taken(self) -> bool:
        """Hold the job. Who looks for dead workers tries each lock for an instant, so a no is asked again."""
        for _ in range(20):
            if sending.take_job(self.connection, self.job):
                return True
            sleep(0.05)
        return False

    # -- in doubt ---------------------------------------------------------------------------------------------

    def _resolve(self, row: Waiting) -> list[Waiting]:
        """Ask what became of a try; the row itself comes back when it may be sent."""
        now = self.clock()
        settle = getattr(self.handler, "settle", SETTLE)
        if row.at is not None and now < row.at + settle:
            self._give_back([row], row.at + settle)
            return []
        item = item_of(row, row.number)
        try:
            answer = self.handler.ask(item)
        except Exception as error:
            log.warning("%s: asking after %s failed: %s", self.handler.channel, row.key, error)
            self._give_back([row], now + back_off(row.number))
            return []
        if isinstance(answer, Sent | SendRefused):
            self._record([(item, answer)], asked=True)
            return []
        keyed = self.handler.promise is Promise.KEYED and row.number < self.handler.tries
        if isinstance(answer, Retry) or keyed:
            why = answer.why if isinstance(answer, Retry) else "sent again under the same key"
            with self.connection.transaction():
                sending.write(self.connection, [self._step(item, "again", detail={"why": why, "asked": True})])
                self.handler.recorded(self.connection, [(item, Retry(why))], now)
            return [replace(row, step="again")]
        self._leave_to_person(item, answer)
        return []

    def _leave_to_person(self, item: Item, answer: Unknown) -> None:
        """Nobody can say: it is on record as in doubt and becomes a task; it is never sent by itself again."""
        body = DoubtTask(queue="sending-in-doubt", key=item.key, channel=self.handler.channel, why=answer.why)
        now = self.clock()
        task = Action(f"doubt:{item.key}", item.borrower_number, "task", now, now.date(), None, body)
        with self.connection.transaction():
            sending.write(self.connection, [self._step(item, "doubt", detail={"why": answer.why})])
            sending.finish(self.connection, [item.action])
            put(self.connection, [task])
        self.done.doubt += 1

    # -- send -------------------------------------------------------------------------------------------------

    def _send(self, rows: Sequence[Waiting]) -> None:
        items = self._start(rows)
        if not items:
            return
        try:
            outcomes = list(self.handler.send(items, self.clock()))
            assert len(outcomes) == len(items), (
                f"{self.handler.channel}: {counted(len(outcomes), 'outcome')} of {len(items)}"
            )
        except Exception as error:
            log.exception("%s: a send broke off", self.handler.channel)
            outcomes = [Unknown(f"{type(error).__name__}: {error}")] * len(items)
        self._record(list(zip(items, outcomes, strict=True)))

    def _start(self, rows: Sequence[Waiting]) -> list[Item]:
        """The items that may go now, written as started; the others are dropped, refused or held back."""
        now = self.clock()
        connection, rate = self.connection, self.handler.rate
        with connection.transaction():
            # whoever withdraws, holds or is paid at this moment holds this lock: they are before it, or after it left
            lock_borrowers(connection, {row.borrower_number for row in rows})
            gone = sending.withdrawn_now(connection, [r.key for r in rows])
            self._drop([(r.action, r.number) for r in rows if r.key in gone], "withdrawn", now)
            left = [r for r in rows if r.key not in gone]
            granted = sending.take_tokens(connection, self.handler.channel, len(left), rate, now) if rate else len(left)
            held, left = left[granted:], left[:granted]
            self._give_back(held, now + timedelta(seconds=1))
            items = [item_of(r, r.number + 1) for r in left]
            words = self.handler.admit(connection, items, now) if items else []
            kept = self._admitted(list(zip(items, words, strict=True)), now)
            sending.write(connection, [self._step(i, "started", at=now) for i in kept])
        return kept

    def _admitted(
        self, judged: Sequence[tuple[Item, SendRefused | Retry | Dropped | None]], now: datetime
    ) -> list[Item]:
        refused = [(i, w) for i, w in judged if isinstance(w, SendRefused)]
        if refused:
            self._write_outcomes(refused, now, False)
        for item, word in judged:
            if isinstance(word, Dropped):
                self._drop([(item.action, item.number - 1)], word.why, now)
            if isinstance(word, Retry):
                sending.give_back(self.connection, [item.action], word.at or now + back_off(item.number))
                self.done.held += 1
        return [i for i, w in judged if w is None]

    def _drop(self, tries: Sequence[tuple[int, int]], why: str, now: datetime) -> None:
        """Actions (with the number of their last try) that are not wanted any more end here."""
        steps = [
            SendStep(action, number, "dropped", self.handler.channel, now, self.job, "", {"why": why})
            for action, number in tries
        ]
        sending.write(self.connection, steps)
        sending.finish(self.connection, [action for action, _ in tries])
        self.done.dropped += len(tries)
        if tries:
            self.done.reasons[f"dropped: {why}"] = self.done.reasons.get(f"dropped: {why}", 0) + len(tries)

    def _give_back(self, rows: Sequence[Waiting], at: datetime) -> None:
        sending.give_back(self.connection, [r.action for r in rows], at)
        self.done.held += len(rows)

    # -- record -----------------------------------------------------------------------------------------------

    def _record(self, judged: Sequence[tuple[Item, Outcome]], asked: bool = False) -> None:
        with self.connection.transaction():
            self._write_outcomes(judged, self.clock(), asked)

    def _write_outcomes(self, judged: Sequence[tuple[Item, Outcome]], now: datetime, asked: bool) -> None:
        """Steps, facts and the end of waiting, in the caller's transaction."""
        judged = [(i, self._given_up(i, o)) for i, o in judged]
        sending.write(self.connection, [self._outcome_step(i, o, now, asked) for i, o in judged])
        self.handler.recorded(self.connection, judged, now)
        sending.finish(self.connection, [i.action for i, o in judged if isinstance(o, Sent | SendRefused)])
        settle = getattr(self.handler, "settle", SETTLE)
        for item, outcome in judged:
            if isinstance(outcome, Retry):
                sending.give_back(self.connection, [item.action], outcome.at or now + back_off(item.number))
            elif isinstance(outcome, Unknown):
                sending.give_back(self.connection, [item.action], now + settle)
        self._count(judged)

    def _given_up(self, item: Item, outcome: Outcome) -> Outcome:
        if isinstance(outcome, Retry) and item.number >= self.handler.tries:
            return SendRefused(f"given up after {counted(item.number, 'try', 'tries')}: {outcome.why}")
        return outcome

    def _count(self, judged: Sequence[tuple[Item, Outcome]]) -> None:
        for _, outcome in judged:
            name = {Sent: "sent", SendRefused: "refused", Retry: "again", Unknown: "unknown"}[type(outcome)]
            setattr(self.done, name, getattr(self.done, name) + 1)
            if not isinstance(outcome, Sent):
                why = f"{name}: {outcome.why}"[:160]
                self.done.reasons[why] = self.done.reasons.get(why, 0) + 1

    def _outcome_step(self, item: Item, outcome: Outcome, now: datetime, asked: bool) -> SendStep:
        told: dict[str, Any] = {"asked": True} if asked else {}
        if isinstance(outcome, Sent):
            return self._step(item, "sent", at=now, receipt=outcome.receipt, detail={**outcome.detail, **told})
        if isinstance(outcome, SendRefused):
            return self._step(item, "refused", at=now, detail={**outcome.detail, "why": outcome.why, **told})
        step = "again" if isinstance(outcome, Retry) else "unknown"
        return self._step(item, step, at=now, detail={"why": outcome.why, **told})

    def _step(
        self,
        item: Item,
        step: str,
        at: datetime | None = None,
        receipt: str = "",
        detail: dict[str, Any] | None = None,
    ) -> SendStep:
        when = at or self.clock()
        return SendStep(item.action, item.number, step, self.handler.channel, when, self.job, receipt, detail)

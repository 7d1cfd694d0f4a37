"""Decide a day over the whole book: whom to treat and how, as actions, findings and changes of credit lines."""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import polars as pl
import psycopg

from afterloan.close.chosen import as_chosen, choose_day
from afterloan.close.planned import ladders_of, plan_shard
from afterloan.close.transitions import Transition
from afterloan.close.workers import Workers, each_shard
from afterloan.counting import counted
from afterloan.dates import date_of, iso, number_of
from afterloan.expected import ExpectedFailure
from afterloan.facts.act import Who
from afterloan.facts.action import ActionWithdrawn
from afterloan.servicing.withdrawal import STOPPED_KINDS, Gone, unwanted
from afterloan.store.acts import act_of_rule
from afterloan.store.locks import Space
from afterloan.store.posted import last_closed
from afterloan.store.read import fold
from afterloan.store.server import Store
from afterloan.store.worklist import queued, write_evening
from afterloan.strategy.plan import DayPlan, KnownBorrowers
from afterloan.strategy.worklist import evening_cases


class DecideRefused(ExpectedFailure, ValueError):
    """This day cannot be decided: says why and what to do first."""


@dataclass(slots=True)
class Decided:
    """What deciding a day came to."""

    day: str
    borrowers: int = 0
    actions: int = 0
    refused: int = 0
    withdrawn: int = 0
    changes: int = 0
    shards: int = 0
    known: int = 0
    seconds: float = 0.0

    def told(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)

    def __str__(self) -> str:
        """For people."""
        if not self.shards:
            return f"{self.day} is decided already: {counted(self.actions, 'action')}; nothing was added"
        return (
            f"decided {self.day} over {counted(self.borrowers, 'borrower')} in {self.seconds:,.1f} s: "
            f"{counted(self.actions, 'action')}, "
            f"{self.refused:,} refused or stopped, {self.withdrawn:,} withdrawn, {self.changes:,} changes of lines"
        )


def decide(store: Store, day: int, workers: Workers = 1) -> Decided:
    """Decide what is done on `day`, from what was known when the day before was closed.

    Positions are those of `day` as known the evening before, so day 0 of a ladder is the due date itself. Each
    shard is one transaction: actions, findings, changes of lines, withdrawals and a row in `decided` are there
    together or not at all; a shard that has its row is left alone. Killed anywhere and run again it ends the same;
    the number of workers is not part of the answer. Days left out since the last decision are made up
    (`strategy/catch_up.py`); once a later day is decided, an earlier one asks for nothing. Raises DecideRefused when
    the day before is not closed.
    """
    started = time.monotonic()
    with store.connect() as connection:
        last = last_closed(connection)
        if last is None or number_of(last) < day - 1:
            state = f"the last day closed is {last}" if last is not None else "no day is closed"
            raise DecideRefused(f"{iso(day)} cannot be decided: {state}; close {iso(day - 1)} first")
        ladders_of(connection, day)  # refused before any shard is touched
    choose_day(store, day, workers)
    decided = Decided(iso(day))
    for part in each_shard(store, workers, decide_shard, day):
        decided.borrowers += part.borrowers
        decided.actions += part.actions
        decided.refused += part.refused
        decided.withdrawn += part.withdrawn
        decided.changes += part.changes
        decided.shards += not part.known
        decided.known += part.known
    decided.seconds = time.monotonic() - started
    return decided


@dataclass(frozen=True, slots=True)
class ShardDecided:
    """What deciding a shard came to; `known`: it was decided before."""

    borrowers: int = 0
    actions: int = 0
    refused: int = 0
    withdrawn: int = 0
    changes: int = 0
    known: bool = False


def decide_shard(connection: psycopg.Connection[Any], reader: adbc.Connection, shard: int, day: int) -> ShardDecided:
    """Decide a day for one shard in one transaction; decided before: nothing is written."""
    some = connection.execute("select exists (select from contract where shard = %s)", (shard,)).fetchone()
    if some and some[0]:
        fold(connection, reader, shard)
    connection.commit()
    connection.execute("select pg_advisory_xact_lock(%s, %s)", (int(Space.DECIDE_SHARD), shard))
    row = connection.execute(
        "select borrowers, actions, refused, withdrawn, changes from decided where decided_on = %s and shard = %s",
        (iso(day), shard),
    ).fetchone()
    if row is not None:
        connection.rollback()
        return ShardDecided(row[0], row[1], row[2], row[3], row[4], known=True)
    if not (some and some[0]):
        return _write(connection, shard, day, DayPlan(), [], 0, 0)
    if _later_decided(connection, shard, day):  # what this day left out was made up then: nothing is done twice
        return _write(connection, shard, day, DayPlan(), [], 0, None)
    planned = plan_shard(connection, reader, shard, day)
    as_chosen(connection, planned, shard, day)
    plan, read = planned.plan, planned.read
    gone = _withdrawals(connection, shard, day, read)
    borrowers = len(read.frame) if read is not None else 0
    return _write(connection, shard, day, plan, gone, borrowers, planned.last_loan, read)


def _later_decided(connection: psycopg.Connection[Any], shard: int, day: int) -> bool:
    row = connection.execute(
        "select exists (select from decided where shard = %s and decided_on > %s)", (shard, iso(day))
    ).fetchone()
    return bool(row and row[0])


# -- withdraw and write -------------------------------------------------------------------------------------------


LOST = {
    int(Transition.CHARGED_OFF): ("charged off", STOPPED_KINDS["charge_off"]),
    int(Transition.WRITTEN_OFF): (
        "written off",
        (*STOPPED_KINDS["charge_off"], *STOPPED_KINDS["collection"], *STOPPED_KINDS["debit"]),
    ),
    int(Transition.SOLD): ("sold", None),
}
"""What a loss withdraws of the plans for its loan. Charged off, the debt stands: only the proposal has had its answer.
Written off, no instalment is asked for any more, but the claim is pursued. Sold, it is another's (None: everything)."""

NOTHING_DUE = {
    int(Transition.RE_AGED): "re-aged",
    int(Transition.CURED): "cured",
    int(Transition.PAID_OFF): "cured",
}
"""What leaves nothing due, and the reason told with what is then withdrawn: arrears that a plan moved were not paid."""


def _withdrawals(connection: psycopg.Connection[Any], shard: int, day: int, known: KnownBorrowers | None) -> list[Gone]:
    """What the close of yesterday made superfluous: plans for borrowers who owe nothing now, and for loans lost."""
    rows = connection.execute(
        "select distinct c.borrower, t.loan, t.kind from transition t join contract c using (loan) "
        "where t.closed_on = %s and t.shard = %s and t.kind = any(%s)",
        (iso(day - 1), shard, [*NOTHING_DUE, *LOST]),
    ).fetchall()
    late = set()
    if known is not None and rows:
        owing = known.frame.filter((pl.col("arrears_fen") > 0) | (pl.col("due_today_fen") > 0))
        late = set(owing["borrower"].to_list())
    gone = []
    for ended, why in NOTHING_DUE.items():
        free = {borrower for borrower, _, kind in rows if kind == ended} - late
        gone += unwanted(connection, sorted(free), day, why)
    for lost, (why, kinds) in LOST.items():
        theirs = [(borrower, loan) for borrower, loan, kind in rows if kind == lost]
        gone += unwanted(connection, sorted({b for b, _ in theirs}), day, why, kinds, [loan for _, loan in theirs])
        if lost != Transition.CHARGED_OFF:  # what was planned for the borrower as a whole, who has nothing else due
            gone += unwanted(connection, sorted({b for b, _ in theirs} - late), day, why, kinds)
    return list({g.key: g for g in reversed(gone)}.values())


def _write(
    connection: psycopg.Connection[Any],
    shard: int,
    day: int,
    plan: DayPlan,
    gone: list[Gone],
    borrowers: int,
    last_loan: int | None,
    read: KnownBorrowers | None = None,
) -> ShardDecided:
    """All of a shard's day; `last_loan`: the highest loan number that was looked at, so that later ones are new."""
    on = iso(day)
    counts = (borrowers, len(plan.actions), len(plan.findings), len(gone), len(plan.changes))
    name, asked = f"decide:{on}:{shard}", {"day": on, "shard": shard}
    with act_of_rule(connection, Who.rule("night"), "day.decide", name, date_of(day), asked) as answered:
        answered |= dict(zip(("borrowers", "actions", "refused", "withdrawn", "changes"), counts, strict=True))
        _copy_plan(connection, shard, on, plan, gone)
        if read is not None:
            _write_worklist(connection, shard, day, read)
        connection.execute(
            "insert into decided (decided_on, shard, ladder, borrowers, actions, refused, withdrawn, changes, "
            "last_loan) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (on, shard, " ".join(sorted(plan.ladders)), *counts, last_loan),
        )
    connection.commit()
    return ShardDecided(*counts)


def _copy_plan(connection: psycopg.Connection[Any], shard: int, on: str, plan: DayPlan, gone: list[Gone]) -> None:
    if plan.actions:
        _copy(connection, "outbox", "key, borrower, loan, kind, not_before, body, decided_on", _action_rows(plan, on))
    if plan.findings:
        _copy(connection, "finding", "decided_on, borrower, about, rule, outcome, inputs", _finding_rows(plan))
    events = [*_change_rows(plan, shard, on), *_gone_rows(gone, shard, on)]
    if events:
        _copy(connection, "event", "shard, borrower, kind, on_day, known_on, reference, body", events)


def _write_worklist(connection: psycopg.Connection[Any], shard: int, day: int, read: KnownBorrowers) -> None:
    """The cases open when the day was decided, its own steps and withdrawals among them."""
    late = read.frame.filter(pl.col("days_past_due") > 0)["borrower"].to_list()
    if late:
        cases = evening_cases(queued(connection, late, date_of(day)), read.frame, read.loans, date_of(day))
        write_evening(connection, shard, date_of(day), cases)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _action_rows(plan: DayPlan, on: str) -> Iterator[tuple[Any, ...]]:
    for a in plan.actions:
        yield a.key, a.borrower, a.loan, a.kind, a.not_before.isoformat(), a.body.text(), on


def _finding_rows(plan: DayPlan) -> Iterator[tuple[Any, ...]]:
    for borrower, about, f in ((p.borrower, p.about, p.finding) for p in plan.findings):
        yield f.on.isoformat(), borrower, about, f.rule, f.outcome, _json(dict(f.inputs))


def _change_rows(plan: DayPlan, shard: int, on: str) -> Iterator[tuple[Any, ...]]:
    for planned in plan.changes:
        change = planned.change
        body = {
            "by": Who.rule(change.rule).name,
            "reason": change.reason,
            "rule": change.rule,
            "before_fen": change.before_fen,
            "after_fen": change.after_fen,
        }
        if change.bar:
            body["bar"] = change.bar
        name = f"{change.rule}:{change.kind.KIND}:{planned.reference}:{on}"
        yield shard, planned.borrower, change.kind.KIND, on, on, name, _json(body)


def _gone_rows(gone: list[Gone], shard: int, on: str) -> Iterator[tuple[Any, ...]]:
    for action in gone:
        body = {"key": action.key, "reason": action.why}
        yield shard, action.borrower, ActionWithdrawn.KIND, on, on, f"withdrawn:{action.key}", _json(body)


def _copy(connection: psycopg.Connection[Any], table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"copy {table} ({columns}) from stdin") as copy:
        for row in rows:
            copy.write_row(row)

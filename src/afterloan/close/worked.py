"""How far the ladders of a shard were worked before a day: which days were decided, and what they saw."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import psycopg

from afterloan.dates import date_of, iso
from afterloan.facts.events import Event
from afterloan.facts.ladder import StepLeftOut
from afterloan.loan.book import Book, Records, part
from afterloan.loan.reckon import reckon_book
from afterloan.rules.trifles import without_trifles
from afterloan.store.ids import as_array
from afterloan.strategy.catch_up import BEGINS_TO_WAIT, NO_START, STARTS, WAITS, Reopened, start_day
from afterloan.strategy.governor import Place
from afterloan.strategy.holds import Held, stopped
from afterloan.strategy.ladder import Ladder, LadderStep
from afterloan.strategy.plan import AGAIN, hold_on

KEPT = 62
"""Decided days that are looked back at; before them every day counts as decided."""
LONGEST_START = 31
"""No start rule spreads over more days."""
ALL_LOANS = 2**62
"""What a day saw of which no loan number was noted."""
NOT_SENT = ("contact refused", "too late")
"""How the reasons begin for which a message that did not go out is made up the next day."""
NUMBERS = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DaysWorked:
    """The decided days of a shard before a day, ascending, and the highest loan number that each of them saw."""

    days: tuple[int, ...]
    last_loans: tuple[int, ...]

    @property
    def last(self) -> int | None:
        """The last decided day; None: none yet."""
        return self.days[-1] if self.days else None

    def first_seen(self, loans: NUMBERS, day: int) -> NUMBERS:
        """The first decided day that saw each loan; `day` where none did yet."""
        at = np.searchsorted(np.array(self.last_loans, np.int64), loans, side="left")
        return np.array([*self.days, day], np.int64)[at]

    def before(self, day: int) -> int:
        """The decided day before a day; before all that is looked back at, the day before."""
        at = bisect_left(self.days, day)
        return self.days[at - 1] if at else day - 1


def days_worked(connection: psycopg.Connection[Any], shard: int, day: int) -> DaysWorked:
    """The last decided days of a shard before a day; a row from before loans were noted saw what the next one saw."""
    rows = connection.execute(
        "select decided_on - date '1970-01-01', last_loan from decided where shard = %s and decided_on < %s "
        "order by decided_on desc limit %s",
        (shard, iso(day), KEPT),
    ).fetchall()
    days, seen = [], []
    last = ALL_LOANS
    for on, loan in rows:
        last = last if loan is None else min(last, loan)
        days.append(on)
        seen.append(last)
    return DaysWorked(tuple(reversed(days)), tuple(reversed(seen)))


def reached(
    loans: pl.DataFrame, book: Book, theirs: npt.NDArray[np.bool_], positions: Records, most: npt.NDArray[np.int64],
    worked: DaysWorked, day: int,
) -> pl.DataFrame:  # fmt: skip
    """`loans` with `first_seen` and `reached`: the count up to which the ladder was worked, on the last decided day.

    20 days past due today, decided yesterday when 19 were known: 19. Decided yesterday when nothing was known to be
    late (its repayment was taken back since): 0. Decided a week ago: 13. `positions`: those of `theirs`; `most`: what
    each of them may lack and count as paid.
    """
    numbers = book.contracts["loan"][theirs].astype(np.int64)
    first_seen = worked.first_seen(numbers, day)
    count = positions["days_past_due"].astype(np.int64)
    if worked.last is None:
        was = np.zeros(len(numbers), np.int64)
    else:
        before = reckon_book(part(book, np.flatnonzero(theirs)), worked.last, worked.last - 1)
        before = without_trifles(before, most, written_over=True)
        was = np.where(before["error"] == 0, before["days_past_due"], 0).astype(np.int64)
    gap = day - worked.last if worked.last is not None else 1
    told = pl.DataFrame(
        {
            "loan": numbers,
            "first_seen": first_seen,
            "reached": np.where(first_seen == day, 0, np.minimum(was, count - gap)),
        }
    )
    return loans.join(told, on="loan", how="left", maintain_order="left")


def with_reached(
    frame: pl.DataFrame,
    loans: pl.DataFrame,
    ladder_of: Mapping[str, Ladder],
    otherwise: Ladder,
    last: int | None,
    day: int,
) -> pl.DataFrame:
    """The frame of borrowers with `gap`, `reached`, `loans_unsteady`, `start` and `starts_on` (see `catch_up`)."""
    gap = day - last if last is not None else 1
    odd = (pl.col("days_past_due") > 0) & (pl.col("reached") != pl.col("days_past_due") - 1)
    own = (
        loans.sort("borrower", "days_past_due", "days_to_due", "loan", descending=[False, True, False, False])
        .group_by("borrower", maintain_order=True)
        .agg(
            pl.when(pl.col("first_seen") < day).then("reached").otherwise(0).max().alias("known_reached"),
            pl.col("first_seen").first(),
            odd.any().alias("loans_unsteady"),
        )
    )
    frame = frame.join(own, on="borrower", how="left", maintain_order="left")
    frame = frame.with_columns(
        pl.col("loans_unsteady").fill_null(False),
        pl.col("first_seen").fill_null(0),
        gap=pl.lit(gap, pl.Int64),
        reached=pl.min_horizontal(pl.col("known_reached").fill_null(0), pl.col("days_past_due") - gap),
    )
    return _with_start(frame, ladder_of, otherwise, last, day).drop("known_reached")


def _with_start(
    frame: pl.DataFrame, ladder_of: Mapping[str, Ladder], otherwise: Ladder, last: int | None, day: int
) -> pl.DataFrame:
    """How each borrower stands to the start rule: late already when the loan longest overdue was first seen."""
    new = frame.with_row_index("at").filter(
        (pl.col("first_seen") >= day - LONGEST_START) & (pl.col("days_past_due") > day - pl.col("first_seen"))
    )
    start, on = [NO_START] * len(frame), [0] * len(frame)
    for at, jurisdiction, reference, first in new.select("at", "jurisdiction", "reference", "first_seen").iter_rows():
        begins = start_day(ladder_of.get(jurisdiction) or otherwise, reference, first)
        if begins > day:
            start[at] = BEGINS_TO_WAIT if first == day else WAITS
        elif last is None or begins > last or first == day:
            start[at] = STARTS
        on[at] = begins
    states = pl.Series("start", start, dtype=pl.Int64)
    frame = frame.with_columns(states, pl.Series("starts_on", on, dtype=pl.Int64))
    return frame.with_columns(reached=pl.when(pl.col("start") == STARTS).then(0).otherwise("reached"))


def steps_alike(ladders: Iterable[Ladder]) -> list[LadderStep]:
    """One step for each action and purpose that some ladder has: holds stop those, not single steps."""
    found: dict[tuple[str, str], LadderStep] = {}
    for ladder in ladders:
        for step in ladder.steps:
            found.setdefault((step.do, step.why), step)
    return list(found.values())


def let_go(alike: Sequence[LadderStep], held_on: "HeldOn", held: Sequence[Held], worked: DaysWorked) -> list[Reopened]:
    """The actions that a hold stopped on the last decided day and none stops today, since when they were stopped."""
    if worked.last is None:
        return []
    was, now = held_on(worked.last), stopped(held)
    if not was:
        return []
    found = []
    for step in alike:
        if hold_on(step, was) is None or hold_on(step, now) is not None:
            continue
        free = worked.before(worked.last)
        while free > worked.last - 3_700 and hold_on(step, held_on(free)) is not None:
            free = worked.before(free)
        found.append(Reopened(free, step.do, step.why))
    return found


class HeldOn:
    """What was stopped on a decided day, as was known on its eve; asked day by day, each day once."""

    def __init__(self, events: Sequence[Event], holds: Any, place: Place) -> None:
        """`holds`: (events, day, place) → the holds in effect (`close.known.holds_of`)."""
        self.events, self.holds, self.place = events, holds, place
        self.known: dict[int, dict[str, Held]] = {}

    def __call__(self, day: int) -> dict[str, Held]:
        """What was stopped, and by which hold."""
        if day not in self.known:
            on = date_of(day)
            self.known[day] = stopped(self.holds([e for e in self.events if e.known_on < on], day, self.place))
        return self.known[day]


def left_out(events: Mapping[int, Sequence[Event]]) -> dict[int, list[StepLeftOut]]:
    """What people left out, by borrower."""
    found = {number: [e for e in own if isinstance(e, StepLeftOut)] for number, own in events.items()}
    return {number: own for number, own in found.items() if own}


def not_sent(
    connection: psycopg.Connection[Any], borrowers: list[int], last: int | None, day: int
) -> dict[int, list[Reopened]]:
    """Messages of the ladder that could not go since the last decided day, to be made up once.

    Refused when they were to leave (too late, or a limit of contacts), or already when they were planned, with a
    moment from which they may; withdrawn by a hold that was placed after they were planned.
    """
    if last is None:
        return {}
    told = {
        "of": as_array(borrowers),
        "last": iso(last),
        "day": iso(day),
        "why": [f"{why}%" for why in NOT_SENT],
        "again": AGAIN,
    }
    rows = connection.execute(FAILED, told).fetchall() + connection.execute(REFUSED, told).fetchall()
    found: dict[int, list[Reopened]] = {}
    for borrower, step, on in rows:
        found.setdefault(borrower, []).append(Reopened(on - 1, step=step))
    return found


FAILED = (
    "select e.borrower, o.body->>'step', o.decided_on - date '1970-01-01' from event e "
    "join outbox o on o.key = e.body->>'key' where e.borrower = any(%(of)s::bigint[]) and e.kind = 'message.failed' "
    "and e.known_on >= %(last)s and e.known_on < %(day)s and e.body->>'why' like any(%(why)s) "
    "and o.body ? 'step' and not o.body ? 'late_days'"
)
REFUSED = (
    "select f.borrower, f.inputs->>'step', f.decided_on - date '1970-01-01' from finding f "
    "where f.borrower = any(%(of)s::bigint[]) and f.decided_on = %(last)s "
    "and f.inputs ? 'step' and f.inputs ? %(again)s"
)
"""A late step that is refused again has its finding, and is tried again while it may go later."""


def withdrawn_by_hold(
    connection: psycopg.Connection[Any], freed: Mapping[int, Sequence[Reopened]], day: int
) -> dict[int, list[Reopened]]:
    """Steps planned and then withdrawn by the hold that has ended: what was let go of each borrower says which."""
    rows = connection.execute(
        "select o.borrower, o.kind, o.body->>'step', o.decided_on - date '1970-01-01', "
        "e.known_on - date '1970-01-01' from event e "
        "join outbox o on e.reference = 'withdrawn:' || o.key where e.borrower = any(%s) "
        "and e.kind = 'action.withdrawn' and e.known_on < %s and e.body->>'reason' like 'hold: %%' and o.body ? 'step'",
        (list(freed), iso(day)),
    ).fetchall()
    found: dict[int, list[Reopened]] = {}
    for borrower, kind, step, on, gone in rows:
        if any(r.do == kind and gone >= r.since for r in freed[borrower]):
            found.setdefault(borrower, []).append(Reopened(on - 1, step=step))
    return found

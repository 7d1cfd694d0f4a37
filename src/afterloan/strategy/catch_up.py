"""Which steps of a ladder a day asks for when days before it went by unworked: those late, those left out, and why.

A ladder is worked from one decided day to the next. Each borrower's count (days past due) stands at `reached` on the
evening of the last decided day, so the steps of the days after it up to today's count are due: today's on their day,
the others late. Worked every day, that is exactly the step of the day. Nothing of it is stored: `reached` is the same
reckoning asked as of the day before (`close/known.py`), so a correction learnt late moves it too.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import polars as pl

from afterloan.dates import iso
from afterloan.rules.packs import Finding, Rule, rules_of
from afterloan.strategy.ladder import Ladder, LadderStep
from afterloan.strategy.segments import place_in_line

ABOUT = "ladder"
"""What the findings of catching up are about."""
NO_START, STARTS, WAITS, BEGINS_TO_WAIT = range(4)
"""How a borrower stands to the start rule: not (any more), starts today, waits for a later day, is told so today."""


@dataclass(frozen=True, slots=True)
class Reopened:
    """Steps that could not be done until today: those of an action and purpose, or one step; last free on a day."""

    since: int
    """The last day (days since 1970-01-01) on which they could; the days after it are made up."""
    do: str = ""
    why: str = ""
    step: str = ""

    def covers(self, step: LadderStep) -> bool:
        """Whether it is about a step."""
        return step.id == self.step if self.step else (step.do, step.why) == (self.do, self.why)


@dataclass(frozen=True, slots=True)
class DueStep:
    """A step whose day or days have come since the ladder was last worked; `days` ascend, `count` is today's."""

    index: int
    step: LadderStep
    days: tuple[int, ...]
    count: int
    loans: frozenset[int] | None = None
    """`clock: loan`: the loans (numbers) it is about."""
    applies: bool = True
    """Its condition holds; where it does not, nothing is done, but older ones of its kind are overtaken."""

    @property
    def late(self) -> int:
        """Days since the newest of its days; 0: it stands on its day."""
        return self.count - self.days[-1]


@dataclass(frozen=True, slots=True)
class Resolved:
    """What is to be done of the steps that stood, and what is left out with its reason: (step, day, why)."""

    kept: tuple[DueStep, ...]
    left: tuple[tuple[str, int, str], ...]


def is_unsteady() -> pl.Expr:
    """Whether a row was not worked on the evening before exactly one day earlier: it is looked at one by one.

    Columns: `gap` (days since the last decision), `reached`, `start`, `reopened`, `loans_unsteady`.
    """
    jumped = (pl.col("days_past_due") > 0) & (pl.col("reached") != pl.col("days_past_due") - 1)
    return (pl.col("gap") != 1) | jumped | (pl.col("start") != NO_START) | pl.col("reopened") | pl.col("loans_unsteady")


def only_reminded() -> pl.Expr:
    """Whether a row waits for its day of the start rule, was worked the day before, and nothing was let go since.

    Of such a row only today's reminders stand: `stood` looks at no other steps and, with a gap of one day, at no other
    day; `passed` finds none. So it needs no look of its own.
    """
    return pl.col("start").is_in([WAITS, BEGINS_TO_WAIT]) & ~pl.col("reopened") & (pl.col("gap") == 1)


@cache
def shifted_days(step: LadderStep, grace: int, starts: tuple[int, ...]) -> Sequence[int]:
    """The days of a step, ascending, in days past due (up to 0: to the due date).

    `starts`: first days of the buckets; `grace`: days of grace. `bucket: 2, every: 7` with M2 from 31 and M3 from 61:
    31, 38, 45, 52, 59.
    """
    if step.bucket is not None:
        first = starts[step.bucket - 1] if step.bucket <= len(starts) else 0
        if not first:
            return ()
        last = starts[step.bucket] - 1 if step.bucket < len(starts) and starts[step.bucket] else 3_700
        return range(first, last + 1, step.every) if step.every else (first,)
    if step.clock == "grace":
        return tuple(d + grace for d in step.days if d + grace >= 1)
    return step.days if isinstance(step.days, range) else tuple(sorted(step.days))


def due_between(days: Sequence[int], low: int, count: int) -> tuple[int, ...]:
    """Those of ascending days after `low` up to `count`."""
    return tuple(days[bisect_right(days, low) : bisect_right(days, count)])


@dataclass(frozen=True, slots=True)
class SeenBorrower:
    """A borrower on a day as catching up sees it: the frame's row, the borrower's loans, what could not be done."""

    told: Mapping[str, Any]
    loans: Sequence[Mapping[str, Any]]
    reopened: Sequence[Reopened]
    day: int
    starts_of: Mapping[int, tuple[int, ...]]
    """First days of the buckets by product."""


Takes = Callable[[LadderStep], bool]


def stood(ladder: Ladder, row: SeenBorrower, holds: Sequence[tuple[bool, bool]], takes: Takes) -> list[DueStep]:
    """The steps whose days have come since the last decision.

    `holds`: for each step, whether its condition and segment do, and whether its segment does; `takes`: whether the
    borrower's arm has it.
    """
    found = []
    own = _days(ladder, row.told, row)
    waits = row.told["start"] in (WAITS, BEGINS_TO_WAIT)  # nothing but reminders of what is still to fall due
    for index, step in ladder.reminders if waits else enumerate(ladder.steps):
        applies, in_segment = holds[index]
        if not in_segment:
            continue
        back = max((row.day - r.since for r in row.reopened if r.covers(step)), default=0) if row.reopened else 0
        if step.clock == "loan":
            if applies and takes(step):
                found += _of_loans(ladder, index, step, row, back)
            continue
        count = -row.told[step.counts_to_due] if step.before_due else row.told["days_past_due"]
        if count < step.first_day if step.before_due else count == 0:
            continue
        low = min(count - row.told["gap"] if step.before_due else row.told["reached"], count - back if back else count)
        days = due_between(own[index], low, count)
        if days and takes(step) and not _overtaken(ladder, step, row, days[-1], count, low):
            found.append(DueStep(index, step, days, count, applies=applies))
    return found


def _days(ladder: Ladder, counted: Mapping[str, Any], row: SeenBorrower) -> tuple[Sequence[int], ...]:
    """The days of each step as a borrower or a loan counts them."""
    starts = row.starts_of.get(counted["product"], ())  # a borrower without a live loan has no product
    return days_of(ladder, counted["grace_days"], starts)


def days_of(ladder: Ladder, grace: int, starts: tuple[int, ...]) -> tuple[Sequence[int], ...]:
    """The days of each step of a ladder (`shifted_days`): worked out once for each grace and each product's buckets."""
    found = ladder.tables.get((grace, starts))
    if found is None:
        found = ladder.tables[grace, starts] = tuple(shifted_days(step, grace, starts) for step in ladder.steps)
    return found


def _overtaken(ladder: Ladder, step: LadderStep, row: SeenBorrower, day: int, count: int, low: int) -> bool:
    """Whether a message that did not reach the borrower has had a newer one of its kind since, on a day worked."""
    if not any(r.step == step.id for r in row.reopened) or day == count:
        return False
    days = zip(ladder.steps, _days(ladder, row.told, row), strict=True)
    others = (own for s, own in days if s.of_kind == step.of_kind and s.before_due == step.before_due)
    return any(due_between(own, day, count - 1) for own in others)


def _of_loans(ladder: Ladder, index: int, step: LadderStep, row: SeenBorrower, back: int) -> list[DueStep]:
    """A step that counts each loan for itself: one for all loans whose day has come, as late as the latest of them."""
    theirs: dict[int, DueStep] = {}
    for loan in row.loans:
        count = loan["days_past_due"]
        if count == 0:
            continue
        low = min(loan["reached"], count - back if back else count)
        days = due_between(_days(ladder, loan, row)[index], low, count)
        if days:
            theirs[loan["loan"]] = DueStep(index, step, days, count)
    if not theirs:
        return []
    first = min(theirs.values(), key=lambda s: s.late)
    return [DueStep(index, step, first.days, first.count, frozenset(theirs))]


def passed(ladder: Ladder, row: SeenBorrower) -> list[tuple[str, int, str]]:
    """Reminders of an instalment that went by undone and is now past due: they are not made up."""
    count = row.told["days_past_due"]
    low = count - row.told["gap"]
    if count == 0 or low >= 0 or row.told["reached"] >= 0:
        return []
    return [
        (step.id, day, "its due date has passed")
        for step in ladder.steps
        if step.before_due
        for day in due_between(shifted_days(step, 0, ()), low, 0)
    ]


def resolve(found: Sequence[DueStep]) -> Resolved:
    """Steps on their day are done; of those late only the newest of a kind, and none beside one of it on its day.

    What does not apply (a case for M2 while an agency has it) is not done, but what is older than it is overtaken.

    Late on day 16 after a week: `firm-7` (collection, day 7) and `firm-15` (collection, day 15): `firm-15` is done,
    `firm-7` is left out.
    """
    on_time: dict[str, str] = {}
    newest: dict[str, DueStep] = {}
    for it in found:
        kind = it.step.of_kind
        if not it.late:
            on_time[kind] = it.step.id
        elif kind not in newest or it.days[-1] > newest[kind].days[-1]:
            newest[kind] = it
    kept: list[DueStep] = []
    left: list[tuple[str, int, str]] = []
    for it in found:
        if not it.applies:
            continue
        kind = it.step.of_kind
        instead = "" if not it.late else on_time.get(kind, "")
        if it.late and not instead and newest[kind].days[-1] > it.days[-1]:
            instead = newest[kind].step.id
        if instead:
            left += [(it.step.id, day, f"{instead} is newer") for day in it.days]
        else:
            kept.append(it)
            left += [(it.step.id, day, "a later day of the same step") for day in it.days[:-1] if not it.step.each_day]
    return Resolved(tuple(kept), tuple(left))


def started(ladder: Ladder, resolved: Resolved) -> Resolved:
    """What the start rule leaves of it: late steps of other actions than those done once now count as done."""
    once = ladder.start.once
    kept, done = [], []
    for it in resolved.kept:
        if it.late and once is not None and not any(it.step.do == o or it.step.do.startswith(o + ".") for o in once):
            done.append((it.step.id, it.days[-1], "taken as done before the start"))
        else:
            kept.append(it)
    return Resolved(tuple(kept), (*resolved.left, *done))


def start_day(ladder: Ladder, reference: str, first_seen: int) -> int:
    """The day on which a borrower taken over begins the ladder: spread over the days of the start rule.

    First seen on a Monday, over five days: the borrower's place in line (BLAKE2b, as for arms) modulo 5 days later.
    """
    return first_seen + place_in_line(f"start {ladder.id}", reference) % ladder.start.over_days


@cache
def _rule(name: str) -> Rule:
    return next(r for r in rules_of("catch_up") if r.id == name)


def told_late(on: date, row: Mapping[str, Any], resolved: Resolved) -> Finding | None:
    """The finding of a borrower for whom something is late or left out; None where nothing is."""
    late = {it.step.id: it.days[-1] for it in resolved.kept if it.late}
    if not late and not resolved.left:
        return None
    left: dict[str, list[str]] = {}
    for step, day, why in resolved.left:
        left.setdefault(f"{step}: {why}", []).append(str(day))
    name, outcome = ("catch-up.start", "started") if row["start"] == STARTS else ("catch-up.late", "made up")
    outcome = outcome if late or row["start"] == STARTS else "left out"
    return _rule(name).finding(
        on,
        outcome,
        days_past_due=row["days_past_due"],
        not_decided_for=row["gap"] - 1,
        late=late,
        left_out={step: ", ".join(days) for step, days in left.items()},
    )


def told_waiting(on: date, row: Mapping[str, Any]) -> Finding:
    """The finding of a borrower taken over who begins the ladder on a later day."""
    begins = iso(row["starts_on"])
    return _rule("catch-up.start").finding(on, "waits", days_past_due=row["days_past_due"], begins_on=begins)


def told_left_out(on: date, step: LadderStep, by: str, reason: str, reference: str) -> Finding:
    """The finding of a step that a person left out."""
    return _rule("catch-up.left-out").finding(on, "left out", step=step.id, by=by, reason=reason, reference=reference)


def starts_of(buckets: Iterable[Iterable[int]]) -> dict[int, tuple[int, ...]]:
    """First days of the buckets of each product, by its row in the table of products."""
    return {k: tuple(int(d) for d in row) for k, row in enumerate(buckets)}

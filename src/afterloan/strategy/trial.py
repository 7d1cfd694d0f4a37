"""A ladder on trial: what many days of borrowers would have asked for, counted rather than written."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache, partial
from typing import Any

import polars as pl

from afterloan.dates import date_of
from afterloan.facts.ladder import StepLeftOut
from afterloan.rules.packs import in_force, rules_of
from afterloan.strategy import catch_up
from afterloan.strategy.catch_up import (
    ABOUT,
    BEGINS_TO_WAIT,
    Reopened,
    SeenBorrower,
    is_unsteady,
    told_late,
    told_waiting,
)
from afterloan.strategy.debit import schedule_rule
from afterloan.strategy.governor import NO_STANDING, ContactStanding, Place, Verdict
from afterloan.strategy.holds import Held, stopped
from afterloan.strategy.ladder import MESSAGES, Ladder, LadderStep, conditions_of, standing_on, wanted_arms
from afterloan.strategy.plan import (
    DOES,
    RANK,
    ROW,
    hold_on,
    in_arm,
    is_left_out,
    is_tested,
    loans_of,
    narrowed,
    slot_for,
    work_off,
)
from afterloan.strategy.segments import HOLD_OUT

DEBIT = "debit.attempt"
STANDS_STILL = frozenset(
    {
        "attempts_30",
        "conversations_30",
        "days_since_conversation",
        "debits_failed_30",
        "at_agency",
        "limit_fen",
        "granted_fen",
        "frozen",
        "barred",
        "clean_days",
    }
)
"""Columns that a trial does not replay, because they follow from what was done: they keep their defaults."""


TREATED = {"number": pl.Int64, "do": pl.String, "times": pl.Int64}


@dataclass(slots=True)
class Tally:
    """What a replay came to: actions by kind and step, whom they went to, what was refused by which rule."""

    steps: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    cost_tenths_fen: int = 0
    penalty_income_fen: int = 0
    bureau_entries: int = 0
    loan_days: int = 0
    treated: list[pl.DataFrame] = field(default_factory=list)
    """Actions by borrower (`number`) and kind (`do`), as `times`: parts to be summed (`by_borrower`)."""
    waiting: set["Waiting"] = field(default_factory=set)
    """What could not go on the last of the days, and may on the next."""

    def add(self, other: "Tally") -> None:
        """Take another part's counts in. Borrowers of parts are not the same, as a part is a set of borrowers."""
        self.steps.update(other.steps)
        self.refused.update(other.refused)
        self.cost_tenths_fen += other.cost_tenths_fen
        self.penalty_income_fen += other.penalty_income_fen
        self.bureau_entries += other.bureau_entries
        self.loan_days += other.loan_days
        self.treated.extend(other.treated)

    def by_borrower(self) -> pl.DataFrame:
        """How often each borrower (`number`) gets each kind of action (`do`): `times`."""
        whole = pl.concat([pl.DataFrame(schema=TREATED), *self.treated])
        return whole.group_by("number", "do").agg(pl.col("times").sum())

    def reached(self) -> Counter[str]:
        """How many borrowers got each kind of action: each counts once, in however many months and steps."""
        return Counter(dict(self.by_borrower().group_by("do").len().iter_rows()))

    def kinds(self) -> Counter[str]:
        """Actions by kind."""
        found: Counter[str] = Counter()
        for (kind, _), count in self.steps.items():
            found[kind] += count
        return found


Waiting = tuple[int, int, str]
"""A message that was refused its hour: borrower, day, step. The next day makes it up, as a decision does."""


@dataclass(frozen=True, slots=True)
class TrialDays:
    """Some days of some borrowers: a row of `frame` is a borrower on a day.

    `frame`: `borrower` (row key), `number` (borrower), `day`, `arm`, `place` (which of `places`) and the columns of
    SCHEMA; `loans`: `borrower` (the same row key) and the other columns of `loan_frame`. `held`, `reopened` and
    `left_out` by row key, `standings` by borrower; `buckets` as `catch_up.starts_of` says. Both frames have the columns
    of catching up.
    """

    frame: pl.DataFrame
    loans: pl.DataFrame
    places: Sequence[Place]
    standings: Mapping[int, ContactStanding]
    held: Mapping[int, list[Held]]
    reopened: Mapping[int, Sequence[Reopened]]
    left_out: Mapping[int, Sequence[StepLeftOut]]
    buckets: Mapping[int, tuple[int, ...]]
    waiting: frozenset[Waiting] = frozenset()
    """What was refused its hour on the day before the first."""


def costs(on: date) -> dict[str, int]:
    """What each kind of action costs, in tenths of a fen."""
    told = in_force(rules_of("costs"), "ANY", on)[0].parameters["tenths_of_fen"]
    return {str(kind): int(cost) for kind, cost in told.items()}


def tally_days(ladder: Ladder, days: TrialDays, pack: str | None = None) -> Tally:
    """Count what a ladder would have asked for: the same choices as `plan.plan_day`, for many days at once.

    `pack`: the contact pack to go by instead of that of each borrower's place. A message that is refused its hour
    waits and is made up the next day, which may leave out or refuse others: the days are gone over until that is so.
    """
    waiting = set(days.waiting)
    while True:
        tally, refused = _tally(ladder, _with_waiting(days, waiting), pack)
        if refused <= waiting:
            break
        waiting |= refused
    last = days.frame["day"].max() if len(days.frame) else None
    tally.waiting = {told for told in waiting if told[1] == last}
    return tally


def _with_waiting(days: TrialDays, waiting: set[Waiting]) -> TrialDays:
    """The days on which what waits is made up: the day after, where the borrower is looked at then."""
    if not waiting:
        return days
    after = {(number, day + 1) for number, day, _ in waiting}
    some = days.frame.filter(pl.col("number").is_in(list({number for number, _ in after})))
    keys = {(number, day): key for key, number, day in some.select("borrower", "number", "day").iter_rows()}
    again = {key: list(found) for key, found in days.reopened.items()}
    for number, day, step in sorted(waiting):
        if (number, day + 1) in keys:
            again.setdefault(keys[number, day + 1], []).append(Reopened(day - 1, step=step))
    frame = days.frame.with_columns(reopened=pl.col("reopened") | pl.col("borrower").is_in(list(again)))
    return replace(days, frame=frame, reopened=again)


def _tally(ladder: Ladder, days: TrialDays, pack: str | None) -> tuple[Tally, set[Waiting]]:
    """The counts, and what was refused an hour that comes again."""
    tally = Tally()
    waits: set[Waiting] = set()
    parts = []
    kind = days.frame.select(is_unsteady().alias("unsteady"), catch_up.only_reminded().alias("waits"))
    steady = days.frame.filter(~kind["unsteady"]) if kind["unsteady"].any() else days.frame
    made_up = _made_up(ladder, days.frame.filter(kind["unsteady"] & ~kind["waits"]), days, tally)
    waiting = _reminded(ladder, days.frame.filter(kind["waits"]), days, tally)
    place = {step.id: index for index, step in enumerate(ladder.steps)}
    on_day = _standing(ladder, steady, days.loans)
    for step in ladder.steps:
        if step.do in DOES:
            continue
        found = []
        standing = [of[step.id] for of in (on_day, waiting) if step.id in of]
        if standing:
            hit = pl.concat(standing).filter(_in_arm(step))
            free = _not_held(step, _not_left_out(step, hit, days), days, tally)
            found.append(_can_be_debited(step, free, days, tally).select(ROWS))
        if step.id in made_up:
            found.append(made_up[step.id])
        if not found:
            continue
        key = step.do if step.do in MESSAGES or step.do == "debit.attempt" else step.id
        rank = RANK[step.why] * 1_000 + place[step.id]
        parts.append(pl.concat(found).with_columns(key=pl.lit(key), rank=pl.lit(rank), step=pl.lit(step.id)))
    if not parts:
        return tally, waits
    chosen = pl.concat(parts).sort("rank").unique(["borrower", "key"], keep="last")
    prices = costs(date.min.replace(year=2100))
    for step in ladder.steps:
        rows = chosen.filter(pl.col("step") == step.id)
        if len(rows):
            kept = _permitted(step, rows, days, tally, pack, waits)
            if not len(kept):
                continue
            tally.steps[step.do, step.id] += len(kept)
            tally.cost_tenths_fen += prices.get(step.do, 0) * len(kept)
            counted = kept.group_by("number").agg(times=pl.len().cast(pl.Int64), do=pl.lit(step.do))
            tally.treated.append(counted.select(pl.col("number").cast(pl.Int64), "do", "times"))
    return tally, waits


ROWS = (pl.col("borrower"), pl.col("number"), pl.col("day"), pl.lit(False).alias("late"), pl.col("place"))


def _reminded(ladder: Ladder, rows: pl.DataFrame, days: TrialDays, tally: Tally) -> dict[str, pl.DataFrame]:
    """The steps before a due date on which who waits for their start stands, by step; who is told so, counted."""
    if not len(rows):
        return {}
    begin = rows.filter(pl.col("start") == BEGINS_TO_WAIT).head(1)
    if len(begin):
        told = told_waiting(date_of(begin["day"][0]), begin.row(0, named=True))
        tally.refused[told.rule, ABOUT] += int((rows["start"] == BEGINS_TO_WAIT).sum())
    before = {step.id for step in ladder.steps if step.before_due}
    return {step: hit for step, hit in _standing(ladder, rows, days.loans).items() if step in before}


SEEN = ("borrower", "number", "day", "place", "arm", "days_past_due", "debit_today")
"""What is looked at of a row that stands on a step."""


def _standing(ladder: Ladder, rows: pl.DataFrame, loans: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """By step the rows that stand on it, with the columns of SEEN: of sixty, each would be copied for each step."""
    seen = rows.select(SEEN)
    return {step.id: seen[at] for step, at in standing_on(ladder, rows, loans)}


def _made_up(ladder: Ladder, rows: pl.DataFrame, days: TrialDays, tally: Tally) -> dict[str, pl.DataFrame]:
    """The steps of days on which a borrower was not worked the evening before, by step, as a decision takes them."""
    if not len(rows):
        return {}
    loans = loans_of(days.loans, rows["borrower"].to_list())
    found: dict[str, list[tuple[int, int, int, bool, int]]] = {}
    looked_at = narrowed(rows, (*ROW, *(name for name in SEEN if name not in ROW))).rows(named=True)
    for row, holds in zip(looked_at, conditions_of(ladder, rows), strict=True):
        key, on = row["borrower"], date_of(row["day"])
        seen = SeenBorrower(row, loans.get(key, []), days.reopened.get(key, ()), row["day"], days.buckets)
        takes = partial(_takes, row=row, said=days.left_out.get(key, ()))
        resolved, stopped_now = work_off(ladder, seen, holds, takes, days.held.get(key, []))
        for step, hold in stopped_now:
            tally.refused[hold.rule.id, step.do] += 1
        tries = 0 if row["debit_today"] else sum(it.step.do == DEBIT for it in resolved.kept)
        if tries:  # a refusal a step, as a decision tells each of them
            tally.refused[schedule_rule(row["jurisdiction"], on).id, DEBIT] += tries
            resolved = replace(resolved, kept=tuple(it for it in resolved.kept if it.step.do != DEBIT))
        told = told_waiting(on, row) if row["start"] == BEGINS_TO_WAIT else told_late(on, row, resolved)
        if told is not None:
            tally.refused[told.rule, ABOUT] += 1
        for it in resolved.kept:
            found.setdefault(it.step.id, []).append((key, row["number"], row["day"], it.late > 0, row["place"]))
    schema = {"borrower": pl.Int64, "number": pl.Int64, "day": pl.Int64, "late": pl.Boolean, "place": pl.Int32}
    return {step: pl.DataFrame(told, schema=schema, orient="row") for step, told in found.items()}


def _takes(step: LadderStep, row: Mapping[str, Any], said: Sequence[StepLeftOut]) -> bool:
    return in_arm(step, row["arm"]) and not is_left_out(step, row["days_past_due"], row["day"], said)


def _not_left_out(step: LadderStep, rows: pl.DataFrame, days: TrialDays) -> pl.DataFrame:
    if not days.left_out:
        return rows
    out = [
        row["borrower"]
        for row in rows.filter(pl.col("borrower").is_in(list(days.left_out))).iter_rows(named=True)
        if is_left_out(step, row["days_past_due"], row["day"], days.left_out[row["borrower"]])
    ]
    return rows.filter(~pl.col("borrower").is_in(out)) if out else rows


def _in_arm(step: LadderStep) -> pl.Expr:
    wanted = wanted_arms(step)
    treated = pl.lit(True) if wanted is None else pl.col("arm").is_in(list(wanted))
    if step.always or not is_tested(step):
        return treated | (pl.col("arm") == HOLD_OUT)
    return treated & (pl.col("arm") != HOLD_OUT)


def _not_held(step: LadderStep, rows: pl.DataFrame, days: TrialDays, tally: Tally) -> pl.DataFrame:
    if not days.held or not len(rows):
        return rows
    out = []
    for key in rows.filter(pl.col("borrower").is_in(list(days.held)))["borrower"]:
        hold = hold_on(step, stopped(days.held[key]))
        if hold is not None:
            out.append(key)
            tally.refused[hold.rule.id, step.do] += 1
    return rows.filter(~pl.col("borrower").is_in(out)) if out else rows


def _can_be_debited(step: LadderStep, rows: pl.DataFrame, days: TrialDays, tally: Tally) -> pl.DataFrame:
    """Of a debit those whose mandate the pack lets be tried that day, as `plan.plan_day` has it; the others counted."""
    if step.do != DEBIT:
        return rows
    left = rows.filter(~pl.col("debit_today")).group_by("place", "day").len()
    for place, day, count in left.iter_rows():
        tally.refused[schedule_rule(days.places[place].jurisdiction, date_of(day)).id, DEBIT] += count
    return rows.filter(pl.col("debit_today"))


def _permitted(
    step: LadderStep, rows: pl.DataFrame, days: TrialDays, tally: Tally, pack: str | None, waits: set[Waiting]
) -> pl.DataFrame:
    """The rows that the governor lets go on their day; those it does not are counted by rule."""
    if step.do not in MESSAGES and step.do != "bureau.notice":
        return rows
    plain = rows.filter(~pl.col("number").is_in(list(days.standings))) if days.standings else rows
    refused: list[pl.Series] = []
    asked = plain.select("place", "day", "late").unique()
    answers = [(told, _plain_refusal(_Asked.of(step), days.places[told[0]], *told[1:], pack)) for told in asked.rows()]
    if no := [(*told, *said) for told, said in answers if said is not None]:
        schema = {"place": pl.Int32, "day": pl.Int64, "late": pl.Boolean, "rule": pl.String, "again": pl.Boolean}
        some = plain.join(pl.DataFrame(no, schema=schema, orient="row"), on=["place", "day", "late"])
        refused.append(some["borrower"])
        for rule, count in some.group_by("rule").len().iter_rows():
            tally.refused[rule, step.do] += count
        waits |= {(number, day, step.id) for number, day in some.filter("again").select("number", "day").iter_rows()}
    if len(plain) < len(rows):
        told = rows.filter(pl.col("number").is_in(list(days.standings)))
        stopped_keys = []
        for key, number, day, late, place in told.select("borrower", "number", "day", "late", "place").iter_rows():
            said = _refusal(_Asked.of(step), days.places[place], days.standings[number], day, late, pack)
            if said is not None:
                stopped_keys.append(key)
                tally.refused[said[0], step.do] += 1
                if said[1]:
                    waits.add((number, day, step.id))
        refused.append(pl.Series(stopped_keys, dtype=pl.Int64))
    gone = pl.concat(refused) if refused else pl.Series(dtype=pl.Int64)
    return rows.filter(~pl.col("borrower").is_in(gone.implode())) if len(gone) else rows


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the governor is asked of a step: its hour, purpose and channel."""

    hour: str
    purpose: str
    channel: str

    @staticmethod
    def of(step: LadderStep) -> "_Asked":
        """A bureau's notice goes as a push that the law asks for."""
        message = step.do in MESSAGES
        channel = step.do.removeprefix("message.") if message else "push"
        return _Asked(step.at, step.why if message else "legal_notice", channel)


Refusing = tuple[str, bool]
"""The rule that refuses, and whether there is a moment from which the message may go."""


def _refusal(
    asked: _Asked, place: Place, standing: ContactStanding, day: int, late: bool, pack: str | None
) -> Refusing | None:
    found = slot_for(asked.hour, asked.purpose, asked.channel, place, standing, date_of(day), late, pack)
    return (found.rule, found.next_at is not None) if isinstance(found, Verdict) else None


@lru_cache(65_536)
def _plain_refusal(asked: _Asked, place: Place, day: int, late: bool, pack: str | None) -> Refusing | None:
    """The same of all of whom nothing is told: the packs answer once for a place, an hour, a channel and a day."""
    return _refusal(asked, place, NO_STANDING, day, late, pack)

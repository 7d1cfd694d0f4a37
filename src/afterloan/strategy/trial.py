"""A ladder on trial: what many days of borrowers would have asked for, counted rather than written."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from datetime import time as clock
from zoneinfo import ZoneInfo

import polars as pl

from afterloan.dates import date_of
from afterloan.rules.packs import in_force, rules_of
from afterloan.strategy.governor import (
    NO_STANDING,
    ContactStanding,
    Place,
    Request,
    Verdict,
    contact_rules,
    slot_on_day,
)
from afterloan.strategy.holds import Held, stopped
from afterloan.strategy.ladder import MESSAGES, Ladder, LadderStep, matches, wanted_arms
from afterloan.strategy.plan import DOES, NO_TREATMENT, RANK, STOPPED_BY
from afterloan.strategy.segments import HOLD_OUT

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


@dataclass(slots=True)
class Tally:
    """What a replay came to: actions by kind and step, borrowers they went to, what was refused by which rule."""

    steps: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    borrowers: Counter[str] = field(default_factory=Counter)
    cost_tenths_fen: int = 0
    penalty_income_fen: int = 0
    bureau_entries: int = 0
    loan_days: int = 0

    def add(self, other: "Tally") -> None:
        """Take another part's counts in. Borrowers of parts are not the same, as a part is a set of borrowers."""
        self.steps.update(other.steps)
        self.refused.update(other.refused)
        self.borrowers.update(other.borrowers)
        self.cost_tenths_fen += other.cost_tenths_fen
        self.penalty_income_fen += other.penalty_income_fen
        self.bureau_entries += other.bureau_entries
        self.loan_days += other.loan_days

    def kinds(self) -> Counter[str]:
        """Actions by kind."""
        found: Counter[str] = Counter()
        for (kind, _), count in self.steps.items():
            found[kind] += count
        return found


@dataclass(frozen=True, slots=True)
class TrialDays:
    """Some days of some borrowers: a row of `frame` is a borrower on a day.

    `frame`: `borrower` (row key), `number` (borrower), `day`, `arm` and the columns of SCHEMA; `loans`: `borrower`
    (the same row key), `days_past_due`, `bucket`, `bucket_first_day`. `held` by row key, `standings` by borrower.
    """

    frame: pl.DataFrame
    loans: pl.DataFrame
    places: Mapping[int, Place]
    standings: Mapping[int, ContactStanding]
    held: Mapping[int, list[Held]]


def costs(on: date) -> dict[str, int]:
    """What each kind of action costs, in tenths of a fen."""
    told = in_force(rules_of("costs"), "ANY", on)[0].parameters["tenths_of_fen"]
    return {str(kind): int(cost) for kind, cost in told.items()}


def tally_days(ladder: Ladder, days: TrialDays, pack: str | None = None) -> Tally:
    """Count what a ladder would have asked for: the same choices as `plan.plan_day`, for many days at once.

    `pack`: the contact pack to go by instead of that of each borrower's place.
    """
    tally = Tally()
    parts = []
    for index, (step, hit) in enumerate(matches(ladder, days.frame, days.loans)):
        if step.do in DOES:
            continue
        rows = _not_held(step, hit.filter(_in_arm(step)).select("borrower", "number", "day"), days, tally)
        key = step.do if step.do in MESSAGES or step.do == "debit.attempt" else step.id
        rank = RANK[step.why] * 1_000 + index
        parts.append(rows.with_columns(key=pl.lit(key), rank=pl.lit(rank), step=pl.lit(step.id)))
    if not parts:
        return tally
    chosen = pl.concat(parts).sort("rank").unique(["borrower", "key"], keep="last")
    prices = costs(date.min.replace(year=2100))
    for step in ladder.steps:
        rows = chosen.filter(pl.col("step") == step.id)
        if len(rows):
            kept = _permitted(step, rows, days, tally, pack)
            if not len(kept):
                continue
            tally.steps[step.do, step.id] += len(kept)
            tally.cost_tenths_fen += prices.get(step.do, 0) * len(kept)
            tally.borrowers[step.do] += kept["number"].n_unique()
    return tally


def _in_arm(step: LadderStep) -> pl.Expr:
    wanted = wanted_arms(step)
    treated = pl.lit(True) if wanted is None else pl.col("arm").is_in(list(wanted))
    if step.always or step.do in NO_TREATMENT:
        return treated | (pl.col("arm") == HOLD_OUT)
    return treated & (pl.col("arm") != HOLD_OUT)


def _not_held(step: LadderStep, rows: pl.DataFrame, days: TrialDays, tally: Tally) -> pl.DataFrame:
    if not days.held or not len(rows):
        return rows
    what = STOPPED_BY.get(step.do, step.why)
    contact = step.do in MESSAGES and step.why not in ("service", "legal_notice")
    out = []
    for key in rows.filter(pl.col("borrower").is_in(list(days.held)))["borrower"]:
        stops = stopped(days.held[key])
        hold = stops.get(what) or (stops.get("contact") if contact else None)
        if hold is not None:
            out.append(key)
            tally.refused[hold.rule.id, step.do] += 1
    return rows.filter(~pl.col("borrower").is_in(out)) if out else rows


def _permitted(step: LadderStep, rows: pl.DataFrame, days: TrialDays, tally: Tally, pack: str | None) -> pl.DataFrame:
    """The rows that the governor lets go on their day; those it does not are counted by rule."""
    if step.do not in MESSAGES and step.do != "bureau.notice":
        return rows
    plain = rows.filter(~pl.col("number").is_in(list(days.standings))) if days.standings else rows
    refused: list[int] = []
    for place, day, keys in _places_and_days(plain, days):
        rule = _refused_by(step, place, NO_STANDING, date_of(day), pack)
        if rule:
            refused.extend(keys.to_list())
            tally.refused[rule, step.do] += len(keys)
    if len(plain) < len(rows):
        told = rows.filter(pl.col("number").is_in(list(days.standings)))
        for key, number, day in told.select("borrower", "number", "day").iter_rows():
            on = date_of(day)
            rule = _refused_by(step, days.places[number], days.standings[number], on, pack)
            if rule:
                refused.append(key)
                tally.refused[rule, step.do] += 1
    return rows.filter(~pl.col("borrower").is_in(refused)) if refused else rows


def _places_and_days(rows: pl.DataFrame, days: TrialDays) -> Iterator[tuple[Place, int, pl.Series]]:
    """Row keys by place and day: borrowers of whom nothing is told share the governor's answer."""
    kinds = list(dict.fromkeys(days.places.values()))
    if len(kinds) == 1:
        placed = rows.with_columns(place=pl.lit(0))
    else:
        number_of = {place: k for k, place in enumerate(kinds)}
        placed = rows.with_columns(place=pl.Series([number_of[days.places[n]] for n in rows["number"]], dtype=pl.Int32))
    for (place, day), part in placed.group_by("place", "day"):
        yield kinds[int(str(place))], int(str(day)), part["borrower"]


def _refused_by(step: LadderStep, place: Place, standing: ContactStanding, on: date, pack: str | None) -> str:
    channel = step.do.removeprefix("message.") if step.do in MESSAGES else "push"
    purpose = step.why if step.do in MESSAGES else "legal_notice"
    at = datetime.combine(on, clock.fromisoformat(step.at), ZoneInfo(place.zones[0]))
    language = standing.language or place.language
    request = Request(at, channel, purpose, place.zones, language=language)
    found = slot_on_day(request, standing, contact_rules(pack or place.jurisdiction, on, place.lender_type))
    return found.rule if isinstance(found, Verdict) else ""

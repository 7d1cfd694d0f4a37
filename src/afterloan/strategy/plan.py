"""What a day asks for: ladders, holds, limit rules and the governor over borrowers that are known."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from functools import lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic_core import to_json

from afterloan.counting import counted
from afterloan.dates import iso, number_of
from afterloan.facts.ladder import StepLeftOut
from afterloan.facts.outbox import OUTBOX, Action, MessageBody, MessageValue, PlannedBody
from afterloan.rules.packs import Finding, Rule, in_force, rules_of
from afterloan.strategy import catch_up
from afterloan.strategy.catch_up import ABOUT, BEGINS_TO_WAIT, STARTS, DueStep, Reopened, Resolved
from afterloan.strategy.debit import NO_MANDATE, NextTry, schedule_rule
from afterloan.strategy.figures import Figures, figures_of, values_of
from afterloan.strategy.governor import (
    ANY,
    NO_STANDING,
    ContactStanding,
    Place,
    Request,
    Slot,
    Verdict,
    contact_rules,
    slot_on_day,
)
from afterloan.strategy.holds import Held, stopped
from afterloan.strategy.ladder import MESSAGES, Ladder, LadderStep, conditions_of, standing_on, wanted_arms
from afterloan.strategy.restriction import Change, CreditLine, after_change, limit_rules, wanted_change
from afterloan.strategy.segments import HOLD_OUT, arm_of
from afterloan.strategy.worklist import priority_fen, worth_rule

NUMBERS = npt.NDArray[np.int64]
RANK = {"reminder": 0, "service": 1, "collection": 2, "legal_notice": 3}
"""Of two messages on one channel and day the weightier one is sent."""
STOPPED_BY = {
    "debit.attempt": "debit",
    "worklist": "worklist",
    "agency.place": "agency",
    "legal.propose": "legal",
    "charge_off.propose": "charge_off",
    "bureau.notice": "bureau",
    "limit.freeze": "limit",
    "limit.reduce": "limit",
    "limit.restrict": "limit",
}
TESTED = ("worklist", "agency.place")
"""What a hold-out misses beside reminders and messages of collection: people who call or write."""
NO_TREATMENT = ("bureau.notice", "charge_off.propose", "limit.freeze", "limit.reduce", "limit.restrict")
"""What the law or the books ask for, and the protection of the line."""
DOES_NOT_LOWER = {"borrowing.barred": "barred"}
"""Changes of which a rule may tell by a template of its own, under this name."""
DOES = {"limit.freeze": "freeze", "limit.reduce": "reduce", "limit.restrict": "bar"}


@dataclass(slots=True)
class KnownBorrowers:
    """Borrowers of whom a ladder may have something to say, with all that a decision looks at."""

    frame: pl.DataFrame
    """A row a borrower: `borrower` (number), `reference`, the columns of SCHEMA."""
    loans: pl.DataFrame
    """A row a live loan of theirs: `loan_frame` with `reference`."""
    places: dict[int, Place]
    standings: dict[int, ContactStanding]
    held: dict[int, list[Held]]
    lines: dict[int, CreditLine]
    buckets: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """First days of the buckets by product (`catch_up.starts_of`)."""
    reopened: Mapping[int, Sequence[Reopened]] = field(default_factory=dict)
    """What could not be done until today, by borrower."""
    left_out: Mapping[int, Sequence[StepLeftOut]] = field(default_factory=dict)
    """What people left out, by borrower."""
    debits: Mapping[int, NextTry] = field(default_factory=dict)
    """Of those who ever signed a mandate: the first day on which a debit makes sense, or why none does."""


@dataclass(frozen=True, slots=True)
class PlannedFinding:
    """Why something was not done for a borrower (store number), and what (`about`)."""

    borrower: int
    about: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A change of the line of a borrower (store number and reference)."""

    borrower: int
    reference: str
    change: Change


@dataclass(slots=True)
class DayPlan:
    """What a day asks to be written: rows of the outbox, findings, changes of lines."""

    actions: list[Action] = field(default_factory=list)
    findings: list[PlannedFinding] = field(default_factory=list)
    changes: list[PlannedChange] = field(default_factory=list)
    ladders: set[str] = field(default_factory=set)
    places: Mapping[int, Place] = field(default_factory=dict)
    notices: set[str] = field(default_factory=set)
    said: dict[tuple[Any, ...], tuple[Slot | Verdict, str]] = field(default_factory=dict)
    """When messages may go that are alike, and the head of their bodies (`_said_alike`)."""


@dataclass(slots=True)
class _Chosen:
    """The steps of one borrower: at most one a channel for messages."""

    row: dict[str, Any]
    ladder: Ladder
    arm: str
    steps: dict[str, tuple[int, DueStep]] = field(default_factory=dict)


def plan_day(known: KnownBorrowers, ladders: Mapping[str, Ladder], on: date) -> DayPlan:
    """What the ladders, holds, limit rules and the governor make of a day. Pure: values in, values out."""
    plan = DayPlan(places=known.places)
    chosen = _choose(known, ladders, on, plan)
    lines = dict(known.lines)
    _rules_of_limits(known, lines, plan, on)
    loans = loans_of(known.loans, list(chosen))
    for number, choice in chosen.items():
        for _, it in sorted(choice.steps.values(), key=lambda c: c[0]):
            _act(number, choice, it, known, loans.get(number, []), lines, plan, on)
    return plan


def _choose(known: KnownBorrowers, ladders: Mapping[str, Ladder], on: date, plan: DayPlan) -> dict[int, _Chosen]:
    """For each borrower the steps that are due: holds and hold-out taken out, one message a channel."""
    chosen: dict[int, _Chosen] = {}
    arms: dict[int, str] = {}
    day = number_of(on)
    how = known.frame.select(catch_up.is_unsteady().alias("unsteady"), catch_up.only_reminded().alias("reminded"))
    steady = known.frame.filter(~how["unsteady"])
    unsteady = known.frame.filter(how["unsteady"] & ~how["reminded"])
    reminded = known.frame.filter(how["reminded"])
    for jurisdiction in known.frame["jurisdiction"].unique().sort():
        ladder = ladders.get(jurisdiction) or ladders[ANY]
        plan.ladders.add(ladder.id)

        def takes(step: LadderStep, row: dict[str, Any], ladder: Ladder = ladder) -> bool:
            number = row["borrower"]
            if number not in arms:
                arms[number] = arm_of(ladder.arms, row["reference"])
            if known.places[number].wrong and step.do not in NO_TREATMENT and step.why != "legal_notice":
                return False  # a task of people until it is corrected: `enquiry/tasks.py`
            said = known.left_out.get(number)
            left = said is not None and is_left_out(step, row["days_past_due"], day, said)
            return not left and in_arm(step, arms[number])

        place = {step.id: index for index, step in enumerate(ladder.steps)}
        due: list[tuple[int, dict[str, Any], DueStep]] = []
        waiting = reminded.filter(pl.col("jurisdiction") == jurisdiction)
        _tell_waiting(waiting, plan, on)
        for here, all_steps in ((steady.filter(pl.col("jurisdiction") == jurisdiction), True), (waiting, False)):
            hits = [(s, hit) for s, hit in standing_on(ladder, here, known.loans) if all_steps or s.before_due]
            rows = _rows_hit(here, [hit for _, hit in hits])
            for step, hit in hits:
                for row in map(rows.__getitem__, hit.tolist()):
                    if not takes(step, row) or _is_held(row["borrower"], step, known, plan, on):
                        continue
                    if not _is_no_debit(row["borrower"], step, known, plan, on):
                        due.append((place[step.id], row, DueStep(place[step.id], step, (0,), 0)))
        odd = unsteady.filter(pl.col("jurisdiction") == jurisdiction)
        for row, resolved in _made_up(known, ladder, odd, takes, plan, on):
            due += [(it.index, row, it) for it in resolved.kept]
        for index, row, it in sorted(due, key=lambda d: d[0]):
            choice = chosen.setdefault(row["borrower"], _Chosen(row, ladder, arms[row["borrower"]]))
            _keep(choice, index, it)
    return chosen


ROW = (
    "borrower", "reference", "jurisdiction", "language", "days_past_due", "grace_days", "arrears_fen",
    "promises_broken", "not_cured_ppm", "days_to_due", "days_to_due_in_time", "product", "gap", "reached", "start",
    "starts_on",
)  # fmt: skip
"""Columns of the frame that are looked at row by row: of some sixty; each that is read for nothing costs as much."""
LOAN = (
    "loan", "borrower", "reference", "product", "days_past_due", "grace_days", "bucket", "bucket_first_day", "reached",
    "arrears_fen", "due_today_fen", "next_due_fen", "late_penalty_fen", "payoff_fen", "accelerated", "days_to_due",
    "due_on",
)  # fmt: skip
"""The same of a loan."""


def narrowed(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Those of some columns that a frame has."""
    there = set(frame.columns)
    return frame.select([name for name in columns if name in there])


def _rows_hit(frame: pl.DataFrame, hits: Sequence[NUMBERS]) -> dict[int, dict[str, Any]]:
    """The rows of a frame that stand on some step, by their place: each is made once, others are not."""
    at = np.unique(np.concatenate(hits)) if hits else np.zeros(0, np.int64)
    return dict(zip(at.tolist(), narrowed(frame, ROW)[at].rows(named=True), strict=True)) if len(at) else {}


def _tell_waiting(rows: pl.DataFrame, plan: DayPlan, on: date) -> None:
    """The findings of those who are told today that they wait for their start."""
    new = rows.filter(pl.col("start") == BEGINS_TO_WAIT).select("borrower", "days_past_due", "starts_on")
    for row in new.iter_rows(named=True):
        plan.findings.append(PlannedFinding(row["borrower"], ABOUT, catch_up.told_waiting(on, row)))


def _made_up(
    known: KnownBorrowers, ladder: Ladder, rows: pl.DataFrame, takes: Any, plan: DayPlan, on: date
) -> Iterator[tuple[dict[str, Any], Resolved]]:
    """What is due of borrowers who were not worked the evening before, with the findings of what is late or left out.

    Steps that a hold stops are told as stopped and wait for its end.
    """
    if not len(rows):
        return
    loans = loans_of(known.loans, rows["borrower"].to_list())
    for row, holds in zip(narrowed(rows, ROW).rows(named=True), conditions_of(ladder, rows), strict=True):
        number = row["borrower"]
        seen = catch_up.SeenBorrower(
            row, loans.get(number, []), known.reopened.get(number, ()), number_of(on), known.buckets
        )
        held = known.held.get(number, [])
        resolved, stopped_now = work_off(ladder, seen, holds, partial(takes, row=row), held)
        for step, hold in stopped_now:
            plan.findings.append(PlannedFinding(number, step.do, _stopped(step, hold, on)))
        can_be = tuple(it for it in resolved.kept if not _is_no_debit(number, it.step, known, plan, on))
        resolved = Resolved(can_be, resolved.left)
        told = catch_up.told_late(on, row, resolved)
        if row["start"] == BEGINS_TO_WAIT:
            told = catch_up.told_waiting(on, row)
        if told is not None:
            plan.findings.append(PlannedFinding(number, ABOUT, told))
        yield row, resolved


def work_off(
    ladder: Ladder,
    row: catch_up.SeenBorrower,
    holds: Sequence[tuple[bool, bool]],
    takes: catch_up.Takes,
    held: Sequence[Held],
) -> tuple[Resolved, list[tuple[LadderStep, Held]]]:
    """The steps due of one borrower with those left out, and the newest of those that a hold stops."""
    found = catch_up.stood(ladder, row, holds, takes)
    stops = stopped(held) if held else {}
    free = catch_up.resolve([it for it in found if hold_on(it.step, stops) is None] if stops else found)
    if row.told["start"] == STARTS:
        free = catch_up.started(ladder, free)
    free = Resolved(free.kept, (*free.left, *catch_up.passed(ladder, row)))
    if not stops:
        return free, []
    waiting = catch_up.resolve([it for it in found if hold_on(it.step, stops) is not None])
    return free, [(it.step, hold) for it in waiting.kept if (hold := hold_on(it.step, stops)) is not None]


def _is_no_debit(number: int, step: LadderStep, known: KnownBorrowers, plan: DayPlan, on: date) -> bool:
    """Whether a step is a debit that cannot be today: no mandate, or the pack says later. It is told, not done.

    The other steps of the day go on, so who has no mandate is asked to pay by what the ladder says next.
    """
    if step.do != "debit.attempt":
        return False
    then = known.debits.get(number, NO_MANDATE)
    if then.on is not None and then.on <= on:
        return False
    rule = schedule_rule(known.places[number].jurisdiction, on)
    why = f"waits until {then.on}" if then.on is not None else then.why
    plan.findings.append(PlannedFinding(number, step.do, rule.finding(on, why, step=step.id)))
    return True


def is_left_out(step: LadderStep, days_past_due: int, day: int, said: Sequence[StepLeftOut]) -> bool:
    """Whether a person left the step out in this episode: since the oldest unpaid due date."""
    return any(s.step == step.id and number_of(s.on) >= day - days_past_due for s in said)


def in_arm(step: LadderStep, arm: str) -> bool:
    """Whether a borrower of an arm gets a step: the hold-out misses what is tested, nothing else.

    The debit that was agreed, messages of service, what the law wants, limits and the law's own steps stay.
    """
    if arm == HOLD_OUT:
        return step.always or not is_tested(step)
    wanted = wanted_arms(step)
    return wanted is None or arm in wanted


def is_tested(step: LadderStep) -> bool:
    """Whether a hold-out is to measure it."""
    return step.do in TESTED or (step.do in MESSAGES and step.why in ("reminder", "collection"))


def hold_on(step: LadderStep, stops: Mapping[str, Held]) -> Held | None:
    """The hold that stops a step, if one does."""
    hold = stops.get(STOPPED_BY.get(step.do, step.why))
    if hold is None and step.do in MESSAGES and step.why != "legal_notice":
        hold = stops.get("contact")
    return hold


def _is_held(number: int, step: LadderStep, known: KnownBorrowers, plan: DayPlan, on: date) -> bool:
    held = known.held.get(number)
    hold = hold_on(step, stopped(held)) if held else None
    if hold is None:
        return False
    plan.findings.append(PlannedFinding(number, step.do, _stopped(step, hold, on)))
    return True


def _stopped(step: LadderStep, hold: Held, on: date) -> Finding:
    told = {"step": step.id, "hold": hold.hold, "since": hold.since.isoformat(), "reference": hold.reference}
    return hold.rule.finding(on, "stopped", **told)


def _keep(choice: _Chosen, index: int, it: DueStep) -> None:
    """Messages: one a channel, the weightier one, of equals the later step. Debits: one. Others: each step."""
    step = it.step
    key = step.do if step.do in MESSAGES or step.do == "debit.attempt" else step.id
    before = choice.steps.get(key)
    if before is None or RANK[step.why] >= RANK[before[1].step.why]:
        choice.steps[key] = (index, it)


def loans_of(loans: pl.DataFrame, borrowers: list[int]) -> dict[int, list[dict[str, Any]]]:
    """The live loans of some borrowers, longest overdue first."""
    found: dict[int, list[dict[str, Any]]] = {}
    wanted = (
        narrowed(loans, LOAN)
        .filter(pl.col("borrower").is_in(borrowers))
        .sort("borrower", "days_past_due", "days_to_due", "loan", descending=[False, True, False, False])
    )
    for row in wanted.rows(named=True):
        found.setdefault(row["borrower"], []).append(row)
    return found


def _act(
    number: int,
    choice: _Chosen,
    it: DueStep,
    known: KnownBorrowers,
    loans: list[dict[str, Any]],
    lines: dict[int, CreditLine],
    plan: DayPlan,
    on: date,
) -> None:
    """One step of one borrower: a change of the line, or an action with its moment."""
    step = it.step
    if step.do in DOES:
        told = {"to_permille": 500, "bar": "overdue", **step.words}
        _change(number, choice.row, lines, DOES[step.do], told, f"{choice.ladder.id}/{step.id}", plan, on)
        return
    place = known.places[number]
    body: dict[str, Any] = {}
    if step.do in MESSAGES or step.do == "bureau.notice":
        figures = figures_of(loans, number_of(on))
        why = _purpose(step, figures, known.held.get(number, []))
        slot, head = _said_alike(number, choice, it, why, known, plan, on)
        if isinstance(slot, Verdict):
            refusals = (_with_step(f, step, slot.next_at) for f in slot.findings)
            plan.findings.extend(PlannedFinding(number, step.do, f) for f in refusals)
            return
        moment = slot.not_before
        body["values"] = values_of(figures, step.before_due, why != "reminder") | grace_values(choice.row, on)
    else:
        moment = _moment(on, step.at, place.zones[0])
        head = _head(choice.ladder.id, step, choice.arm)
    if it.late:
        body |= {"late_days": it.late, "of_day": it.days[-1]}
    if step.do not in MESSAGES:
        body |= _loans_body(choice.row, it, loans, on)
    loan = body.pop("loan_number", None)
    key = f"{choice.ladder.id}/{step.id}/{choice.row['reference']}/{on.isoformat()}"
    text = f"{head[:-1]},{to_json(body).decode()[1:]}"
    record = PlannedBody(OUTBOX[step.do].body, choice.ladder.id, step.id, choice.arm, text)
    plan.actions.append(Action(key, number, step.do, moment, on, loan, record))


def _said_alike(
    number: int, choice: _Chosen, it: DueStep, why: str, known: KnownBorrowers, plan: DayPlan, on: date
) -> tuple[Slot | Verdict, str]:
    """When the governor lets a message go that day, and the head of its body ("" where it does not).

    Asked once for all of one step, arm, purpose, place and language of whom nothing is told.
    """
    step, place = it.step, known.places[number]
    language = choice.row["language"] or place.language
    standing = known.standings.get(number, NO_STANDING)
    alike = (choice.ladder.id, step.id, choice.arm, why, id(place), language, it.late > 0)
    if standing is NO_STANDING and alike in plan.said:
        return plan.said[alike]
    slot = _slot(step, why, place, standing, on, it.late > 0)
    said: tuple[Slot | Verdict, str] = slot, ""
    if isinstance(slot, Slot):
        said = slot, _message_head(choice.ladder.id, step, choice.arm, why, place, language, slot)
    if standing is NO_STANDING:
        plan.said[alike] = said
    return said


@lru_cache(4_096)
def _head(ladder: str, step: LadderStep, arm: str) -> str:
    """The part of a body that all have who stand on a step alike, as JSON text: made into the kind's record once."""
    return _head_of(ladder, step, arm, {})


@lru_cache(4_096)
def _message_head(
    ladder: str, step: LadderStep, arm: str, purpose: str, place: Place, language: str, slot: Slot
) -> str:
    """The same of a message: all but its values, which are the borrower's own. See docs/strategy.md."""
    told = {
        "template": step.template or "bureau-notice",
        "language": language,
        "to": None,
        "purpose": purpose,
        "reminds": step.before_due,
        "zone": place.zones[0],
        "until": slot.until.astimezone(ZoneInfo(place.zones[0])),
    }
    return _head_of(ladder, step, arm, told)


def _head_of(ladder: str, step: LadderStep, arm: str, told: Mapping[str, Any]) -> str:
    body: dict[str, Any] = {"ladder": ladder, "step": step.id, "arm": arm, **told}
    if step.do == "worklist":
        body["queue"] = step.queue
    if step.words:
        body["with"] = step.words
    return OUTBOX[step.do].body.model_validate(body).text()


AGAIN = "again_at"
"""In the inputs of a refusal: the moment from which the message may go, so that the next day makes it up."""


def _with_step(finding: Finding, step: LadderStep, again_at: datetime | None) -> Finding:
    told = {"step": step.id, **({AGAIN: again_at.isoformat()} if again_at else {})}
    return finding.model_copy(update={"inputs": {**finding.inputs, **told}})


def _purpose(step: LadderStep, figures: Figures, held: list[Held]) -> str:
    """Why the borrower is written to: a reminder that also speaks of arrears is collection.

    Where a hold stops collection it speaks of the instalment alone and stays a reminder.
    """
    if step.do not in MESSAGES:
        return "legal_notice"
    if step.why == "reminder" and figures.arrears_fen and not {"collection", "contact"} & set(stopped(held)):
        return "collection"
    return step.why


def _slot(
    step: LadderStep, purpose: str, place: Place, standing: ContactStanding, on: date, late: bool
) -> Slot | Verdict:
    """When the governor lets the message go that day; borrowers of whom nothing is told share the answer."""
    channel = step.do.removeprefix("message.") if step.do in MESSAGES else "push"
    if standing is NO_STANDING:
        return _plain_slot(step.at, purpose, channel, place, on, late)
    return slot_for(step.at, purpose, channel, place, standing, on, late)


def slot_for(
    hour: str,
    purpose: str,
    channel: str,
    place: Place,
    standing: ContactStanding,
    on: date,
    late: bool = False,
    pack: str | None = None,
) -> Slot | Verdict:
    """When a message may go on a day, asked at its step's hour (`10:00`); one that is late at any hour of the day.

    `pack`: the contact pack to go by instead of that of the place.
    """
    rules = contact_rules(pack or place.jurisdiction, on, place.lender_type)
    language = standing.language or place.language
    at = datetime.combine(on, clock.fromisoformat(hour), ZoneInfo(place.zones[0]))
    found = slot_on_day(Request(at, channel, purpose, place.zones, language=language), standing, rules)
    if late and isinstance(found, Verdict):
        at = datetime.combine(on, clock(0), ZoneInfo(place.zones[0]))
        found = slot_on_day(Request(at, channel, purpose, place.zones, language=language), standing, rules)
    return found


@lru_cache(4_096)
def _plain_slot(hour: str, purpose: str, channel: str, place: Place, on: date, late: bool) -> Slot | Verdict:
    """`slot_for` of all of whom nothing is told: the packs answer once for a place, an hour and a channel."""
    return slot_for(hour, purpose, channel, place, NO_STANDING, on, late)


@lru_cache(4_096)
def _moment(on: date, hour: str, zone: str) -> datetime:
    """An hour of a day at a place, as UTC."""
    return datetime.combine(on, clock.fromisoformat(hour), ZoneInfo(zone)).astimezone(UTC)


def grace_values(row: Mapping[str, Any], on: date) -> dict[str, MessageValue]:
    """What a message within the days of grace says of them: how many, and the last day that counts as on time.

    Due on 10 May with three days of grace, on the 11th: 3, 2025-05-13.
    """
    left = row["grace_days"] - row["days_past_due"]
    if row["days_past_due"] == 0 or left < 0:
        return {}
    return {"grace_days": row["grace_days"], "last_on": (on + timedelta(days=left)).isoformat()}


def _loans_body(row: dict[str, Any], it: DueStep, loans: list[dict[str, Any]], on: date) -> dict[str, Any]:
    """The body of an action that is no message: which loans, how much, how late."""
    step = it.step
    about = loans if step.clock != "loan" else [x for x in loans if _is_about(it, x)]
    late = [x for x in about if x["arrears_fen"] + x["due_today_fen"] > 0] or about
    told = [
        {
            "loan": x["reference"],
            "amount_fen": x["arrears_fen"] + x["due_today_fen"],
            "payoff_fen": x["payoff_fen"],
            "days_past_due": x["days_past_due"],
        }
        for x in late
    ]
    body: dict[str, Any] = {
        "loans": told,
        "amount_fen": sum(x["amount_fen"] for x in told),
        "days_past_due": row["days_past_due"],
        "due_on": iso(min(x["due_on"] for x in late)) if late else None,
    }
    if step.do == "worklist":
        body |= {"priority_fen": priority_fen(row, worth_rule(on)), "arrears_fen": row["arrears_fen"]}
    if len(late) == 1:
        body["loan_number"] = late[0]["loan"]
    return body


def _is_about(it: DueStep, loan: dict[str, Any]) -> bool:
    """Whether a step that counts each loan for itself is about a loan."""
    step = it.step
    if it.loans is not None:
        return loan["loan"] in it.loans
    if step.bucket is not None:
        since = loan["days_past_due"] - loan["bucket_first_day"]
        return bool(loan["bucket"] == step.bucket and (since % step.every == 0 if step.every else since == 0))
    return loan["days_past_due"] in step.days


def _rules_of_limits(known: KnownBorrowers, lines: dict[int, CreditLine], plan: DayPlan, on: date) -> None:
    """The pack's rules over the borrowers who have a line."""
    frame = known.frame.filter(pl.col("borrower").is_in(list(lines)))
    for jurisdiction in frame["jurisdiction"].unique().sort():
        here = frame.filter(pl.col("jurisdiction") == jurisdiction)
        rules = limit_rules(jurisdiction, on)
        if not rules:
            continue
        hit = here.select([test.alias(str(k)) for k, (_, test) in enumerate(rules)])  # all rules in one pass
        some = hit.select(pl.any_horizontal(pl.all()).arg_true()).to_series()
        told = dict(zip(some, narrowed(here[some], ROW).rows(named=True), strict=True))
        for k, (rule, _) in enumerate(rules):
            for row in (told[at] for at in hit[str(k)].arg_true()):
                number = row["borrower"]
                hold = stopped(known.held.get(number, [])).get("limit")
                if hold is None:
                    _change(number, row, lines, rule.parameters["do"], rule.parameters, rule.id, plan, on)


def _change(
    number: int,
    row: dict[str, Any],
    lines: dict[int, CreditLine],
    do: str,
    told: Mapping[str, Any],
    rule: str,
    plan: DayPlan,
    on: date,
) -> None:
    """One change of a line, when it is not so already, with the notice that a pack demands."""
    line = lines.get(number, CreditLine())
    if not line.known:
        return
    reason = f"{counted(row['days_past_due'], 'day')} past due, {row['arrears_fen']} minor units overdue"
    change = wanted_change(line, do, dict(told), rule, reason)
    if change is None:
        return
    lines[number] = after_change(line, change)
    plan.changes.append(PlannedChange(number, row["reference"], change))
    if do not in ("restore", "lift"):
        _notice(number, row, change, plan, on)


@lru_cache(1_024)
def notice_rules(jurisdiction: str, on: date) -> tuple[Rule, ...]:
    """The rules that want the borrower told of a worse line: the place's, else the lender's own."""
    own = tuple(r for r in in_force(rules_of("limits"), jurisdiction, on) if "notice" in r.parameters)
    return own or tuple(r for r in in_force(rules_of("limits"), ANY, on) if "notice" in r.parameters)


def notice_template(rule: Rule, kind: str) -> str:
    """By which template a rule has a kind of change told: one that lowers no line may have another than the rest."""
    return str(rule.parameters.get(DOES_NOT_LOWER.get(kind, ""), rule.parameters["notice"]))


def _notice(number: int, row: dict[str, Any], change: Change, plan: DayPlan, on: date) -> None:
    """What the borrower is told of a worse line: once a day for each kind of change, by each rule that wants it."""
    place = plan.places[number]
    for rule in notice_rules(place.jurisdiction, on):
        key = f"{rule.id}/{change.kind.KIND}/{row['reference']}/{on.isoformat()}"
        if key in plan.notices:
            continue
        plan.notices.add(key)
        channel = rule.parameters["channel"]
        slot = _plain_slot("10:00", "legal_notice", channel, place, on, False)
        values: dict[str, MessageValue] = {
            "before_fen": change.before_fen,
            "after_fen": change.after_fen,
            "change": change.kind.KIND,
            "reasons": [change.reason],
            "within_days": rule.parameters["within_days"],
        }
        body = MessageBody(
            template=notice_template(rule, change.kind.KIND),
            language=row["language"],
            to=None,
            purpose="legal_notice",
            values=values,
            rule=rule.id,
        )
        moment = slot.not_before if isinstance(slot, Slot) else _moment(on, "10:00", place.zones[0])
        plan.actions.append(Action(key, number, f"message.{channel}", moment, on, None, body))

"""Promises judged by the money that came: pending, kept, partly kept or broken."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from afterloan.facts import FactRefused
from afterloan.facts.events import Event
from afterloan.facts.promise import PromiseMade, PromiseWithdrawn
from afterloan.money import show_amount
from afterloan.rules.packs import Rule, in_force, rules_of
from afterloan.strategy.holds import Held, held_on, hold_rules

PENDING, KEPT, PARTLY, BROKEN = "pending", "kept", "partly kept", "broken"


@dataclass(frozen=True, slots=True)
class Money:
    """A repayment that stands: its day, its amount, its loan (reference), the day it became known (None: at once)."""

    on: date
    amount_fen: int
    loan: str | None = None
    known_on: date | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A promise on a day: `outcome`, what came in its time, and the last day on which money still counts."""

    promise: PromiseMade
    outcome: str
    paid_fen: int
    until: date


@dataclass(frozen=True, slots=True)
class Promises:
    """A borrower's promises on a day as counts."""

    pending: bool = False
    kept: int = 0
    partly: int = 0
    broken: int = 0


def judge_promises(
    events: Iterable[Event], money: Iterable[Money], on: date, tolerance_days: int, kept_permille: int = 1_000
) -> list[Judged]:
    """Each promise that was not withdrawn, by due day: money counts once, for the promise due first.

    500.00 promised for 10 March with two days of tolerance: 300.00 on the 9th and 200.00 on the 12th keep it; the
    200.00 on the 13th leave it partly kept.
    """
    events = list(events)
    gone = {e.of for e in events if isinstance(e, PromiseWithdrawn) and e.on <= on}
    made = [e for e in events if isinstance(e, PromiseMade) and e.reference not in gone and e.on <= on]
    known = sorted((m for m in money if m.on <= on), key=lambda m: m.on)
    left = [m.amount_fen for m in known]
    found = []
    for promise in sorted(made, key=lambda p: (p.due_on, p.on, p.reference)):
        until = promise.due_on + timedelta(days=tolerance_days)
        paid = _take(promise, known, left, until)
        found.append(Judged(promise, _outcome(promise, paid, on, until, kept_permille), paid, until))
    return found


def _take(promise: PromiseMade, money: list[Money], left: list[int], until: date) -> int:
    """Take what the promise asks for out of the money `left` of what came in its time."""
    paid = 0
    for k, m in enumerate(money):
        if promise.on <= m.on <= until and promise.loan in (None, m.loan):
            part = min(left[k], promise.amount_fen - paid)
            left[k] -= part
            paid += part
    return paid


def _outcome(promise: PromiseMade, paid: int, on: date, until: date, kept_permille: int) -> str:
    if paid * 1_000 >= promise.amount_fen * kept_permille:
        return KEPT
    if on <= until:
        return PENDING
    return PARTLY if paid else BROKEN


@cache
def promise_rule(jurisdiction: str, on: date) -> Rule:
    """The rule of what is taken as a promise: that of the place before the general one. Raises FactRefused for none."""
    found = in_force(rules_of("promises"), jurisdiction, on) or in_force(rules_of("promises"), "ANY", on)
    if not found:
        raise FactRefused("on", on.isoformat(), "lies before every rule of what is a promise", "name a later day")
    return found[0]


def taken(amount_fen: int, due_on: date, on: date, owed_fen: int, jurisdiction: str) -> FactRefused | None:
    """Why a promise made on a day is not taken, with the clause and what would be taken; None: it is.

    1,394.65 owed, at least a fifth: 278.93 is taken (1,394.65 × 0.2 = 278.93), 278.92 is not; made on 10 May it may be
    for 10 June at the latest (31 days).
    """
    rule = promise_rule(jurisdiction, on)
    least = -(-owed_fen * int(rule.parameters["least_permille"]) // 1_000)  # whole minor units, rounded up
    latest = on + timedelta(days=int(rule.parameters["longest_days"]))
    would = f"{rule.id} takes {show_amount(max(least, 1))} or more by {latest} at the latest"
    if due_on > latest:
        return FactRefused("due_on", due_on.isoformat(), f"is too far ahead: {rule.clause}", would)
    if amount_fen < least:
        return FactRefused("amount_fen", amount_fen, f"is too little of {show_amount(owed_fen)}: {rule.clause}", would)
    return None


def promises_on(events: Sequence[Event], money: Iterable[Money], on: date, jurisdiction: str) -> list[Judged]:
    """Each promise with its outcome on a day, by the tolerance of the place."""
    if not any(isinstance(event, PromiseMade) for event in events):
        return []
    told = hold_rules(jurisdiction, on)["promise_pending"].parameters
    return judge_promises(events, money, on, told["tolerance_days"], told["kept_permille"])


def holds_on(events: Sequence[Event], money: Iterable[Money], on: date, jurisdiction: str) -> list[Held]:
    """The holds in effect on a day, that of a promise that is pending among them.

    500.00 promised on 1 March for the 10th, two days of tolerance: held from the 1st to the 12th, or until it has come.
    """
    return holds_beside(promises_on(events, money, on, jurisdiction), events, on, jurisdiction)


def holds_beside(judged: Iterable[Judged], events: Sequence[Event], on: date, jurisdiction: str) -> list[Held]:
    """The same where the promises are judged already (`promises_on` of these events on this day)."""
    held = held_on(events, on, jurisdiction)
    pending = [p for p in judged if p.outcome == PENDING]
    if pending and not any(h.hold == "promise_pending" for h in held):
        first = min(pending, key=lambda p: (p.promise.on, p.promise.reference))
        rule = hold_rules(jurisdiction, on)["promise_pending"]
        held.append(Held("promise_pending", first.promise.on, first.until, rule, first.promise.reference))
    return held


def counted(judged: Iterable[Judged]) -> Promises:
    """The record of promises as features."""
    outcomes = [j.outcome for j in judged]
    return Promises(PENDING in outcomes, outcomes.count(KEPT), outcomes.count(PARTLY), outcomes.count(BROKEN))

"""Loan lives told by others, run against the engine: terms, story, and what must hold after each step."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from afterloan.dates import NEVER, day, iso
from afterloan.loan.book import Book
from afterloan.loan.reckon import Reckoned, reckon_loan
from afterloan.loan.terms import (
    CONTRACT,
    FACT,
    PRODUCT,
    PROMISED,
    RATE_SCALE,
    Accrual,
    AfterChargeOff,
    ArrearsInterest,
    Cause,
    Component,
    DayCount,
    Direction,
    Early,
    FactKind,
    InAdvance,
    Method,
    PayoffInterest,
    Per,
    Policy,
    Refusal,
    Rounding,
    Timing,
    Unit,
)
from tests.cases.result import CaseResult

PENALTY, FEE, INTEREST, PRINCIPAL = (int(c) for c in Component)
UNITS = {"days": Unit.DAYS, "weeks": Unit.WEEKS, "months": Unit.MONTHS, "years": Unit.YEARS}
EARLY = {
    "adjust_last_unpaid_period": Early.ADJUST_LAST,
    "reduce_emi_amount": Early.REDUCE_INSTALMENT,
    "reduce_number_of_installments": Early.REDUCE_NUMBER,
    "reschedule_next_repayments": Early.ADJUST_LAST,
}
IN_ADVANCE = {
    "next_instalment": InAdvance.NEXT_INSTALMENT,
    "last_instalment": InAdvance.LAST_INSTALMENT,
    "next_then_last": InAdvance.NEXT_THEN_LAST,
    "spread": InAdvance.SPREAD,
}
BY_INSTALMENT_NAMED = {
    "due_penalty_interest_principal_fee_in_advance_penalty_interest_principal_fee": (
        ["penalty", "interest", "principal", "fee"],
        ["penalty", "interest", "principal", "fee"],
    ),
    "due_penalty_fee_interest_principal_in_advance_principal_penalty_fee_interest": (
        ["penalty", "fee", "interest", "principal"],
        ["principal", "penalty", "fee", "interest"],
    ),
}


RE_AGE = {
    "default": ArrearsInterest.CARRIED,
    "equal_amortization_payable_interest": ArrearsInterest.ALONE,
    "equal_amortization_full_interest": ArrearsInterest.WHOLE,
}
CHARGE_OFF = {
    "regular": AfterChargeOff.GOES_ON,
    "zero_interest": AfterChargeOff.STOPS,
    "accelerate_maturity": AfterChargeOff.FALLS_DUE,
}
ARRANGED = ("re_age", "re_amortize", "charge_off", "close_as_written_off")


class NotExpressed(Exception):
    """The case asks for something the engine has no word for."""


def fen(text: str | int | float) -> int:
    """Minor units of a decimal text: `fen("17.01") == 1701`."""
    return int((Decimal(str(text)) * 100).to_integral_value())


def _day_count(terms: dict[str, Any]) -> DayCount:
    fixed_year = terms["schedule"] == "cumulative"  # there "actual" days of a year are 365
    if terms["interest_period"] == "same_as_instalment":
        in_days = terms["unit"] in ("days", "weeks") and terms["days_in_year"] == "actual"
        return DayCount.ACT_365 if in_days else DayCount.PERIOD
    match terms["days_in_year"], terms["days_in_month"]:
        case "days360", "days30":
            return DayCount.PERIOD
        case "days360", _:
            return DayCount.ACT_360
        case "days365", "actual":
            return DayCount.ACT_365
        case "actual", "actual":
            return DayCount.ACT_365 if fixed_year else DayCount.ACT_ACT
    raise NotExpressed(f"day count {terms['days_in_year']}/{terms['days_in_month']}")


def _order(allocation: dict[str, Any]) -> tuple[int, list[int]]:
    if allocation["kind"] == "by_timing":
        codes = [int(Timing[t.upper()]) * 4 + int(Component[c.upper()]) for t, c in allocation["order"]]
        return 1, codes
    if allocation["kind"] == "by_instalment":
        return 0, [int(Component[c.upper()]) for c in allocation["order"]]
    due, ahead = BY_INSTALMENT_NAMED[allocation["name"]]
    codes = [int(t) * 4 + int(Component[c.upper()]) for t in (Timing.PAST_DUE, Timing.DUE) for c in due]
    return 1, codes + [int(Timing.IN_ADVANCE) * 4 + int(Component[c.upper()]) for c in ahead]


def product_of(terms: dict[str, Any]) -> np.ndarray:
    """The case's terms as a PRODUCT record [1]."""
    product = np.zeros(1, PRODUCT)
    p = product[0]
    p["method"] = Method.FLAT if terms["interest"] == "flat" else Method[terms["method"].upper()]
    p["per"] = Per.YEAR
    p["day_count"] = _day_count(terms)
    recalculation = terms.get("recalculation")
    p["accrual"] = Accrual.ACTUAL if recalculation else Accrual.SCHEDULED
    p["rounding"] = Rounding[terms["rounding"].upper()]
    p["multiple_fen"] = fen(terms.get("instalment_multiple", 0))
    p["calendar"] = -1
    allocation = terms["allocation"]
    p["by_timing"], codes = _order(allocation)
    p["order"][: len(codes)] = codes
    p["orders"] = len(codes)
    p["direction"] = Direction[allocation.get("direction", "horizontal").upper()]
    p["in_advance"] = IN_ADVANCE[allocation.get("in_advance", "next_instalment")]
    p["early"] = EARLY[recalculation["early"]] if recalculation else Early.ADJUST_LAST
    p["past_due_bears_interest"] = 0 if terms.get("no_interest_on_past_due") else 1
    p["buckets"][:7] = [1, 31, 61, 91, 121, 151, 181]
    down = terms.get("down_payment")
    p["down_payment_permyriad"] = fen(down["percent"]) if down else 0
    p["payoff_interest"] = PayoffInterest.SCHEDULED
    p["from_signing"] = terms.get("first_period_from") == "submitted"
    p["policy"] = policies_of(terms)
    return product


def policies_of(terms: dict[str, Any]) -> int:
    """The source's habits, as the named policies of a product."""
    policy = Policy.YEAR_TURNS_ON_31_DECEMBER | Policy.INTEREST_ENDS_WITH_SCHEDULE
    policy |= Policy.INTEREST_SPREAD_ALIKE | Policy.LATE_CHARGES_LAST
    if terms["schedule"] == "progressive":
        policy |= Policy.EVEN_OUT_LAST | Policy.KEPT_WHEN_MOVED | Policy.PLANNED_IN_WHOLE_PERIODS
    elif terms["interest"] == "declining":
        policy |= Policy.PERIODS_AS_THE_FIRST | Policy.ROUNDED_AT_EACH_PAYMENT
    recalculation = terms.get("recalculation", {})
    by_period = recalculation.get("rest") == "same_as_repayment" and terms["schedule"] == "cumulative"
    if recalculation.get("payoff_interest") == "till_rest_frequency_date" or by_period:
        policy |= Policy.OVERDUE_TO_PERIOD_END
    if recalculation and terms["schedule"] == "cumulative":
        policy |= Policy.EARLY_FILLS_INSTALMENT
    if terms["interest_period"] == "same_as_instalment" and not terms.get("partial_period_interest"):
        policy |= Policy.WHOLE_PERIOD_INTEREST
    return int(policy)


def rate_of(terms: dict[str, Any]) -> int:
    """A case's rate as a rate per year on RATE_SCALE."""
    percent = Decimal(terms["rate"]["percent"])
    match terms["rate"]["per"]:
        case "month":
            percent *= 12
        case "whole_term":
            percent *= Decimal({"days": 365, "weeks": 52, "months": 12, "years": 1}[terms["unit"]])
            percent /= terms["instalments"] * terms["every"]
    return int(percent * RATE_SCALE / 100)


def contract_of(terms: dict[str, Any]) -> np.ndarray:
    """The case's terms as a CONTRACT record [1]."""
    contract = np.zeros(1, CONTRACT)
    c = contract[0]
    c["principal_fen"] = fen(terms["principal"])
    c["rate"] = rate_of(terms)
    c["signed_on"] = day(terms["submitted_on"])
    c["unit"] = UNITS[terms["unit"]]
    c["every"] = terms["every"]
    c["instalments"] = terms["instalments"]
    c["grace_principal"] = terms.get("grace_principal_instalments", 0)
    c["grace_interest"] = terms.get("grace_interest_instalments", 0)
    c["interest_free"] = terms.get("interest_free_instalments", 0)
    return contract


@dataclass
class Told:
    """One thing of the story as a fact, with what the source calls it."""

    kind: FactKind
    on: int
    known_on: int
    amount: int
    name: str
    gone_on: int = NEVER
    component: int = 0
    due_on: int = 0
    count: int = 0
    every: int = 0
    unit: int = 0
    from_on: int = 0


@dataclass
class Teller:
    """A case under way: its terms as records and the facts told so far."""

    case: dict[str, Any]
    reamortised: ArrearsInterest = ArrearsInterest.CARRIED
    product: np.ndarray = field(init=False)
    contract: np.ndarray = field(init=False)
    told: list[Told] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.product = product_of(self.case["terms"])
        self.contract = contract_of(self.case["terms"])

    def ordered(self) -> list[Told]:
        """The facts by day, those of one day as they were entered: that is how the source takes them."""
        return sorted(self.told, key=lambda t: t.on)

    def reckon(self, as_of: int) -> Reckoned:
        """The loan at the end of `as_of`."""
        facts = np.zeros(len(self.told), FACT)
        for k, t in enumerate(self.ordered()):
            plan = (t.count, t.every, t.unit, t.from_on)
            facts[k] = (t.kind, t.on, t.known_on, t.gone_on, t.amount, t.component, t.due_on, k, *plan)
        at = np.array([0, len(facts)])
        none = np.zeros(0, PROMISED)
        book = Book(self.product, self.contract, none, np.zeros(2, np.int64), facts, at, np.zeros((0, 1), bool))
        reckoned = reckon_loan(book, 0, as_of)
        if reckoned.position["error"]:
            raise NotExpressed(f"not reckoned: {Refusal(int(reckoned.position['error'])).name}")
        return reckoned

    def table(self, as_of: int, reckoned: Reckoned) -> Reckoned:
        """What the source's table of instalments shows: after a write-off what was asked for before it.

        Its rows then count as settled on that day, with nothing outstanding.
        """
        written_off = [t for t in self.told if t.kind == FactKind.WRITTEN_OFF and t.gone_on == NEVER and t.on <= as_of]
        if not written_off:
            return reckoned
        kept = self.told
        self.told = [t for t in kept if t not in written_off]
        shown = self.reckon(as_of)
        self.told = kept
        shown.instalments["cleared_on"] = np.minimum(shown.instalments["cleared_on"], written_off[0].on)
        shown.instalments["last_paid_on"] = np.maximum(shown.instalments["last_paid_on"], 1)
        return shown

    def tell(self, step: dict[str, Any]) -> None:
        """Let one step of the story happen."""
        on, known = day(step["on"]), day(step["known_on"])
        match step["op"]:
            case "disburse":
                self._disburse(step, on, known)
            case "repay":
                self.told.append(Told(FactKind.REPAID, on, known, fen(step["amount"]), "repayment"))
            case "payoff":
                amount = int(self.reckon(on).position["payoff_fen"])
                self.told.append(Told(FactKind.REPAID, on, known, amount, "repayment"))
            case "reverse" if step["what"] in ("disbursement", "last_disbursement"):  # undone: not shown again
                self.told.remove([t for t in self.told if t.kind == FactKind.DISBURSED][-1])
            case "reverse":
                found = [t for t in self.told if t.on == on and t.name == step["what"] and t.gone_on == NEVER]
                if len(found) < step.get("nth", 1):
                    raise NotExpressed(f"nothing to reverse: {step}")
                found[step.get("nth", 1) - 1].gone_on = 0
            case "charge":
                component = PENALTY if step["kind"] == "penalty" else FEE
                amount = fen(step["amount"])
                charge = Told(FactKind.CHARGED, min(known, on), known, amount, step["kind"], NEVER, component, on)
                self.told.append(charge)
            case "close_day":
                pass
            case "reage" | "reamortise":
                self._reinstal(step, on, known)
            case "reschedule":
                self._reschedule(step, on, known)
            case "charge_off":
                then = CHARGE_OFF[self.case["terms"].get("charge_off_interest", "regular")]
                self.told.append(Told(FactKind.CHARGED_OFF, on, known, 0, "charge_off", component=then))
            case "write_off":
                self.told.append(Told(FactKind.WRITTEN_OFF, on, known, 0, "close_as_written_off"))
            case other:
                raise NotExpressed(f"step {other}")

    def _reinstal(self, step: dict[str, Any], on: int, known: int) -> None:
        name = "re_age" if step["op"] == "reage" else "re_amortize"
        handling = (step.get("options") or {}).get("reAgeInterestHandling", "default")
        told = Told(FactKind.REINSTALLED, on, known, 0, name, component=int(RE_AGE[handling]))
        if step["op"] == "reage":
            told.count, told.every, told.unit = step["instalments"], step["every"], int(UNITS[step["unit"]])
            told.due_on = day(step["start"])
            told.on = min(on, told.due_on)  # one that starts earlier is back-dated to its start
        else:
            told.component = int(self.reamortised)
        self.told.append(told)

    def _reschedule(self, step: dict[str, Any], on: int, known: int) -> None:
        start = day(step["from"])
        on = min(on, start - 1)  # the source may still move the instalment of the day itself
        if "new_rate_percent" in step:
            rate = int(Decimal(step["new_rate_percent"]) * RATE_SCALE / 100)
            since = max(start - 1, min(t.on for t in self.told))  # no earlier than the loan
            self.told.append(Told(FactKind.RATE_CHANGED, since, since, rate, "reschedule"))
        if "due_moves_to" in step:
            to = day(step["due_moves_to"])
            self.told.append(Told(FactKind.DEFERRED, on, known, 0, "reschedule", due_on=to, from_on=start))
        if "grace_principal_instalments" in step:
            count = step["grace_principal_instalments"]
            told = Told(FactKind.INTEREST_ONLY, on, known, 0, "reschedule", component=1, count=count, from_on=start)
            self.told.append(told)
        if "extra_instalments" in step:
            count = step["extra_instalments"]
            self.told.append(Told(FactKind.EXTENDED, on, known, 0, "reschedule", count=count, from_on=start))
        if "grace_interest_instalments" in step:
            raise NotExpressed("interest put off by a plan")

    def _disburse(self, step: dict[str, Any], on: int, known: int) -> None:
        amount = fen(step["amount"])
        self.told.append(Told(FactKind.DISBURSED, on, known, amount, "disbursement"))
        down = self.case["terms"].get("down_payment")
        if down and down["automatic"] and not step.get("without_automatic_down_payment"):
            rows = self.reckon(on).instalments
            row = rows[(rows["row_kind"] == 1) & (rows["due_on"] == on)][-1]
            share = int(row["due_fen"].sum() - row["paid_fen"].sum())
            if share > 0:
                self.told.append(Told(FactKind.REPAID, on, known, share, "down_payment"))

    def seen_on(self, as_of: int, done: int) -> int:
        """The source shows a loan as its last step left it: later days change nothing until a close."""
        if done:
            return min(as_of, day(self.case["story"][done - 1]["known_on"]))
        return as_of

    def preview(self, expect: dict[str, Any]) -> Reckoned:
        """The schedule as offered, before any money is paid out: on the day the table itself names for that."""
        named = [row["due"] for row in expect.get("schedule", []) if "disbursement" in row]
        on = day(named[0] if named else self.case["terms"]["submitted_on"])
        amount = int(self.contract["principal_fen"][0])
        self.told.append(Told(FactKind.DISBURSED, on, on, amount, "disbursement"))
        try:
            return self.reckon(on)
        finally:
            self.told.pop()


def schedule_rows(
    reckoned: Reckoned,
    expected: list[dict[str, Any]],
    inclusive: bool,
    written_off: bool,
    empty_since: Callable[[int], int],
) -> Iterator[tuple[str, Any, Any]]:
    """Every figure of the expected table beside ours: (where, theirs, ours).

    `inclusive`: the source's balance after an instalment counts what is paid out on its due date.
    """
    rows = [r for r in expected if "disbursement" not in r]
    yield "number of instalments", len(rows), len(reckoned.instalments)
    paid_out = [(row["due"], fen(row["balance"])) for row in expected if "disbursement" in row]
    balance = 0
    k = 0
    for want in expected:
        if "disbursement" in want:
            continue
        if k >= len(reckoned.instalments):
            return
        got = reckoned.instalments[k]
        k += 1
        due = got["due_fen"] - got["waived_fen"]
        paid = int(got["paid_fen"].sum())
        also = inclusive or bool(got["row_kind"])
        while paid_out and (paid_out[0][0] < want["due"] or (also and paid_out[0][0] == want["due"])):
            balance += paid_out.pop(0)[1]
        balance -= int(due[PRINCIPAL])
        cleared = int(got["cleared_on"]) if int(due.sum()) or got["last_paid_on"] else empty_since(k)
        ours = {
            "due": iso(got["due_on"]),
            "days": int(got["due_on"] - got["from_on"]),
            "principal": int(due[PRINCIPAL]),
            "interest": int(due[INTEREST]),
            "fees": int(due[FEE]),
            "penalties": int(due[PENALTY]),
            "total": int(due.sum()),
            "paid": paid,
            "in_advance": int(got["paid_early_fen"]),
            "late": int(got["paid_late_fen"]),
            "outstanding": 0 if written_off else int(due.sum()) - paid,
            "balance": balance,
            "paid_on": iso(cleared) if cleared not in (0, NEVER) else None,
        }
        for name, value in ours.items():
            if name == "paid_on":
                yield f"row {k} paid_on", want.get("paid_on"), value
            elif name in want:
                theirs = want[name] if isinstance(value, str) or name == "days" else fen(want[name])
                yield f"row {k} {name}", theirs, value


def empty_since(teller: Teller, shown: Reckoned, number: int) -> int:
    """The day of the fact by which instalment `number` had come to ask for nothing: the source calls it met then."""
    moves = shown.movements
    days = sorted({int(on) for on in moves[moves["fact"] >= 0]["on"]}, reverse=True)
    since = days[0] if days else 0
    for on in days:
        rows = teller.reckon(on).instalments
        if len(rows) != len(shown.instalments) or int(
            (rows[number - 1]["due_fen"] - rows[number - 1]["waived_fen"]).sum()
        ):
            break
        since = on
    return since


def totals(reckoned: Reckoned, expected: dict[str, str], written_off: bool) -> Iterator[tuple[str, Any, Any]]:
    """The totals of the table."""
    rows = reckoned.instalments
    due = (rows["due_fen"] - rows["waived_fen"]).sum(axis=0) if len(rows) else np.zeros(4, np.int64)
    paid = int(rows["paid_fen"].sum())
    ours = {
        "principal": due[PRINCIPAL],
        "interest": due[INTEREST],
        "fees": due[FEE],
        "penalties": due[PENALTY],
        "total": due.sum(),
        "paid": paid,
        "in_advance": rows["paid_early_fen"].sum(),
        "late": rows["paid_late_fen"].sum(),
        "outstanding": 0 if written_off else due.sum() - paid,
    }
    for name, theirs in expected.items():
        yield f"total {name}", fen(theirs), int(ours[name])


def transactions(teller: Teller, reckoned: Reckoned, expected: list[dict[str, Any]]) -> Iterator[tuple[str, Any, Any]]:
    """What each payment met, unordered within a day."""
    ours = []
    balance = 0
    places = {id(told): k for k, told in enumerate(teller.ordered())}
    waited = charges_met_by_waiting(teller, reckoned)
    for told in sorted(teller.told, key=lambda t: t.on):
        k = places[id(told)]
        if told.kind not in (FactKind.DISBURSED, FactKind.REPAID):
            continue
        mine = reckoned.movements[reckoned.movements["fact"] == k]
        if told.kind == FactKind.DISBURSED and told.gone_on == NEVER:
            balance -= from_waiting(reckoned, told.on)
        parts = list(waited[k])
        for move in mine[mine["cause"] == Cause.REPAID]:
            parts[int(move["component"])] += int(move["amount_fen"])
        if told.gone_on == NEVER:
            balance += told.amount if told.kind == FactKind.DISBURSED else -parts[PRINCIPAL]
        ours.append((iso(told.on), told.name, told.amount, parts, told.gone_on != NEVER, balance))
    kinds = ("disbursement", "repayment", "down_payment")
    theirs = [t for t in expected if t["kind"] in kinds]
    for t in expected:
        if t["kind"] in ARRANGED:
            yield from arrangement(teller, t)
        elif t not in theirs:
            yield f"transaction {t['kind']}", "expected", "none"
    yield "number of transactions", len(theirs), len(ours)
    left = list(ours)
    for t in theirs:
        want = (
            t["on"],
            t["kind"],
            fen(t["amount"]),
            [fen(t[n]) for n in ("penalties", "fees", "interest", "principal")],
        )
        last = fen(t["balance"]) if "balance" in t else None
        for mine in left:
            same = mine[:3] == want[:3] and mine[4] == t.get("reversed", False)
            if same and (mine[4] or (mine[3] == want[3] and last in (mine[5], None))):
                left.remove(mine)
                break
        else:
            near = [m[2:] for m in ours if m[:2] == want[:2]]
            yield f"transaction {want[0]} {want[1]}", (want[2:], last), near


def arrangement(teller: Teller, expected: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """A plan, charge-off or write-off beside theirs: it happened that day, and what was owed then."""
    on, kind = day(expected["on"]), expected["kind"]
    mine = [t for t in teller.told if t.name == kind and t.on == on]
    yield f"transaction {expected['on']} {kind}", True, bool(mine)
    if mine:
        gone = mine[0].gone_on != NEVER
        yield f"transaction {expected['on']} {kind} reversed", expected.get("reversed", False), gone


def charges_met_by_waiting(teller: Teller, reckoned: Reckoned) -> dict[int, list[int]]:
    """By place of a repayment: what its money, waiting, paid of later charges. The source counts it as paid at once."""
    met: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    charged_on = {t.on for t in teller.told if t.kind == FactKind.CHARGED}
    waiting: list[list[int]] = []
    for move in reckoned.movements:
        if move["cause"] == Cause.UNAPPLIED and move["fact"] >= 0:
            waiting.append([int(move["fact"]), int(move["amount_fen"])])
        if move["cause"] != Cause.REPAID or move["fact"] >= 0 or int(move["on"]) not in charged_on:
            continue
        left = int(move["amount_fen"])
        for place in waiting:
            part = min(left, place[1])
            place[1] -= part
            left -= part
            met[place[0]][int(move["component"])] += part
    return met


def from_waiting(reckoned: Reckoned, on: int) -> int:
    """Principal that money received earlier repaid on a day."""
    moves = reckoned.movements
    mine = (moves["fact"] == -1) & (moves["cause"] == Cause.REPAID) & (moves["on"] == on)
    return int(moves[mine & (moves["component"] == PRINCIPAL)]["amount_fen"].sum())


def other(teller: Teller, reckoned: Reckoned, expect: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Status, amounts outstanding, delinquency."""
    position = reckoned.position
    rows = reckoned.instalments
    owed = int((rows["due_fen"] - rows["paid_fen"] - rows["waived_fen"]).sum()) if len(rows) else 0
    overpaid = int(position["unapplied_fen"])
    if "outstanding" in expect:
        amount = fen(expect["outstanding"]["amount"])
        match expect["outstanding"]["what"]:
            case "outstanding amount":
                yield "outstanding", amount, owed
            case "overpaid amount":
                yield "overpaid", amount, overpaid
            case "total overdue amount":
                yield "overdue", amount, int(position["arrears_fen"].sum())
            case "active number of terms":
                yield "terms", amount // 100, int((rows["row_kind"] == 0).sum())
            case what:
                yield what, amount, "not expressed"
    done = bool(position["disbursed_fen"]) and owed == 0
    if "closed" in expect:
        yield "closed", bool(expect["closed"]), done
    if "status" in expect:
        state = "approved" if not position["disbursed_fen"] else "active"
        if position["written_off_on"] != NEVER:
            state = "closed_written_off"
        elif done:
            state = "overpaid" if overpaid else "closed_obligations_met"
        theirs = expect["status"].replace("closed (obligations met)", "closed_obligations_met")
        yield "status", theirs, state
    if "delinquency" in expect:
        yield "delinquency", expect["delinquency"], delinquency(teller.case["terms"], position, day(expect["as_of"]))


def delinquency(terms: dict[str, Any], position: Any, as_of: int) -> dict[str, str] | None:
    """The source's range: days past due less its grace, named by the day before each band: 1-3, 4-30 (3) …"""
    days = int(position["days_past_due"]) - terms.get("arrears_grace_days", 0)
    if days <= 0:
        return None
    name = "range_1" if days <= 3 else "range_3" if days <= 30 else f"range_{30 * ((days - 1) // 30)}"
    return {"range": name, "since": iso(as_of - days)}


def tellers(case: dict[str, Any]) -> list[Teller]:
    """The case under each reading that its words allow.

    A re-amortisation carries what is overdue into the next instalment or spreads it; the source knows both and a story
    does not say which (there are pairs with one story and two tables).
    """
    if any(step["op"] == "reamortise" for step in case["story"]):
        return [Teller(case, reamortised=how) for how in (ArrearsInterest.CARRIED, ArrearsInterest.SPREAD)]
    return [Teller(case)]


def differences(teller: Teller) -> list[str]:
    """Everything in which the engine differs from the case; empty when it passes."""
    case = teller.case
    found: list[str] = []
    done = 0
    for expect in case["expect"]:
        while done < expect["after"]:
            teller.tell(case["story"][done])
            done += 1
        as_of = teller.seen_on(day(expect["as_of"]), done)
        reckoned = teller.reckon(as_of) if teller.told else None
        if reckoned is None or not reckoned.position["disbursed_fen"]:
            if "schedule" not in expect and "totals" not in expect:
                continue
            reckoned = teller.preview(expect)
        pairs: list[tuple[str, Any, Any]] = []
        shown = teller.table(as_of, reckoned)
        if "schedule" in expect:
            cumulative = case["terms"]["schedule"] == "cumulative"
            since = partial(empty_since, teller, shown)
            pairs += schedule_rows(shown, expect["schedule"], cumulative, shown is not reckoned, since)
        if "totals" in expect:
            pairs += totals(shown, expect["totals"], shown is not reckoned)
        if "transactions" in expect:
            pairs += transactions(teller, reckoned, expect["transactions"])
        pairs += other(teller, reckoned, expect)
        found += [f"after {expect['after']}: {w}: theirs {t} ours {o}" for w, t, o in pairs if t != o]
    while done < len(case["story"]):
        teller.tell(case["story"][done])
        done += 1
    return found


def run(path: Path) -> list[CaseResult]:
    """Every case of a file of this form."""
    results = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                results.append(run_case(json.loads(line)))
    return results


def run_case(case: dict[str, Any]) -> CaseResult:
    """One case; what cannot be expressed has not passed."""
    try:
        found = min((differences(teller) for teller in tellers(case)), key=len)
        why = f"{found[0]} ({len(found)} in all)" if found else ""
    except NotExpressed as reason:
        why = f"not expressed: {reason}"
    except (KeyError, IndexError, ValueError, TypeError) as reason:  # a term or step of a form not met before
        why = f"not expressed: {type(reason).__name__} {reason}"
    return CaseResult(case["source"], case["level"], case["id"], not why, why)

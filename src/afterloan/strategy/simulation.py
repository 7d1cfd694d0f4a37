"""A plan before it is signed: its facts, what it asks for when, what it costs, what it does to the loan's standing."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from afterloan.bureau.cells import month_end, reckon_cells
from afterloan.bureau.status import pboc_status
from afterloan.dates import NEVER, date_of, iso, months_later, number_of, year_month_day
from afterloan.facts import (
    Deferred,
    Extended,
    Fact,
    FactRefused,
    InterestOnly,
    PenaltyForgiven,
    RateChanged,
    Reinstalled,
    SettlementAgreed,
)
from afterloan.facts.relief import ReliefStep
from afterloan.loan.book import Book, Records
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.suppose import Scratch, daily_rate, due_now, keeping, present_value, repaid, suppose, told
from afterloan.loan.terms import ArrearsInterest, Component
from afterloan.risk.by_place import classify
from afterloan.rules.packs import Finding, Rule
from afterloan.strategy.eligibility import PlanAsked

PRINCIPAL = int(Component.PRINCIPAL)
MAKES: dict[str, type[Fact]] = {
    c.__name__: c
    for c in (Deferred, Extended, InterestOnly, PenaltyForgiven, RateChanged, Reinstalled, SettlementAgreed)
}


@dataclass(frozen=True, slots=True)
class ReliefPlan:
    """A plan of relief: its kind, what eligibility asks about it, and its facts to come (`does`)."""

    kind: str
    asked: PlanAsked
    does: tuple[ReliefStep, ...]

    def records(self, on: int) -> list[Records]:
        """The facts as they would stand, effective on a day."""
        return [record_of_step(step, on) for step in self.does]

    def facts(self, loan: str, reference: str, on: int, known_on: int) -> list[Fact]:
        """The facts to be told, referenced `reference/1`, `reference/2`, …. Raises FactRefused."""
        return facts_of_steps(self.does, loan, reference, on, known_on)


def _fields(step: ReliefStep) -> dict[str, Any]:
    """The fields of a step as those of its fact: days as numbers."""
    fields = {name: number_of(value) if isinstance(value, date) else value for name, value in step.said().items()}
    if "interest" in fields:
        fields["interest"] = ArrearsInterest[step.interest.upper()]
    return fields


def facts_of_steps(does: Sequence[ReliefStep], loan: str, reference: str, on: int, known_on: int) -> list[Fact]:
    """The facts to be told, referenced `reference/1`, `reference/2`, …. Raises FactRefused."""
    return [
        MAKES[step.fact](loan=loan, reference=f"{reference}/{k}", on=on, known_on=known_on, **_fields(step))
        for k, step in enumerate(does, 1)
    ]


def record_of_step(step: ReliefStep, on: int) -> Records:
    """The fact of a step as it would stand, effective on a day."""
    fields = _fields(step)
    kind = MAKES[step.fact].kind  # type: ignore[attr-defined]
    values = {n: int(v) for n, v in fields.items() if n in ("count", "due_on", "from_on", "every", "amount_fen")}
    if "interest" in fields:
        values["component"] = int(fields["interest"])
    if "rate" in fields:
        values["amount_fen"] = step.rate
    if step.add_rows or step.while_kept:
        values["component"] = 1
    return told(kind, on, **values)


def again(
    count: int, first_due: int | None = None, interest: ArrearsInterest = ArrearsInterest.SPREAD
) -> ReliefStep:  # fmt: skip
    """The step that sets a loan anew over `count` instalments from `first_due` on; 0: over those that are left."""
    first: dict[str, Any] = {} if first_due is None else {"due_on": date_of(first_due)}
    return ReliefStep.model_validate(
        {"fact": "Reinstalled", "count": count, **first, "interest": interest.name.lower()}
    )


def reinstalment(
    periods: int, first_due: int, interest: ArrearsInterest = ArrearsInterest.SPREAD, rate: int | None = None,
    rate_permille: int = 1_000,
) -> ReliefPlan:  # fmt: skip
    """Arrears and balance anew over `periods` from `first_due`; with `rate`, at that lower rate."""
    kind = "reinstalment" if rate is None else "rate_cut"
    does = [] if rate is None else [ReliefStep(fact="RateChanged", rate=rate, while_kept=True)]
    does.append(again(periods, first_due, interest))
    asked = PlanAsked(kind, periods, rate_permille, capitalise=interest == ArrearsInterest.CAPITALISED)
    return ReliefPlan(kind, asked, tuple(does))


def re_age() -> ReliefPlan:
    """Arrears spread over the instalments that are left: current from now on, the first delinquency stays."""
    return ReliefPlan("re_age", PlanAsked("re_age"), (again(0),))


def deferral(periods: int, moved_to: int = 0) -> ReliefPlan:
    """Due dates move by `periods`, or so that the next falls on `moved_to`."""
    how: dict[str, Any] = {"due_on": date_of(moved_to)} if moved_to else {"count": periods}
    return ReliefPlan("deferral", PlanAsked("deferral", periods), (ReliefStep(fact="Deferred", **how),))


def interest_only(periods: int, add_rows: bool = False) -> ReliefPlan:
    """The next `periods` instalments ask for interest alone."""
    does = ReliefStep(fact="InterestOnly", count=periods, add_rows=add_rows)
    return ReliefPlan("interest_only", PlanAsked("interest_only", periods), (does,))


def extension(periods: int) -> ReliefPlan:
    """`periods` instalments more."""
    return ReliefPlan("extension", PlanAsked("extension", periods), (ReliefStep(fact="Extended", count=periods),))


def penalty_waiver(amount_fen: int, periods: int) -> ReliefPlan:
    """Penalties of an amount given up in parts, one as each instalment is kept."""
    does = ReliefStep(fact="PenaltyForgiven", amount_fen=amount_fen, count=periods)
    return ReliefPlan("penalty_waiver", PlanAsked("penalty_waiver", periods), (does,))


def settlement(amount_fen: int, until: int, on: int, owed_fen: int) -> ReliefPlan:
    """`amount_fen` by `until` ends the loan. Raises FactRefused when it has expired or is no less than is owed."""
    if until < on:
        raise FactRefused("until", iso(until), f"the settlement expired before {iso(on)}", "offer a new one")
    if not 0 < amount_fen <= owed_fen:
        raise FactRefused(
            "amount_fen", amount_fen, f"not between 1 and the {owed_fen} owed", "settle for less or pay off"
        )
    share = amount_fen * 1_000 // owed_fen
    does = ReliefStep(fact="SettlementAgreed", amount_fen=amount_fen, due_on=date_of(until))
    return ReliefPlan("settlement", PlanAsked("settlement", 0, 1_000, share, until - on), (does,))


@dataclass(frozen=True, slots=True)
class Simulated:
    """What a plan comes to, if it is kept: payments [n] (days and minor units), totals, the highest month, value."""

    plan: ReliefPlan | None
    days: npt.NDArray[np.int64]
    amounts: npt.NDArray[np.int64]
    total_fen: int
    cost_fen: int
    now_fen: int
    highest_fen: int
    value_fen: int
    ends_on: int
    error: int = 0

    def months(self, on: int, count: int) -> npt.NDArray[np.int64]:
        """What is asked for in each month from `on` on, `count` of them; the last holds all that follows."""
        edges = np.searchsorted(self.days, month_edges(on, count))
        edges[-1] = len(self.days)
        return np.diff(np.concatenate([[0], np.cumsum(self.amounts)])[edges])


@cache
def month_edges(on: int, count: int) -> npt.NDArray[np.int64]:
    """The days on which the months from `on` on begin, `count` of them, and the day after the last.

    15 July: 15 August, 15 September … A month, as the borrower counts what comes in: in 30 days from 10 February two
    instalments of the 10th would fall. Days after the 28th count as the 28th from the second month on, so that each
    month holds one instalment whatever its length.
    """
    dom = min(year_month_day(on)[2], 28)
    return np.array([on, *(int(months_later(on, k, dom)) for k in range(1, count + 1))], np.int64)


def simulate(book: Book, plan: ReliefPlan | None, on: int, scratch: Scratch | None = None) -> Simulated:
    """What loan 0 of a book asks for from `on` on under a plan (None: as it stands), reckoned by the engine.

    What stays due today is paid today, the rest on its due day. Present values are at the contract rate: a plan that
    gives nothing up is worth about what is owed.
    """
    if plan and plan.kind == "settlement":
        return _settled(book, plan, on)
    agreed = suppose(book, plan.records(on)) if plan else book
    scratch = scratch or Scratch(book)
    asks = scratch.asks(agreed, on)
    days, amounts, first = asks.days, asks.amounts, asks.now_fen
    if plan and plan.kind == "penalty_waiver":
        amounts = _forgiven(agreed, first, on, days)
    if first:
        days, amounts = np.concatenate([[on], days]), np.concatenate([[first], amounts])
    principal, total = int(asks.position["outstanding_fen"][PRINCIPAL]), int(amounts.sum())
    value = present_value(days, amounts, on, scratch.rate)
    last = int(days[-1]) if len(days) else on
    highest = int(amounts.max(initial=0))
    error = int(asks.position["error"])
    return Simulated(plan, days, amounts, total, total - principal, first, highest, value, last, error)


def _settled(book: Book, plan: ReliefPlan, on: int) -> Simulated:
    step = plan.does[0]
    assert step.due_on is not None, "a settlement ends on a day"
    amount, until = step.amount_fen, number_of(step.due_on)
    owed = int(reckon_loan(book, 0, on).position["outstanding_fen"][PRINCIPAL])
    days, amounts = np.array([until]), np.array([amount])
    value = present_value(days, amounts, on, daily_rate(book))
    return Simulated(plan, days, amounts, amount, amount - owed, 0, amount, value, until)


def _forgiven(agreed: Book, first: int, on: int, days: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """What is asked for once kept instalments have had their penalties given up: paid one by one, as reckoned."""
    paid = suppose(agreed, [repaid(on, first)]) if first else agreed
    asked = []
    for d in days:
        owed = due_now(reckon_loan(paid, 0, int(d)).position)
        asked.append(owed)
        if owed:
            paid = suppose(paid, [repaid(int(d), owed)])
    return np.array(asked, np.int64)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a plan asks for beyond today's debt against the cap: `extra` and at most, `whole` and at most."""

    extra_fen: int
    most_fen: int
    whole_fen: int
    limit_fen: int

    @property
    def fits(self) -> bool:
        """Whether both stay below."""
        return self.extra_fen <= self.most_fen and self.whole_fen <= self.limit_fen

    def finding(self, cap: Rule, on: int) -> Finding:
        """The finding under the cap's rule."""
        over = max(self.extra_fen - self.most_fen, self.whole_fen - self.limit_fen)
        outcome = "below the cap" if self.fits else f"above the cap by {over} minor units"
        told = {"extra_fen": self.extra_fen, "most_fen": self.most_fen, "whole_fen": self.whole_fen,
                "limit_fen": self.limit_fen}  # fmt: skip
        return cap.finding(date_of(on), outcome, **told)


def cost_of(sim: Simulated, position: np.void, on: int, cap: Rule) -> Cost:
    """What a plan asks for beyond the debt of today (`position`), and what the cap allows: an annual rate on the debt
    that is still unpaid between payments, and a multiple of the principal lent for all that is ever paid.

    10,000.00 unpaid for a year at 24 %: at most 2,400.00 more than is owed today.
    """
    debt = int(position["outstanding_fen"].sum() + position["accrued_interest_fen"] - position["unapplied_fen"])
    p = cap.parameters
    unpaid = np.maximum(debt - np.concatenate([[0], np.cumsum(sim.amounts)[:-1]]), 0)
    carried = int((unpaid * np.diff(sim.days, prepend=on)).sum())  # 10^9 fen × 3,700 days
    most = (carried * p["rate_ppm_year"] * 2 + 365_000_000) // 730_000_000
    limit = int(position["disbursed_fen"]) * p["total_permille"] // 1_000
    return Cost(sim.total_fen - debt, most, int(position["repaid_fen"]) + sim.total_fen, limit)


def effects(book: Book, plan: ReliefPlan, on: int, jurisdiction: str) -> dict[str, Any]:
    """What signing does: days past due, the bureau's mark at the month's end, class, and the limit; before, and after
    what the plan leaves due has been paid."""
    after = suppose(book, plan.records(on))
    owed = due_now(reckon_loan(after, 0, on).position)
    after = suppose(after, [repaid(on, owed)]) if owed else after
    kept = suppose(after, keeping(after, on))
    now, then = reckon_loan(book, 0, on).position, reckon_loan(after, 0, on).position
    end = month_end(on)
    return {
        "days_past_due": [int(now["days_past_due"]), int(then["days_past_due"])],
        "bureau_month": [pboc_status(reckon_cells(b, end))[0].decode() for b in (book, kept)],
        "month": iso(end)[:7],
        "class": [classify(b, 0, on, jurisdiction).name for b in (book, after)],
        "oldest_due_on": iso(int(then["oldest_due_on"])) if then["oldest_due_on"] != NEVER else None,
        "limit": "frozen while the plan runs; no rule restores it by itself",
    }


def seal(book: Book, on: int, amounts: Sequence[int], about: str) -> str:
    """A digest of all that a quote or an offer rests on: contract, facts that stand, the day, what is asked for."""
    digest = hashlib.sha256()
    digest.update(book.contracts[0].tobytes())
    digest.update(book.promised.tobytes())
    facts = book.facts.copy()
    facts["fact"] = 0
    facts["known_on"] = 0
    digest.update(facts.tobytes())
    digest.update(f"{on}|{about}|{','.join(map(str, amounts))}".encode())
    return digest.hexdigest()


def with_periods(plan: ReliefPlan, periods: int) -> ReliefPlan:
    """The same plan asked about with another number of periods."""
    return replace(plan, asked=replace(plan.asked, periods=periods))

"""What a borrower can pay a month: from stated income, spending and other debts, and from account flows if given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from afterloan.facts.relief import Means
from afterloan.rules.packs import Finding
from afterloan.strategy.eligibility import relief_rule


@dataclass(frozen=True, slots=True)
class MonthFlow:
    """What came in and went out of the borrower's account in a month; `debts_fen` is the part for other loans."""

    month: date
    in_fen: int
    out_fen: int
    debts_fen: int = 0


@dataclass(frozen=True, slots=True)
class Affordable:
    """The amount a month, what it was worked out from, and the finding."""

    amount_fen: int
    means: Means
    finding: Finding
    differs: bool = False


def affordable(means: Means, on: date, flows: Sequence[MonthFlow] = (), jurisdiction: str = "ANY") -> Affordable:
    """What is left a month after necessary spending, other debts and a reserve; never below 0.

    Income 8,000.00, spending 5,000.00, other debts 1,000.00, reserve 10 % of income: 8,000 − 5,000 − 1,000 − 800 =
    1,200.00. Spending counts as no less than the pack's amount for each head; income as no more than what the
    account saw, where flows are given and differ by more than the pack allows.
    """
    rule = relief_rule("relief.affordable", jurisdiction, on)
    p = rule.parameters
    income, differs = _seen_income(means, flows, p["flows_months"], p["flows_differ_permille"])
    spending = max(means.spending_fen, means.household * p["least_spending_fen_per_head"])
    debts = max(means.other_debts_fen, _middle([f.debts_fen for f in flows]) if flows else 0)
    reserve = income * p["reserve_permille"] // 1_000
    amount = max(income - spending - debts - reserve, 0)
    told = {
        "income_fen": income, "stated_income_fen": means.income_fen, "spending_fen": spending, "debts_fen": debts,
        "reserve_fen": reserve, "months_of_flows": len(flows), "differs": differs,
    }  # fmt: skip
    used = Means(income_fen=income, spending_fen=spending, other_debts_fen=debts, household=means.household)
    return Affordable(amount, used, rule.finding(on, f"{amount} minor units a month", **told), differs)


def _seen_income(means: Means, flows: Sequence[MonthFlow], months: int, permille: int) -> tuple[int, bool]:
    """The income that counts, and whether stated and seen differ."""
    if len(flows) < months:
        return means.income_fen, False
    seen = _middle([f.in_fen for f in flows])
    differs = abs(seen - means.income_fen) * 1_000 > means.income_fen * permille
    return (min(seen, means.income_fen) if differs else means.income_fen), differs


def _middle(values: Sequence[int]) -> int:
    """The median, the lower of two middle ones."""
    return sorted(values)[(len(values) - 1) // 2] if values else 0

"""Small books in memory, told in dates and yuan, for the tests of the journal and the close."""

from dataclasses import dataclass, field

import numpy as np

from afterloan.dates import NEVER, day
from afterloan.loan.book import Book
from afterloan.loan.terms import (
    CONTRACT,
    FACT,
    PRODUCT,
    PROMISED,
    Accrual,
    Component,
    DayCount,
    Direction,
    Early,
    FactKind,
    InAdvance,
    Method,
    Per,
    Rounding,
    Shift,
    Timing,
    Unit,
)


def jiebei_product() -> np.ndarray:
    """Equal instalments at a daily rate, on the actual balance; 3 days of grace; penalty half as much again."""
    product = np.zeros(1, PRODUCT)
    p = product[0]
    p["method"], p["per"], p["day_count"] = Method.EQUAL_INSTALMENT, Per.DAY, DayCount.ACT_365
    p["accrual"], p["rounding"], p["shift"] = Accrual.ACTUAL, Rounding.HALF_UP, Shift.NONE
    p["calendar"], p["by_timing"], p["direction"] = -1, 1, Direction.HORIZONTAL
    codes = [t * 4 + c for t in Timing for c in (Component.PENALTY, Component.FEE, Component.INTEREST, 3)]
    p["order"][: len(codes)] = codes
    p["orders"] = len(codes)
    p["in_advance"], p["early"] = InAdvance.NEXT_INSTALMENT, Early.ADJUST_LAST
    p["grace_penalty_days"] = p["grace_bureau_days"] = 3
    p["penalty_start"], p["penalty_permille"], p["penalty_on_interest"] = 1, 1500, 1
    p["payoff_interest"] = 1
    p["buckets"][:7] = [1, 31, 61, 91, 121, 151, 181]
    return product


@dataclass
class Loan:
    """A loan told by date: contract of 12 months at 0.0456 % a day unless said otherwise."""

    signed_on: str = "2026-01-10"
    principal_fen: int = 1_200_000
    rate: int = 4560
    instalments: int = 12
    product: int = 0
    facts: list[tuple[int, ...]] = field(default_factory=list)

    def _fact(self, kind: FactKind, on: str, known: str | None, amount: int, component: int, due: str) -> "Loan":
        known_on = day(known or on)
        number = len(self.facts) + 1
        self.facts.append((kind, day(on), known_on, NEVER, amount, component, day(due) if due else 0, number))
        return self

    def disbursed(self, on: str = "2026-01-10", fen: int = 1_200_000, known: str | None = None) -> "Loan":
        return self._fact(FactKind.DISBURSED, on, known, fen, 0, "")

    def repaid(self, on: str, fen: int, known: str | None = None) -> "Loan":
        return self._fact(FactKind.REPAID, on, known, fen, 0, "")

    def charged(self, on: str, fen: int, component: Component, known: str | None = None) -> "Loan":
        return self._fact(FactKind.CHARGED, on, known, fen, component, on)

    def waived(self, on: str, fen: int, component: Component, known: str | None = None) -> "Loan":
        return self._fact(FactKind.WAIVED, on, known, fen, component, "")

    def charged_off(self, on: str, known: str | None = None) -> "Loan":
        return self._fact(FactKind.CHARGED_OFF, on, known, 0, 0, "")

    def re_installed(self, on: str) -> "Loan":
        """The arrears in equal parts over the instalments that are left."""
        return self._fact(FactKind.REINSTALLED, on, None, 0, 1, "")

    def written_off(self, on: str, known: str | None = None) -> "Loan":
        return self._fact(FactKind.WRITTEN_OFF, on, known, 0, 0, "")

    def sold(self, on: str, fen: int = 100_000, known: str | None = None) -> "Loan":
        return self._fact(FactKind.SOLD, on, known, fen, 0, "")

    def taken_back(self, number: int, known: str) -> "Loan":
        fact = list(self.facts[number - 1])
        fact[3] = day(known)
        self.facts[number - 1] = tuple(fact)
        return self


def book_of(loans: list[Loan], products: np.ndarray | None = None) -> Book:
    """The book of these loans, numbered 1, 2, …; facts sorted by (on, kind, number)."""
    contracts = np.zeros(len(loans), CONTRACT)
    fact_at = np.zeros(len(loans) + 1, np.int64)
    facts = []
    for i, loan in enumerate(loans):
        c = contracts[i]
        c["loan"], c["product"], c["principal_fen"], c["rate"] = i + 1, loan.product, loan.principal_fen, loan.rate
        c["signed_on"], c["unit"], c["every"] = day(loan.signed_on), Unit.MONTHS, 1
        c["instalments"] = loan.instalments
        facts += sorted(loan.facts, key=lambda fact: (fact[1], fact[0], fact[7]))
        fact_at[i + 1] = len(facts)
    return Book(
        jiebei_product() if products is None else products,
        contracts,
        np.zeros(0, PROMISED),
        np.zeros(len(loans) + 1, np.int64),
        np.array([(*fact, 0, 0, 0, 0) for fact in facts], FACT) if facts else np.zeros(0, FACT),
        fact_at,
        np.zeros((0, 0), np.bool_),
    )

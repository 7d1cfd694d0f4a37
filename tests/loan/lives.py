"""Lives made by chance for tests of what must hold for all of them: products of many kinds, facts of every kind."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from afterloan.dates import NEVER, day
from afterloan.loan.book import Book
from afterloan.loan.terms import CONTRACT, FACT, PROMISED, FactKind
from afterloan.rules.products import ProductTerms, builtin

START = day("2026-01-31")
PLAIN = builtin()
PRODUCTS: dict[str, ProductTerms] = {
    "equal": PLAIN["jiebei-equal"],
    "interest-first": PLAIN["jiebei-interest-first"],
    "equal-principal": PLAIN["equal-principal"],
    "bullet": PLAIN["bullet"],
    "flat": PLAIN["flat"],
    "as-signed": PLAIN["equal-principal"].model_copy(update={"accrual": PLAIN["flat"].accrual}),
    "imported": PLAIN["imported"],
    "tolerant": PLAIN["jiebei-equal"].model_copy(update={"tolerance_fen": 1_000}),
    "late-fee": PLAIN["flat"].model_copy(
        update={"penalty": PLAIN["jiebei-equal"].penalty.model_copy(update={"late_fee_fen": 500})}
    ),
}
PLANS = (
    FactKind.DEFERRED,
    FactKind.INTEREST_ONLY,
    FactKind.EXTENDED,
    FactKind.REINSTALLED,
    FactKind.PLAN_BROKEN,
    FactKind.PENALTY_HELD,
    FactKind.PENALTY_RESUMED,
    FactKind.PENALTY_FORGIVEN,
)


@dataclass(frozen=True)
class Life:
    """A loan made by chance: `facts` are (kind, days after START, amount_fen, component, count)."""

    product: str
    principal: int
    instalments: int
    facts: tuple[tuple[FactKind, int, int, int, int], ...]

    def book(self, *more: tuple[FactKind, int, int, int, int]) -> Book:
        """As a book of one loan, with further facts."""
        terms = PRODUCTS[self.product]
        record = terms.record()
        rate = terms.rate("0.05" if terms.rate_per.name == "DAY" else "14.6")
        contract = np.zeros(1, CONTRACT)
        contract[0] = (1, 0, self.principal, rate, START, 0, 3, 1, self.instalments, 0, 0, 0, 0)
        told = [(FactKind.DISBURSED, 0, self.principal, 0, 0), *self.facts, *more]
        told.sort(key=lambda f: (f[1], f[0]))
        rows = np.zeros(len(told), FACT)
        for k, (kind, after, amount, component, count) in enumerate(told):
            on = START + after
            rows[k] = (kind, on, on, NEVER, amount, component, on + 30, k, count, 0, 0, 0)
        promised = self._promised()
        at = np.array([0, len(rows)])
        return Book(
            np.array([record]), contract, promised, np.array([0, len(promised)]), rows, at, np.zeros((0, 1), bool)
        )

    def _promised(self) -> np.ndarray:
        n = self.instalments if self.product == "imported" else 0
        rows = np.zeros(n, PROMISED)
        for k in range(n):
            part = self.principal // n if k < n - 1 else self.principal - self.principal // n * (n - 1)
            rows[k] = (START + 30 * (k + 1), part, self.principal // 100, 300 if k % 2 else 0)
        return rows


def _fact(kind: FactKind) -> st.SearchStrategy[tuple[FactKind, int, int, int, int]]:
    amounts = st.one_of(st.integers(1, 400_000), st.integers(1, 40))
    component = st.integers(1, 3)
    count = st.integers(1, 4)
    if kind == FactKind.WAIVED:
        component = st.integers(0, 3)
    elif kind == FactKind.REINSTALLED:
        component = st.sampled_from((0, 1, 3))  # carried, spread, alone
    elif kind == FactKind.CHARGED_OFF:
        component = st.integers(0, 2)
    elif kind == FactKind.CHARGED:
        component = st.just(1)
    elif kind == FactKind.INTEREST_ONLY:
        component = st.integers(0, 1)
    return st.tuples(st.just(kind), st.integers(0, 420), amounts, component, count)


def lives(*kinds: FactKind, most: int = 8) -> st.SearchStrategy[Life]:
    """Loans with repayments and facts of some kinds, up to `most` of each sort."""
    told = st.lists(_fact(FactKind.REPAID), max_size=most)
    if kinds:
        others = st.lists(st.one_of(*[_fact(kind) for kind in kinds]), max_size=most)
        told = st.tuples(told, others).map(lambda pair: [*pair[0], *pair[1]])
    return st.builds(
        Life, st.sampled_from(sorted(PRODUCTS)), st.integers(1_000, 1_000_000), st.integers(1, 12), told.map(tuple)
    )

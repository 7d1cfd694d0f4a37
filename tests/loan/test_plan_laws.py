"""What holds of every plan on every product: it asks for what is owed, to the cent, and keeping it ends the loan."""

from typing import Any

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from afterloan.dates import NEVER, day, months_later
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.suppose import due_now, keeping, repaid, suppose
from afterloan.loan.terms import CONTRACT, FACT, PROMISED, Component, FactKind, State
from afterloan.rules.products import ProductTerms, builtin

INTEREST, PRINCIPAL = Component.INTEREST, Component.PRINCIPAL
STARTS = (day("2024-01-10"), day("2024-01-31"))
PRODUCTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("jiebei-equal", {}),
    ("jiebei-equal", {"early": "reduce_instalment"}),
    ("jiebei-interest-first", {}),
    ("equal-principal", {}),
    ("equal-principal", {"accrual": "scheduled"}),
    ("equal-instalment-year", {}),
    ("equal-instalment-year", {"accrual": "scheduled"}),
    ("equal-instalment-year", {"day_count": "period"}),
    ("equal-principal", {"shift": "following", "calendar": "bank"}),
    ("bullet", {}),
    ("flat", {}),
    ("imported", {}),
)
WEEKENDS = np.ones((1, day("2030-01-01")), bool)
WEEKENDS[0, 2::7] = WEEKENDS[0, 3::7] = False  # 1970-01-01 was a Thursday


def _plan(kind: FactKind, count: st.SearchStrategy[int], component: st.SearchStrategy[int], due: Any) -> Any:
    return st.fixed_dictionaries(
        {"kind": st.just(kind), "count": count, "component": component, "due_in": due},
    )


ONE = st.just(0)
plans = st.one_of(
    # CARRIED, SPREAD, CAPITALISED and ALONE give nothing up that day; WHOLE asks for more by its nature
    _plan(FactKind.REINSTALLED, st.sampled_from((1, 3, 6)), st.integers(0, 3), st.sampled_from((1, 20, 40))),
    _plan(FactKind.REINSTALLED, st.just(0), st.integers(0, 2), ONE),
    _plan(FactKind.EXTENDED, st.sampled_from((1, 3)), ONE, ONE),
    _plan(FactKind.INTEREST_ONLY, st.sampled_from((1, 3)), st.integers(0, 1), ONE),
    _plan(FactKind.DEFERRED, st.sampled_from((1, 2)), ONE, ONE),
    _plan(FactKind.DEFERRED, ONE, ONE, st.sampled_from((5, 30))),
)
loans = st.tuples(
    st.sampled_from(PRODUCTS),
    st.sampled_from(STARTS),
    st.sampled_from((1, 2, 3, 6, 12)),
    st.sampled_from((12_345, 100_000, 999_999)),
)
days = st.one_of(st.integers(0, 62), st.integers(0, 430))  # the longest of these loans ends after 366
money = st.lists(st.tuples(days, st.integers(1, 50_000)), max_size=3)
agreed = st.lists(st.tuples(days, plans), min_size=1, max_size=2).map(lambda told: sorted(told, key=lambda t: t[0]))


def told(loan: Any, happened: list[tuple[int, dict[str, int]]]) -> Book:
    """A loan of a product from a start, `happened` so many days after it."""
    (code, changed), start, instalments, principal = loan
    terms = ProductTerms.model_validate(builtin()[code].model_dump(mode="json") | changed)
    contract = np.zeros(1, CONTRACT)
    contract["principal_fen"], contract["instalments"] = principal, instalments
    contract["rate"] = 5_000 if terms.rate_per.name == "DAY" else 1_825_000
    contract["signed_on"], contract["unit"], contract["every"] = start, 3, 1
    facts = np.zeros(len(happened) + 1, FACT)
    facts["gone_on"] = NEVER
    facts[0]["kind"], facts[0]["on"], facts[0]["amount_fen"] = FactKind.DISBURSED, start, principal
    for fact, (after, fields) in zip(facts[1:], happened, strict=True):
        for name, value in fields.items():
            if name != "due_in":
                fact[name] = value
        fact["on"] = start + after
        fact["due_on"] = start + after + fields["due_in"] if fields.get("due_in") else 0
    facts["known_on"] = facts["on"]
    facts = facts[np.lexsort((facts["kind"], facts["on"]))]
    promised = _promised(start, instalments, principal) if code == "imported" else np.zeros(0, PROMISED)
    at = np.array([0, len(promised)]), np.array([0, len(facts)])
    return Book(np.array([terms.record({"bank": 0})]), contract, promised, at[0], facts, at[1], WEEKENDS)


def _promised(start: int, instalments: int, principal: int) -> np.ndarray:
    rows = np.zeros(instalments, PROMISED)
    rows["due_on"] = [int(months_later(start, k + 1, 31 if start == STARTS[1] else 10)) for k in range(instalments)]
    rows["principal_fen"] = principal // instalments
    rows["principal_fen"][-1] += principal - int(rows["principal_fen"].sum())
    rows["interest_fen"] = 137 * np.arange(instalments, 0, -1)
    rows["fee_fen"] = 50
    return rows


def _asks_exactly_the_balance(book: Book, on: int) -> None:
    reckoned = reckon_loan(book, 0, on)
    rows, position = reckoned.instalments, reckoned.position
    owed = rows["due_fen"] - rows["paid_fen"] - rows["waived_fen"]
    assert position["error"] == 0
    assert (owed >= 0).all()
    assert owed[:, PRINCIPAL].sum() == position["outstanding_fen"][PRINCIPAL]
    assert (np.diff(rows["due_on"]) >= 0).all()


def _payoff_ends_it(book: Book, on: int) -> None:
    amount = int(reckon_loan(book, 0, on).position["payoff_fen"])
    paid = reckon_loan(suppose(book, [repaid(on, amount)]), 0, on).position
    assert (paid["state"], paid["unapplied_fen"], paid["payoff_fen"]) == (State.PAID_OFF, 0, 0)
    if amount > 1:
        assert reckon_loan(suppose(book, [repaid(on, amount - 1)]), 0, on).position["payoff_fen"] == 1


def _keeping_ends_it(book: Book, on: int) -> None:
    """What is due is paid on the day after the plan, the rest as the rows then say."""
    due = due_now(reckon_loan(book, 0, on + 1).position)
    kept = suppose(book, [repaid(on + 1, due)]) if due else book
    asked = keeping(kept, on + 1)
    end = max([on + 1, *(int(a["on"][0]) for a in asked)])
    position = reckon_loan(suppose(kept, asked), 0, end).position
    assert (position["state"], position["unapplied_fen"], position["payoff_fen"]) == (State.PAID_OFF, 0, 0)


def _re_installed(after: int, component: int) -> tuple[int, dict[str, int]]:
    return after, {"kind": FactKind.REINSTALLED, "count": 3, "component": component, "due_in": 20}


@given(loans, money, agreed)
@example((("flat", {}), STARTS[0], 3, 12_345), [(0, 1)], [_re_installed(0, 0)])  # 123.44 ends it before and after
@example((("flat", {}), STARTS[0], 3, 12_345), [(0, 90)], [_re_installed(5, 3)])
@example(  # three instalments paid ahead by principal, then three rows more: the last of them have nothing to bear
    (("flat", {}), STARTS[1], 12, 12_345),
    [(19, 4_986), (56, 1)],
    [(58, {"kind": FactKind.INTEREST_ONLY, "count": 3, "component": 1, "due_in": 0})],
)
@settings(max_examples=40, deadline=None)
def test_a_plan_asks_for_what_is_owed(
    loan: Any, came: list[tuple[int, int]], plan: list[tuple[int, dict[str, int]]]
) -> None:
    last = plan[-1][0]
    paid = [(after, {"kind": FactKind.REPAID, "amount_fen": fen}) for after, fen in came if after <= last]
    on = loan[1] + last
    before = reckon_loan(told(loan, [*paid, *plan[:-1]]), 0, on).position
    book = told(loan, [*paid, *plan])
    after = reckon_loan(book, 0, on).position
    _asks_exactly_the_balance(book, on)
    assert after["payoff_fen"] == before["payoff_fen"]
    assert after["interest_income_fen"] == before["interest_income_fen"]
    if after["payoff_fen"]:
        _payoff_ends_it(book, on)
        _payoff_ends_it(book, on + 1)
        _keeping_ends_it(book, on)


def test_less_than_is_due_ends_a_loan_whose_interest_of_days_to_come_is_paid() -> None:
    # 117.66 of 123.45 paid on day 77, from the last instalment on: on day 97 the third still asks for 13.18 principal
    # and .06 of penalty, and 1.68 of interest is paid that is not earned. 13.18 + .06 - 1.68 = 11.56 ends the loan.
    product = ("equal-principal", {"accrual": "scheduled", "in_advance": "last_instalment"})
    book = told((product, STARTS[1], 6, 12_345), [(77, {"kind": FactKind.REPAID, "amount_fen": 11_766})])
    assert reckon_loan(book, 0, STARTS[1] + 97).position["payoff_fen"] == 1_156
    _payoff_ends_it(book, STARTS[1] + 97)

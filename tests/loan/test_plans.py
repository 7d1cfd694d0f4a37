"""Plans, charge-offs, write-offs and sales in any order among repayments: money is conserved, the books agree."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from afterloan.dates import NEVER, day
from afterloan.journal.accounts import CONTROL
from afterloan.journal.balances import balances_of_totals, control_of_positions
from afterloan.journal.totals import totals_of
from afterloan.loan.book import Book
from afterloan.loan.reckon import Reckoned, reckon_loan
from afterloan.loan.terms import CONTRACT, FACT, PROMISED, Component, FactKind, State
from afterloan.rules.products import builtin

START = day("2024-01-31")
CODES = ("jiebei-equal", "jiebei-interest-first", "equal-principal", "flat")
INTEREST, PRINCIPAL = Component.INTEREST, Component.PRINCIPAL

repaid = st.fixed_dictionaries({"kind": st.just(FactKind.REPAID), "amount_fen": st.integers(1, 3_000_00)})
charged = st.fixed_dictionaries(
    {
        "kind": st.just(FactKind.CHARGED),
        "amount_fen": st.integers(1, 100_00),
        "component": st.sampled_from((int(Component.FEE), int(Component.PENALTY))),
    }
)
waived = st.fixed_dictionaries(
    {
        "kind": st.just(FactKind.WAIVED),
        "amount_fen": st.integers(1, 100_00),
        "component": st.integers(0, 3),
    }
)
plans = st.one_of(
    st.fixed_dictionaries({"kind": st.just(FactKind.DEFERRED), "count": st.integers(1, 4)}),
    st.fixed_dictionaries(
        {"kind": st.just(FactKind.INTEREST_ONLY), "count": st.integers(1, 4), "component": st.integers(0, 1)}
    ),
    st.fixed_dictionaries({"kind": st.just(FactKind.EXTENDED), "count": st.integers(1, 6)}),
    st.fixed_dictionaries(
        {"kind": st.just(FactKind.REINSTALLED), "count": st.integers(0, 12), "component": st.integers(0, 4)}
    ),
    st.fixed_dictionaries({"kind": st.sampled_from((FactKind.PENALTY_HELD, FactKind.PENALTY_RESUMED))}),
    st.fixed_dictionaries({"kind": st.just(FactKind.SETTLEMENT_AGREED), "amount_fen": st.integers(1, 5_000_00)}),
    st.fixed_dictionaries(
        {"kind": st.just(FactKind.PENALTY_FORGIVEN), "amount_fen": st.integers(1, 50_00), "count": st.integers(1, 4)}
    ),
    st.fixed_dictionaries({"kind": st.just(FactKind.PLAN_BROKEN)}),
    st.fixed_dictionaries({"kind": st.just(FactKind.CHARGED_OFF), "component": st.integers(0, 2)}),
)
ends = st.one_of(
    st.fixed_dictionaries({"kind": st.just(FactKind.WRITTEN_OFF)}),
    st.fixed_dictionaries({"kind": st.just(FactKind.SOLD), "amount_fen": st.integers(1, 1_000_00)}),
)
happenings = st.lists(
    st.tuples(st.integers(1, 500), st.one_of(repaid, repaid, charged, waived, plans, plans, ends)), max_size=10
)
loans = st.tuples(st.sampled_from(CODES), st.integers(1_000, 500_000), st.integers(0, 6_000), st.integers(1, 12))


def told(loan: tuple[str, int, int, int], happened: list[tuple[int, dict[str, int]]]) -> Book:
    code, principal, rate, instalments = loan
    terms = builtin()[code]
    contract = np.zeros(1, CONTRACT)
    contract["loan"] = 1
    contract["principal_fen"] = principal
    contract["rate"] = rate * (100 if terms.rate_per.name == "YEAR" else 1)
    contract["signed_on"], contract["unit"], contract["every"] = START, 3, 1
    contract["instalments"] = instalments
    facts = np.zeros(len(happened) + 1, FACT)
    facts["gone_on"] = NEVER
    facts[0]["kind"], facts[0]["on"], facts[0]["known_on"] = FactKind.DISBURSED, START, START
    facts[0]["amount_fen"] = principal
    for fact, (after, fields) in zip(facts[1:], happened, strict=True):
        fact["on"] = fact["known_on"] = START + after
        for name, value in fields.items():
            fact[name] = value
        if fields["kind"] in (FactKind.REINSTALLED, FactKind.CHARGED, FactKind.SETTLEMENT_AGREED):
            fact["due_on"] = START + after + 20
    facts = facts[np.lexsort((facts["kind"], facts["on"]))]
    at = np.array([0, len(facts)])
    none = np.zeros(0, PROMISED)
    return Book(np.array([terms.record()]), contract, none, np.zeros(2, np.int64), facts, at, np.zeros((0, 1), bool))


def check(told: Reckoned) -> None:
    p = told.position
    assert p["error"] == 0
    gone = p["waived_fen"] + p["written_off_fen"] + p["sold_fen"]
    assert p["repaid_fen"] == p["paid_fen"].sum() + p["unapplied_fen"] + p["recovered_fen"]
    lent = p["disbursed_fen"] + p["capitalised_fen"].sum()
    assert lent - p["paid_fen"][PRINCIPAL] - gone[PRINCIPAL] == p["outstanding_fen"][PRINCIPAL]
    assert (p["outstanding_fen"] >= 0).all() and p["payoff_fen"] >= 0
    rows = told.instalments
    asked = (rows["due_fen"] - rows["paid_fen"] - rows["waived_fen"])[:, PRINCIPAL]
    if p["outstanding_fen"][PRINCIPAL]:
        assert asked.sum() == p["outstanding_fen"][PRINCIPAL]
    assert (np.diff(rows["due_on"]) >= 0).all()
    if p["state"] in (State.WRITTEN_OFF, State.SOLD):
        assert p["outstanding_fen"][PRINCIPAL] == 0 and p["accrued_interest_fen"] == 0
    totals = totals_of(np.array([p]))[0]
    booked = balances_of_totals(totals)
    shown = control_of_positions(np.array([p]))
    assert {a: booked[a] for a in CONTROL} == {a: shown.get(a, 0) for a in CONTROL}


AFTER_THE_END = [(29, {"kind": FactKind.REINSTALLED, "count": 0, "component": 0})]

PAID_AHEAD = [
    (1, {"kind": FactKind.REPAID, "amount_fen": 1}),
    (1, {"kind": FactKind.REINSTALLED, "count": 1, "component": 0}),
]


@given(loans, happenings, st.integers(1, 700))
@example(("jiebei-equal", 1_000, 0, 1), AFTER_THE_END, 29)
@example(("flat", 1_000, 0, 1), PAID_AHEAD, 1)
@settings(max_examples=250, deadline=None)
def test_money_is_conserved_whatever_is_agreed(
    loan: tuple[str, int, int, int], happened: list[tuple[int, dict[str, int]]], after: int
) -> None:
    check(reckon_loan(told(loan, happened), 0, START + after))


@given(loans, happenings, st.integers(1, 700))
@settings(max_examples=50, deadline=None)
def test_a_plan_taken_back_has_never_been(
    loan: tuple[str, int, int, int], happened: list[tuple[int, dict[str, int]]], after: int
) -> None:
    cancelled = told(loan, happened)
    arranged = ~np.isin(cancelled.facts["kind"], (FactKind.DISBURSED, FactKind.REPAID, FactKind.CHARGED))
    cancelled.facts["gone_on"][arranged] = cancelled.facts["known_on"][arranged]
    without = told(loan, [h for h in happened if h[1]["kind"] in (FactKind.REPAID, FactKind.CHARGED)])
    assert reckon_loan(cancelled, 0, START + after).position == reckon_loan(without, 0, START + after).position

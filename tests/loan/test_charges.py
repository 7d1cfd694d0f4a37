"""What must hold with the charges of a product: conserved, booked, none after the end; and their annual rate."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from afterloan.dates import NEVER
from afterloan.loan.annual_rate import annual_rates, flows_as_signed, xirr
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.terms import Accrual, Component, FactKind, State
from afterloan.report.explain import explain
from afterloan.rules.products import ChargeTerms, ProductTerms
from tests.loan.test_acceleration import accelerated, posted_as_reckoned
from tests.loan.test_invariants import PRODUCTS, START, book, loans, repaid, repayments

FEE = int(Component.FEE)
charge_terms = st.one_of(
    st.builds(dict, when=st.just("pay_out"), of=st.just("principal"), percent=st.sampled_from(["0.5", "3"])),
    st.builds(dict, when=st.just("pay_out"), of=st.just("fixed"), amount_fen=st.integers(1, 5_000)),
    st.builds(
        dict,
        when=st.just("instalment"),
        of=st.sampled_from(["principal", "instalment"]),
        percent=st.sampled_from(["0.25", "1.5"]),
        first=st.integers(1, 4),
        every=st.integers(0, 3),
    ),
    st.builds(dict, when=st.just("instalment"), of=st.just("fixed"), amount_fen=st.integers(1, 3_000)),
)
several = st.lists(charge_terms, min_size=1, max_size=4)


def with_charges(code: str, told: list[dict[str, Any]]) -> ProductTerms:
    terms = PRODUCTS[code].model_dump(mode="json")
    terms["charges"] = [{"id": f"c{k}", **charge} for k, charge in enumerate(told)]
    return ProductTerms.model_validate(terms)


def made(loan: tuple[str, int, int, int], told: list[dict[str, Any]], facts: list[tuple[int, ...]]) -> Book:
    code, principal, rate, instalments = loan
    rate *= 100 if PRODUCTS[code].rate_per.name == "YEAR" else 1
    plain = book(code, principal, rate, instalments, facts)
    products = np.array([with_charges(code, told).record()])
    rest = plain.promised_at, plain.facts, plain.fact_at, plain.calendars
    return Book(products, plain.contracts, plain.promised, *rest)


@given(loans, several, repayments, st.integers(0, 1_200))
@settings(max_examples=250, deadline=None)
def test_money_is_conserved_and_booked(
    loan: tuple[str, int, int, int], told: list[dict[str, Any]], pairs: list[tuple[int, int]], after: int
) -> None:
    done = reckon_loan(made(loan, told, repaid(pairs)), 0, START + after)
    p = done.position
    received = sum(amount for when, amount in pairs if when <= after)
    assert p["error"] == 0 and not posted_as_reckoned(p)
    assert p["repaid_fen"] == received == p["paid_fen"].sum() + p["unapplied_fen"]
    assert (p["outstanding_fen"] >= 0).all() and p["unapplied_fen"] >= 0
    assert (done.instalments["paid_fen"].sum(axis=0) == p["paid_fen"]).all()
    assert (done.instalments["due_fen"] >= 0).all()
    if p["state"] == State.PAID_OFF:
        assert p["outstanding_fen"].sum() == 0 and p["payoff_fen"] == 0
        later = reckon_loan(made(loan, told, repaid(pairs)), 0, START + 5_000).position
        if received == sum(amount for _, amount in pairs):
            assert later["charged_fen"][FEE] == p["charged_fen"][FEE], "a fee charged after the end"


@given(loans, several, repayments, st.integers(1, 900))
@settings(max_examples=250, deadline=None)
def test_the_payoff_ends_the_loan_and_a_cent_less_does_not(
    loan: tuple[str, int, int, int], told: list[dict[str, Any]], pairs: list[tuple[int, int]], after: int
) -> None:
    before = [pair for pair in pairs if pair[0] <= after]
    amount = int(reckon_loan(made(loan, told, repaid(before)), 0, START + after).position["payoff_fen"])
    if amount < 2:
        return
    paid = reckon_loan(made(loan, told, repaid([*before, (after, amount)])), 0, START + after).position
    assert paid["state"] == State.PAID_OFF and paid["unapplied_fen"] == 0, (amount, paid)
    if PRODUCTS[loan[0]].accrual == Accrual.ACTUAL:
        short = reckon_loan(made(loan, told, repaid([*before, (after, amount - 1)])), 0, START + after).position
        assert short["payoff_fen"] == 1


@given(loans, several, repayments, st.integers(1, 500), st.integers(0, 300))
@settings(max_examples=200, deadline=None)
def test_called_due_no_charge_is_made_any_more(
    loan: tuple[str, int, int, int],
    told: list[dict[str, Any]],
    pairs: list[tuple[int, int]],
    after: int,
    later: int,
) -> None:
    before = repaid([pair for pair in pairs if pair[0] <= after])
    plain = reckon_loan(made(loan, told, before), 0, START + after).position
    called = reckon_loan(made(loan, told, [*before, *accelerated(after)]), 0, START + after).position
    assert called["payoff_fen"] == plain["payoff_fen"] and not posted_as_reckoned(called)
    if called["accelerated_on"] != NEVER:
        p = reckon_loan(made(loan, told, [*before, *accelerated(after)]), 0, START + after + later).position
        assert p["charged_fen"][FEE] == called["charged_fen"][FEE]


@given(loans, several)
@settings(max_examples=100, deadline=None)
def test_paid_as_asked_the_loan_ends_with_its_last_instalment(
    loan: tuple[str, int, int, int], told: list[dict[str, Any]]
) -> None:
    signed = reckon_loan(made(loan, told, []), 0, START).instalments
    pairs = [(int(row["due_on"]) - START, int(row["due_fen"].sum())) for row in signed if row["due_fen"].sum()]
    p = reckon_loan(made(loan, told, repaid(pairs)), 0, pairs[-1][0] + START).position
    assert p["state"] == State.PAID_OFF and p["unapplied_fen"] == 0
    assert p["worst_days_past_due"] == 0
    assert p["charged_fen"][FEE] == signed["due_fen"][:, FEE].sum()


@given(loans, several, repayments, st.lists(st.tuples(st.integers(0, 900), st.integers(1, 9_000)), max_size=4))
@settings(max_examples=200, deadline=None)
def test_waived_charges_stay_in_balance(
    loan: tuple[str, int, int, int],
    told: list[dict[str, Any]],
    pairs: list[tuple[int, int]],
    given_up: list[tuple[int, int]],
) -> None:
    waived = [(int(FactKind.WAIVED), START + when, START + when, NEVER, amount) for when, amount in given_up]
    of = made(loan, told, [*repaid(pairs), *waived])
    of.facts["component"][of.facts["kind"] == FactKind.WAIVED] = FEE
    for after in (0, 45, 200, 1_000):
        done = reckon_loan(of, 0, START + after)
        p = done.position
        assert p["error"] == 0 and not posted_as_reckoned(p)
        assert (p["outstanding_fen"] >= 0).all()
        assert (done.instalments["waived_fen"].sum(axis=0) == p["waived_fen"]).all()
        assert p["repaid_fen"] == p["paid_fen"].sum() + p["unapplied_fen"]


@given(loans, several, repayments, st.integers(20, 500), st.integers(1, 12))
@settings(max_examples=150, deadline=None)
def test_charges_go_on_in_new_instalments(
    loan: tuple[str, int, int, int], told: list[dict[str, Any]], pairs: list[tuple[int, int]], after: int, count: int
) -> None:
    before = repaid([pair for pair in pairs if pair[0] <= after])
    of = made(loan, told, [*before, (int(FactKind.REINSTALLED), START + after, START + after, NEVER, 0)])
    mine = of.facts["kind"] == FactKind.REINSTALLED
    of.facts["count"][mine], of.facts["due_on"][mine] = count, START + after + 30
    done = reckon_loan(of, 0, START + after)
    p = done.position
    assert p["error"] == 0 and not posted_as_reckoned(p)
    assert (p["outstanding_fen"] >= 0).all() and (done.instalments["due_fen"] >= 0).all()
    assert p["repaid_fen"] == p["paid_fen"].sum() + p["unapplied_fen"]


def test_the_story_tells_charges_in_both_languages() -> None:
    told = [{"when": "pay_out", "amount_fen": 1_000}, {"when": "instalment", "amount_fen": 500}]
    ended = [(int(FactKind.CHARGE_ENDED), START + 40, START + 40, NEVER, 0)]
    of = made(("jiebei-interest-first", 100_000, 5_000, 3), told, ended)
    of.facts["component"][of.facts["kind"] == FactKind.CHARGE_ENDED] = 1
    for language, words in (
        ("en", ("charged fees 10.00, with instalment 1", "charged fees 5.00, with instalment 1", "charge 2 of the")),
        ("zh", ("计收费用 10.00，随第 1 期", "计收费用 5.00，随第 1 期", "产品第 2 项收费自此停止")),
    ):
        story = explain(of, 0, "p", START + 70, language=language)
        lines = "\n".join(line.text for line in story.lines)
        assert story.adds_up and all(text in lines for text in words), lines
        assert lines.count("5.00, with" if language == "en" else "5.00，随") == 1


def test_the_end_of_a_charge_taken_back_was_never_there() -> None:
    told = [{"when": "instalment", "of": "principal", "percent": "0.5"}]
    gone = [(int(FactKind.CHARGE_ENDED), START + 60, START + 60, START + 70, 0)]
    loan = ("jiebei-equal", 1_000_000, 4_560, 12)
    plain = reckon_loan(made(loan, told, []), 0, START + 200).position
    assert reckon_loan(made(loan, told, gone), 0, START + 200).position == plain
    ended = [(int(FactKind.CHARGE_ENDED), START + 60, START + 60, NEVER, 0)]
    # 50.00 with each of six instalments that fell due in 200 days; two of them before it ended
    assert plain["charged_fen"][FEE] == 6 * 5_000
    assert reckon_loan(made(loan, told, ended), 0, START + 200).position["charged_fen"][FEE] == 2 * 5_000


def test_its_place_in_the_annual_rate() -> None:
    """1,000.00 for 28 days at nothing, 10.00 at pay-out: 1.01^(365/28) - 1 = 13.85 % a year. An insurance that the
    borrower may leave out counts nothing."""
    told = [
        {"when": "pay_out", "amount_fen": 1_000},
        {"when": "instalment", "amount_fen": 700, "in_annual_rate": False},
    ]
    loan = ("jiebei-interest-first", 100_000, 0, 1)
    whole = made(loan, told, [])
    priced = Book(
        np.array([with_charges(loan[0], told).priced().record()]), *[getattr(whole, n) for n in Book.__slots__[1:]]
    )
    flows = flows_as_signed(priced, 0)
    assert flows == [(START, -100_000), (START + 28, 101_000)]
    assert flows_as_signed(whole, 0)[-1] == (START + 28, 101_700)
    assert xirr([(day, float(fen)) for day, fen in flows]) == pytest.approx(1.01 ** (365 / 28) - 1, abs=1e-9)
    assert round(annual_rates(flows)[1], 2) == 13.85


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"when": "instalment", "of": "fixed"}, "a fixed charge has an amount_fen"),
        ({"when": "instalment", "of": "principal"}, "a share has a percent"),
        ({"when": "instalment", "of": "principal", "percent": "1", "amount_fen": 5}, "a share has a percent"),
        ({"when": "pay_out", "of": "instalment", "percent": "1"}, "at pay-out there is no instalment"),
        ({"when": "pay_out", "amount_fen": 5, "first": 2}, "at pay-out there is no instalment"),
        ({"when": "daily", "amount_fen": 5}, "is not known here; write one of: pay_out, instalment"),
        ({"when": "instalment", "of": "principal", "percent": 0.5}, "is a binary fraction"),
    ],
)
def test_terms_that_cannot_be_are_refused(told: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        ChargeTerms.model_validate({"id": "c", **told})


def test_an_imported_schedule_has_its_fees_in_its_rows() -> None:
    from afterloan.rules.products import builtin

    terms = builtin()["imported"].model_dump(mode="json")
    terms["charges"] = [{"id": "c", "when": "instalment", "amount_fen": 5}]
    with pytest.raises(ValidationError, match="charges of an imported schedule stand in its rows"):
        ProductTerms.model_validate(terms)
    two = [{"when": "instalment", "amount_fen": 5}] * 2
    assert with_charges("flat", two).charges[0].percent == Decimal(0)

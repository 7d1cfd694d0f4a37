"""A borrower is taken in, a contract signed and paid out: by verbs alone, as if it had come with a book."""

from datetime import date
from typing import Any

import pytest

from afterloan.facts import Reversed
from afterloan.facts.act import Answer, Refused, Who
from afterloan.loan.reckon import reckon_loan
from afterloan.servicing.booking import book_of
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.record import record
from afterloan.store.server import Store
from tests.strategy.books import day_of

ON = date(2026, 1, 10)
FINANCE = Who("person", "finance-qian", ("finance",), "test")
TERMS: dict[str, Any] = {
    "borrower": "B7", "loan": "L7", "product": "jiebei-equal", "principal_fen": 1_200_000, "rate_percent": "0.05",
    "instalments": 12,
}  # fmt: skip


def done(store: Store, verb: str, asked: dict[str, Any], name: str, on: date = ON) -> Answer | Refused:
    with desk_of(store) as desk:
        return do(desk, FINANCE, verb, asked, name, on)


def test_a_loan_is_begun_by_three_acts_and_reckons_like_one_that_was_imported(store: Store) -> None:
    assert isinstance(done(store, "borrower.take_in", {"borrower": "B7", "name": "王小明"}, "b"), Answer)
    signed = done(store, "contract.sign", TERMS, "c")
    assert isinstance(signed, Answer) and signed.body == {"loan": "L7", "borrower": "B7", "product": "jiebei-equal"}
    paid = done(store, "disbursement.record", {"loan": "L7", "amount_fen": 1_200_000}, "d")
    assert isinstance(paid, Answer)
    # 31 days on: 1,200,000 × 0.05 % × 31 = 186.00 of interest, and nothing is late yet on the due day
    with store.connect() as connection:
        day = day_of("2026-02-10")
        position = reckon_loan(book_of(connection, "L7"), 0, day, day).position
    assert (int(position["payoff_fen"]), int(position["days_past_due"])) == (1_200_000 + 18_600, 0)


@pytest.mark.parametrize(
    ("change", "where", "kind"),
    [
        ({"borrower": "nobody"}, "borrower", "unknown"),
        ({"product": "none"}, "product", "unknown"),
        ({"signed_on": date(2026, 1, 11)}, "signed_on", "invalid"),
        ({"first_due_on": date(2026, 1, 10)}, "first_due_on", "invalid"),
        ({"principal_fen": 0}, "principal_fen", "invalid"),
        ({"principal_fen": 1_000_000_001}, "principal_fen", "invalid"),
        # twelve thousand written with a point is not 12,000 fen (120.00), by text or by number
        ({"principal_fen": "12000.00"}, "principal_fen", "invalid"),
        ({"principal_fen": 12_000.0}, "principal_fen", "invalid"),
        ({"rate_percent": "0.0000001"}, "rate_percent", "invalid"),
        # 366 years of 0.05 % a day: one period would earn twice the principal and more
        ({"unit": "years", "every": 366}, "principal_fen", "invalid"),
        ({"instalments": 121}, "instalments", "invalid"),
        ({"loan": " "}, "loan", "invalid"),
    ],
)
def test_what_cannot_be_signed_is_refused_by_its_field_and_leaves_nothing(
    store: Store, change: dict[str, Any], where: str, kind: str
) -> None:
    done(store, "borrower.take_in", {"borrower": "B7", "name": "王小明"}, "b")
    try:
        answer = done(store, "contract.sign", {**TERMS, **change}, "c")
    except ValueError as error:  # a field that is not as it should be
        assert where in str(error)
        answer = None
    if answer is not None:
        assert isinstance(answer, Refused) and (answer.where, answer.kind) == (where, kind)
    with store.connect() as connection:
        assert connection.execute("select count(*) from contract").fetchone() == (0,)


def test_a_reference_that_is_taken_is_not_taken_twice_and_an_attribute_that_misleads_is_refused(store: Store) -> None:
    done(store, "borrower.take_in", {"borrower": "B7", "name": "王小明"}, "b")
    again = done(store, "borrower.take_in", {"borrower": "B7", "name": "somebody else"}, "b2")
    assert isinstance(again, Refused) and (again.where, again.kind) == ("borrower", "conflict")
    wrong = done(store, "borrower.take_in", {"borrower": "B8", "name": "x", "attributes": {"mobile": "123"}}, "b3")
    assert isinstance(wrong, Refused) and "mobile" in str(wrong)
    done(store, "contract.sign", TERMS, "c")
    twice = done(store, "contract.sign", TERMS, "c2")
    assert isinstance(twice, Refused) and (twice.where, twice.kind) == ("loan", "conflict")


def test_no_more_is_paid_out_than_the_contract_says(store: Store) -> None:
    done(store, "borrower.take_in", {"borrower": "B7", "name": "王小明"}, "b")
    done(store, "contract.sign", {**TERMS, "principal_fen": 12_000}, "c")  # 120.00
    much = done(store, "disbursement.record", {"loan": "L7", "amount_fen": 1_200_000}, "d")
    assert isinstance(much, Refused) and (much.where, much.kind) == ("amount_fen", "invalid")
    assert (much.value, "120.00" in much.why) == ("12000.00", True) and "contract.sign" in much.remedy
    # in two parts: 70.00 and 50.00 make the 120.00; a cent more does not pass; what came back does not count
    assert isinstance(done(store, "disbursement.record", {"loan": "L7", "amount_fen": 7_000}, "d1"), Answer)
    assert isinstance(done(store, "disbursement.record", {"loan": "L7", "amount_fen": 5_001}, "d2"), Refused)
    assert isinstance(done(store, "disbursement.record", {"loan": "L7", "amount_fen": 5_000}, "d3"), Answer)
    with store.connect() as connection:
        record(connection, Reversed("-", "v", day_of("2026-01-10"), day_of("2026-01-10"), "d3"))
    assert isinstance(done(store, "disbursement.record", {"loan": "L7", "amount_fen": 5_000}, "d4"), Answer)
    again = done(store, "disbursement.record", {"loan": "L7", "amount_fen": 5_000}, "d4")
    assert isinstance(again, Answer) and again.known

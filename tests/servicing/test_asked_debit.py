"""A debit that a borrower asks for: planned at once, one payment however often asked, in peace until it is answered."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from afterloan.banks.words import Result
from afterloan.enquiry.holds import holds_of
from afterloan.facts.act import Answer, Refused, Who
from afterloan.servicing.debits import take_result
from afterloan.servicing.desk import Desk, desk_of
from afterloan.servicing.door import do
from afterloan.store.debits import standing_of
from afterloan.store.server import Store
from tests.strategy.books import borrower, loan

ON = date(2026, 2, 10)
ME = Who("borrower", "B1", (), "portal")
LEAD = Who("person", "Wang", ("lead",), "desk")


@pytest.fixture
def desk(store: Store) -> Iterator[Desk]:
    """L1 and L2 of B1 and B2, each with an instalment due on the day; B1 has a mandate."""
    with store.connect() as connection:
        for number in "12":
            borrower(connection, f"B{number}", zone="Asia/Shanghai")
            loan(connection, f"L{number}", f"B{number}", "2026-01-10")
    with desk_of(store, datetime(2026, 2, 10, 2, tzinfo=UTC)) as made:
        signed = {"borrower": "B1", "source": "card", "account": "6222000000008841", "rail": "gateway"}
        assert isinstance(do(made, LEAD, "mandate.sign", signed, "M1", ON), Answer)
        yield made


def asks(desk: Desk, fen: int, key: str, loan: str = "L1", who: Who = ME) -> Answer | Refused:
    asked = {"borrower": who.name, "parts": [{"loan": loan, "amount_fen": fen}]}
    return do(desk, who, "debit.ask", asked, key, ON)


def told(answer: Answer | Refused) -> dict[str, Any]:
    assert isinstance(answer, Answer), answer
    return dict(answer.body)


def bank_says(desk: Desk, attempt: str, status: Any, fen: int = 0, code: str = "") -> None:
    with desk.connection.transaction():
        take_result(desk.connection, Result(attempt, status, ON, fen, code, "own" if code else ""), ON)


def test_a_debit_asked_for_is_on_its_way_at_once_and_asked_again_is_the_same_one(desk: Desk) -> None:
    first = told(asks(desk, 50_000, "k-1"))
    assert (first["state"], first["amount_fen"], first["mandate"]) == ("asked", 50_000, "M1")
    assert told(asks(desk, 50_000, "k-1")) == first, "the same form sent twice"
    assert len(standing_of(desk.connection, "B1").tried) == 1
    again = asks(desk, 50_000, "k-2")
    assert isinstance(again, Refused) and "nothing to collect" in again.why, "the same money is on its way already"


def test_the_borrower_is_left_in_peace_until_the_bank_has_answered(desk: Desk) -> None:
    asked = told(asks(desk, 50_000, "k-1"))
    assert [(h.hold, h.until) for h in holds_of(desk.connection, "B1", ON)] == [
        ("payment_on_its_way", date(2026, 2, 13)),
    ]  # fmt: skip
    assert asked["in_peace_until"] == "2026-02-13"  # three days
    bank_says(desk, asked["attempt"], "failed", code="insufficient_funds")
    assert holds_of(desk.connection, "B1", ON) == []


def test_what_the_bank_took_is_the_borrowers_repayment(desk: Desk) -> None:
    asked = told(asks(desk, 50_000, "k-1"))
    bank_says(desk, asked["attempt"], "succeeded", 50_000)
    rows = desk.connection.execute("select amount_fen from fact where reference like 'debit:%'").fetchall()
    assert rows == [(50_000,)]
    bank_says(desk, asked["attempt"], "returned", code="payer_refund")
    assert standing_of(desk.connection, "B1").tried[0].state == "returned"


def test_no_more_is_debited_than_is_due(desk: Desk) -> None:
    refused = asks(desk, 1_000_000, "k-1")
    assert isinstance(refused, Refused) and refused.where == "amount_fen" and "is due today" in refused.why
    assert standing_of(desk.connection, "B1").tried == ()


def test_without_a_mandate_nothing_is_asked_of_a_bank(desk: Desk) -> None:
    refused = asks(desk, 50_000, "k-1", "L2", Who("borrower", "B2", (), "portal"))
    assert isinstance(refused, Refused) and (refused.why, refused.kind) == ("no mandate", "too_early")
    assert holds_of(desk.connection, "B2", ON) == []


def test_before_the_hour_of_debits_it_waits_until_then(desk: Desk) -> None:
    desk.now = datetime(2026, 2, 9, 22, tzinfo=UTC)  # six in the morning of the 10th at Shanghai; debits run from 8
    asked = told(asks(desk, 50_000, "k-1"))
    assert (asked["state"], asked["goes_at"]) == ("waits", "2026-02-10T08:00:00+08:00")
    assert standing_of(desk.connection, "B1").tried == ()


NOT_MINE: list[tuple[str, dict[str, Any]]] = [
    ("debit.ask", {"borrower": "B1", "parts": [{"loan": "L2", "amount_fen": 100}]}),
    ("quote.give", {"loan": "L2"}),
    ("plan.search", {"loan": "L2", "means": {"income_fen": 1, "spending_fen": 1}}),
    ("road_map.keep", {"loan": "L2", "way": "pay_now"}),
    ("lesson.give", {"loan": "L2"}),
    ("promise.make", {"borrower": "B1", "loan": "L2", "amount_fen": 100, "due_on": "2026-02-12"}),
    ("dispute.open", {"borrower": "B1", "loan": "L2", "months": ["2026-01-31"], "statement": "no"}),
    ("hardship.apply", {"borrower": "B1", "loan": "L2", "cause": "other", "told": "x",
                        "means": {"income_fen": 1, "spending_fen": 1}}),
]  # fmt: skip


@pytest.mark.parametrize(("verb", "asked"), NOT_MINE)
def test_what_is_somebody_elses_is_refused_like_what_is_not_there(desk: Desk, verb: str, asked: dict[str, Any]) -> None:
    def with_loan(name: str) -> dict[str, Any]:
        parts = [{**part, "loan": name} for part in asked.get("parts", [])]
        return {**asked, "parts": parts} if parts else {**asked, "loan": name}

    theirs, nobodys = (do(desk, ME, verb, with_loan(name), "k-1", ON) for name in ("L2", "L9"))
    assert isinstance(theirs, Refused) and isinstance(nobodys, Refused)
    assert theirs.kind == "unknown" and (theirs.why, theirs.remedy) == (nobodys.why, nobodys.remedy)


def test_a_borrower_grants_nothing_to_themself(desk: Desk) -> None:
    told(do(desk, ME, "quote.give", {"loan": "L1"}, "q-1", ON))
    means = {"income_fen": 300_000, "spending_fen": 200_000}
    asked = {"borrower": "B1", "cause": "family", "told": "a child was born", "means": means}
    told(do(desk, ME, "hardship.apply", asked, "h-1", ON))
    for verb, of in (("quote.execute", "q-1"), ("hardship.decide", "h-1")):
        refused = do(desk, ME, verb, {"of": of}, f"{of}-by-me", ON)
        assert isinstance(refused, Refused) and refused.kind == "forbidden", verb

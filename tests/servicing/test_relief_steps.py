"""A plan's steps are records: what was said is kept and read back, and the seal of an offer of before still fits."""

import json
from datetime import date

import pytest
from pydantic import ValidationError

from afterloan.dates import day
from afterloan.facts.relief import PlanOffered, ReliefStep
from afterloan.loan.terms import ArrearsInterest
from afterloan.strategy.simulation import deferral, interest_only, reinstalment, settlement


def test_a_step_says_no_more_than_was_said() -> None:
    """As offers stand in books: the seal is a digest over these very words, so that none may come or go."""
    cut = reinstalment(24, day("2026-04-10"), ArrearsInterest.SPREAD, 9_000_000)
    assert [step.model_dump(mode="json") for step in cut.does] == [
        {"fact": "RateChanged", "rate": 9_000_000, "while_kept": True},
        {"fact": "Reinstalled", "count": 24, "due_on": "2026-04-10", "interest": "spread"},
    ]
    told = [p.does[0].model_dump(mode="json") for p in (deferral(2), interest_only(3), deferral(0, day("2026-05-10")))]
    assert told == [
        {"fact": "Deferred", "count": 2},
        {"fact": "InterestOnly", "count": 3, "add_rows": False},
        {"fact": "Deferred", "due_on": "2026-05-10"},
    ]


def test_an_offer_in_a_book_is_read_as_it_was_written() -> None:
    plan = settlement(80_000, day("2026-03-31"), day("2026-03-10"), 100_000)
    told = {"borrower": "B1", "loan": "L1", "on": date(2026, 3, 10), "known_on": date(2026, 3, 10), "reference": "o"}
    does = json.loads('[{"fact": "SettlementAgreed", "amount_fen": 80000, "due_on": "2026-03-31"}]')
    offered = PlanOffered.model_validate(
        {**told, "plan": "settlement", "does": does, "simulation": {}, "valid_until": "2026-03-31", "seal": "0" * 64}
    )
    assert offered.does == plan.does and offered.body()["does"] == does
    (fact,) = plan.facts("L1", "o", day("2026-03-10"), day("2026-03-10"))
    assert (fact.reference, fact.amount_fen, fact.due_on) == ("o/1", 80_000, day("2026-03-31"))  # type: ignore[attr-defined]


def test_a_step_that_no_fact_stands_behind_is_refused() -> None:
    with pytest.raises(ValidationError, match="fact"):
        ReliefStep.model_validate({"fact": "Forgotten"})
    with pytest.raises(ValidationError, match="Extra inputs"):
        ReliefStep.model_validate({"fact": "Deferred", "months": 2})

"""Legal steps read from facts: preconditions, deadlines, fees; nothing starts that people did not approve."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterloan.facts.events import Event
from afterloan.facts.legal import (
    LegalStepApproved,
    LegalStepEnded,
    LegalStepProposed,
    LegalStepRefused,
    LegalStepStarted,
)
from afterloan.strategy.legal import (
    LegalClaim,
    court_fee,
    deadlines,
    extra_interest,
    may_propose,
    may_start,
    small_claims_most,
    step_rules,
    steps_of,
)
from afterloan.strategy.limitation import Limitation, rule_of

ON = date(2026, 3, 2)
ALL = frozenset({"contract", "disbursement", "identity", "court"})


def told(on: date, reference: str) -> dict[str, Any]:
    return {"borrower": "B", "loan": "L", "on": on, "known_on": on, "reference": reference}


def claim(**other: Any) -> LegalClaim:
    usual: dict[str, Any] = {"on": ON, "jurisdiction": "CN", "days_past_due": 150, "payoff_fen": 1_000_000}
    return LegalClaim(**(usual | {"evidence": ALL} | other))


def ended(step: str, outcome: Any, on: date) -> LegalStepEnded:
    return LegalStepEnded(**told(on, f"e-{step}-{outcome}"), of=f"p-{step}", step=step, outcome=outcome)


def taken(step: str, *outcomes: tuple[str, date], on: date = ON - timedelta(60)) -> list[Event]:
    """A step proposed, approved, started, and its outcomes."""
    name = f"p-{step}"
    return [
        LegalStepProposed(**told(on, name), step=step, by="clerk", reason="unpaid"),
        LegalStepApproved(**told(on, f"a-{step}"), of=name, step=step, by="lead", role="collections_lead"),
        LegalStepStarted(**told(on, f"s-{step}"), of=name, step=step, by="clerk", approvals=("a",), claim_fen=1),
        *(ended(step, o, d) for o, d in outcomes),
    ]


LETTER = taken("demand_letter", ("delivered", ON - timedelta(50)))
LAPSED = Limitation(ON, ON - timedelta(1), ON, "", ())


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"days_past_due": 120}, "120 days past due, at least 121 are needed"),
        ({"payoff_fen": 299_999}, "299999 fen owed, at least 300000 are needed"),
        ({"evidence": frozenset({"contract", "identity"})}, "no evidence of disbursement is kept"),
        ({"held": "dispute_open"}, "a hold stops legal steps: dispute_open"),
        ({"period": LAPSED}, "the period of limitation ended on 2026-03-01"),
    ],
)
def test_each_precondition_says_what_is_missing(other: dict[str, Any], why: str) -> None:
    assert may_propose(claim(), steps_of(LETTER), "payment_order").allowed
    assert may_propose(claim(**other), steps_of(LETTER), "payment_order").why == (why,)


def test_no_payment_order_before_the_demand_was_answered() -> None:
    assert may_propose(claim(), [], "payment_order").why == ("demand_letter has not been taken and answered",)


def test_no_enforcement_without_a_title_or_after_its_time() -> None:
    good = claim(enforceable_until=ON)
    assert not may_propose(good, steps_of(LETTER), "enforcement").allowed
    judged = steps_of(LETTER + taken("suit", ("granted", ON - timedelta(20))))
    assert may_propose(good, judged, "enforcement").allowed
    assert may_propose(good, judged, "small_claim").why == ("suit has been granted already",)  # judged once
    assert not may_propose(claim(enforceable_until=ON - timedelta(1)), judged, "enforcement").allowed


def test_other_places_have_no_steps_until_a_lawyer_writes_them() -> None:
    answer = may_propose(claim(jurisdiction="US"), [], "suit")
    assert not answer.allowed and "a lawyer of the place writes it first" in answer.why[0]


def test_a_small_claim_is_at_most_half_a_years_wage() -> None:
    # the pack's sample wage of Zhejiang is 130,000.00; half of it is 65,000.00
    assert small_claims_most("zhejiang", "CN", ON) == 6_500_000
    assert may_propose(claim(payoff_fen=6_500_000, province="zhejiang"), steps_of(LETTER), "small_claim").allowed
    assert not may_propose(claim(payoff_fen=6_500_001, province="zhejiang"), steps_of(LETTER), "small_claim").allowed


def said(events: list[Event]) -> list[tuple[str, str]]:
    return [(d.name, d.on.isoformat()) for d in deadlines(steps_of(events), "CN", ON)]


def test_deadlines_of_a_payment_order() -> None:
    run = taken("payment_order", on=date(2026, 3, 2))
    assert said(run) == [("court_answers", "2026-03-07"), ("order_issued", "2026-03-17")]  # 5 and 15 days, CPL 226, 227
    assert said([*run, ended("payment_order", "issued", date(2026, 3, 10))]) == [
        ("debtor_pays_or_objects", "2026-03-25")  # 15 days, CPL 227
    ]


def test_confirmation_within_thirty_days_and_judgment_within_months() -> None:
    run = taken("mediation", ("agreed", date(2026, 1, 31)), on=date(2026, 1, 10))
    assert said(run) == [("court_confirmation", "2026-03-02")]  # 31 January + 30 days, CPL 205
    run = taken("suit", on=date(2025, 11, 30))  # 3 months and 1 more, CPL 164
    assert said(run) == [("judgment", "2026-02-28"), ("judgment_at_the_latest", "2026-03-30")]


def test_fees_and_extra_interest() -> None:
    # 10,000.00 and less: 50.00. 12,000.00: 50.00 + 2,000.00 × 2.5 % = 100.00; a third for an order, half simplified
    assert [court_fee("suit", fen, "CN", ON) for fen in (999_999, 1_000_000, 1_200_000)] == [5_000, 5_000, 10_000]
    assert court_fee("payment_order", 1_200_000, "CN", ON) == 3_333
    assert court_fee("small_claim", 1_200_000, "CN", ON) == 5_000
    assert court_fee("demand_letter", 1_200_000, "CN", ON) == 0
    rule = rule_of("CN", "judgment.interest", ON)
    assert rule is not None and extra_interest(1_000_000, 100, rule) == 17_500  # RULES 6.6


PEOPLE = st.sampled_from(["clerk", "lead", "counsel", "risk"])
ROLES = st.sampled_from(["collections_lead", "legal_counsel", "head_of_risk", "janitor"])
STEPS = st.sampled_from(list(step_rules("CN", ON)))


@st.composite
def histories(draw: st.DrawFn) -> tuple[str, str, list[Event]]:
    """A proposal by somebody, and any approvals and refusals of it or of another, in any order and on any day."""
    step, proposer = draw(STEPS), draw(PEOPLE)
    events: list[Event] = [LegalStepProposed(**told(ON - timedelta(10), "p"), step=step, by=proposer, reason="unpaid")]
    for k in range(draw(st.integers(0, 6))):
        on = ON + timedelta(draw(st.sampled_from([-200, -11, -10, -3, 0, 0, 1])))
        of, about = draw(st.sampled_from(["p", "p", "other"])), draw(st.sampled_from([step, step, "suit"]))
        if draw(st.integers(0, 5)) == 0:
            events.append(LegalStepRefused(**told(on, f"r{k}"), of=of, step=step, by=draw(PEOPLE), reason="no"))
        else:
            by, role = draw(PEOPLE), draw(ROLES)
            events.append(LegalStepApproved(**told(on, f"a{k}"), of=of, step=about, by=by, role=role))
    return step, proposer, events


@settings(max_examples=300, deadline=None)
@given(histories())
def test_nothing_starts_that_its_people_did_not_approve(history: tuple[str, str, list[Event]]) -> None:
    step, proposer, events = history
    others = LETTER if step != "demand_letter" else []
    others = others + taken("suit", ("granted", ON - timedelta(20))) if step == "enforcement" else others
    good = claim(enforceable_until=ON, province="shanghai")
    if not may_start(good, steps_of([*others, *events]), "p").allowed:
        return
    yes: dict[str, set[str]] = {}
    for e in events:
        assert not (isinstance(e, LegalStepRefused) and e.of == "p")
        if isinstance(e, LegalStepApproved) and e.of == "p" and e.step == step and ON - timedelta(10) <= e.on <= ON:
            yes.setdefault(e.role, set()).add(e.by)
    roles = step_rules("CN", ON)[step].parameters["approvals"]
    assert all(yes.get(role, set()) - {proposer} for role in roles)
    assert len(set().union(*(yes[r] for r in roles)) - {proposer}) >= len(roles)  # as many people as roles

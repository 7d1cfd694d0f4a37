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
from afterloan.strategy.course import costs_to_claim, step_rules, steps_of, title_of, why_not_follow
from afterloan.strategy.legal import (
    LegalClaim,
    court_fee,
    deadlines,
    extra_interest,
    may_propose,
    may_start,
    small_claims_most,
)
from afterloan.strategy.limitation import Limitation, rule_of

ON = date(2026, 3, 2)
ALL = frozenset({"contract", "disbursement", "identity", "court"})


def told(on: date, reference: str) -> dict[str, Any]:
    return {"borrower": "B", "loan": "L", "on": on, "known_on": on, "reference": reference}


def claim(**other: Any) -> LegalClaim:
    usual: dict[str, Any] = {"on": ON, "jurisdiction": "CN", "days_past_due": 150, "payoff_fen": 1_000_000}
    return LegalClaim(**(usual | {"evidence": ALL} | other))


def ended(step: str, outcome: Any, on: date, **more: Any) -> LegalStepEnded:
    return LegalStepEnded(**told(on, f"e-{step}-{outcome}-{on}"), of=f"p-{step}", step=step, outcome=outcome, **more)


def taken(step: str, *outcomes: tuple[str, date], on: date = ON - timedelta(60), fee_fen: int = 0) -> list[Event]:
    """A step proposed, approved, started, and its outcomes; a judgment grants 10,000.00, to be paid in ten days."""
    name = f"p-{step}"
    return [
        LegalStepProposed(**told(on, name), step=step, by="clerk", reason="unpaid"),
        LegalStepApproved(**told(on, f"a-{step}"), of=name, step=step, by="lead", role="collections_lead"),
        LegalStepStarted(
            **told(on, f"s-{step}"), of=name, step=step, by="clerk", approvals=("a",), claim_fen=1, fee_fen=fee_fen
        ),
        *(ended(step, o, d, **GRANTED(d) if o in SUMS else {}) for o, d in outcomes),
    ]


SUMS = ("granted", "partly_granted", "changed", "settled", "confirmed", "unanswered")


def GRANTED(on: date) -> dict[str, Any]:
    return {"amount_fen": 1_000_000, "principal_fen": 1_000_000, "perform_by": on + timedelta(10)}


LETTER = taken("demand_letter", ("delivered", ON - timedelta(50)))
LAPSED = Limitation(ON, ON - timedelta(1), ON, "", ())


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"days_past_due": 120}, "120 days past due, at least 121 are needed"),
        ({"payoff_fen": 299_999}, "299999 minor units owed, at least 300000 minor units are needed"),
        ({"evidence": frozenset({"contract", "identity"})}, "no evidence of disbursement is kept"),
        ({"held": "dispute_open"}, "a hold stops legal steps: dispute_open"),
        ({"period": LAPSED}, "the period of limitation ended on 2026-03-01"),
    ],
)
def test_each_precondition_says_what_is_missing(other: dict[str, Any], why: str) -> None:
    assert may_propose(claim(), steps_of(LETTER), "payment_order").allowed
    assert may_propose(claim(**other), steps_of(LETTER), "payment_order").why == (why,)


def test_no_payment_order_before_the_demand_was_answered() -> None:
    assert may_propose(claim(), [], "payment_order").why == ("no demand_letter has been delivered",)


def test_nothing_is_discontinued_that_has_not_begun() -> None:
    assert may_propose(claim(), [], "discontinuance").why == ("no legal step has begun that could be discontinued",)
    assert may_propose(claim(), steps_of(LETTER), "discontinuance").allowed


def test_no_enforcement_without_a_title_or_after_its_time() -> None:
    good = claim(enforceable_until=ON)
    assert not may_propose(good, steps_of(LETTER), "enforcement").allowed
    judged = steps_of(LETTER + taken("suit", ("granted", ON - timedelta(20)), ("final", ON - timedelta(4))))
    assert may_propose(good, judged, "enforcement").allowed
    assert may_propose(good, judged, "small_claim").why == (
        "decided already (suit: granted on 2026-02-10); it can only be enforced",
    )
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


def test_a_letter_that_was_not_delivered_counts_for_nothing() -> None:
    lost = steps_of(taken("demand_letter", ("not_delivered", ON - timedelta(50))))
    assert may_propose(claim(), lost, "payment_order").why == ("no demand_letter has been delivered",)
    assert may_propose(claim(), lost, "demand_letter").allowed  # it may be sent again


def test_the_debtor_has_his_time_to_answer_the_letter() -> None:
    # delivered on 15 February, fifteen days: until 2 March, so nothing is filed on that day; on the 3rd it may be
    letter = steps_of(taken("demand_letter", ("delivered", date(2026, 2, 15))))
    why = ("the debtor has until 2026-03-02 to answer the demand_letter",)
    assert may_propose(claim(), letter, "suit").why == why == may_propose(claim(), letter, "mediation").why
    assert may_propose(claim(on=date(2026, 3, 3)), letter, "suit").allowed


@pytest.mark.parametrize("running", ["payment_order", "small_claim", "suit"])
@pytest.mark.parametrize("other", ["payment_order", "small_claim", "suit"])
def test_only_one_of_order_small_claim_and_suit_is_before_a_court(running: str, other: str) -> None:
    steps = steps_of(LETTER + taken(running))
    why = may_propose(claim(province="shanghai"), steps, other).why
    one = "is under way already" if running == other else "is under way; only one of them can be before a court"
    assert why == (f"{running} {one}",)


@pytest.mark.parametrize(
    ("step", "outcomes"),
    [
        ("payment_order", ["issued", "objected"]),
        ("payment_order", ["refused"]),
        ("payment_order", ["issued", "withdrawn"]),
        ("small_claim", ["withdrawn"]),
        ("suit", ["withdrawn"]),
        ("mediation", ["agreed", "failed"]),
    ],
)
def test_what_ended_without_a_decision_leaves_the_way_open(step: str, outcomes: list[str]) -> None:
    ends = [(o, ON - timedelta(20 - k)) for k, o in enumerate(outcomes)]
    assert may_propose(claim(), steps_of(LETTER + taken(step, *ends)), "suit").allowed


@pytest.mark.parametrize(
    ("step", "outcomes"),
    [
        ("payment_order", ["issued", "unanswered"]),
        ("small_claim", ["granted"]),
        ("small_claim", ["partly_granted"]),
        ("small_claim", ["settled"]),
        ("suit", ["granted", "final"]),
        ("suit", ["dismissed", "appealed", "changed"]),
        ("suit", ["granted", "appealed", "upheld"]),
        ("mediation", ["agreed", "confirmed"]),
    ],
)
def test_after_a_title_nothing_is_claimed_again(step: str, outcomes: list[str]) -> None:
    ends = [(o, ON - timedelta(30 - k)) for k, o in enumerate(outcomes)]
    steps = steps_of(LETTER + taken(step, *ends))
    good = claim(enforceable_until=ON + timedelta(700))
    allowed = {name for name in step_rules("CN", ON) if may_propose(good, steps, name).allowed}
    assert allowed == {"enforcement", "discontinuance"}
    title = title_of(steps, step_rules("CN", ON))
    assert title is not None and title.debt_fen == 1_000_000
    assert not deadlines(steps, "CN", ON)  # those of the steps before it have ended


@pytest.mark.parametrize(
    ("step", "outcomes", "ended_by"),
    [
        ("small_claim", ["dismissed"], "small_claim: dismissed on 2026-01-31"),
        ("suit", ["dismissed", "final"], "suit: nothing was granted, final on 2026-02-01"),
        ("suit", ["dismissed", "appealed", "upheld"], "suit: nothing was granted, upheld on 2026-02-02"),
        ("discontinuance", ["closed"], "discontinuance: closed on 2026-01-31"),
    ],
)
def test_a_claim_dismissed_for_good_or_given_up_ends_it(step: str, outcomes: list[str], ended_by: str) -> None:
    ends = [(o, ON - timedelta(30 - k)) for k, o in enumerate(outcomes)]
    steps = steps_of(LETTER + taken(step, *ends))
    for name in ("suit", "payment_order", "mediation", "enforcement"):
        assert f"the claim is not pursued any further ({ended_by})" in may_propose(claim(), steps, name).why
    assert not deadlines(steps, "CN", ON)


def test_an_appealed_judgment_is_not_in_force() -> None:
    rules = step_rules("CN", ON)
    steps = steps_of(LETTER + taken("suit", ("granted", ON - timedelta(20)), ("appealed", ON - timedelta(10))))
    assert title_of(steps, rules) is None
    assert may_propose(claim(), steps, "small_claim").why == (
        "suit is under way; only one of them can be before a court",
    )


def test_nobody_enforces_before_the_debtor_had_to_perform() -> None:
    # granted on 24 February, to be performed by 6 March: enforcement from the 7th
    judged = steps_of(LETTER + taken("small_claim", ("granted", date(2026, 2, 24))))
    early = claim(on=date(2026, 3, 6), enforceable_until=date(2028, 3, 6))
    assert may_propose(early, judged, "enforcement").why == ("the debtor has until 2026-03-06 to perform it",)
    assert may_propose(claim(on=date(2026, 3, 7), enforceable_until=date(2028, 3, 6)), judged, "enforcement").allowed


def test_the_whole_debt_is_claimed_once_it_was_called_due() -> None:
    steps = steps_of(LETTER)
    assert may_propose(claim(ahead_fen=500_000), steps, "suit").why == (
        "500000 minor units of it are not due yet: call the rest of the loan due by notice first",
    )
    assert may_propose(claim(ahead_fen=500_000), steps, "mediation").allowed


def test_which_outcome_may_follow_which() -> None:
    rules = step_rules("CN", ON)

    def why(step: str, outcome: str, on: date, *outcomes: tuple[str, date]) -> str:
        return why_not_follow(steps_of(taken(step, *outcomes, on=date(2026, 2, 2)))[0], rules[step], outcome, on)

    issued = ("issued", date(2026, 2, 10))
    assert why("payment_order", "objected", ON) == "cannot follow started; it follows issued"
    assert why("payment_order", "objected", ON, issued) == ""
    # issued on 10 February, fifteen days: until the 25th
    early = why("payment_order", "unanswered", date(2026, 2, 25), issued)
    assert early == "cannot be before 2026-02-25 has passed (debtor pays or objects)"
    assert why("payment_order", "unanswered", date(2026, 2, 26), issued) == ""
    assert why("payment_order", "objected", date(2026, 2, 9), issued) == (
        "cannot be on 2026-02-09: it was issued on 2026-02-10"
    )
    assert why("payment_order", "granted", ON).startswith("is none of payment_order; there are: refused, issued")
    assert why("payment_order", "paid", ON, issued, ("objected", date(2026, 2, 12))) == (
        "cannot follow objected; it follows started or issued"
    )
    granted = ("granted", date(2026, 2, 20))  # open to appeal until 7 March
    assert why("suit", "final", date(2026, 3, 7), granted) == "cannot be before 2026-03-07 has passed (appeal)"
    assert why("suit", "final", date(2026, 3, 8), granted) == ""
    assert why("demand_letter", "delivered", ON, ("not_delivered", date(2026, 2, 9))) != ""


def test_the_fee_of_an_objected_order_is_a_cost_of_the_next_claim() -> None:
    rules = step_rules("CN", ON)
    order = taken("payment_order", ("issued", ON), ("objected", ON), fee_fen=3_333)
    assert costs_to_claim(steps_of(order), rules) == 3_333
    for outcomes in ([("refused", ON)], [("issued", ON), ("withdrawn", ON)], [("issued", ON)], []):
        assert (
            costs_to_claim(steps_of(taken("payment_order", *outcomes, fee_fen=3_333)), rules) == 0
        )  # the lender's own
    assert court_fee("enforcement", 1_200_000, "CN", ON) == 0  # the court takes it from the debtor


def test_every_outcome_has_words_and_a_place() -> None:
    for name, rule in step_rules("CN", ON).items():
        outcomes = rule.parameters["outcomes"]
        for outcome, said in outcomes.items():
            assert said["words"]["en"] and said["words"]["zh"], (name, outcome)
            assert set(said["after"]) <= {"started", *outcomes}, (name, outcome)
            assert said.get("not_before", "appeal") in {*rule.parameters["deadlines"], "appeal"}
            goes_on = any(outcome in other["after"] for other in outcomes.values())
            assert bool(said.get("runs")) == (goes_on or outcome in ("part_paid", "listed")), (name, outcome)


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
    final = taken("suit", ("granted", ON - timedelta(20)), ("final", ON - timedelta(4)))
    others = others + final if step == "enforcement" else others
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

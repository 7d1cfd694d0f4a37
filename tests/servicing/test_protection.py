"""Hardship granted protects, from the decision to the last payment of the plan, through the one door.

L of 12,000.00 at 0.05 % a day, signed on 10 January 2026; nothing is paid. An instalment is 1,101.15 (the working:
tests/golden/lives/0001). On 16 February the borrower tells of a lost job: 2,600.00 come in, 1,800.00 are needed, a
tenth of the income stays: 540.00 a month are left. The contract asks for 2,202.30 until 10 March: granted.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from afterloan.close import close_through
from afterloan.close.decide import decide
from afterloan.dates import day
from afterloan.enquiry.story import records
from afterloan.facts.act import Answer, Refused, Who
from afterloan.facts.relief import PlanOffered
from afterloan.rebuilding.standing import lines_standing
from afterloan.servicing.desk import Desk, desk_of
from afterloan.servicing.door import approve, do, propose
from afterloan.store.events import events_of
from afterloan.store.server import Store
from afterloan.strategy.holds import held_on
from tests.sending.bankhouse import rows
from tests.strategy.books import borrower, loan, outbox

LEAD = Who("person", "Wang", ("lead", "specialist"), "keyboard")
BORROWER = Who("borrower", "B1", (), "portal")
MEANS = {"income_fen": 260_000, "spending_fen": 180_000}
EVIDENCE = {"name": "notice.pdf", "type": "application/pdf", "bytes": 5_000, "sha256": "a" * 64}


@pytest.fixture
def desk(store: Store) -> Iterator[Desk]:
    with store.connect() as connection:
        borrower(connection, "B1", jurisdiction="CN", mobile="13900001111")
        loan(connection, "L", "B1", "2026-01-10")
    with desk_of(store, datetime(2026, 2, 16, 2, 0, tzinfo=UTC)) as made:
        yield made


def done(desk: Desk, verb: str, asked: dict[str, Any], reference: str, on: str, who: Who = LEAD) -> dict[str, Any]:
    answer = do(desk, who, verb, asked, reference, date.fromisoformat(on))
    assert isinstance(answer, Answer), answer
    return dict(answer.body)


def granted(desk: Desk, means: dict[str, int] = MEANS) -> dict[str, Any]:
    asked = {"borrower": "B1", "cause": "job_loss", "told": "lost my job", "means": means, "evidence": [EVIDENCE]}
    done(desk, "hardship.apply", asked, "H", "2026-02-16")
    return done(desk, "hardship.decide", {"of": "H"}, "HD", "2026-02-17")


def holds(desk: Desk, on: str) -> set[str]:
    return {h.hold for h in held_on(events_of(desk.connection, "B1"), date.fromisoformat(on), "CN")}


def test_a_grant_holds_until_its_review_and_offers_what_can_be_paid(desk: Desk) -> None:
    told = granted(desk)
    assert told["granted"] and told["fits"] and told["affordable_fen"] == 54_000
    assert told["protected_until"] == "2026-05-17"  # 90 days after the application
    assert holds(desk, "2026-02-17") == holds(desk, "2026-05-17") == {"hardship_granted"}
    assert holds(desk, "2026-05-18") == set()
    offers = [e for e in events_of(desk.connection, "B1") if isinstance(e, PlanOffered)]
    assert [o.reference for o in offers] == [f"HD/L/{k}" for k in range(1, len(offers) + 1)]
    for offer in offers:
        assert max(amount for _, amount in offer.simulation["pays"]) <= 54_000, offer.plan


def test_while_it_protects_nobody_reminds_calls_or_debits(desk: Desk) -> None:
    """Days on which the standard ladder wants texts, a queue and debits: none of them is decided."""
    signed = {"borrower": "B1", "source": "card", "account": "62220001"}
    done(desk, "mandate.sign", signed, "M1", "2026-01-10")
    granted(desk)
    close_through(desk.store, day("2026-02-17"))
    for on in range(day("2026-02-18"), day("2026-03-20")):
        close_through(desk.store, on - 1)
        decide(desk.store, on)
    kinds = {(kind, step) for kind, step, *_ in outbox(desk.store, "decided_on >= '2026-02-18'")}
    treated = {(kind, step) for kind, step in kinds if kind not in ("bureau.notice", "task")}
    assert not treated, treated


def test_a_plan_takes_the_place_of_the_hold_and_a_broken_one_gives_it_back(desk: Desk) -> None:
    granted(desk)
    done(desk, "plan.accept", {"of": "HD/L/1"}, "A", "2026-02-18", BORROWER)
    assert holds(desk, "2026-02-18") == {"plan_running"}
    done(desk, "plan.accept", {"of": "HD/L/1"}, "A2", "2026-02-18", BORROWER)  # again: known, nothing more is lifted
    watched = done(desk, "plan.watch", {"of": "HD/L/1"}, "W", "2026-04-20")
    assert watched["state"] == "broken"
    assert holds(desk, "2026-04-20") == {"hardship_granted"} and holds(desk, "2026-05-18") == set()


def test_where_nothing_fits_it_is_said_offered_all_the_same_and_a_person_looks(desk: Desk) -> None:
    told = granted(desk, {"income_fen": 120_000, "spending_fen": 100_000})  # 80.00 a month are left
    assert told["granted"] and not told["fits"] and told["affordable_fen"] == 8_000
    offers = [e for e in events_of(desk.connection, "B1") if isinstance(e, PlanOffered)]
    assert offers and all(o.simulation["reasons"][0].startswith("does not fit: asks for up to ") for o in offers)
    (task,) = rows(desk.store, "select body->>'why' from outbox where kind = 'task' and body->>'queue' = 'hardship'")
    assert task[0].startswith("no plan fits 80.00 a month; ")


def test_two_loans_together_stay_within_what_can_be_paid(desk: Desk) -> None:
    with desk.store.connect() as connection:
        loan(connection, "L2", "B1", "2026-01-12", 300_000)
    # 3,200.00 less 1,800.00 less 320.00: 1,080.00 for both
    told = granted(desk, {"income_fen": 320_000, "spending_fen": 180_000})
    assert told["fits"] and told["affordable_fen"] == 108_000
    offers = {e.loan: e for e in events_of(desk.connection, "B1") if isinstance(e, PlanOffered)}
    assert set(offers) == {"L", "L2"}
    by_month: dict[str, int] = {}
    for offer in offers.values():
        for on, amount in offer.simulation["pays"]:
            by_month[on[:7]] = by_month.get(on[:7], 0) + amount
    assert max(by_month.values()) <= 108_000


def test_one_person_does_not_decide_otherwise_than_the_rule_says(desk: Desk) -> None:
    """The rule says grant (2,202.30 asked, 540.00 affordable): a specialist alone may not refuse, two people may."""
    asked = {"borrower": "B1", "cause": "job_loss", "told": "lost my job", "means": MEANS, "evidence": [EVIDENCE]}
    done(desk, "hardship.apply", asked, "H", "2026-02-16")
    specialist, lead = (
        Who("person", name, (role,), "keyboard") for name, role in (("sun", "specialist"), ("zhao", "lead"))
    )
    refusing, on = {"of": "H", "granted": False, "reasons": ["no paper came"]}, date(2026, 2, 17)
    alone = do(desk, specialist, "hardship.decide", refusing, "HX", on)
    assert isinstance(alone, Refused) and alone.kind == "needs_second_person" and "the rule says grant" in alone.why
    assert isinstance(propose(desk, specialist, "hardship.decide", refusing, "HP", on), Answer)
    agreed = approve(desk, lead, "HP", on)
    assert isinstance(agreed, Answer) and agreed.body["granted"] is False


def test_nobody_agrees_to_a_plan_for_the_borrower_without_a_word_on_how(desk: Desk) -> None:
    granted(desk)
    silent = do(desk, LEAD, "plan.accept", {"of": "HD/L/1"}, "A", date(2026, 2, 18))
    assert isinstance(silent, Refused) and silent.where == "consent"
    done(desk, "plan.accept", {"of": "HD/L/1", "consent": "on the phone, 10:00"}, "A", "2026-02-18")


def test_the_story_names_the_hold_and_the_plan_and_no_reference_of_the_books_own(desk: Desk) -> None:
    granted(desk)
    asked = {"borrower": "B1", "reason": "seen the card", "attributes": {"id_number": "110101199003070038"}}
    done(desk, "person.correct", asked, "C", "2026-02-17")
    done(desk, "plan.accept", {"of": "HD/L/1", "consent": "on the phone"}, "A", "2026-02-18")
    told = [line.text for line in records(desk.connection, "B1")]
    assert [t for t in told if "lifted" in t] == ["hold lifted: hardship review", "hold lifted: hardship granted"]
    # the first offer is the cheaper of two: the rate cut over 32 months
    assert "plan offered: a lower rate and new instalments, 32 times; valid until 2026-03-03" in told
    assert "plan accepted: a lower rate and new instalments, 32 times" in told
    placed = [t for t in told if t.startswith("hold: ")]
    assert placed == [
        "hold: hardship review; hardship applied: job lost",
        "hold: hardship granted; hardship granted: job lost",
        "hold: plan running; plan accepted: a lower rate and new instalments",
    ]
    assert "id number corrected by Wang: seen the card" in told
    assert not [t for t in told if "/" in t or "1101011990" in t], told
    assert "解除暂停：hardship_review" in [line.text for line in records(desk.connection, "B1", "zh")]
    # the hold of a running plan waits for no decision and no review
    stands = [s for s in lines_standing(events_of(desk.connection, "B1"), date(2026, 2, 18)) if s.what == "hold"]
    assert [(s.code, s.lifted_by) for s in stands] == [("plan_running", "end_plan")]

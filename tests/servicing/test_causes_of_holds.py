"""What causes a hold places it, at whichever door it is told; a promise has to be worth the pause it brings."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from afterloan.enquiry.holds import holds_of
from afterloan.enquiry.tasks import tasks
from afterloan.facts.act import Answer, Refused, Who
from afterloan.facts.legal import LegalTakenOver
from afterloan.facts.placement import AgencyPlaced
from afterloan.servicing.desk import Desk, desk_of
from afterloan.servicing.door import do
from afterloan.store.events import tell
from afterloan.store.limits import can_draw, owed_now
from afterloan.store.server import Store
from tests.strategy.books import borrower, loan

ON = date(2026, 2, 20)  # the instalment of 10 February is ten days late
LEAD = Who("person", "Wang", ("lead",), "keyboard")


@pytest.fixture
def desk(store: Store) -> Iterator[Desk]:
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2026-01-10")
    with desk_of(store) as made:
        yield made


def done(desk: Desk, verb: str, reference: str, on: date = ON, **asked: Any) -> Answer:
    answer = do(desk, LEAD, verb, {"borrower": "B1", **asked}, reference, on)
    assert isinstance(answer, Answer), answer
    return answer


def held(desk: Desk, on: date = ON) -> list[str]:
    return [h.hold for h in holds_of(desk.connection, "B1", on)]


def test_a_death_stops_all_and_nothing_ends_it(desk: Desk) -> None:
    done(desk, "person.died", "d1", source="his daughter called")
    assert held(desk) == held(desk, date(2027, 1, 1)) == ["deceased"]
    assert "hold: deceased" in can_draw(desk.connection, "B1", 100, ON).reasons


def test_a_lawyer_and_an_insolvency_hold_until_they_end(desk: Desk) -> None:
    done(desk, "person.lawyer_engaged", "l1", lawyer="Zhao & partners")
    done(desk, "person.insolvency_opened", "i1", court="Hangzhou")
    assert held(desk) == ["insolvency", "lawyer"]
    later = date(2026, 3, 2)
    done(desk, "person.lawyer_left", "l2", later, of="l1")
    assert held(desk, date(2026, 3, 1)) == ["insolvency", "lawyer"] and held(desk, later) == ["insolvency"]
    done(desk, "person.insolvency_closed", "i2", later, of="i1")
    assert held(desk, later) == []


def test_a_step_before_a_court_is_litigation_until_it_ends(desk: Desk) -> None:
    told: dict[str, Any] = {"borrower": "B1", "loan": "L1", "on": date(2026, 1, 15), "known_on": ON}
    tell(desk.connection, LegalTakenOver(**told, reference="t1", step="demand_letter"))
    assert held(desk) == []
    tell(desk.connection, LegalTakenOver(**told, reference="t2", step="suit", ended_on=date(2026, 3, 31)))
    assert held(desk) == ["litigation"] and held(desk, date(2026, 4, 1)) == []


@pytest.mark.parametrize("ends", ["hold.lift", "breathing_space.end"])
def test_a_breathing_space_stops_interest_by_the_plain_door_too(desk: Desk, ends: str) -> None:
    """Ten days at 0.05 % a day on the principal still out, and penalty, are not charged; afterwards both run again."""
    answer = done(
        desk, "hold.place", "h1", hold="breathing_space", reason="adviser", ends_on="2026-04-20", review_on=None
    )
    assert answer.body["interest_stopped"] == ["L1"]
    quiet = [owed_now(desk.connection, "B1", date(2026, 2, d)) for d in (20, 27)]
    assert quiet[0] == quiet[1]
    asked = {"of": "h1", "reason": "settled"} if ends == "hold.lift" else {"of": "h1"}
    answer = do(desk, LEAD, ends, {"borrower": "B1", **asked} if ends == "hold.lift" else asked, "h2", date(2026, 3, 1))
    assert isinstance(answer, Answer), answer
    # the penalty is at once-and-a-half times 0.05 % of the overdue principal, from 1 March on
    assert owed_now(desk.connection, "B1", date(2026, 3, 6)) > quiet[0]
    assert held(desk, date(2026, 3, 2)) == []


def test_a_second_breathing_space_while_one_stands_is_refused_and_leaves_the_first_alone(desk: Desk) -> None:
    """The end of one would bring interest back while the other stands."""
    asked = {"borrower": "B1", "hold": "breathing_space", "reason": "adviser", "ends_on": "2026-04-20"}
    assert isinstance(do(desk, LEAD, "hold.place", asked, "h1", ON), Answer)
    second = do(desk, LEAD, "hold.place", asked | {"reason": "court"}, "h2", date(2026, 2, 23))
    assert isinstance(second, Refused) and second.kind == "conflict"
    assert second.why == "a breathing space stands on L1 already"
    quiet = [owed_now(desk.connection, "B1", date(2026, 2, d)) for d in (20, 27)]
    assert quiet[0] == quiet[1] and held(desk, date(2026, 2, 27)) == ["breathing_space"]
    assert isinstance(do(desk, LEAD, "breathing_space.end", {"of": "h1"}, "h3", date(2026, 3, 1)), Answer)
    assert isinstance(do(desk, LEAD, "hold.place", asked, "h4", date(2026, 3, 2)), Answer), "once it has ended"


def promise(desk: Desk, amount_fen: int, due_on: str) -> Answer | Refused:
    asked = {"borrower": "B1", "amount_fen": amount_fen, "due_on": due_on}
    return do(desk, LEAD, "promise.make", asked, f"p-{amount_fen}-{due_on}", ON)


def test_a_promise_of_a_cent_or_in_nine_years_is_refused_with_what_would_be_taken(desk: Desk) -> None:
    owed = owed_now(desk.connection, "B1", ON)
    least = -(-owed // 5)  # a fifth, rounded up
    for amount, due, column in ((1, "2026-02-27", "amount_fen"), (least - 1, "2026-02-27", "amount_fen"),
                                (owed, "2035-01-01", "due_on"), (owed, "2026-03-24", "due_on")):  # fmt: skip
        refused = promise(desk, amount, due)
        assert isinstance(refused, Refused) and refused.where == column, refused
        would = f"promises.taken takes {least // 100}.{least % 100:02d} or more by 2026-03-23 at the latest"
        assert refused.remedy == would and "at least a fifth of what is owed" in refused.why
    assert isinstance(promise(desk, least, "2026-03-23"), Answer)  # 20 February + 31 days = 23 March


def test_a_term_with_an_agency_ends_with_a_task(desk: Desk) -> None:
    told: dict[str, Any] = {"borrower": "B1", "on": ON, "known_on": ON, "reference": "a1", "agency": "North"}
    tell(desk.connection, AgencyPlaced(**told, until=date(2026, 3, 31), arrears_fen=100, loans=("L1",)))
    assert not [t for t in tasks(desk.connection, (), date(2026, 3, 31)) if t.queue == "agency"]
    (task,) = [t for t in tasks(desk.connection, (), date(2026, 4, 1)) if t.queue == "agency"]
    assert task.what == "the term of North ended on 2026-03-31: take the case back or place it anew"
    assert (task.borrower, task.loans) == ("B1", "L1")
    answer = do(desk, LEAD, "agency.recall", {"of": "a1", "reason": "term over"}, "r1", date(2026, 4, 2))
    assert isinstance(answer, Answer), answer
    assert not [t for t in tasks(desk.connection, (), date(2026, 4, 2)) if t.queue == "agency"]

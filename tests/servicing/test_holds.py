"""A hold withdraws what is planned, whichever door places it; an agency gets nobody who is held."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from afterloan.facts.act import Answer, Who
from afterloan.facts.hold import HoldLifted, HoldPlaced
from afterloan.facts.outbox import Action, AgencyBody, LoanOwed, MessageBody
from afterloan.servicing.desk import Desk, desk_of
from afterloan.servicing.door import do
from afterloan.store.events import borrower_number, tell
from afterloan.store.outbox import put
from afterloan.store.server import Store
from tests.strategy.books import borrower, loan

ON = date(2026, 2, 20)  # the instalment of 10 February is ten days late
LEAD = Who("person", "Wang", ("lead",), "keyboard")
MEANS = {"income_fen": 400_000, "spending_fen": 300_000}
PLANNED = ("message.sms", "agency.place")
DOORS: dict[str, dict[str, Any]] = {
    "hold.place": {"borrower": "B1", "hold": "hardship_review", "reason": "told us", "review_on": "2026-03-20"},
    "hardship.apply": {"borrower": "B1", "cause": "other", "told": "no work", "means": MEANS},
    "breathing_space.start": {"borrower": "B1", "jurisdiction": "UK"},
}


@pytest.fixture
def desk(store: Store) -> Iterator[Desk]:
    with store.connect() as connection:
        borrower(connection, "B1", jurisdiction="UK", timezone="Europe/London")
        loan(connection, "L1", "B1", "2026-01-10")
    with desk_of(store) as made:
        yield made


def plan(desk: Desk) -> None:
    """A text and a placement with an agency, planned for tomorrow."""
    number, _ = borrower_number(desk.connection, "B1")
    at = datetime(2026, 2, 21, 10, tzinfo=UTC)
    text = MessageBody(template="overdue-friendly", purpose="collection")
    place = AgencyBody(loans=(LoanOwed(loan="L1"),), amount_fen=114_000, days_past_due=10)
    bodies = dict(zip(PLANNED, (text, place), strict=True))
    put(desk.connection, [Action(f"plan:{kind}", number, kind, at, ON, None, bodies[kind]) for kind in PLANNED])


def withdrawn(desk: Desk) -> set[str]:
    rows = desk.connection.execute("select body->>'key' from event where kind = 'action.withdrawn'").fetchall()
    return {str(row[0]).removeprefix("plan:") for row in rows}


@pytest.mark.parametrize("verb", DOORS)
def test_a_hold_withdraws_what_is_planned_at_every_door(desk: Desk, verb: str) -> None:
    plan(desk)
    answer = do(desk, LEAD, verb, DOORS[verb], "r-1", ON)
    assert isinstance(answer, Answer), answer
    assert withdrawn(desk) == set(PLANNED) and answer.body["withdrawn"] == len(PLANNED)
    # one act: the hold, what it withdrew, the penalty held, the finding
    for table in ("event", "fact", "finding"):
        rows = desk.connection.execute(f"select distinct act from {table} where act is not null").fetchall()
        assert rows in ([(answer.act,)], []), (table, rows)


def test_an_agency_gets_nobody_who_is_held(desk: Desk) -> None:
    plan(desk)
    # the hold came by another way than a door, so that the proposal stands: placing asks again
    told: dict[str, Any] = {"borrower": "B1", "on": ON, "known_on": ON, "reason": "in debt advice"}
    tell(desk.connection, HoldPlaced(reference="h-1", hold="lawyer", review_on=date(2026, 3, 20), **told))
    asked = {"agency": "acme"}
    first = do(desk, LEAD, "agency.place", asked, "out-1", ON)
    assert isinstance(first, Answer) and first.body["cases"] == 0 and "B1" not in first.body["text"]
    later = date(2026, 2, 21)
    tell(desk.connection, HoldLifted(reference="l-1", of="h-1", **told | {"on": later, "known_on": later}))
    then = do(desk, LEAD, "agency.place", asked, "out-2", later)
    assert isinstance(then, Answer) and then.body["cases"] == 1 and "B1" in then.body["text"]
    again = do(desk, LEAD, "agency.place", asked, "out-2", later)
    assert isinstance(again, Answer) and again.known and again.body["text"] == then.body["text"]  # the file once more

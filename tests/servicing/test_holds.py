"""A hold withdraws what is planned, whichever door places it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from afterloan.facts.act import Answer, Who
from afterloan.servicing.desk import Desk, desk_of
from afterloan.servicing.door import do
from afterloan.store.events import borrower_number
from afterloan.store.outbox import Action, put
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
    at, body = datetime(2026, 2, 21, 10, tzinfo=UTC), {"purpose": "collection", "loans": [{"loan": "L1"}]}
    owed = {"amount_fen": 114_000, "days_past_due": 10}
    put(desk.connection, [Action(f"plan:{kind}", number, kind, at, ON, None, body | owed) for kind in PLANNED])


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

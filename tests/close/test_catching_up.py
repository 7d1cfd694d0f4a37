"""Days left out, in the store: what went by undone is made up once, whatever it was that kept it."""

from datetime import UTC, date, datetime, time
from typing import Any

from psycopg.types.json import Jsonb

from afterloan.close import close_through
from afterloan.close.decide import decide
from afterloan.dates import day
from afterloan.facts.act import Answer, Who
from afterloan.facts.hold import HoldLifted
from afterloan.facts.message import MessageFailed
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.events import tell
from afterloan.store.server import Store
from tests.strategy.books import borrower, loan, outbox

LADDER = """id: short
jurisdiction: CN
status: sample
confidence: I
source: test
effective_from: 2000-01-01
steps:
  - {id: first, day: 1, do: message.sms, template: late, at: "10:00"}
  - {id: firm, day: 5, do: message.sms, template: late, at: "10:00"}
  - {id: work, day: 3, do: worklist, queue: early}
"""
LEAD = Who("person", "Wang", ("lead",), "keyboard")


def ready(store: Store, *loans: tuple[str, str]) -> None:
    with store.connect() as connection:
        connection.execute("insert into setting values ('ladders', %s)", (Jsonb({"CN": LADDER}),))
        for who, signed in loans:
            borrower(connection, who)
            loan(connection, f"L-{who}", who, signed)


def decided(store: Store, *days: str) -> None:
    with store.connect() as connection:
        fresh = connection.execute("select 1 from proof limit 1").fetchone() is None
    for on in days:
        close_through(store, day(on) - 1, only=fresh)
        decide(store, day(on))
        fresh = False


def done(store: Store) -> list[tuple[str, str, str]]:
    return sorted((on, who, step) for _, step, who, on, _ in outbox(store))


def findings(store: Store) -> list[tuple[str, str, Any]]:
    with store.connect() as connection:
        return connection.execute(
            "select decided_on::text, outcome, inputs from finding where about = 'ladder' order by finding"
        ).fetchall()


def test_days_on_which_nothing_was_decided_are_made_up_and_told_once(store: Store) -> None:
    """Due 10 May. Decided on the 10th and the 16th (6 days past due): firm instead of first and firm, and the case."""
    ready(store, ("B1", "2025-04-10"))
    decided(store, "2025-05-10", "2025-05-16", "2025-05-17")
    assert done(store) == [("2025-05-16", "B1", "firm"), ("2025-05-16", "B1", "work")]
    ((on, outcome, told),) = findings(store)
    assert (on, outcome) == ("2025-05-16", "made up")
    assert told["late"] == {"firm": 5, "work": 3} and told["left_out"] == {"first: firm is newer": "1"}
    body = next(body for _, step, *_, body in outbox(store) if step == "firm")
    assert (body["late_days"], body["of_day"]) == (1, 5)
    assert decide(store, day("2025-05-12")).actions == 0  # begun after a later day: it was made up then


def test_a_message_that_did_not_go_out_is_tried_once_more(store: Store) -> None:
    ready(store, ("B1", "2025-04-10"))
    decided(store, "2025-05-10", "2025-05-11")
    for key, why in (("2025-05-11", "too late: it was to go before 22:00"), ("2025-05-12", "too late: again")):
        with store.connect() as connection:
            name, on = f"short/first/B1/{key}", date.fromisoformat(key)
            told: dict[str, Any] = {"borrower": "B1", "on": on, "known_on": on, "channel": "sms", "key": name}
            at = datetime.combine(on, time(15), UTC)
            tell(connection, MessageFailed(**told, at=at, reference=f"failed:{name}", why=why))
        decided(store, "2025-05-12" if key == "2025-05-11" else "2025-05-13")
    assert done(store) == [
        ("2025-05-11", "B1", "first"), ("2025-05-12", "B1", "first"), ("2025-05-13", "B1", "work"),
    ]  # fmt: skip


def test_what_a_hold_took_back_on_its_own_day_is_made_up_when_it_ends(store: Store) -> None:
    """Firm is planned for the 15th; the dispute of that morning takes it back; it ends on the 17th."""
    ready(store, ("B1", "2025-04-10"))
    decided(store, "2025-05-14", "2025-05-15")
    asked = {"borrower": "B1", "hold": "dispute_open", "reason": "paid in cash", "review_on": "2025-06-15"}
    with desk_of(store) as desk:
        answer = do(desk, LEAD, "hold.place", asked, "h1", date(2025, 5, 15))
        assert isinstance(answer, Answer) and answer.body["withdrawn"] >= 1
    decided(store, "2025-05-16", "2025-05-17")
    lifted: dict[str, Any] = {"on": date(2025, 5, 17), "known_on": date(2025, 5, 17), "reason": "it was not"}
    with store.connect() as connection:
        tell(connection, HoldLifted(borrower="B1", reference="h1-up", of="h1", **lifted))
    decided(store, "2025-05-18", "2025-05-19")
    assert [(on, step) for on, _, step in done(store) if step == "firm"] == [
        ("2025-05-15", "firm"), ("2025-05-18", "firm"),
    ]  # fmt: skip


def test_loans_that_come_to_a_running_book_begin_by_the_start_rule(store: Store) -> None:
    """Decided daily for B1; B2's loan comes on the 20th, 10 days late, said to have been known all along."""
    ready(store, ("B1", "2025-05-01"))
    decided(store, "2025-05-18", "2025-05-19")
    with store.connect() as connection:
        borrower(connection, "B2")
        loan(connection, "L-B2", "B2", "2025-04-10")
    decided(store, "2025-05-20", "2025-05-21")
    assert done(store) == [("2025-05-20", "B2", "firm"), ("2025-05-20", "B2", "work")]
    assert [(on, outcome) for on, outcome, _ in findings(store)] == [("2025-05-20", "started")]

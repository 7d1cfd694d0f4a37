"""Whose case it is: taken when free, kept from a second person, handed back by whoever has it."""

import threading
from datetime import date

import adbc_driver_postgresql.dbapi as adbc
import pytest

from afterloan.enquiry.worklist import WorklistAsked, next_for
from afterloan.facts.act import Answer, Refused, Who
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.server import Store
from tests.enquiry.test_worklist import ON, three_late_borrowers
from tests.strategy.books import borrower, repaid

LI, WU = Who("person", "agent-li", ("agent",), "desk"), Who("person", "agent-wu", ("agent",), "desk")
LEAD = Who("person", "lead-wang", ("lead",), "desk")
AUDITOR = Who("person", "auditor-xu", ("auditor",), "desk")


@pytest.fixture
def late(store: Store) -> Store:
    three_late_borrowers(store)
    return store


def act(store: Store, who: Who, verb: str, reference: str, on: date = ON, **asked: str) -> Answer | Refused:
    with desk_of(store) as desk:
        return do(desk, who, verb, {"borrower": "B1", **asked}, reference, on)


def hands(store: Store) -> list[str]:
    """What was told of B1's case, in order: to whom it went, "" for back."""
    with store.connect() as connection:
        rows = connection.execute(
            "select body->>'to' from event where kind = 'case.assigned' order by event"
        ).fetchall()
    return [row[0] for row in rows]


def next_of(store: Store, who: Who) -> str:
    with store.connect() as connection, adbc.connect(store.url) as reader:
        found = next_for(connection, reader, WorklistAsked(ON), who.name)
    return found[1].borrower if found else ""


def test_a_free_case_is_taken_by_one_and_handed_back_by_no_other(late: Store) -> None:
    first = act(late, LI, "case.take", "t1")
    assert isinstance(first, Answer) and first.body["queues"] == ["early"]
    second = act(late, WU, "case.take", "t2")
    assert isinstance(second, Refused) and second.kind == "conflict"
    assert "in the hands of agent-li (early)" in second.why
    assert isinstance(act(late, LI, "case.take", "t3"), Answer), "whoever has it has it still"
    other = act(late, WU, "case.hand_back", "b1")
    assert isinstance(other, Refused) and other.kind == "conflict"
    assert (next_of(late, WU), next_of(late, LI)) == ("B2", "B1")
    assert isinstance(act(late, LI, "case.hand_back", "b2"), Answer)
    assert hands(late) == ["agent-li", ""] and next_of(late, WU) == "B1"
    assert isinstance(act(late, WU, "case.take", "t4"), Answer)


def test_two_who_take_one_case_at_the_same_moment_are_one_who_has_it(late: Store) -> None:
    """Both begin together; the second waits for the borrower's lock and sees what the first told."""
    begin, found = threading.Barrier(2), {}

    def take(who: Who) -> None:
        begin.wait()
        found[who.name] = act(late, who, "case.take", f"take-{who.name}")

    threads = [threading.Thread(target=take, args=(who,)) for who in (LI, WU)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(type(one).__name__ for one in found.values()) == ["Answer", "Refused"]
    assert len(hands(late)) == 1


def test_what_is_no_open_case_or_no_such_queue_is_not_taken(late: Store) -> None:
    with late.connect() as connection:
        borrower(connection, "B9")
    for told, why in (({"borrower": "B9"}, "no open case"), ({"queue": "middle"}, "no open case in the queue middle")):
        refused = act(late, LI, "case.take", f"t-{why}", **told)
        assert isinstance(refused, Refused) and refused.kind == "unknown" and why in refused.why
    with late.connect() as connection:
        repaid(connection, "L1", "2025-05-14", 2_000_000)
    paid = act(late, LI, "case.take", "t-paid")
    assert isinstance(paid, Refused) and paid.kind == "unknown", "its money came today"


def test_a_lead_gives_a_case_an_agent_does_not(late: Store) -> None:
    told = {"queue": "early", "to": "agent-wu"}
    assert isinstance(act(late, LI, "case.assign", "g1", **told), Refused)
    assert isinstance(act(late, AUDITOR, "case.take", "g2"), Refused)
    assert isinstance(act(late, LEAD, "case.assign", "g3", **told), Answer)
    assert (next_of(late, LI), next_of(late, WU)) == ("B2", "B1")

"""A conversation is wrapped up in one act: all that was agreed is told, or nothing of it."""

from datetime import UTC, date, datetime
from typing import Any

from afterloan.enquiry.tasks import tasks
from afterloan.facts.act import Answer, Refused, Who
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.promises import promises_of
from afterloan.store.server import Store
from tests.strategy.books import borrower, loan

ON = date(2025, 5, 14)
TWO = datetime(2025, 5, 14, 6, tzinfo=UTC)
NIGHT = datetime(2025, 5, 14, 15, tzinfo=UTC)
AGENT = Who("person", "li", ("agent",), "test")


def late(store: Store) -> None:
    """12,000.00 lent on 10 April; of the instalment of 10 May 1,184.43 is owed on the 14th and more."""
    with store.connect() as connection:
        borrower(connection, "B1", mobile="13800001234")
        loan(connection, "L1", "B1", "2025-04-10")


def wrapped(store: Store, reference: str, on: date = ON, **asked: Any) -> Answer | Refused:
    with desk_of(store) as desk:
        return do(desk, AGENT, "contact.wrap_up", {"borrower": "B1", "at": TWO, **asked}, reference, on)


def kinds(store: Store) -> list[str]:
    with store.connect() as connection:
        return [row[0] for row in connection.execute("select kind from event order by event").fetchall()]


def test_outcome_promise_and_note_are_one_act_and_sent_twice_are_told_once(store: Store) -> None:
    late(store)
    asked = {"ending": "will_pay", "promise": {"amount_fen": 60_000, "due_on": "2025-05-20"}, "note": "wages come"}
    first, again = wrapped(store, "w1", **asked), wrapped(store, "w1", **asked)
    assert isinstance(first, Answer) and isinstance(again, Answer) and again.known
    assert first.body["against_rule"] == ""
    assert kinds(store)[:4] == ["contact.attempted", "contact.ended", "promise.made", "case.noted"]
    with store.connect() as connection:
        assert [(p.promise.amount_fen, p.outcome) for p in promises_of(connection, "B1", ON)] == [(60_000, "pending")]


def test_a_promise_that_is_not_taken_leaves_nothing_of_the_conversation(store: Store) -> None:
    late(store)
    refused = wrapped(store, "w1", ending="will_pay", promise={"amount_fen": 1, "due_on": "2025-05-20"}, note="x")
    assert isinstance(refused, Refused) and "is too little" in refused.why
    assert kinds(store) == []


def test_what_was_dialled_after_asking_is_ended_once(store: Store) -> None:
    late(store)
    with desk_of(store) as desk:
        do(desk, AGENT, "contact.ask", {"borrower": "B1", "channel": "call", "at": TWO}, "c1", ON)
    assert isinstance(wrapped(store, "w1", ending="no_answer", of="c1"), Answer)
    twice = wrapped(store, "w2", ending="will_not", of="c1")
    assert isinstance(twice, Refused) and twice.kind == "conflict"
    unknown = wrapped(store, "w3", ending="will_not", of="nothing")
    assert isinstance(unknown, Refused) and unknown.kind == "unknown"


def test_a_contact_against_a_rule_happened_and_is_kept_with_the_rule(store: Store) -> None:
    late(store)
    told = wrapped(store, "w1", ending="will_not", at=NIGHT)
    assert isinstance(told, Answer) and told.body["against_rule"] == "cn.gbt45251.quiet-hours"
    assert kinds(store)[:2] == ["contact.attempted", "contact.ended"]
    with store.connect() as connection:
        rows = connection.execute("select rule, outcome from finding").fetchall()
    assert ("cn.gbt45251.quiet-hours", "refused") in rows


def test_who_asks_to_stop_is_not_called_again_and_who_asks_for_a_call_is_a_task_of_that_day(store: Store) -> None:
    late(store)
    wrapped(store, "w1", ending="call_back", call_back_at="2025-05-16T10:00:00+08:00", note="after the shift")
    with store.connect() as connection:
        assert [t.queue for t in tasks(connection, (), date(2025, 5, 15)) if t.queue == "call-back"] == []
        due = [t for t in tasks(connection, (), date(2025, 5, 16)) if t.queue == "call-back"]
    assert [(t.borrower, t.due_on, t.what) for t in due] == [
        ("B1", date(2025, 5, 16), "call back, as agreed: after the shift")
    ]
    at = datetime(2025, 5, 16, 2, tzinfo=UTC)
    wrapped(store, "w2", date(2025, 5, 16), ending="stop", at=at)
    with store.connect() as connection:
        assert [t for t in tasks(connection, (), date(2025, 5, 16)) if t.queue == "call-back"] == []
    assert "contact.opted_out" in kinds(store)
    over = wrapped(store, "w3", date(2025, 5, 16), ending="call_back", call_back_at="2025-05-15T10:00:00+08:00")
    assert isinstance(over, Refused) and over.why == "is over"


def test_endings_and_what_goes_with_them(store: Store) -> None:
    late(store)
    no = wrapped(store, "w1", ending="will_not", promise={"amount_fen": 60_000, "due_on": "2025-05-20"})
    assert isinstance(no, Refused) and "nobody promises" in no.why
    held = wrapped(store, "w2", ending="disputes", note="paid on the 9th",
                   hold={"hold": "dispute_open", "reason": "says it was paid", "review_on": "2025-05-28"})  # fmt: skip
    assert isinstance(held, Answer) and held.body["told"]["hold"] == "w2/hold"

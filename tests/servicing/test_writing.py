"""A person writes to a borrower: a template that says what is so, within the contact rules, with the book's money."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from afterloan.facts.act import Answer, Refused, Who
from afterloan.rules.packs import rules_of
from afterloan.sending.templates import template_of
from afterloan.servicing.desk import Desk, desk_of
from afterloan.servicing.door import do
from afterloan.store.server import Store
from tests.strategy.books import borrower, loan

AGENT = Who("person", "Li", ("agent",), "api")
DUE = date(2026, 2, 10)
"""The first of twelve equal instalments of 12,000.00 at 0.05 % a day, signed on 10 January: 1,101.15."""
NOON, NIGHT = datetime(2026, 2, 10, 4, tzinfo=UTC), datetime(2026, 2, 10, 15, tzinfo=UTC)
"""12:00 and 23:00 in Shanghai; nobody is contacted from 22:00 to 8:00 (GB/T 45251)."""
ASKED = {"borrower": "B1", "template": "reminder-due-today", "channel": "sms"}


@pytest.fixture
def desk(store: Store) -> Iterator[Desk]:
    with store.connect() as connection:
        borrower(connection, "B1", mobile="13800138000")
        loan(connection, "L1", "B1", "2026-01-10")
    with desk_of(store, NOON) as made:
        yield made


def send(desk: Desk, reference: str = "m1", on: date = DUE, who: Who = AGENT, **asked: Any) -> Answer | Refused:
    return do(desk, who, "message.send", ASKED | asked, reference, on)


def put_of(desk: Desk) -> list[tuple[str, datetime, dict[str, Any]]]:
    return desk.connection.execute("select kind, not_before, body from outbox order by action").fetchall()


def test_a_reminder_leaves_now_with_what_is_due_and_once_for_its_reference(desk: Desk) -> None:
    first, again = send(desk), send(desk)
    assert isinstance(first, Answer) and isinstance(again, Answer) and again.known
    assert first.body["leaves_at"] == "2026-02-10T12:00:00+08:00"
    assert (first.body["values"]["amount_fen"], first.body["values"]["due_on"]) == (110_115, "2026-02-10")
    [(kind, at, body)] = put_of(desk)
    assert (kind, at, body["template"], body["purpose"]) == ("message.sms", NOON, "reminder-due-today", "reminder")


def test_at_night_it_is_refused_with_the_clause_and_the_next_moment_and_waits_on_wish(desk: Desk) -> None:
    desk.now = NIGHT
    refused = send(desk)
    assert isinstance(refused, Refused) and refused.kind == "too_early" and put_of(desk) == []
    assert refused.next_at == datetime(2026, 2, 11, 0, tzinfo=UTC), "08:00 in Shanghai"
    assert refused.rule in {rule.id for rule in rules_of("contact")} and "2026-02-11T00:00" in refused.remedy
    told = send(desk, template="hardship-offer", wait=True)
    assert isinstance(told, Answer) and told.body["leaves_at"] == "2026-02-11T08:00:00+08:00"
    [(_, at, _)] = put_of(desk)
    assert at == refused.next_at


def test_who_waits_into_the_next_day_is_told_that_day_s_truth(desk: Desk) -> None:
    """Due on the 10th; at 08:00 on the 11th nothing falls due any more: it is overdue, 1,101.15."""
    desk.now = NIGHT
    refused = send(desk, wait=True)
    assert isinstance(refused, Refused) and refused.why.startswith("would be untrue on 2026-02-11")


@pytest.mark.parametrize(
    ("asked", "kind", "says"),
    [
        ({"template": "overdue-friendly"}, "invalid", "nothing is overdue"),
        ({"template": "reminder-before-due"}, "invalid", "no instalment is ahead"),
        ({"template": "demand-letter"}, "unknown", "not sent by hand"),
        ({"template": "sign-in-code"}, "unknown", "not sent by hand"),
        ({"channel": "email"}, "invalid", "no email is on file"),
    ],
)
def test_what_is_not_so_or_not_a_person_s_to_say_is_refused(
    desk: Desk, asked: dict[str, Any], kind: str, says: str
) -> None:
    refused = send(desk, **asked)
    assert isinstance(refused, Refused) and refused.kind == kind and says in refused.why
    assert put_of(desk) == []


def test_who_wants_no_messages_is_left_in_peace_whatever_the_hour(desk: Desk) -> None:
    do(desk, AGENT, "contact.opt_out", {"borrower": "B1", "channel": "sms"}, "o1", DUE)
    refused = send(desk, wait=True)
    assert isinstance(refused, Refused) and (refused.kind, refused.next_at) == ("forbidden", None)


def test_a_borrower_and_a_role_without_borrowers_may_not(desk: Desk) -> None:
    for who in (Who("borrower", "B1", (), "portal"), Who("person", "Feng", ("administrator",), "api")):
        refused = send(desk, who=who)
        assert isinstance(refused, Refused) and refused.kind == "forbidden"


def test_every_template_of_the_list_is_there_for_that_purpose_and_needs_no_more_than_is_told() -> None:
    """The pack repeats the purpose of a template, as a ladder does: the two may not part."""
    [rule] = rules_of("messages")
    told = {"amount_fen", "arrears_fen", "due_today_fen", "penalty_fen", "owed_fen", "payoff_fen", "due_on", "since_on",
            "days_past_due", "days_to_due", "next_due_in_days", "loans"}  # fmt: skip
    for name, one in rule.parameters["templates"].items():
        template = template_of(name, DUE)
        assert template.purpose == one["purpose"], name
        assert set(template.needs) <= (told if one["purpose"] != "service" else set()), name

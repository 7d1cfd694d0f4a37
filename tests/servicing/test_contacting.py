"""How a borrower may be reached: told at the door, kept by the governor, and what was planned otherwise withdrawn."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from afterloan.desk.keyboard.doing import kinds_sent
from afterloan.enquiry.contacting import standing_told
from afterloan.enquiry.tasks import tasks
from afterloan.facts.act import Answer, Refused, Who
from afterloan.facts.contact import ContactAttempted, ContactEnded
from afterloan.facts.outbox import Action, NoticeTask
from afterloan.servicing.desk import Desk, desk_of
from afterloan.servicing.door import approve, do, propose
from afterloan.store.contacts import withdrawn
from afterloan.store.events import events_of, tell
from afterloan.store.outbox import put
from afterloan.store.server import Store
from tests.sending.messages_kit import NOON, action
from tests.strategy.books import borrower, loan

ON = date(2026, 3, 13)
AGENT = Who("person", "Li", ("agent",), "keyboard")
BUREAU = Who("person", "Zhao", ("bureau",), "keyboard")
LEAD = Who("person", "Wang", ("lead",), "keyboard")
SHA = "a" * 64


@pytest.fixture
def desk(store: Store) -> Iterator[Desk]:
    with store.connect() as connection:
        number = borrower(connection, "B1", mobile="13800138000", email="b1@example.com")
        loan(connection, "L1", "B1", "2026-01-10")
        for channel in ("sms", "email"):
            put(connection, [action(channel, number, channel)])
        put(connection, [action("chat", number, "chat", purpose="service"), action("zh", number, "push")])
    with desk_of(store) as made:
        yield made


def told(desk: Desk, verb: str, reference: str, **asked: Any) -> dict[str, Any]:
    answer = do(desk, AGENT, verb, {"borrower": "B1", **asked}, reference, ON)
    assert isinstance(answer, Answer), answer
    return dict(answer.body)


def may(
    desk: Desk, reference: str, channel: str, at: str = "2026-03-13T12:00:00+08:00", **more: Any
) -> tuple[bool, str]:
    body = told(desk, "contact.ask", reference, channel=channel, at=at, **more)
    return body["allowed"], body["why"]


def gone(desk: Desk) -> set[str]:
    return {key for key in ("sms", "email", "chat", "zh") if withdrawn(desk.connection, key)}


def test_a_channel_no_longer_wanted_withdraws_what_was_planned_on_it(desk: Desk) -> None:
    assert told(desk, "contact.opt_out", "o1", channel="sms")["withdrawn"] == 1
    assert gone(desk) == {"sms"}
    assert may(desk, "a1", "sms") == (False, "the borrower no longer wants sms")
    assert may(desk, "a2", "email")[0]
    told(desk, "contact.consent", "c1", channel="sms")
    assert may(desk, "a3", "sms")[0]


def test_who_wants_nothing_and_agrees_to_one_channel_again_wants_no_other(desk: Desk) -> None:
    told(desk, "contact.opt_out", "o1", channel="all")
    assert gone(desk) == {"sms", "email", "chat", "zh"}
    assert may(desk, "a1", "email") == (False, "the borrower wants no contact")
    told(desk, "contact.consent", "c1", channel="email")
    assert may(desk, "a2", "email")[0]
    assert may(desk, "a3", "sms") == (False, "the borrower no longer wants sms")  # once open again


def test_a_wish_for_hours_and_for_a_language(desk: Desk) -> None:
    assert "withdrawn" not in told(desk, "contact.wish", "w1", not_before="18:00", not_after="20:00")
    assert "18:00 to 20:00" in may(desk, "a1", "sms")[1]
    body = told(desk, "contact.wish", "w2", language="fr")
    # four messages in Chinese are planned, and nothing is written in French
    assert body["withdrawn"] == 4 and body["said"].startswith("no message is written in fr: there are en and zh-CN")
    assert "18:00 to 20:00" in may(desk, "a2", "chat")[1]  # a language says nothing of hours
    refused = do(desk, AGENT, "contact.wish", {"borrower": "B1", "language": "French"}, "w3", ON)
    assert isinstance(refused, Refused) and refused.where == "language"
    told(desk, "contact.wish", "w4")
    assert may(desk, "a3", "sms")[0]


def test_hours_agreed_open_the_evening_and_are_one_stretch_of_a_day(desk: Desk) -> None:
    late = "2026-03-13T22:30:00+08:00"
    assert not may(desk, "a1", "sms", late)[0]
    told(desk, "contact.agree_hours", "h1", not_before="20:00", not_after="23:00")
    assert may(desk, "a2", "sms", late)[0]
    asked = {"borrower": "B1", "not_before": "22:00", "not_after": "02:00"}
    refused = do(desk, AGENT, "contact.agree_hours", asked, "h2", ON)
    assert isinstance(refused, Refused) and "ends before it begins" in refused.why


def test_only_a_person_whom_the_borrower_named_is_ever_asked_and_never_again_once_they_refuse(desk: Desk) -> None:
    lost: dict[str, Any] = {"borrower": "B1", "on": ON, "known_on": ON, "at": datetime(2026, 3, 13, 1, tzinfo=UTC)}
    tell(desk.connection, ContactAttempted(**lost, reference="t", channel="call", purpose="collection", address="138"))
    tell(desk.connection, ContactEnded(**lost, reference="t:end", of="t", outcome="invalid"))
    aunt = {"person": "third", "who": "aunt", "purpose": "locate"}
    allowed, why = may(desk, "a1", "call", **aunt)
    assert not allowed and "was named by nobody" in why and "`afterloan contact name B1 WHO --person third`" in why
    told(desk, "contact.name_person", "n1", who="aunt", person="third", address="13900139000")
    assert may(desk, "a2", "call", **aunt)[0]
    assert may(desk, "a3", "call", **{**aunt, "person": "debt_related"}) == (
        False,
        "aunt is on file as third, not as debt_related",
    )
    told(desk, "contact.refuse_person", "r1", who="aunt")
    later = {**aunt, "at": "2026-03-13T14:00:00+08:00"}
    assert may(desk, "a4", "call", **later)[1] == "aunt asked to be left alone: never again"
    shown = standing_told(desk.connection, "B1", ON)
    assert shown.persons == (("aunt", "third", "13900139000", True),)
    assert "persons        aunt (third, 13900139000, refused)" in shown.lines()


def test_a_notice_delivered_ends_its_task_and_names_itself(desk: Desk) -> None:
    body = NoticeTask(queue="bureau-notice", loans=("L1",), notice="notice.adverse:pboc:L1")
    put(desk.connection, [Action("task:n", 1, "task", NOON, ON, 1, body)])
    assert [t.key for t in tasks(desk.connection, kinds_sent(), ON)] == ["task:n"]
    answer = do(desk, BUREAU, "bureau.notice_delivered", {"loan": "L1", "bureau": "pboc"}, "d1", ON)
    assert isinstance(answer, Answer), answer
    (event,) = events_of(desk.connection, "B1", ["bureau.notice_delivered"])
    assert event.body()["key"] == "notice.adverse:pboc:L1"
    assert tasks(desk.connection, kinds_sent(), ON) == []


def test_fraud_is_found_by_one_and_confirmed_by_another_who_are_those_who_did_it(desk: Desk) -> None:
    asked = {"loan": "L1", "sha256": SHA}
    refused = do(desk, BUREAU, "bureau.fraud_confirmed", asked, "f0", ON)
    assert isinstance(refused, Refused) and refused.kind == "needs_second_person"
    operator = Who("person", "root", ("operator",), "keyboard")
    alone = do(desk, operator, "bureau.fraud_confirmed", asked, "f0", ON)  # nor by who may do all
    assert isinstance(alone, Refused) and alone.kind == "needs_second_person"
    assert isinstance(propose(desk, BUREAU, "bureau.fraud_confirmed", asked, "f1", ON), Answer)
    own = approve(desk, BUREAU, "f1", ON)
    assert isinstance(own, Refused)
    done = approve(desk, LEAD, "f1", ON)
    assert isinstance(done, Answer), done
    assert (done.body["found_by"], done.body["confirmed_by"]) == ("Zhao", "Wang")
    assert done.body["withdrawn"] >= 2 and {"sms", "email"} <= gone(desk)
    reviews = [t for t in tasks(desk.connection, [], ON + timedelta(days=30)) if t.queue == "review"]
    assert [(t.borrower, t.due_on) for t in reviews] == [("B1", ON + timedelta(days=30))]

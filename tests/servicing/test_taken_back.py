"""One row of what is to leave is withdrawn by a person: before it left, never after, and the drain drops it."""

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from afterloan.facts.act import Answer, Refused, Who
from afterloan.sending import drain_batch
from afterloan.sending.channels import read_setting
from afterloan.sending.drain_work import drain
from afterloan.servicing.desk import Desk, desk_of
from afterloan.servicing.door import do
from afterloan.store import sending
from afterloan.store.outbox import put
from afterloan.store.server import Store
from tests.sending.messages_kit import NOON, action, borrowers, plan, steps

ON = date(2026, 3, 13)
LEAD = Who("person", "Wang", ("lead",), "desk")


@pytest.fixture
def desk(store: Store) -> Iterator[Desk]:
    borrowers(store, 2)
    plan(store, [action("one", 1, "sms"), action("two", 2, "sms")])
    with desk_of(store) as made:
        yield made


def take_back(desk: Desk, key: str, reference: str = "w-1", who: Who = LEAD) -> Answer | Refused:
    return do(desk, who, "outbox.withdraw", {"action": key, "reason": "sent by post already"}, reference, ON)


def leave(store: Store, folder: Path) -> None:
    told = {"sms": {"use": "spool", "folder": str(folder)}}
    drain(store, only=("sms",), moment=NOON, told=read_setting(told))


def test_it_does_not_leave_and_the_others_do(desk: Desk, store: Store, tmp_path: Path) -> None:
    done = take_back(desk, "one")
    assert isinstance(done, Answer) and done.body["borrower"] == "B1" and done.body["kind"] == "message.sms"
    again = take_back(desk, "one")
    assert isinstance(again, Answer) and again.known, "the same again is answered as the first time"
    leave(store, tmp_path)
    assert steps(store, "one") in ([], ["0:dropped"]) and steps(store, "two")[-1] == "1:sent"
    refused = take_back(desk, "two", "w-2")
    assert isinstance(refused, Refused) and (refused.kind, refused.why) == ("conflict", "it was sent")
    twice = take_back(desk, "one", "w-3")
    assert isinstance(twice, Refused) and "withdrawn before: sent by post already" in twice.why


def test_who_may_not_and_what_is_no_such_row_are_told_so(desk: Desk) -> None:
    agent = take_back(desk, "one", who=Who("person", "Li", ("agent",), "desk"))
    assert isinstance(agent, Refused) and agent.kind == "forbidden"
    nothing = take_back(desk, "none")
    assert isinstance(nothing, Refused) and nothing.kind == "unknown"


def test_a_notice_of_the_law_is_not_withdrawn_by_hand(desk: Desk) -> None:
    put(desk.connection, [action("law", 1, "letter", purpose="legal_notice")])
    refused = take_back(desk, "law")
    assert isinstance(refused, Refused) and "the law asks for" in refused.why


def test_what_leaves_at_that_very_moment_is_either_withdrawn_or_sent_never_both(
    desk: Desk, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The drain has looked whether the row was withdrawn and has not begun to send: a person withdraws it just then."""
    looked, answers = threading.Event(), []
    known = sending.withdrawn_now

    def person() -> None:
        with desk_of(store) as other:
            answers.append(take_back(other, "one"))

    withdrawing = threading.Thread(target=person)

    def and_then(connection: Any, keys: Any) -> set[str]:
        found = known(connection, keys)
        if not looked.is_set():
            looked.set()
            withdrawing.start()
            withdrawing.join(1)  # without the lock the person is done within this second, and the message leaves too
        return found

    monkeypatch.setattr(drain_batch.sending, "withdrawn_now", and_then)
    leave(store, tmp_path)
    withdrawing.join(20)
    (answer,) = answers
    assert steps(store, "one")[-1] == "1:sent"
    assert isinstance(answer, Refused) and answer.why in ("it was sent", "it is leaving just now")

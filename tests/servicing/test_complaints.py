"""Complaints: a clock from the pack, a task until the answer, nobody else's."""

from datetime import date
from typing import Any

import pytest

from afterloan.enquiry.tasks import kinds_sent, tasks
from afterloan.facts.act import Answer, Refused, Who
from afterloan.rules.packs import rules_of
from afterloan.sending.channels import LENDER
from afterloan.sending.templates import render, template_of
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.complaints import complaints_on
from afterloan.store.server import Store
from tests.strategy.books import bodies, borrower

ON = date(2026, 2, 10)
AGENT, HE = Who("person", "li", ("agent",), "api"), Who("person", "he", ("specialist",), "desk")
SAID: dict[str, Any] = {"borrower": "B1", "about": "contact", "text": "你们晚上给我单位打电话。"}


def test_a_complaint_is_a_task_with_a_clock_until_it_is_answered(store: Store) -> None:
    with store.connect() as connection:
        borrower(connection, "B1")
    with desk_of(store) as desk:
        raised = do(desk, AGENT, "complaint.raise", SAID, "c1", ON)
        assert isinstance(raised, Answer) and raised.body["answer_by"] == "2026-02-25"  # 10 February + 15 days
        assert do(desk, AGENT, "complaint.raise", SAID, "c1", ON) == Answer(
            raised.act, "complaint.raise", raised.body, True
        )
        [task] = tasks(desk.connection, kinds_sent(), ON)
        assert (task.queue, task.borrower, task.due_on) == ("complaint", "B1", date(2026, 2, 25))
        assert "c1" in task.what and "complaint.answer of=c1" in task.todo
        told = {"of": "c1", "outcome": "upheld", "text": "您说得对，我们已停止拨打单位电话。"}
        refused = do(desk, AGENT, "complaint.answer", told, "a0", ON)
        assert isinstance(refused, Refused) and refused.kind == "forbidden"
        late = date(2026, 2, 27)
        done = do(desk, HE, "complaint.answer", told, "a1", late)
        assert isinstance(done, Answer) and done.body["late_days"] == 2
        assert tasks(desk.connection, kinds_sent(), late) == []
        letter, inbox = bodies(desk.connection, "o.key like 'complaint-answer:%'")
        assert [(key, kind) for key, kind, _ in (letter, inbox)] == [
            ("complaint-answer:c1:letter", "message.letter"), ("complaint-answer:c1:push", "message.push"),
        ]  # fmt: skip
        for _, _, body in (letter, inbox):
            assert (body["template"], body["purpose"], body["response"]) == ("complaint-answered", "service", True)
            assert body["values"] == {"reference": "c1", "outcome": "upheld", "answer": told["text"]}
        again = do(desk, HE, "complaint.answer", told | {"text": "x"}, "a2", late)
        assert isinstance(again, Refused) and "2026-02-27" in again.why
        [one] = complaints_on(desk.connection, late)
        assert (one.about, one.outcome, one.answered_on) == ("contact", "upheld", late)
        assert complaints_on(desk.connection, late, answered=False) == []
        assert len(complaints_on(desk.connection, ON, answered=False)) == 1, "as of the day on which it waited"


def test_the_clock_is_that_of_the_borrower_s_place_where_it_has_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty days for the US: raised on 10 February, answered by 11 April; all others keep fifteen, 25 February."""
    [anywhere] = [rule for rule in rules_of("complaints") if "days" in rule.parameters]
    there = anywhere.model_copy(update={"id": "us.complaint", "jurisdiction": "US", "parameters": {"days": 60}})
    monkeypatch.setattr("afterloan.servicing.complaints.rules_of", lambda pack: (anywhere, there))
    with store.connect() as connection:
        borrower(connection, "B1", jurisdiction="US")
        borrower(connection, "B2", jurisdiction="CN")
    with desk_of(store) as desk:
        for who, by in (("B1", "2026-04-11"), ("B2", "2026-02-25")):
            raised = do(desk, AGENT, "complaint.raise", SAID | {"borrower": who}, f"c-{who}", ON)
            assert isinstance(raised, Answer) and raised.body["answer_by"] == by


def test_who_has_an_address_of_e_mail_is_answered_there_and_reads_the_answer_to_the_letter(store: Store) -> None:
    """Done twice, written once; the words are those of who answered."""
    with store.connect() as connection:
        borrower(connection, "B1", email="b1@example.com", address="Road 1")
    with desk_of(store) as desk:
        do(desk, AGENT, "complaint.raise", SAID, "c1", ON)
        told = {"of": "c1", "outcome": "partly", "text": "We gave 3.20 back.\nThe rest was due."}
        for _ in range(2):
            assert isinstance(do(desk, HE, "complaint.answer", told, "a1", ON), Answer)
        rows = [(kind, body) for _, kind, body in bodies(desk.connection, "o.kind like 'message.%'")]
        assert [kind for kind, _ in rows] == ["message.email", "message.push"]
    for language, says in (("en", "you were right in part"), ("zh", "部分属实")):
        template = template_of("complaint-answered", ON)
        text = render(template, language, rows[0][1]["values"], LENDER, channel="email", jurisdiction="CN", on=ON)
        assert says in text.body and told["text"] in text.body and "c1" in text.body


@pytest.mark.parametrize(("verb", "told"), [("complaint.answer", {"of": "none", "outcome": "upheld", "text": "x"}),
                                            ("complaint.raise", SAID | {"borrower": "B2"})])  # fmt: skip
def test_what_is_not_there_is_refused(store: Store, verb: str, told: dict[str, Any]) -> None:
    with desk_of(store) as desk:
        found = do(desk, HE, verb, told, "r", ON)
        assert isinstance(found, Refused) and found.kind == "unknown"


def test_a_borrower_complains_for_themself_alone(store: Store) -> None:
    with store.connect() as connection:
        borrower(connection, "B1")
        borrower(connection, "B2")
    with desk_of(store) as desk:
        mine = Who("borrower", "B1", (), "portal")
        assert isinstance(do(desk, mine, "complaint.raise", SAID, "m1", ON), Answer)
        other = do(desk, mine, "complaint.raise", SAID | {"borrower": "B2"}, "m2", ON)
        assert isinstance(other, Refused) and other.kind == "unknown"

"""Every kind of outbox row has a record, and a channel, people who work it, or a task: none lies where nobody looks."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from afterloan.desk.keyboard.doing import kinds_sent
from afterloan.enquiry.tasks import tasks
from afterloan.facts.act import Answer, Who
from afterloan.facts.outbox import OUTBOX, PEOPLE, TASKS, Action, BodyRefused, DisputeAnswerBody, read_body
from afterloan.sending.drain import channels
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.outbox import put
from afterloan.store.server import Store
from afterloan.strategy.ladder import ACTIONS, LIMITS
from tests.strategy.books import borrower

SOURCE = Path(__file__).parents[2] / "src" / "afterloan"
ON = date(2026, 3, 13)
LEAST: dict[str, dict[str, Any]] = {
    "message": {"template": "overdue-friendly"},
    "notice.adverse": {"template": "bureau-adverse-notice"},
    "bureau.notice": {"template": "bureau-notice"},
    "worklist": {"queue": "early"},
    "legal.file": {"proposal": "p", "step": "payment_order", "loan": "L1", "claim_fen": 1},
    "bureau.dispute_answer": {"bureau": "pboc", "dispute": "d", "outcome": "accurate", "reason": "as reckoned"},
    "task": {"queue": "bureau-dispute", "dispute": "d", "answer_by": "2026-04-01"},
}
"""What a row of each kind says at least; the kinds that are not here may say nothing."""


ANSWER = DisputeAnswerBody(bureau="pboc", dispute="d", outcome="accurate", reason="as reckoned")


def least(kind: str) -> dict[str, Any]:
    return LEAST.get(kind) or LEAST.get(kind.split(".")[0], {})


def test_every_kind_has_a_record_and_who_does_it() -> None:
    """The register against the channels, both ways, and against the ladder's actions."""
    by_channel = {kind: name for name, channel in channels().items() for kind in channel.kinds}
    assert by_channel == {kind: told.done_by for kind, told in OUTBOX.items() if told.done_by not in PEOPLE}
    assert set(ACTIONS) - set(LIMITS) <= set(OUTBOX)
    for kind in OUTBOX:
        assert read_body(kind, least(kind)).told() == least(kind), kind


def test_rows_are_written_from_records_alone() -> None:
    """Nobody writes into the outbox but `put` and the decision of a day, which both take an `Action`."""
    writers = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if re.search(r"insert into outbox|_copy\([^)]*\"outbox\"", path.read_text(encoding="utf-8"))
    }
    assert writers == {"store/outbox.py", "close/decide.py"}


def test_every_queue_of_tasks_has_a_record() -> None:
    for queue, record in TASKS.items():
        assert record.model_fields["queue"].default == queue
    with pytest.raises(BodyRefused, match="queue 'attic': there is no such queue of tasks"):
        read_body("task", {"queue": "attic"})
    with pytest.raises(BodyRefused, match="there is no such kind of action"):
        read_body("message.pigeon", {})
    with pytest.raises(BodyRefused, match=r"template: Field required"):
        read_body("message.sms", {"purpose": "collection"})
    with pytest.raises(AssertionError, match=r"DisputeAnswerBody as debit\.attempt"):
        body = read_body("bureau.dispute_answer", LEAST["bureau.dispute_answer"])
        Action("k", 1, "debit.attempt", datetime(2026, 3, 13, tzinfo=UTC), ON, None, body)


def test_every_kind_of_outbox_row_has_a_channel_or_becomes_a_task(store: Store) -> None:
    """One row of each kind for a borrower without any loan, so without any arrears: what no channel sends is shown."""
    sent = kinds_sent()
    with psycopg.connect(store.as_owner().url) as connection:
        number = borrower(connection, "B1")
        at = datetime(2026, 3, 13, 8, tzinfo=UTC)
        # what a legal action needs first is no matter here: a guard of the store is left aside
        connection.execute("set local session_replication_role = replica")
        put(connection, [Action(f"of:{k}", number, k, at, ON, None, read_body(k, least(k))) for k in OUTBOX])
        shown = {t.key: t for t in tasks(connection, sent, ON)}
    for kind in set(OUTBOX) - {"agency.place"}:
        assert (kind in sent) != (f"of:{kind}" in shown), kind
    assert "agency.place" in sent and "of:agency.place" in shown, "goes out by file, once a person has placed it"
    assert shown["of:bureau.dispute_answer"].what == "bureau.dispute_answer is sent by no channel"
    assert shown["of:task"].what == "answer dispute d" and shown["of:task"].due_on == date(2026, 4, 1)


def test_a_row_that_cannot_be_read_is_shown_with_why(store: Store) -> None:
    """Written by hand, or by a version that said it otherwise."""
    with store.connect() as connection:
        number = borrower(connection, "B1")
        connection.execute(
            "insert into outbox (key, borrower, kind, not_before, body, decided_on) values "
            "('old', %s, 'task', now(), '{\"queue\": \"bureau-dispute\"}', %s)", (number, ON),
        )  # fmt: skip
        (task,) = tasks(connection, kinds_sent(), ON)
    assert (task.key, task.queue) == ("old", "unreadable")
    assert task.what == "do old by hand, it was not done: dispute: Field required (stands: {'queue': 'bureau-dispute'})"


def test_the_task_of_a_borrower_who_is_current_can_be_finished(store: Store) -> None:
    with psycopg.connect(store.as_owner().url) as connection:
        number = borrower(connection, "B1")
        at = datetime(2026, 3, 13, 8, tzinfo=UTC)
        put(connection, [Action("answer", number, "bureau.dispute_answer", at, ON, None, ANSWER)])
    with desk_of(store) as desk:
        bureau = Who("person", "Zhao", ("bureau",), "keyboard")
        assert isinstance(do(desk, bureau, "task.done", {"of": "answer", "how": "posted"}, "t1", ON), Answer)
        assert tasks(desk.connection, kinds_sent(), ON) == []
        (done,) = tasks(desk.connection, kinds_sent(), ON, done_too=True)
    assert done.done_by == "Zhao"

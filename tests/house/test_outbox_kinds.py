"""Every kind of outbox row has a channel, is worked by people, or is a task: nothing is put where nobody looks."""

import ast
import re
from datetime import UTC, date, datetime
from pathlib import Path

from afterloan.desk.keyboard.doing import kinds_sent
from afterloan.enquiry.tasks import tasks
from afterloan.facts.act import Answer, Who
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.outbox import Action, put
from afterloan.store.server import Store
from afterloan.strategy.ladder import ACTIONS, LIMITS
from tests.strategy.books import borrower

SOURCE = Path(__file__).parents[2] / "src" / "afterloan"
KIND = re.compile(r"(message|debit|bureau|legal|notice|agency|charge_off|task|worklist)(\.[a-z_]+)?")
PUTTERS = ("Action", "_act")
ON = date(2026, 3, 13)


def kinds_put() -> set[str]:
    """Kinds in calls that make outbox rows, in tuples that feed them, and the ladder's (but for changes of lines)."""
    found = set(ACTIONS) - set(LIMITS)
    for path in SOURCE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "Action(" not in text and "_act(" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in PUTTERS:
                told = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
                found |= {word for word in told if KIND.fullmatch(word)}
            if isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple):  # for kind, … in (("notice.adverse", …
                first = [e.elts[0] for e in node.iter.elts if isinstance(e, ast.Tuple) and e.elts]
                words = [e.value for e in first if isinstance(e, ast.Constant) and isinstance(e.value, str)]
                found |= {word for word in words if KIND.fullmatch(word)}
    return found


def test_every_kind_of_outbox_row_has_a_channel_or_becomes_a_task(store: Store) -> None:
    """One row of each kind for a borrower without any loan, so without any arrears: what no channel sends is shown."""
    kinds = kinds_put()
    assert {"bureau.dispute_answer", "notice.adverse", "legal.file", "message.letter", "bureau.notice"} <= kinds
    sent = kinds_sent()
    with store.connect() as connection:
        number = borrower(connection, "B1")
        at = datetime(2026, 3, 13, 8, tzinfo=UTC)
        # what a legal action needs first is no matter here: a guard of the store is left aside
        connection.execute("set local session_replication_role = replica")
        put(connection, [Action(f"of:{k}", number, k, at, ON, None, {"queue": "q"}) for k in sorted(kinds)])
        shown = {t.key: t for t in tasks(connection, sent, ON)}
    for kind in kinds:
        assert (kind in sent) != (f"of:{kind}" in shown), kind
    assert shown["of:bureau.dispute_answer"].what == "bureau.dispute_answer is sent by no channel"


def test_the_task_of_a_borrower_who_is_current_can_be_finished(store: Store) -> None:
    with store.connect() as connection:
        number = borrower(connection, "B1")
        at = datetime(2026, 3, 13, 8, tzinfo=UTC)
        put(connection, [Action("answer", number, "bureau.dispute_answer", at, ON, None, {"bureau": "pboc"})])
    with desk_of(store) as desk:
        bureau = Who("person", "Zhao", ("bureau",), "keyboard")
        assert isinstance(do(desk, bureau, "task.done", {"of": "answer", "how": "posted"}, "t1", ON), Answer)
        assert tasks(desk.connection, kinds_sent(), ON) == []
        (done,) = tasks(desk.connection, kinds_sent(), ON, done_too=True)
    assert done.done_by == "Zhao"

"""Verb of what is planned and has not left yet: one row of the outbox is withdrawn by a person, with a reason."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import psycopg
from pydantic import Field

from afterloan.facts import FactRefused
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.servicing.withdrawal import Gone, withdraw

ROW = (
    "select o.kind, o.borrower, coalesce(o.body->>'purpose', ''), b.reference, "
    "coalesce((select step from sending s where s.action = o.action order by entry desc limit 1), ''), "
    "(select body->>'reason' from event e where e.reference = 'withdrawn:' || o.key) "
    "from outbox o join borrower b using (borrower) where o.key = %s"
)
OVER = {"sent": "it was sent", "refused": "it was refused when it was to leave", "dropped": "it was dropped",
        "started": "it is leaving just now", "unknown": "it is in doubt whether it left",
        "doubt": "it is in doubt whether it left"}  # fmt: skip
"""Why a row of that last step can no longer be withdrawn; one that is tried again (`again`) can."""


class WithdrawAction(Asked):
    """The `action` of the outbox, named by its key, is not to be done.

    `reason` says why, and stands where the action is listed.
    """

    action: str = Field(min_length=1, max_length=190)
    reason: str = Field(min_length=1, max_length=2_000)

    def borrowers(self, connection: psycopg.Connection[Any]) -> Sequence[str]:
        """Whose action it is. Raises FactRefused (unknown)."""
        return [str(_row(connection, self.action)[3])]


def withdraw_action(desk: Desk, asked: WithdrawAction, on: date) -> dict[str, Any]:
    """Withdraw it, under the borrower's lock, which the drain takes before it begins to send.

    Raises FactRefused (conflict): it left, is leaving or was withdrawn before; a person's task, which is finished
    instead; a notice that the law asks for.
    """
    kind, number, purpose, borrower, step, withdrawn = _row(desk.connection, asked.action)
    if withdrawn is not None:
        raise _no(asked.action, f"was withdrawn before: {withdrawn}", "nothing is left to do")
    if step in OVER:
        raise _no(asked.action, OVER[step], "`GET /v1/outbox` says what became of it")
    if kind == "task":
        raise _no(asked.action, "is a task of a person", "finish the task: `afterloan task done`")
    if purpose == "legal_notice":
        raise _no(asked.action, "is a notice that the law asks for", "end what it gives notice of instead")
    withdraw(desk.connection, [Gone(asked.action, number, asked.reason)], on)
    return {"action": asked.action, "borrower": borrower, "kind": kind, "reason": asked.reason}


def _row(connection: psycopg.Connection[Any], key: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = connection.execute(ROW, (key,)).fetchone()
    if row is None:
        raise FactRefused("action", key, "no action of that key", "`afterloan list outbox` lists them", "unknown")
    return row


def _no(key: str, why: str, remedy: str) -> FactRefused:
    return FactRefused("action", key, why, remedy, "conflict")

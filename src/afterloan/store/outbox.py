"""Actions to be done outside: committed with the decision that wants them, under a key of their own."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from afterloan.rules.packs import Finding


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do: `kind` (message.sms, debit.attempt, letter, bureau.file …), not before a moment.

    `key` is stable: the same decision taken twice has the same key and is written once. It goes with every
    send, so that a receiver that honours keys never acts twice. `borrower` and `loan` are store numbers.
    """

    key: str
    borrower: int
    kind: str
    not_before: datetime
    decided_on: date
    loan: int | None = None
    body: dict[str, Any] = field(default_factory=dict)


def put(connection: psycopg.Connection[Any], actions: Iterable[Action]) -> int:
    """Write actions in the caller's transaction, leaving those whose key is there; returns how many are new."""
    rows = [(a.key, a.borrower, a.loan, a.kind, a.not_before, Jsonb(a.body), a.decided_on) for a in actions]
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into outbox (key, borrower, loan, kind, not_before, body, decided_on) "
            "values (%s, %s, %s, %s, %s, %s, %s) on conflict (key) do nothing",
            rows,
        )
        return cursor.rowcount


def put_findings(connection: psycopg.Connection[Any], findings: Iterable[tuple[int, int | None, str, Finding]]) -> None:
    """Keep findings: (borrower number, loan number or None, what it is about, finding)."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into finding (decided_on, borrower, loan, about, rule, outcome, inputs) "
            "values (%s, %s, %s, %s, %s, %s, %s)",
            [
                (f.on, borrower, loan, about, f.rule, f.outcome, Jsonb(dict(f.inputs)))
                for borrower, loan, about, f in findings
            ],
        )

"""Actions to be done outside: committed with the decision that wants them, under a key of their own."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

import psycopg
from psycopg.types.json import Jsonb

from afterloan.facts.outbox import Action, BodyRefused, OutboxBody, UnreadableTask, read_body
from afterloan.rules.packs import Finding


def put(connection: psycopg.Connection[Any], actions: Iterable[Action]) -> int:
    """Write actions in the caller's transaction, leaving those whose key is there; returns how many are new."""
    rows = [(a.key, a.borrower, a.loan, a.kind, a.not_before, a.body.text(), a.decided_on) for a in actions]
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into outbox (key, borrower, loan, kind, not_before, body, decided_on) "
            "values (%s, %s, %s, %s, %s, %s::jsonb, %s) on conflict (key) do nothing",
            rows,
        )
        return cursor.rowcount


def unreadable(key: str, borrower: int, kind: str, why: BodyRefused, on: date) -> Action:
    """The task of a person that an action becomes which cannot be read; once, whoever comes upon it."""
    body = UnreadableTask(queue="unreadable", key=key, kind=kind, why=str(why))
    return Action(f"unreadable:{key}", borrower, "task", datetime.combine(on, time(8), UTC), on, None, body)


Body = TypeVar("Body", bound=OutboxBody)


def readable(
    connection: psycopg.Connection[Any],
    record: type[Body],
    key: str,
    borrower: int,
    kind: str,
    told: dict[str, Any],
    on: date,
) -> Body | None:
    """A row's body; None where it does not say what its kind asks for, which then is a task of a person."""
    try:
        body = read_body(kind, told)
    except BodyRefused as refusal:
        put(connection, [unreadable(key, borrower, kind, refusal, on)])
        return None
    assert isinstance(body, record), f"{key}: {kind} is no {record.__name__}"
    return body


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

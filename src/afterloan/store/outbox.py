"""Actions to be done outside: committed with the decision that wants them, under a key of their own."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

import psycopg

from afterloan.facts.outbox import Action, BodyRefused, OutboxBody, UnreadableTask, read_body
from afterloan.rules.packs import Finding


def put(connection: psycopg.Connection[Any], actions: Iterable[Action]) -> int:
    """Write actions in the caller's transaction, leaving those whose key is there; returns how many are new."""
    rows = [(a.key, a.borrower, a.loan, a.kind, a.not_before, a.body.text(), a.decided_on) for a in actions]
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(PUT, [list(column) for column in zip(*rows, strict=True)])
        return cursor.rowcount


PUT = (
    "insert into outbox (key, borrower, loan, kind, not_before, body, decided_on) "
    "select key, borrower, loan, kind, not_before, body::jsonb, decided_on from unnest(%s::text[], %s::bigint[], "
    "%s::bigint[], %s::text[], %s::timestamptz[], %s::text[], %s::date[]) with ordinality "
    "a(key, borrower, loan, kind, not_before, body, decided_on, n) order by n on conflict (key) do nothing"
)
"""All of a shard in one statement: a night asks for as many actions as there are borrowers in reach of it."""


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
    rows = [
        (f.on, borrower, loan, about, f.rule, f.outcome, json.dumps(dict(f.inputs)))
        for borrower, loan, about, f in findings
    ]
    if rows:
        connection.execute(FOUND, [list(column) for column in zip(*rows, strict=True)])


FOUND = (
    "insert into finding (decided_on, borrower, loan, about, rule, outcome, inputs) "
    "select decided_on, borrower, loan, about, rule, outcome, inputs::jsonb from unnest(%s::date[], %s::bigint[], "
    "%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[]) with ordinality "
    "f(decided_on, borrower, loan, about, rule, outcome, inputs, n) order by n"
)

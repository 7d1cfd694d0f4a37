"""Actions to be done outside: committed with the decision that wants them, under a key of their own.

Of a message what tells of a person (`PERSONAL`) stands apart from its body, under the borrower's own key; `put_whole`
of `store/persons.py` puts the two together again. What the night decides tells of nobody: it asks for no key.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

import psycopg

from afterloan.facts.outbox import (
    OUTBOX,
    Action,
    BodyRefused,
    MessageBody,
    OutboxBody,
    UnreadableTask,
    read_body,
)
from afterloan.rules.packs import Finding
from afterloan.store.persons import words_at, words_for

PERSONAL = ("to", "who")
"""Fields of a message's body that tell of a person: the address and the third person it is to."""
PERSONAL_VALUES = ("name", "caller", "answer", "reason", "account_tail")
"""Values of a message's text that tell of a person, or that somebody wrote freely."""
WORDS = words_at("outbox", "o", "key", "words")
"""SQL: what `parted` took out of the body of a row `o` of a borrower `b`."""


def put(connection: psycopg.Connection[Any], actions: Iterable[Action]) -> int:
    """Write actions in the caller's transaction, leaving those whose key is there; returns how many are new."""
    asked = [(a, *_parted(a)) for a in actions]
    if not asked:
        return 0
    kept = words_for(connection, [(a.borrower, f"outbox|{a.key}", personal) for a, _, personal in asked])
    rows = [
        (a.key, a.borrower, a.loan, a.kind, a.not_before, text, a.decided_on, words)
        for (a, text, _), words in zip(asked, kept, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(PUT, [list(column) for column in zip(*rows, strict=True)])
        return cursor.rowcount


PUT = (
    "insert into outbox (key, borrower, loan, kind, not_before, body, decided_on, words) "
    "select key, borrower, loan, kind, not_before, body::jsonb, decided_on, words from unnest(%s::text[], "
    "%s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[], %s::text[], %s::date[], %s::bytea[]) with ordinality "
    "a(key, borrower, loan, kind, not_before, body, decided_on, words, n) order by n on conflict (key) do nothing"
)
"""All of a shard in one statement: a night asks for as many actions as there are borrowers in reach of it."""


def _parted(action: Action) -> tuple[str, dict[str, Any]]:
    """The body of an action as JSON text, and what was taken out of it."""
    body = action.body
    if not isinstance(body, MessageBody) or not (body.to or body.who or body.values.keys() & PERSONAL_VALUES):
        return body.text(), {}
    clear, personal = parted(action.kind, body.told())
    return json.dumps(clear, ensure_ascii=False), personal


def parted(kind: str, told: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The body of an action as it stands in clear, and what of it tells of a person: empty of all but messages.

    `parted("message.sms", {"to": "139…", "values": {"name": "Wei", "fen": 1}})` is `({"values": {"fen": 1}},
    {"to": "139…", "values": {"name": "Wei"}})`.
    """
    clear = dict(told)
    if kind not in OUTBOX or not issubclass(OUTBOX[kind].body, MessageBody):
        return clear, {}
    personal = {name: clear.pop(name) for name in PERSONAL if clear.get(name)}
    values = clear.get("values")
    hidden = [name for name in values if name in PERSONAL_VALUES] if isinstance(values, Mapping) else []
    if values and hidden:
        personal["values"] = {name: values[name] for name in hidden}
        clear["values"] = {name: value for name, value in values.items() if name not in hidden}
    return clear, personal


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

"""What one act wrote: facts, events, entries, actions, findings; also of an act that is only tried."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

import psycopg


@dataclass(frozen=True, slots=True)
class ActWrote:
    """Rows of an act: references of facts, kinds of events, keys of actions and of those withdrawn, and counts."""

    facts: list[str]
    events: list[str]
    entries: int
    entries_fen: int
    actions: list[str]
    withdrawn: list[str]
    findings: list[dict[str, str]]

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


WITHDRAWN = "action.withdrawn"


def last_entry(connection: psycopg.Connection[Any]) -> int:
    """The number of the newest entry; 0 before the first."""
    row = connection.execute("select coalesce(max(entry), 0) from entry").fetchone()
    assert row is not None
    return int(row[0])


ENTRIES = (
    "select count(*), coalesce(sum(amount_fen), 0)::bigint from entry where entry > %(after)s and loan in "
    "(select loan from contract where borrower = any(%(borrowers)s))"
)


def written_by(connection: psycopg.Connection[Any], act: int, after: int, borrowers: Collection[int]) -> ActWrote:
    """What act `act` wrote, as this transaction sees it.

    Entries carry no act: those of the act are the ones of its `borrowers` (store numbers, locked by it) that are newer
    than entry `after`, the newest before it.
    """

    def rows(sql: str) -> list[tuple[Any, ...]]:
        return connection.execute(sql, {"act": act, "after": after, "borrowers": list(borrowers)}).fetchall()

    events = rows("select kind, reference, body from event where act = %(act)s order by event")
    entries = rows(ENTRIES)
    findings = rows("select about, rule, outcome from finding where act = %(act)s order by finding")
    return ActWrote(
        [str(r[0]) for r in rows("select reference from fact where act = %(act)s order by 1")],
        [str(kind) for kind, _, _ in events if kind != WITHDRAWN],
        int(entries[0][0]),
        int(entries[0][1]),
        [str(r[0]) for r in rows("select key from outbox where act = %(act)s order by action")],
        [str(name).removeprefix("withdrawn:") for kind, name, _ in events if kind == WITHDRAWN],
        [{"about": str(a), "rule": str(r), "outcome": str(o)} for a, r, o in findings],
    )

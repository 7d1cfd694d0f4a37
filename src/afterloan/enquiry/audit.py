"""Who looked at whom, what was refused, and whether the record of both is whole: for the auditor, and for borrowers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from afterloan.store.seen import CHAINED, kept, links


@dataclass(frozen=True, slots=True)
class LookedAtMe:
    """Somebody of the lender's looked at a borrower's record: when, in which role (never by name), at which field."""

    at: datetime
    role: str
    field: str


def looked_at(connection: psycopg.Connection[Any], borrower: str, limit: int = 100) -> list[LookedAtMe]:
    """Who looked at a borrower's record, the newest first; what they read of their own is left out."""
    rows = kept(connection, "seen", borrower, limit=limit)
    return [
        LookedAtMe(row["at"], row["roles"][0] if row["roles"] else row["who_kind"], row["field"])
        for row in rows
        if row["who_kind"] != "borrower"
    ]


def chain_told(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """Whether every row of `seen` and `denied` follows from the one before, and the last head that a close sealed.

    `whole` tells of these two; `afterloan verify` looks at everything that was sealed.
    """
    told: dict[str, Any] = {"whole": True, "broken": []}
    for table in CHAINED:
        count = 0
        for number, _, good in links(connection, table):
            count += 1
            if not good:
                told["broken"].append({"table": table, "number": number})
        told[table] = count
    row = connection.execute(
        "select closed_on::text, encode(head, 'hex') from seal_day order by closed_on desc limit 1"
    ).fetchone()
    told |= {"whole": not told["broken"], "sealed_through": row[0] if row else None, "head": row[1] if row else None}
    return told

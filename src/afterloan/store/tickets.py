"""Tickets of the lender's app: a secret that lets one borrower in once, within a minute; the book keeps its digest."""

import secrets
from datetime import datetime, timedelta
from typing import Any

import psycopg

from afterloan.store.sittings import digest_of

GOOD_FOR = timedelta(seconds=60)


def make_ticket(connection: psycopg.Connection[Any], borrower: str, by: str, now: datetime) -> str | None:
    """A ticket for a borrower, told once; None where there is none of that reference."""
    secret = secrets.token_urlsafe(32)
    done = connection.execute(
        "insert into portal_ticket (digest, borrower, made_by, made_at, ends_at) "
        "select %s, borrower, %s, %s, %s from borrower where reference = %s",
        (digest_of(secret), by, now, now + GOOD_FOR, borrower),
    )
    return secret if done.rowcount == 1 else None


def use_ticket(connection: psycopg.Connection[Any], secret: str, now: datetime) -> str | None:
    """Whom a ticket lets in, used up; None: none, used, or older than a minute."""
    row = connection.execute(
        "update portal_ticket t set used_at = %(now)s from borrower b where t.digest = %(digest)s "
        "and t.used_at is null and t.ends_at > %(now)s and b.borrower = t.borrower returning b.reference",
        {"now": now, "digest": digest_of(secret)},
    ).fetchone()
    return str(row[0]) if row else None

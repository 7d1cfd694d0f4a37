"""How much is in the book and how far it has come: asked often, so it reads nothing heavy."""

from typing import Any

import psycopg


def last_day_told(connection: psycopg.Connection[Any]) -> str:
    """The last day closed, else the last day of which a fact tells, else today, YYYY-MM-DD."""
    row = connection.execute(
        "select coalesce((select max(closed_on) from proof), (select max(on_day) from fact), current_date)::text"
    ).fetchone()
    assert row is not None
    return str(row[0])


def counts(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """How much is in the book, and the last day closed (None before the first)."""
    row = connection.execute(
        "select (select count(*) from borrower), (select count(*) from contract), (select count(*) from fact), "
        "(select count(*) from entry), (select max(closed_on)::text from proof)"
    ).fetchone()
    assert row is not None
    return dict(zip(("borrowers", "loans", "facts", "entries", "closed_through"), row, strict=True))

"""The roles in which somebody works at a door: those the book gives, and appointments of the day."""

from datetime import date
from typing import Any

import psycopg

from afterloan.store.legal import people
from afterloan.store.settings import Setting, setting


def roles_of(
    connection: psycopg.Connection[Any], kind: str, name: str, seat: tuple[str, ...], on: date
) -> tuple[str, ...]:
    """Roles of a person on a day: of a demonstration's `seat`, else those the book gives, with appointments.

    A borrower has none: what is theirs to do, the pack `permissions` says of borrowers.
    """
    if kind == "borrower":
        return ()
    given = seat or tuple(setting(connection, Setting.ROLES).get(name, ()))
    return (*given, *people(connection, on, name).get(name, ()))

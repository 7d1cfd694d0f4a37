"""Borrowers of a demonstration whom everybody follows: those whose lives are told, else one of each kind of arrears."""

from typing import Any

import psycopg

from afterloan.store.settings import Setting, setting


def pinned(connection: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    """The pinned borrowers: `borrower` and a `title` by language; none in a book that is no demonstration."""
    return list(setting(connection, Setting.CLOCK).get("pinned", ()))

"""Opens connections to the database of a book; no other place does.

A connection refuses binary fractions: money and numbers of rows are whole, and a fraction in a condition makes the
database walk a table whole (see `store.ids`).
"""

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

if TYPE_CHECKING:
    import adbc_driver_postgresql.dbapi as adbc


class _NoFraction(Dumper):
    """Stands where psycopg would write a fraction into a statement."""

    def dump(self, obj: Any) -> Buffer | None:
        raise TypeError(
            f"{obj!r} is a fraction: what goes into the book is whole minor units and whole numbers of rows"
        )


class _NoFractionBinary(_NoFraction):
    format = Format.BINARY


FRACTIONS = (float, "numpy.float16", "numpy.float32", "numpy.float64")


def connect_to(url: str, *, autocommit: bool = False) -> psycopg.Connection[Any]:
    """A connection to a libpq URL; whoever opens it closes it. Raises psycopg.OperationalError."""
    connection: psycopg.Connection[Any] = psycopg.connect(url, autocommit=autocommit)
    for kind in FRACTIONS:
        connection.adapters.register_dumper(kind, _NoFractionBinary)
        connection.adapters.register_dumper(kind, _NoFraction)
    return connection


def reader_to(url: str) -> "adbc.Connection":
    """A connection that gives rows as Arrow, in bulk; it sees what is committed, statement by statement."""
    import adbc_driver_postgresql.dbapi as adbc  # here: most commands read few rows and need no Arrow

    return adbc.connect(url, autocommit=True)

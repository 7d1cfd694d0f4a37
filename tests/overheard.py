"""What a process asks of the database, statement by statement."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from adbc_driver_manager import dbapi

Sent = tuple[str, Any]


@contextmanager
def overheard(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Sent]]:
    """Every statement that this process sends meanwhile, with its parameters."""
    sent: list[Sent] = []
    plain, many, arrow = psycopg.Cursor.execute, psycopg.Cursor.executemany, dbapi.Cursor.execute

    def execute(self: Any, query: Any, params: Any = None, **how: Any) -> Any:
        sent.append((str(query), params))
        return plain(self, query, params, **how)

    def executemany(self: Any, query: Any, rows: Any, **how: Any) -> Any:
        rows = list(rows)
        sent.extend((str(query), row) for row in rows[:1])
        return many(self, query, rows, **how)

    def execute_arrow(self: Any, query: Any, parameters: Any = None) -> Any:
        sent.append((str(query), parameters))
        return arrow(self, query, parameters)

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", execute)
        patch.setattr(psycopg.Cursor, "executemany", executemany)
        patch.setattr(dbapi.Cursor, "execute", execute_arrow)
        yield sent

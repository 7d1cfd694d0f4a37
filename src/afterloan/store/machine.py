"""The machine under a book: its database's version, its disk, the folder of its home."""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from afterloan.store.server import Store, home

LITTLE = 5_000_000_000
"""Bytes free below which somebody should look: a close over a million loans writes about a gigabyte."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a book stands on. `server`: 150004 for PostgreSQL 15.4; `free`, `size` in bytes."""

    python: str
    server: int
    tables: str
    free: int
    size: int
    folder: Path

    @property
    def server_told(self) -> str:
        """`15.4`."""
        return f"{self.server // 10_000}.{self.server % 10_000}"


def machine_of(store: Store) -> Machine:
    """What a store stands on, asked in one query. Raises psycopg.OperationalError where the server does not answer."""
    folder = home()
    with store.connect(autocommit=True) as connection:
        row = connection.execute(
            "select version_num, pg_database_size(current_database()) from alembic_version"
        ).fetchone()
        assert row is not None
        server = connection.info.server_version
    place = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(place).free
    return Machine(sys.version.split()[0], server, row[0], free, row[1], folder)

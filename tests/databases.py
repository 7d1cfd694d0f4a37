"""Databases of tests: copied file by file from one that has its tables, in memory where the machine has room for it.

Each of two thousand tests has a database of its own. On a disk a copy (290 tables and indexes, 12 MB) takes 0.2 to 1.2
seconds, in memory 0.05: what is written there is gone with the machine, and so is every test.
"""

import shutil
import tempfile
from pathlib import Path

import psycopg

from afterloan.store.server import Store, open_store
from afterloan.store.shards import set_shards

TEMPLATE = "book_as_new"
"""The database with its tables and nothing in them, of which `made` is a copy."""
MEMORY = Path("/dev/shm")
SHARDS = 4
"""Shards of a test's book: a night costs some milliseconds a shard, and the books of tests are small."""
ROOM = 8_000_000_000
"""Bytes that must be free in memory: the servers of two workers with the largest book of the tests stay below 2 GB."""


def home() -> Path:
    """A new folder for the server of a test process, which whoever asks removes."""
    folder = Path(tempfile.mkdtemp(prefix="afterloan-test-", dir=MEMORY if _room() else None))
    folder.chmod(0o755)
    return folder


def _room() -> bool:
    """Whether memory can be used as a disk here, and has room enough."""
    try:
        told = dict(line.split(":") for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
        available = int(told["MemAvailable"].split()[0]) * 1024
        return min(available, shutil.disk_usage(MEMORY).free) > ROOM
    except (OSError, KeyError):
        return False


def made(server: Store, name: str, template: str = TEMPLATE) -> Store:
    """The book in a new database of a name. What had that name is gone; nobody may be connected to the template."""
    # on a disk, PostgreSQL first writes out all that it holds in memory before it copies files
    how = "file_copy" if str(MEMORY) in server.url else "wal_log"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)")
        connection.execute(f"create database {name} template {template} strategy {how}")
    return open_store(server.url.replace("/postgres?", f"/{name}?"))


def divided(store: Store, number: int) -> None:
    """A book without borrowers has so many shards."""
    with psycopg.connect(store.as_owner().url) as connection:
        set_shards(connection, number)


CUT = (
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() "
    "and pid <> pg_backend_pid()"
)
"""Cuts every connection to a book but the one it is said on, as when PostgreSQL is stopped for a new version."""


def dropped(server: Store, name: str) -> None:
    """The database of a name is gone, whoever is connected to it."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)")

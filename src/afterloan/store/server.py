"""Where the database is: the embedded server in a folder of its own, or the one that a URL names."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from afterloan.store.connect import PREPARED_BY, close_pools, connected, url_behind
from afterloan.store.embedded import StoreRefused, embedded
from afterloan.store.embedded import home as home
from afterloan.store.persons import knows_persons
from afterloan.store.role import ROLE, in_role, may_work_in_role, out_of_role, works_as_owner
from afterloan.store.shards import FOR_SHOW, SHARDS, set_shards, shards_asked, shards_of

URL = "AFTERLOAN_DATABASE_URL"
OWNER_URL = "AFTERLOAN_OWNER_URL"
OLDEST = 140000  # PostgreSQL 14


PREPARED_BY.append(knows_persons)


@dataclass(frozen=True, slots=True)
class Store:
    """A database that holds one book. `url` is a libpq URL."""

    url: str

    @contextmanager
    def connect(self, autocommit: bool = False) -> Iterator[psycopg.Connection[Any]]:
        """A connection; its transaction commits when the block ends well and rolls back when it does not.

        `autocommit`: each statement commits by itself, and transactions are opened by name.
        """
        with connected(self.url, autocommit) as connection:
            yield connection

    def shards(self) -> int:
        """How many shards the book has."""
        with self.connect() as connection:
            return shards_of(connection)

    def close(self) -> None:
        """Let all connections of this process to the book go: before its database goes away."""
        close_pools(self.url)

    def as_owner(self) -> "Store":
        """The same book as the owner of its tables: for migrations and a restore, and nothing else."""
        return Store(os.environ.get(OWNER_URL) or out_of_role(self.url))

    def migrate(self) -> "Store":
        """Bring the tables to this version; the book as afterloan works on it, in a role that owns no table.

        Raises StoreRefused: an older server, a database whose text is not UTF-8, or the tables of a newer afterloan.
        Two plain queries tell whether there is anything to do; what does it is read only then.
        """
        with self.connect(autocommit=True) as connection:
            encoding = connection.info.parameter_status("server_encoding")
            if encoding != "UTF8":
                raise StoreRefused(
                    f"the database {connection.info.dbname} keeps text as {encoding}, in which not every name can be "
                    f"written: `create database NAME encoding 'UTF8' template template0`, and name that in {URL}"
                )
            server, tables = connection.info.server_version, _tables_are_at(connection)
        if server < OLDEST:
            raise StoreRefused(
                f"the server is PostgreSQL {server // 10000}; afterloan needs 14 or newer: "
                f"point {URL} at a newer one, or unset it to use the embedded server"
            )
        newest = newest_tables()
        if tables > newest:
            raise StoreRefused(
                f"the book's tables are of version {tables}, this afterloan knows them up to {newest}: "
                "use the newer afterloan that was here before"
            )
        if tables < newest:
            self._upgrade(tables, newest)
        with self.connect(autocommit=True) as connection:
            worked_on = Store(in_role(self.url)) if may_work_in_role(connection) else self
        if worked_on != self:
            self.close()
        return worked_on

    def _upgrade(self, tables: str, newest: str) -> None:
        """What only the owner of the tables may do. Raises StoreRefused: who is signed in is not."""
        from afterloan.store.migrate import upgrade

        owner = self.as_owner()
        if tables:
            with owner.connect() as connection:
                if not works_as_owner(connection):
                    raise StoreRefused(
                        f"the book's tables are of version {tables}, this afterloan works on {newest}, and {URL} is "
                        f"not their owner: run `afterloan status` once with {OWNER_URL} set to the owner's address"
                    )
        upgrade(owner.url)
        if owner != self:
            owner.close()


def newest_tables() -> str:
    """The version to which this afterloan brings the tables: the number of the last migration, `0009`."""
    return max(path.name[:4] for path in (Path(__file__).parent / "migrations" / "versions").glob("[0-9]*.py"))


def _tables_are_at(connection: psycopg.Connection[Any]) -> str:
    """The version that the tables have; "" where there are none."""
    try:
        row = connection.execute("select version_num from alembic_version").fetchone()
    except psycopg.errors.UndefinedTable:
        return ""
    return str(row[0]) if row else ""


def open_store(url: str | None = None) -> Store:
    """The store of `url`, of AFTERLOAN_DATABASE_URL, or the embedded one in AFTERLOAN_HOME; tables up to date.

    A book without borrowers gets as many shards as AFTERLOAN_SHARDS says. Raises StoreRefused when the server does not
    answer, or when a book with borrowers has another number of shards.
    """
    shards = shards_asked()
    named = url or os.environ.get(URL)
    store = Store(named.replace("postgresql+psycopg://", "postgresql://") if named else embedded(home() / "pg"))
    try:
        worked_on = store.migrate()
        if shards is not None:
            _divide(worked_on, shards)
        return worked_on
    except psycopg.errors.InsufficientPrivilege as error:
        raise StoreRefused(
            f"the database lets its user of {URL} do too little: {str(error).strip()}; grant {ROLE} to it"
        ) from error
    except psycopg.OperationalError as error:
        raise StoreRefused(
            f"the database does not answer: {str(error).strip()}; check {URL} (now {named or 'not set: embedded'})"
        ) from error


def _divide(store: Store, shards: int) -> None:
    """Have a book divided into so many shards, unless it is. Raises StoreRefused: it has borrowers already."""
    if store.shards() == shards:
        return
    owner = store.as_owner()
    with owner.connect() as connection:
        if not works_as_owner(connection):
            raise StoreRefused(
                f"{SHARDS} asks for {shards} shards and {URL} is not the owner of the book's tables: "
                f"run `afterloan status` once with {OWNER_URL} set to the owner's address"
            )
        set_shards(connection, shards)
    if owner != store:
        owner.close()


def divide_for_show(store: Store, shards: int = FOR_SHOW) -> None:
    """Few shards for a book without borrowers that is made to be looked at, unless AFTERLOAN_SHARDS says how many.

    A book with borrowers, or whose owner's address is not known, stays as it is: only slower.
    """
    if shards_asked() is None:
        with suppress(StoreRefused):
            _divide(store, shards)


def store_behind(connection: psycopg.Connection[Any]) -> Store:
    """The book that a connection is open to, for more connections to the same."""
    return Store(url_behind(connection))

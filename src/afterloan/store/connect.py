"""Opens connections to the database of a book, one pool for a process and a book; no other place does.

A connection refuses binary fractions: money and numbers of rows are whole, and a fraction in a condition makes the
database walk a table whole (see `store.ids`).
"""

import atexit
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from select import POLLERR, POLLHUP, POLLIN, poll
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.conninfo import make_conninfo
from psycopg.pq import Format
from psycopg.types.json import set_json_loads

from afterloan.tracing import span, tracing

if TYPE_CHECKING:
    import adbc_driver_postgresql.dbapi as adbc
    from psycopg_pool import ConnectionPool


class _NoFraction(Dumper):
    """Stands where psycopg would write a fraction into a statement."""

    def dump(self, obj: Any) -> Buffer | None:
        raise TypeError(
            f"{obj!r} is a fraction: what goes into the book is whole minor units and whole numbers of rows"
        )


class _NoFractionBinary(_NoFraction):
    format = Format.BINARY


FRACTIONS = (float, "numpy.float16", "numpy.float32", "numpy.float64")


class _Told(psycopg.Cursor[Any]):
    """A cursor whose statements are spans: the words without their values, which are sent apart."""

    def execute(self, query: Any, params: Any = None, **more: Any) -> Self:
        with span("statement", text=_words(query)):
            return super().execute(query, params, **more)

    def executemany(self, query: Any, params_seq: Any, **more: Any) -> None:
        with span("statement", text=_words(query)):
            super().executemany(query, params_seq, **more)


def _words(query: Any) -> str:
    return " ".join(query.split())[:LONGEST] if isinstance(query, str) else "composed"


LONGEST = 300
"""Letters of a statement that its span has."""


PREPARED_BY: list[Callable[[psycopg.Connection[Any]], None]] = []
"""What else every connection is taught: to read what is enciphered (`store/persons.py`, which stands above)."""


def _prepare(connection: psycopg.Connection[Any]) -> None:
    """What every connection has, before anything is asked of it."""
    from pydantic_core import from_json  # some five times as fast as Python's own, and a night reads a row of it a fact

    if tracing():
        connection.cursor_factory = _Told
    set_json_loads(from_json, connection)
    for knows in PREPARED_BY:
        knows(connection)
    for kind in FRACTIONS:
        connection.adapters.register_dumper(kind, _NoFractionBinary)
        connection.adapters.register_dumper(kind, _NoFraction)


def url_behind(connection: psycopg.Connection[Any]) -> str:
    """The libpq URL to which a connection is open, for more connections to the same."""
    told: dict[str, Any] = dict(connection.info.get_parameters())
    if connection.info.password:
        told["password"] = connection.info.password
    return make_conninfo(**told)


def connect_to(url: str, *, autocommit: bool = False) -> psycopg.Connection[Any]:
    """A connection of its own to a libpq URL; whoever opens it closes it. Raises psycopg.OperationalError at once.

    For the first look at a server, and for what must not be shared; all else takes one from the pool (`pool_to`).
    """
    connection: psycopg.Connection[Any] = psycopg.connect(url, autocommit=autocommit)
    _prepare(connection)
    return connection


GONE = ("57P01", "57P02", "57P03", "57P05", "08")
"""SQLSTATEs, or their beginnings, of a server that stops, died, is not up yet, or of a line that is broken."""
GONE_WORDS = ("server closed the connection", "no connection to the server", "terminating connection")


def is_lost(error: BaseException | None) -> bool:
    """Whether something failed because the server went away or the line to it broke, whichever driver says so.

    What was done in that transaction is undone; asked again when the server is back, it may well succeed.
    """
    while error is not None:
        state = getattr(error, "sqlstate", None)
        if isinstance(error, psycopg.OperationalError) and (state is None or state.startswith(GONE)):
            return True
        if type(error).__module__.startswith("adbc_driver_manager"):
            told = str(error).lower()
            if (state or "").startswith(GONE) or any(words in told for words in GONE_WORDS):
                return True
        error = error.__cause__ or error.__context__
    return False


def _still_open(connection: psycopg.Connection[Any]) -> None:
    """Look whether a connection that waited in the pool is still there, before it is given out.

    Where the server went away or ended it, the end of the line, or its last word, waits to be read: only then it is
    asked. Asking each time would cost each answer of the desk a way to the server and back.
    """
    from psycopg_pool import ConnectionPool

    looked = poll()
    looked.register(connection.fileno(), POLLIN | POLLHUP | POLLERR)
    if looked.poll(0):
        ConnectionPool.check_connection(connection)


MOST = 64
"""Most connections of a process to one book: each thread at work has one, and a reader beside it."""
_POOLS: dict[str, "ConnectionPool[psycopg.Connection[Any]]"] = {}
_MAKING = Lock()


def pool_to(url: str) -> "ConnectionPool[psycopg.Connection[Any]]":
    """The one pool of this process to a URL, opened when first asked for; its connections are made when needed.

    One that was idle for ten minutes is closed; one that the server closed meanwhile is replaced before it is given
    out. Whoever waits 30 seconds for one gets psycopg_pool.PoolTimeout, a psycopg.OperationalError.
    """
    if url not in _POOLS:
        from psycopg_pool import ConnectionPool  # here: a command that asks nothing of the book does not need it

        with _MAKING:
            if url not in _POOLS:
                _POOLS[url] = ConnectionPool(
                    url, min_size=0, max_size=MOST, open=True, num_workers=1, name="afterloan",
                    configure=_prepare, check=_still_open,
                )  # fmt: skip
    return _POOLS[url]


@dataclass(slots=True)
class _First:
    """The first connection of a process to a book, lent to one at a time."""

    connection: psycopg.Connection[Any]
    busy: Lock = field(default_factory=Lock)

    def lives(self) -> bool:
        """Whether the server still answers on it."""
        if self.connection.closed:
            return False
        try:
            self.connection.autocommit = True
            self.connection.execute("")
            self.connection.autocommit = False
        except psycopg.OperationalError:
            return False
        return True


_FIRST: dict[str, _First] = {}
_FREE: "dict[str, list[adbc.Connection]]" = {}
"""Readers that are open and that nobody has just now."""
_KEPT: "dict[str, adbc.Connection]" = {}
"""Readers that this process keeps for its next shard."""


def _lent(url: str) -> _First | None:
    """The first connection, if nobody has it and no pool was needed yet; made at once, or psycopg.OperationalError."""
    with _MAKING:
        if url in _POOLS:
            return None
        if url not in _FIRST:
            _FIRST[url] = _First(connect_to(url))
            _FIRST[url].busy.acquire()
            return _FIRST[url]
    first = _FIRST[url]
    if not first.busy.acquire(blocking=False):
        return None
    if not first.lives():
        first.connection.close()
        first.connection = connect_to(url)
    return first


@contextmanager
def connected(url: str, autocommit: bool = False) -> Iterator[psycopg.Connection[Any]]:
    """A connection that nobody else has meanwhile; it commits when the block ends well and rolls back when it does not.

    While a process needs one at a time, as nearly every command does, it has one and no pool; from the moment at which
    a second is needed beside it, all come from the pool. `autocommit`: each statement commits by itself.
    """
    first = _lent(url)
    if first is None:
        with pool_to(url).connection() as connection, _ended_well(connection, autocommit):
            yield connection
        return
    try:
        with _ended_well(first.connection, autocommit):
            yield first.connection
    finally:
        first.busy.release()


@contextmanager
def _ended_well(connection: psycopg.Connection[Any], autocommit: bool) -> Iterator[None]:
    """Commit, or take back what broke off; a connection that cannot even do that is closed."""
    connection.autocommit = autocommit
    try:
        yield
        connection.commit()
    except BaseException:
        try:
            connection.rollback()
        except psycopg.Error:
            connection.close()
        raise
    finally:
        if not connection.closed:
            connection.autocommit = False


def close_pools(url: str | None = None) -> None:
    """Close what this process has to a URL, or all: before a database goes away, and at the end of the process."""
    for name in [url] if url is not None else {*_POOLS, *_FIRST, *_FREE, *_KEPT}:
        pool, first, kept = _POOLS.pop(name, None), _FIRST.pop(name, None), _KEPT.pop(name, None)
        for reader in [*_FREE.pop(name, []), *([kept] if kept is not None else [])]:
            reader.close()
        if pool is not None:
            pool.close()
        if first is not None:
            first.connection.close()


atexit.register(close_pools)


def _forget() -> None:
    """A child must not speak on its parent's connections, nor close them."""
    _POOLS.clear()
    _FIRST.clear()
    _FREE.clear()
    _KEPT.clear()


os.register_at_fork(after_in_child=_forget)


def reader_to(url: str) -> "adbc.Connection":
    """A connection that gives rows as Arrow, in bulk; it sees what is committed, statement by statement."""
    import adbc_driver_postgresql.dbapi as adbc  # here: most commands read few rows and need no Arrow
    from adbc_driver_manager import dbapi

    if "_blocking_call" not in vars(dbapi):
        raise RuntimeError("adbc_driver_manager has another way to wait than the one that an interruption needs undone")
    vars(dbapi)["_blocking_call"] = _waits
    return adbc.connect(url, autocommit=True)


def _waits(does: Callable[..., Any], told: tuple[Any, ...], named: dict[str, Any], _: Callable[[], None]) -> Any:
    """Call the driver as anything else is called, in place of its own watch for Ctrl-C.

    Its watch takes the signal away from Python while it waits, and asks the server to stop from another thread: where
    the rows came before that, the interruption was lost and the close went on to its end (or the process broke in the
    midst of a connection just closed). Now Python is interrupted where the driver comes back: a shard later at most.
    """
    return does(*told, **named)


@contextmanager
def reader_lent(url: str) -> "Iterator[adbc.Connection]":
    """A reader that nobody else has meanwhile, kept for the next who asks: opening one takes longer than reading.

    For a process that answers many in turn. One that the server closed meanwhile is replaced; one in whose use
    something went wrong is closed.
    """
    reader = _reader_free(url) or reader_to(url)
    try:
        yield reader
    except BaseException:
        reader.close()
        raise
    with _MAKING:
        _FREE.setdefault(url, []).append(reader)


def _reader_free(url: str) -> "adbc.Connection | None":
    """One of the readers that wait, if it still answers."""
    while True:
        with _MAKING:
            if not _FREE.get(url):
                return None
            reader = _FREE[url].pop()
        try:
            with reader.cursor() as cursor:
                cursor.execute("select 1")
                cursor.fetchone()
            return reader
        except Exception:  # the driver tells a closed line in several ways
            reader.close()


@contextmanager
def reader_kept(url: str) -> "Iterator[adbc.Connection]":
    """A reader that this process keeps for its next shard; one in whose use something went wrong is closed."""
    if url not in _KEPT:
        _KEPT[url] = reader_to(url)
    try:
        yield _KEPT[url]
    except BaseException:
        _KEPT.pop(url).close()
        raise

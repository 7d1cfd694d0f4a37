"""Close the book: which days are open, every shard of them by worker processes, the proof of each."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import psycopg

from afterloan.close.prove import prove
from afterloan.close.seal import seal_proved
from afterloan.close.shard import close_shard
from afterloan.close.suspense import book_unmatched
from afterloan.close.workers import Workers, each_shard
from afterloan.counting import counted
from afterloan.dates import iso, number_of
from afterloan.expected import ExpectedFailure
from afterloan.store.locks import closing_book
from afterloan.store.posted import last_closed
from afterloan.store.server import Store
from afterloan.tracing import span

CHUNK = 31  # days of a shard in one transaction
Progress = Callable[[int, int], None]
"""Called with shard-days done and in all."""


class CloseRefused(ExpectedFailure, ValueError):
    """These days cannot be closed: says why and which can."""


@dataclass(slots=True)
class Closed:
    """What a close came to."""

    first: str
    last: str
    days: int = 0
    loans: int = 0
    entries: int = 0
    transitions: int = 0
    excepted: int = 0
    seconds: float = 0.0
    failed: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)

    def __str__(self) -> str:
        """For people: what was done, or what is wrong and where."""
        if not self.days and not self.failed:
            return f"{self.last} is closed and proved already; nothing was posted"
        text = (
            f"closed {counted(self.days, 'day')} ({self.first} to {self.last}) over {counted(self.loans, 'loan')} "
            f"in {self.seconds:,.1f} s: "
            f"{counted(self.entries, 'entry', 'entries')}, {counted(self.transitions, 'transition')}"
        )
        if self.excepted:
            text += f"; {self.excepted:,} loan-days could not be reckoned (table exception)"
        if self.failed:
            text += "\nNOT PROVED:\n  " + "\n  ".join(self.failed)
        else:
            text += "; proved"
        return text


def close_through(
    store: Store,
    through: int,
    *,
    only: bool = False,
    workers: Workers = 1,
    progress: Progress | None = None,
    waits: Callable[[], None] | None = None,
) -> Closed:
    """Close every open day up to and with `through`; `only`: just that day, which must be the next.

    A book never closed starts with its first fact, or with `through` when `only`. The number of workers is
    not part of the answer; killed and run again it ends the same. Two at once close one after the other: the second
    calls `waits`, and then finds what the first has done. Raises CloseRefused.
    """
    with store.connect(autocommit=True) as connection, closing_book(connection, waits):
        return _close_open(store, through, only, workers, progress)


def _close_open(store: Store, through: int, only: bool, workers: Workers, progress: Progress | None) -> Closed:
    started = time.monotonic()
    first = _first_open(store, through, only)
    closed = Closed(iso(first), iso(through))
    total = max(through - first + 1, 0) * store.shards()
    done = 0
    for start in range(first, through + 1, CHUNK):
        stop = min(start + CHUNK - 1, through)
        loans = 0
        with span("reckoning", days=stop - start + 1, workers=workers if isinstance(workers, int) else 0) as reckoning:
            for part in each_shard(store, workers, close_shard, start, stop):
                done += stop - start + 1
                loans += part.loans
                closed.entries += part.entries
                closed.transitions += part.transitions
                if progress:
                    progress(done, total)
            reckoning.tell(loans=loans)
        with span("proof", days=stop - start + 1):
            proved = _prove_days(store, start, stop, workers, closed)
        if not proved:
            break
    closed.seconds = time.monotonic() - started
    return closed


def _asked(connection: psycopg.Connection[Any], sql: str) -> int | None:
    """The one date that a query asks for, in days since 1970-01-01; None: there is none."""
    row = connection.execute(f"select ({sql}) - date '1970-01-01'").fetchone()
    return row[0] if row else None


def _first_open(store: Store, through: int, only: bool) -> int:
    with store.connect() as connection:
        proved = last_closed(connection)
        last = None if proved is None else number_of(proved)
        begun = _asked(connection, "select min(closed_on) from closing")
        # the first fact is looked for once in the life of a book: the search walks all of them
        earliest = _asked(connection, "select min(on_day) from fact") if last is None else last
    if earliest is None:
        raise CloseRefused("the book is empty: import a book first (afterloan import FOLDER)")
    if last is None and begun is not None:  # a first close that was cut short: some shards have this day
        if through < begun or (only and through > begun):
            raise CloseRefused(f"the close of {iso(begun)} was begun and is not finished: close {iso(begun)} first")
        return int(begun)
    if last is None:
        if through < earliest:
            raise CloseRefused(f"{iso(through)} is before the first fact of the book, {iso(earliest)}")
        return through if only else int(earliest)
    if through < last:
        raise CloseRefused(
            f"{iso(through)} is before {iso(last)}, the last day closed: what is closed stays; "
            f"news of earlier days is posted by the next close, that of {iso(last + 1)}"
        )
    if only and through > last + 1:
        raise CloseRefused(
            f"{iso(through)} is not the next day: {iso(last + 1)} is; "
            f"use --through {iso(through)} to close the days between"
        )
    return last + 1


def _prove_days(store: Store, first: int, last: int, workers: Workers, closed: Closed) -> bool:
    with store.connect() as connection:
        for day in range(first, last + 1):
            book_unmatched(connection, day)
            proof = prove(connection, day)
            if proof.wrong:
                closed.failed = [f"{iso(day)}: {wrong}" for wrong in proof.wrong]
                return False
            closed.days += 1
            closed.loans = proof.loans_in
            closed.excepted += proof.excepted
        seal_proved(connection, store, workers)
    return True

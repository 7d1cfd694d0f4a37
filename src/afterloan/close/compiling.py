"""Compiles ahead what a night calls, and only once however many processes want it at the same time.

`python -m afterloan.close.compiling` needs NumPy and Numba alone: `make` begins it while the rest is being installed,
so that the first close finds its code compiled, or waits for what is left of it.
"""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np

from afterloan import compiled
from afterloan.close.transitions import transitions_between
from afterloan.journal.difference import entries_to_reach
from afterloan.journal.postings import SLOTS
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_book, reckon_loan
from afterloan.loan.terms import CONTRACT, FACT, PRODUCT, PROMISED
from afterloan.store.history import pack, unpack

NOTHING = np.zeros(2, np.int64)
"""Where the rows of one loan that has none begin, and where they end."""


@contextmanager
def compiled_once(what: str) -> Iterator[None]:
    """While one process compiles `what`, others that want the same wait, and then read what it made.

    Two that begin together would each compile all of it, a minute of a core. What was compiled once is waited for no
    more; where the folder of compiled code cannot be written, nobody waits.
    """
    with ExitStack() as held:
        made = None if compiled.PLAIN else _mark(what)
        if made is not None and not made.exists():
            with suppress(OSError):
                made.parent.mkdir(parents=True, exist_ok=True)
                lock = held.enter_context(open(made.with_suffix(".lock"), "a"))
                fcntl.flock(lock, fcntl.LOCK_EX)  # let go when it is closed, or its process ends
        yield
        if made is not None:
            with suppress(OSError):
                made.touch()


def _mark(what: str) -> Path:
    """The file that says that `what` is compiled, from the sources that lie here, by this version of Numba."""
    from numba import __version__, config  # not read where nothing is compiled

    these = hashlib.sha256(f"{compiled.PACKAGE} {__version__}".encode()).hexdigest()[:12]
    return Path(config.CACHE_DIR) / f"{what}-{these}.made"


def compile_ahead() -> None:
    """Call once what closing and deciding a shard call: one loan of nothing, packed, unpacked and reckoned.

    Each finds its compiled code by the types of its arguments: they are those of a shard that was read, whose packed
    bytes nobody may write over.
    """
    with compiled_once("night"):
        words, at = pack(np.zeros(1, CONTRACT), np.zeros(0, PROMISED), NOTHING, np.zeros(0, FACT), NOTHING)
        parts = unpack(np.frombuffer(words.tobytes(), "<i8"), at)
        book = Book(np.zeros(1, PRODUCT), *parts, np.zeros((0, 366), bool))
        positions = reckon_book(book, 0, 0)
        reckon_loan(book, 0, 0, 0)
        transitions_between(positions, positions, 0)
        totals, none = np.zeros((1, SLOTS), np.int64), np.zeros(1, np.int64)
        entries_to_reach(totals, totals, none, none)


if __name__ == "__main__":
    compile_ahead()

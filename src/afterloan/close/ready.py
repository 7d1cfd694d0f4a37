"""What worker processes need from their first shard on, read by the process from which they are forked.

It is read when this module is: the modules of a night, the packs that each shard asks, and the compiled code, which is
loaded when first called. No Polars expression is evaluated here: that starts threads, which a forked process has not.
"""

import gc

import numpy as np
import pyarrow as pa

import afterloan.close.decide
import afterloan.close.shard  # noqa: F401
from afterloan.close.transitions import transitions_between
from afterloan.journal.difference import entries_to_reach
from afterloan.journal.postings import SLOTS
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import CONTRACT, FACT, PROMISED
from afterloan.store.history import pack
from afterloan.store.loans import product_table
from afterloan.store.read import book_parts
from afterloan.strategy.ladder import builtin_ladders

NOTHING = np.zeros(2, np.int64)
"""Where the rows of one loan that has none begin, and where they end."""


def read_compiled() -> None:
    """Call once what closing and deciding a shard call: one loan of nothing, packed, unpacked and reckoned.

    Each finds its compiled code by the types of its arguments: they are those of a shard that was read.
    """
    words, _ = pack(np.zeros(1, CONTRACT), np.zeros(0, PROMISED), NOTHING, np.zeros(0, FACT), NOTHING)
    products, calendars = product_table({})
    book = Book(products, *book_parts(pa.array([words.tobytes()], pa.binary())), calendars)
    positions = reckon_book(book, 0, 0)
    transitions_between(positions, positions, 0)
    totals, none = np.zeros((1, SLOTS), np.int64), np.zeros(1, np.int64)
    entries_to_reach(totals, totals, none, none)


read_compiled()
builtin_ladders()
gc.freeze()  # what is read stays: no worker looks through it again for what could go, nor copies its pages for that

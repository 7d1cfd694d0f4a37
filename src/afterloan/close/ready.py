"""What worker processes need from their first shard on, read by the process from which they are forked.

It is read when this module is: the modules of a night, and the compiled code, which is loaded when first called. No
Polars expression is evaluated here, nor a ladder read, which evaluates some: that starts threads, which a forked
process has not and would wait for.
"""

import gc

import numpy as np
import pyarrow as pa

import afterloan.close.decide
import afterloan.close.shard  # noqa: F401
from afterloan.close.compiling import NOTHING, compile_ahead
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import CONTRACT, FACT, PROMISED
from afterloan.store.history import pack
from afterloan.store.loans import product_table
from afterloan.store.read import book_parts


def read_compiled() -> None:
    """Read the compiled code of a night, and read one loan of nothing as Arrow brings it.

    Arrow's bytes reach the compiled code under the types that were compiled ahead (`tests/close/test_compiling.py`).
    """
    compile_ahead()
    words, _ = pack(np.zeros(1, CONTRACT), np.zeros(0, PROMISED), NOTHING, np.zeros(0, FACT), NOTHING)
    products, calendars = product_table({})
    reckon_book(Book(products, *book_parts(pa.array([words.tobytes()], pa.binary())), calendars), 0, 0)


read_compiled()
gc.freeze()  # what is read stays: no worker looks through it again for what could go, nor copies its pages for that

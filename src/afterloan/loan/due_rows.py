"""Every instalment of many loans that has fallen due, and on which day it was cleared: the payer's habits, in rows."""

import numpy as np

from afterloan.compiled import records, stage
from afterloan.dates import NEVER
from afterloan.loan.book import Book, Offsets, Records
from afterloan.loan.columns import I_DUE, I_DUE_ON, I_LAST_PAID_ON, I_ROW_KIND
from afterloan.loan.reckon import AT_ONCE, _scratch, reckon_many
from afterloan.loan.terms import POSITION, ROOM
from afterloan.loan.waterfall import owed_in_all

DUE_ROW = np.dtype(
    [
        ("row", "i8"),  # of the loan in its book
        ("due_on", "i8"),
        ("cleared_on", "i8"),  # NEVER while something of it is unpaid
        ("due_fen", "i8"),
    ]
)


@stage
def due_rows_many(
    products,
    contracts,
    promised,
    promised_at,
    facts,
    fact_at,
    calendars,
    as_of,
    known_on,
    first,
    last,
    positions,
    lives,
    told,
):
    """Reckon loans `first … last-1` one by one and write the rows due before `as_of` into `told`; returns how many."""
    n = np.int64(0)
    life = lives[0]
    for i in range(first, last):
        reckon_many(
            products, contracts, promised, promised_at, facts, fact_at, calendars, as_of, known_on, i, i + 1,
            positions, lives,
        )  # fmt: skip
        if life.error != 0 or life.started_on == 0:
            continue
        for k in range(life.count):
            if life.rows[k, I_DUE_ON] >= as_of or life.rows[k, I_ROW_KIND] != 0:
                continue
            asked = np.int64(0)
            for c in range(4):
                asked += life.rows[k, I_DUE + c]
            if asked <= 0:
                continue
            told[n].row = i
            told[n].due_on = life.rows[k, I_DUE_ON]
            told[n].due_fen = asked
            told[n].cleared_on = NEVER
            if owed_in_all(life, k) <= 0:
                told[n].cleared_on = max(life.rows[k, I_LAST_PAID_ON], 0)
                if told[n].cleared_on == 0:  # waived, or met by a plan: no money came for it
                    told[n].cleared_on = told[n].due_on
            n += 1
    return n


def due_rows(book: Book, as_of: int, known_on: int = NEVER) -> Records:
    """DUE_ROW [rows]: instalments due before `as_of` of all loans, as known on `known_on`, in the book's order.

    Due on 10 March, paid on the 14th: `due_on` 10 March, `cleared_on` 14 March, four days late.
    """
    lives = _scratch()
    lives["keep"] = 0
    products = book.products.copy()  # unfolded inside
    positions = np.zeros(len(book), POSITION)
    room = np.zeros(AT_ONCE * ROOM, DUE_ROW)
    found = []
    for first in range(0, len(book), AT_ONCE):
        last = min(first + AT_ONCE, len(book))
        n = due_rows_many(
            records(products), records(book.contracts), records(book.promised), book.promised_at,
            records(book.facts), book.fact_at, book.calendars, as_of, min(known_on, NEVER - 1), first,
            last, records(positions), records(lives), records(room),
        )  # fmt: skip
        found.append(room[:n].copy())
    return np.concatenate(found) if found else np.zeros(0, DUE_ROW)


def owners_of_facts(book: Book) -> Offsets:
    """The row of the loan of each fact, [facts]."""
    return np.repeat(np.arange(len(book)), np.diff(book.fact_at))

"""Many loans or one through the same reckoning: the door between records in Python and compiled leaves."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from afterloan.compiled import leaf
from afterloan.dates import NEVER
from afterloan.loan.book import Book, Records
from afterloan.loan.columns import (
    C_INSTALMENTS,
    C_PRODUCT,
    I_CLEARED_ON,
    I_DUE,
    I_DUE_ON,
    I_LAST_PAID_ON,
    INSTALMENT_WIDTH,
    MOVEMENT_WIDTH,
    POSITION_WIDTH,
    as_rows,
)
from afterloan.loan.position import show_position
from afterloan.loan.life import live, project
from afterloan.loan.state import S_ERROR, S_MOVES, S_ROWS, S_SETTLED_ON, S_SIZE
from afterloan.loan.terms import INSTALMENT, MAX_FACTS, MOVEMENT, POSITION, Refusal
from afterloan.loan.waterfall import owed_in_all, unfold

ROOM = 256  # rows of one loan: instalments and down payments
NO_SCHEDULE = int(Refusal.NO_SCHEDULE)
TOO_MANY_FACTS = int(Refusal.TOO_MANY_FACTS)
TOO_MANY_INSTALMENTS = int(Refusal.TOO_MANY_INSTALMENTS)


@dataclass(frozen=True, slots=True)
class Reckoned:
    """One loan's whole story: `position` POSITION, `instalments` INSTALMENT [rows], `movements` MOVEMENT [m]."""

    position: np.void
    instalments: Records
    movements: Records


@leaf
def refusal(product, contract, promised, facts):
    """Why a loan cannot be reckoned at all; 0 when it can."""
    if product[0] == 6 and promised.shape[0] == 0:
        return NO_SCHEDULE
    if facts.shape[0] > MAX_FACTS:
        return TOO_MANY_FACTS
    if contract[C_INSTALMENTS] > ROOM - 64 or promised.shape[0] > ROOM - 64:
        return TOO_MANY_INSTALMENTS
    return 0


@leaf
def reckon_one(product, contract, calendars, promised, facts, as_of, known_on, s, moves, rows, position):
    """One loan to its position; `rows` and `moves` are left as the reckoning had them."""
    s[S_ERROR] = refusal(product, contract, promised, facts)
    if s[S_ERROR] == 0:
        live(product, contract, calendars, promised, facts, as_of, known_on, s, moves, rows)
    show_position(product, contract, s, rows, as_of, position)


@leaf
def reckon_many(
    products, contracts, promised, promised_at, facts, fact_at, calendars, as_of, known_on, first, last, positions
):
    """Loans `first … last-1` of a book, one after another, each into its row of `positions`."""
    rows = np.zeros((ROOM, INSTALMENT_WIDTH), np.int64)
    moves = np.zeros((0, MOVEMENT_WIDTH), np.int64)
    s = np.zeros(S_SIZE, np.int64)
    products = unfold(products)
    for i in range(first, last):
        contract = contracts[i]
        reckon_one(
            products[contract[C_PRODUCT]],
            contract,
            calendars,
            promised[promised_at[i] : promised_at[i + 1]],
            facts[fact_at[i] : fact_at[i + 1]],
            as_of,
            known_on,
            s,
            moves,
            rows,
            positions[i],
        )


@leaf
def finish_rows(product, s, rows):
    """Project the rows ahead and say when each row was cleared."""
    project(product, s, rows, s[S_ROWS])
    for k in range(s[S_ROWS]):
        rows[k, I_CLEARED_ON] = NEVER
        if owed_in_all(rows, k) <= 0:
            empty = min(rows[k, I_DUE_ON], s[S_SETTLED_ON])  # nothing was ever asked for
            rows[k, I_CLEARED_ON] = rows[k, I_LAST_PAID_ON] if rows[k, I_LAST_PAID_ON] > 0 else empty


def reckon_book(
    book: Book, as_of: int, known_on: int = NEVER, positions: Records | None = None
) -> npt.NDArray[np.void]:
    """Positions [n] of all loans at the end of day `as_of`, with the facts known on `known_on`.

    A loan that cannot be reckoned has `error` set (`Refusal`) and nothing else. `positions` may be reused.
    """
    if positions is None:
        positions = np.zeros(len(book), POSITION)
    reckon_many(
        as_rows(book.products),
        as_rows(book.contracts),
        as_rows(book.promised),
        book.promised_at,
        as_rows(book.facts),
        book.fact_at,
        book.calendars,
        as_of,
        min(known_on, NEVER - 1),  # a fact that stands has gone_on = NEVER
        0,
        len(book),
        as_rows(positions),
    )
    return positions


def reckon_loan(book: Book, i: int, as_of: int, known_on: int = NEVER) -> Reckoned:
    """Loan `i` of a book at the end of day `as_of`: position, instalments with those ahead, movements."""
    contract = as_rows(book.contracts)[i]
    product = unfold(as_rows(book.products))[contract[C_PRODUCT]]
    rows = np.zeros((ROOM, INSTALMENT_WIDTH), np.int64)
    position = np.zeros((1, POSITION_WIDTH), np.int64)
    s = np.zeros(S_SIZE, np.int64)
    room = 64
    while True:
        moves = np.zeros((room, MOVEMENT_WIDTH), np.int64)
        reckon_one(
            product,
            contract,
            book.calendars,
            as_rows(book.promised)[book.promised_at[i] : book.promised_at[i + 1]],
            as_rows(book.facts)[book.fact_at[i] : book.fact_at[i + 1]],
            as_of,
            min(known_on, NEVER - 1),
            s,
            moves,
            rows,
            position[0],
        )
        if s[S_MOVES] <= room:
            break
        room = int(s[S_MOVES])
    if s[S_ERROR] == 0:
        finish_rows(product, s, rows)
    return Reckoned(
        position.view(POSITION)[0, 0],
        rows[: s[S_ROWS]].copy().view(INSTALMENT)[:, 0],
        moves[: s[S_MOVES]].view(MOVEMENT)[:, 0],
    )

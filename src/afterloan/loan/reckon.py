"""Many loans or one through the same reckoning: the door between records in Python and compiled leaves."""

import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from afterloan.compiled import records, stage
from afterloan.dates import NEVER
from afterloan.loan.acts import live
from afterloan.loan.book import Book, Records
from afterloan.loan.columns import I_CLEARED_ON, I_DUE_ON, I_LAST_PAID_ON
from afterloan.loan.life import ACTUAL, is_plain, project, scheduled_interest_stays
from afterloan.loan.position import show_position
from afterloan.loan.terms import (
    INSTALMENT,
    LIFE,
    MAX_FACTS,
    MOVEMENT,
    MOVES,
    POSITION,
    ROOM,
    Method,
    Refusal,
)
from afterloan.loan.waterfall import owed_in_all, unfold

IMPORTED = int(Method.IMPORTED)
NO_SCHEDULE = int(Refusal.NO_SCHEDULE)
TOO_MANY_FACTS = int(Refusal.TOO_MANY_FACTS)
TOO_MANY_INSTALMENTS = int(Refusal.TOO_MANY_INSTALMENTS)
TOO_MANY_MOVEMENTS = int(Refusal.TOO_MANY_MOVEMENTS)
MEMORY = threading.local()
AT_ONCE = 512  # loans whose positions are emptied together: 300 kB, which the core's own cache still holds


@dataclass(frozen=True, slots=True)
class Reckoned:
    """One loan's whole story: `position` POSITION, `instalments` INSTALMENT [rows], `movements` MOVEMENT [m]."""

    position: np.void
    instalments: Records
    movements: Records


@stage
def refusal(product, contract, promised, facts):
    """Why a loan of so many promised rows and facts cannot be reckoned at all; 0 when it can."""
    if product.method == IMPORTED and promised == 0:
        return NO_SCHEDULE
    if facts > MAX_FACTS:
        return TOO_MANY_FACTS
    if contract.instalments > ROOM - 64 or promised > ROOM - 64:
        return TOO_MANY_INSTALMENTS
    return 0


@stage
def reckon_many(
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
):
    """Loans `first … last-1` of a book, one after another, each into its row of `positions` (zeros).

    `lives` LIFE [1] is scratch and holds the last loan's life afterwards.
    """
    life = lives[0]
    for p in range(len(products)):
        unfold(products[p])
        products[p].plain = is_plain(products[p])
    for i in range(first, last):
        contract = contracts[i]
        product = products[contract.product]
        rows = promised_at[i + 1] - promised_at[i]
        error = refusal(product, contract, rows, fact_at[i + 1] - fact_at[i])
        if error == 0:
            live(product, contract, calendars, promised, promised_at, facts, fact_at, i, as_of, known_on, life)
        else:
            life.error = error
        show_position(product, contract, life, as_of, positions[i])


@stage
def finish_rows(products, contracts, i, lives):
    """Project the rows ahead and say when each row was cleared."""
    life = lives[0]
    product = products[contracts[i].product]
    ended = life.balance == 0 and life.settled_on != NEVER and life.error == 0
    if not ended or product.accrual == ACTUAL or scheduled_interest_stays(product):
        project(product, life, life.count)
    for k in range(life.count):
        cleared = NEVER
        if owed_in_all(life, k) <= 0:
            cleared = life.rows[k, I_LAST_PAID_ON]
            if cleared == 0:  # nothing was ever asked for
                cleared = min(life.rows[k, I_DUE_ON], life.settled_on)
        life.rows[k, I_CLEARED_ON] = cleared


def _scratch() -> Records:
    """This thread's working memory of one reckoning, LIFE [1]: half a megabyte, not to be asked for each time."""
    lives: Records | None = getattr(MEMORY, "lives", None)
    if lives is None:
        lives = MEMORY.lives = np.zeros(1, LIFE)
    return lives


def _reckon(book: Book, as_of: int, known_on: int, first: int, last: int, positions: Records, lives: Records) -> None:
    reckon_many(
        records(book.products.copy()),  # unfolded inside
        records(book.contracts),
        records(book.promised),
        book.promised_at,
        records(book.facts),
        book.fact_at,
        book.calendars,
        as_of,
        min(known_on, NEVER - 1),  # a fact that stands has gone_on = NEVER
        first,
        last,
        records(positions),
        records(lives),
    )


def reckon_book(
    book: Book, as_of: int, known_on: int = NEVER, positions: Records | None = None
) -> npt.NDArray[np.void]:
    """Positions [n] of all loans at the end of day `as_of`, with the facts known on `known_on`.

    A loan that cannot be reckoned has `error` set (`Refusal`) and nothing else. `positions` may be reused.
    """
    lives = _scratch()
    lives["keep"] = 0
    if positions is None:
        positions = np.zeros(len(book), POSITION)
        _reckon(book, as_of, known_on, 0, len(book), positions, lives)
        return positions
    for first in range(0, len(book), AT_ONCE):
        last = min(first + AT_ONCE, len(book))
        positions[first:last].view(np.uint8)[:] = 0  # by bytes: the only way that NumPy clears memory at its speed
        _reckon(book, as_of, known_on, first, last, positions, lives)
    return positions


def reckon_loan(book: Book, i: int, as_of: int, known_on: int = NEVER) -> Reckoned:
    """Loan `i` of a book at the end of day `as_of`: position, instalments with those ahead, movements."""
    positions = np.zeros(i + 1, POSITION)
    lives = _scratch()
    lives["keep"] = 1
    _reckon(book, as_of, known_on, i, i + 1, positions, lives)
    life = lives[0]
    if life["moved"] > MOVES:
        positions[i] = 0
        positions["error"][i] = TOO_MANY_MOVEMENTS
    count = 0
    if not positions["error"][i]:
        finish_rows(records(book.products), records(book.contracts), i, records(lives))
        count = int(life["count"])
    return Reckoned(
        positions[i],
        life["rows"][:count].copy().view(INSTALMENT)[:, 0],
        life["moves"][: min(int(life["moved"]), MOVES)].copy().view(MOVEMENT)[:, 0],
    )

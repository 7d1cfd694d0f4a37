"""The portfolio of the whole book on a day, with the non-performing loans by the rules of the lender's place."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from afterloan.loan.book import Book, Records
from afterloan.report.portfolio import Report, portfolio_report
from afterloan.risk.by_place import non_performing
from afterloan.rules.trifles import trifles_fen
from afterloan.store.connect import reader_to
from afterloan.store.contacts import defaults_of
from afterloan.store.read import books
from afterloan.store.server import Store


def portfolio(store: Store, on: int, known_on: int | None = None) -> Report:
    """The report at the end of day `on`, as known on `known_on` (None: with all that is known)."""
    with store.connect() as connection:
        place = str(defaults_of(connection)["jurisdiction"])

    def bad(book: Book, day: int, known: int, positions: Records) -> npt.NDArray[np.bool_]:
        return non_performing(book, day, place, known, positions)

    return portfolio_report(_books(store), on, known_on, non_performing=bad, most_trifles_fen=trifles_fen(place))


def _books(store: Store) -> Iterator[Book]:
    with store.connect() as connection, reader_to(store.url) as reader:
        yield from books(connection, reader)

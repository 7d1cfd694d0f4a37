"""The portfolio of the whole book on a day, with the non-performing loans by the rules of the lender's place."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg

from afterloan import __version__
from afterloan.dates import number_of
from afterloan.loan.book import Book, Records
from afterloan.report.portfolio import Report, portfolio_report
from afterloan.risk.by_place import non_performing
from afterloan.rules.trifles import trifles_fen
from afterloan.store.connect import reader_to
from afterloan.store.contacts import defaults_of
from afterloan.store.read import books, watermark
from afterloan.store.reports import KeptReport, keep_report, report_kept, report_numbered
from afterloan.store.server import Store
from afterloan.texts import json_digest

PORTFOLIO = "portfolio"


def portfolio(store: Store, on: int, known_on: int | None = None) -> Report:
    """The report at the end of day `on`, as known on `known_on` (None: with all that is known)."""
    with store.connect() as connection:
        place = str(defaults_of(connection)["jurisdiction"])

    def bad(book: Book, day: int, known: int, positions: Records) -> npt.NDArray[np.bool_]:
        return non_performing(book, day, place, known, positions)

    return portfolio_report(_books(store), on, known_on, non_performing=bad, most_trifles_fen=trifles_fen(place))


@dataclass(frozen=True, slots=True)
class KeptPortfolio:
    """A portfolio report as it was made, and as what it is kept."""

    report: Report
    kept: KeptReport


def portfolio_kept(store: Store, on: date, known_on: date | None = None) -> KeptPortfolio:
    """The report of a day as it was made before, where nothing came since that belongs into it; else made and kept.

    An older one stays beside it: what somebody was handed out is had again by its number.
    """
    with store.connect() as connection:
        made_by = f"afterloan {__version__}, {defaults_of(connection)['jurisdiction']}"
        kept = report_kept(connection, PORTFOLIO, on, known_on, made_by)
        told = watermark(connection)  # before reading: what is told while we read is news to the next who asks
    if kept is not None:
        return KeptPortfolio(Report.of(kept.content), kept)
    report = portfolio(store, number_of(on), number_of(known_on) if known_on else None)
    content = report.told()
    with store.connect() as connection:
        kept = keep_report(connection, PORTFOLIO, on, known_on, told, made_by, content, json_digest(content))
    return KeptPortfolio(report, kept)


def portfolio_numbered(connection: psycopg.Connection[Any], number: int) -> KeptPortfolio | None:
    """A report by its number as it was made, whatever came since; None: there is none of that number."""
    kept = report_numbered(connection, number)
    return KeptPortfolio(Report.of(kept.content), kept) if kept is not None else None


def _books(store: Store) -> Iterator[Book]:
    with store.connect() as connection, reader_to(store.url) as reader:
        yield from books(connection, reader)

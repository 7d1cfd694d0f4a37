"""A panel out of the book: the borrowers of a purpose on many days, their features as then known, and how it ended."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import numpy.typing as npt
import polars as pl
import psycopg

from afterloan.dates import NEVER, date_of, day_number, iso, number_of, year_month_day
from afterloan.enquiry.agreed_rows import (
    FEW,
    AgreedRows,
    Network,
    agreed_sources,
    groups_with_consent,
    read_agreed,
    read_network,
    told_of,
)
from afterloan.facts import FactRefused
from afterloan.loan.book import Book, joined
from afterloan.loan.reckon import reckon_book
from afterloan.risk.features.compute import features_of
from afterloan.risk.features.declared import Feature, groups
from afterloan.risk.outcomes import Purpose, asked_about, ends_on, outcomes_of
from afterloan.risk.own_history import own_sources
from afterloan.risk.table import TableRefused
from afterloan.risk.training import OUTCOME
from afterloan.store.connect import reader_to
from afterloan.store.events import borrower_number
from afterloan.store.ids import one_of
from afterloan.store.read import books, fetch, read_loans
from afterloan.store.server import Store

Days = npt.NDArray[np.int64]
AT_ONCE = 150_000  # loans that are looked at together
MOST_ROWS = 400_000  # of a panel; of a larger book, a share of the borrowers by their number
BOOK_LEAST_DAYS = 90  # between the first loan signed and the first day that is learnt from
CONTACT_KINDS = ("debit.failed", "promise.made", "contact.ended")


@dataclass(slots=True)
class Part:
    """Some loans of the book with all that is read of their borrowers. `owners`: the borrower of each loan [n]."""

    book: Book
    owners: Days
    contacts: pl.DataFrame
    agreed: AgreedRows | None = None


def parts_of_book(
    connection: psycopg.Connection[Any],
    reader: adbc.Connection,
    wanted: Collection[str] = (),
    network: Network | None = None,
) -> Iterator[Part]:
    """The whole book in parts of many loans, borrowers never parted.

    `wanted`: groups whose rows need consent and are read too; `network`: what `network_of_book` read for their days.
    """
    for book, owners in _loans(connection, reader):
        yield _read_of(reader, book, owners, wanted, network)


def network_of_book(
    connection: psycopg.Connection[Any], reader: adbc.Connection, wanted: Collection[str], days: Sequence[int]
) -> Network | None:
    """The network for some as-of days, where a wanted group reads it: the whole book is gone through for it."""
    if "network" not in wanted:
        return None
    return read_network(connection, reader, _loans(connection, reader), days)


def part_of_borrower(
    connection: psycopg.Connection[Any],
    reader: adbc.Connection,
    borrower: str,
    wanted: Collection[str] = (),
    network: Network | None = None,
) -> Part:
    """One borrower with all loans. Raises FactRefused for an unknown reference or a borrower without loans."""
    number, _ = borrower_number(connection, borrower)
    book = read_loans(connection, reader, f"c.borrower = {int(number)}")
    if not len(book):
        raise FactRefused("borrower", borrower, "has no loan", "`afterloan find` looks for borrowers", "unknown")
    return _read_of(reader, book, np.full(len(book), number, np.int64), wanted, network)


def _loans(connection: psycopg.Connection[Any], reader: adbc.Connection) -> Iterator[tuple[Book, Days]]:
    """All loans in parts of AT_ONCE or more, with the borrower of each."""
    waiting: list[Book] = []
    for shard_book in books(connection, reader):
        waiting.append(shard_book)
        if sum(map(len, waiting)) >= AT_ONCE:
            yield _owned(reader, waiting)
            waiting = []
    if waiting:
        yield _owned(reader, waiting)


def _owned(reader: adbc.Connection, shard_books: list[Book]) -> tuple[Book, Days]:
    book = joined(shard_books)
    loans = book.contracts["loan"].astype(np.int64)
    told = pl.DataFrame(fetch(reader, "select loan, borrower from contract order by loan"))
    return book, told["borrower"].to_numpy()[np.searchsorted(told["loan"].to_numpy(), loans)]


def _read_of(
    reader: adbc.Connection, book: Book, owners: Days, wanted: Collection[str], network: Network | None
) -> Part:
    return Part(book, owners, _contacts(reader, owners), read_agreed(reader, owners, wanted, network))


def _contacts(reader: adbc.Connection, owners: Days) -> pl.DataFrame:
    kinds = ", ".join(f"'{kind}'" for kind in CONTACT_KINDS)
    rows = fetch(
        reader,
        "select borrower, kind, coalesce(body->>'outcome', '') as outcome, on_day as on, known_on from event "
        f"where kind in ({kinds})" + (f" and {one_of('borrower', owners)}" if len(owners) < FEW else ""),
    )
    return pl.DataFrame(rows).filter(pl.col("borrower").is_in(np.unique(owners)))


def sources_of(part: Part, as_of: int, use: str, now: Any = None) -> dict[str, pl.DataFrame]:
    """The rows of every group as of a day that may be read for a use."""
    told = own_sources(part.book, part.owners, as_of, part.contacts, now)
    return told if part.agreed is None else told | agreed_sources(part.agreed, as_of, use)


def allowed_of(part: Part, as_of: int, purpose: Purpose, features: Sequence[Feature], borrowers: Days) -> Days:
    """Those of `borrowers` of whom every group of these features may be read: a model never reads a blanked group."""
    tellers = {groups()[name].told_by for name in groups_with_consent(features)}
    for teller in tellers:
        assert part.agreed is not None, "what was told from outside was not read"
        borrowers = borrowers[np.isin(borrowers, told_of(part.agreed, teller, as_of, purpose.use))]
    return borrowers


def features_on(part: Part, as_of: int, features: Sequence[Feature], borrowers: Days, use: str) -> pl.DataFrame:
    """Features of borrowers as of a day for a use, a row each in their order."""
    return features_of(sources_of(part, as_of, use), features, pl.Series("borrower", borrowers))


def days_to_learn_from(first: int, last: int, purpose: Purpose) -> list[int]:
    """As-of days of a purpose whose windows are over by `last`, the last day known; none before `first`."""
    found = []
    year, month, _ = (int(x) for x in year_month_day(first))
    while day_number(year, month, 1) <= last:
        for dom in purpose.days_of_month:
            day = int(day_number(year, month, dom))
            if first <= day and ends_on(purpose, day) <= last:
                found.append(day)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return found


def features_asked(wanted: Sequence[str], purpose: Purpose) -> list[Feature]:
    """The features of some groups. Raises TableRefused for a group that is not there or not for this purpose."""
    found: list[Feature] = []
    for name in wanted:
        if name not in groups():
            raise TableRefused(f"group {name!r}: there are {', '.join(groups())}")
        group = groups()[name]
        if purpose.use not in group.uses:
            raise TableRefused(f"group {name!r} may not be read for {purpose.use}: it is for {', '.join(group.uses)}")
        found += group.features
    return found


def panel_of(
    store: Store,
    purpose: Purpose,
    features: Sequence[Feature],
    last: int,
    first: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> pl.DataFrame:
    """`borrower`, `as_of`, `until`, the features, `outcome` 0 or 1: all borrowers asked about on all days of learning.

    `last`: the last day that is known; of outcomes whose window reaches beyond it nothing is said. Of a book with more
    than MOST_ROWS rows a share of the borrowers is taken, by their number, so that it is the same each time.
    """
    found: list[pl.DataFrame] = []
    with store.connect() as connection, reader_to(store.url) as reader:
        begins = first if first is not None else _first_signed(connection) + BOOK_LEAST_DAYS
        days, wanted = days_to_learn_from(begins, last, purpose), groups_with_consent(features)
        network = network_of_book(connection, reader, wanted, days)
        for part in parts_of_book(connection, reader, wanted, network):
            for day in days:
                rows = _day(part, purpose, features, day)
                if rows is not None:
                    found.append(rows)
                if progress is not None:
                    progress(iso(day))
    if not found:
        raise TableRefused(f"no borrower is asked about for {purpose.name} with an outcome known by {iso(last)}")
    panel = pl.concat(found)
    if len(panel) > MOST_ROWS:
        keep = MOST_ROWS * 1_000 // len(panel)
        panel = panel.filter(pl.col("borrower") * 2_654_435_761 % 4_294_967_296 % 1_000 < keep)
    return panel.sort("as_of", "borrower")


def _first_signed(connection: psycopg.Connection[Any]) -> int:
    """The day on which the book's first loan was signed; of an empty book a day beyond all others."""
    row = connection.execute("select min(signed_on) from contract").fetchone()
    return number_of(row[0]) if row and row[0] is not None else NEVER


def _day(part: Part, purpose: Purpose, features: Sequence[Feature], day: int) -> pl.DataFrame | None:
    positions = reckon_book(part.book, day, day - 1)
    asked = allowed_of(part, day, purpose, features, asked_about(purpose, positions, part.owners))
    if not len(asked):
        return None
    outcome = outcomes_of(purpose, part.book, part.owners, day, asked)
    told = features_of(sources_of(part, day, purpose.use, positions), features, pl.Series("borrower", asked))
    days = {"as_of": pl.lit(date_of(day)), "until": pl.lit(date_of(ends_on(purpose, day)))}
    told = told.with_columns(**days, **{OUTCOME: pl.Series(outcome)})
    return told.filter(pl.col(OUTCOME) >= 0)


def _identity(fields: dict[str, Any]) -> tuple[str, str, str]:
    number, birth, kind = (str(fields.get(name) or "") for name in ("id_number", "date_birth", "id_type"))
    return number, birth, kind


def watched_of(connection: psycopg.Connection[Any], borrowers: Days, on: date) -> pl.DataFrame:
    """What fairness is watched by, a row for each of `borrowers` (sorted): age band and sex, which no model reads.

    Out of the day of birth, or a Chinese identity number: digits 7 to 14 are the birth, an odd 17th is a man's.
    """
    rows = connection.execute(
        "select attributes from borrower where borrower = any(%s) order by borrower",
        (borrowers.tolist(),),
    ).fetchall()
    told = [_watched(*_identity(fields), on) for (fields,) in rows]
    return pl.DataFrame(told, schema={"age": pl.String, "sex": pl.String}, orient="row")


def _watched(number: str, birth: str, kind: str, on: date) -> tuple[str | None, str | None]:
    chinese = len(number) == 18 and kind in ("", "10")
    text = birth or (f"{number[6:10]}-{number[10:12]}-{number[12:14]}" if chinese else "")
    sex = ("man" if int(number[16]) % 2 else "woman") if chinese and number[16].isdecimal() else None
    if not text[:4].isdecimal():
        return None, sex
    years = on.year - int(text[:4])
    return ("under 30" if years < 30 else "30 to 49" if years < 50 else "50 and over"), sex

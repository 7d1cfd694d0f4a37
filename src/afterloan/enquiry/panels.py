"""A panel out of the book: the borrowers of a purpose on many days, their features as then known, and how it ended."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import numpy.typing as npt
import polars as pl
import psycopg

from afterloan.dates import date_of, day_number, iso, year_month_day
from afterloan.facts import FactRefused
from afterloan.loan.book import Book, joined
from afterloan.loan.reckon import reckon_book
from afterloan.risk.features.compute import features_of
from afterloan.risk.features.declared import Feature, groups
from afterloan.risk.flows import flow_sources
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
CONTACT_KINDS = ("debit.failed", "promise.made", "contact.ended")
FEW = 1_000  # loans, up to which their borrowers are asked for by number


@dataclass(slots=True)
class Part:
    """Some loans of the book with all that is read of their borrowers. `owners`: the borrower of each loan [n]."""

    book: Book
    owners: Days
    contacts: pl.DataFrame
    flows: pl.DataFrame | None = None
    consents: pl.DataFrame | None = None


def needs_consent(features: Iterable[Feature]) -> bool:
    """Whether a group of these features is read of borrowers only who agreed to its source."""
    return any(groups()[name].consent for name in {f.group for f in features})


def parts_of_book(
    connection: psycopg.Connection[Any], reader: adbc.Connection, with_flows: bool = False
) -> Iterator[Part]:
    """The whole book in parts of many loans, borrowers never parted; `with_flows`: their account flows too."""
    waiting: list[Book] = []
    for shard_book in books(connection, reader):
        waiting.append(shard_book)
        if sum(map(len, waiting)) >= AT_ONCE:
            yield _part(reader, waiting, with_flows)
            waiting = []
    if waiting:
        yield _part(reader, waiting, with_flows)


def part_of_borrower(
    connection: psycopg.Connection[Any], reader: adbc.Connection, borrower: str, with_flows: bool = False
) -> Part:
    """One borrower with all loans. Raises FactRefused for an unknown reference or a borrower without loans."""
    number, _ = borrower_number(connection, borrower)
    book = read_loans(connection, reader, f"c.borrower = {int(number)}")
    if not len(book):
        raise FactRefused("borrower", borrower, "has no loan", "`afterloan find` looks for borrowers", "unknown")
    owners = np.full(len(book), number, np.int64)
    return _read_of(reader, book, owners, with_flows)


def _read_of(reader: adbc.Connection, book: Book, owners: Days, with_flows: bool) -> Part:
    part = Part(book, owners, _contacts(reader, owners))
    if with_flows:
        part.flows, part.consents = _flows(reader, owners)
    return part


def _flows(reader: adbc.Connection, owners: Days) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Movements and consents of some borrowers, those of sources that they agreed to when the movement became known."""
    few = f" where {one_of('f.borrower', owners)}" if len(owners) < FEW else ""
    flows = fetch(
        reader,
        "select f.borrower, f.source, f.on_day as on, f.known_on, f.amount_fen, f.balance_fen, f.category, "
        f"f.counterparty from flow f{few}",
    )
    consents = fetch(reader, "select borrower, source, uses, on_day, ended_on from flow_consent")
    mine = pl.col("borrower").is_in(np.unique(owners))
    frame = pl.DataFrame(flows).filter(mine)
    major = {"amount": pl.col("amount_fen") * 0.01, "balance": pl.col("balance_fen") * 0.01}
    return frame.with_columns(**major).drop("amount_fen", "balance_fen"), pl.DataFrame(consents).filter(mine)


def agreed(part: Part, as_of: int, use: str) -> pl.DataFrame:
    """`borrower` and `source` of the consents that hold as of a day for a use."""
    assert part.consents is not None, "consents were not read"
    on = date_of(as_of)
    holds = (pl.col("on_day") < on) & (pl.col("ended_on").is_null() | (pl.col("ended_on") > on))
    return part.consents.filter(holds & pl.col("uses").list.contains(use)).select("borrower", "source").unique()


def _part(reader: adbc.Connection, shard_books: list[Book], with_flows: bool) -> Part:
    book = joined(shard_books)
    loans = book.contracts["loan"].astype(np.int64)
    told = pl.DataFrame(fetch(reader, "select loan, borrower from contract order by loan"))
    owners = told["borrower"].to_numpy()[np.searchsorted(told["loan"].to_numpy(), loans)]
    return _read_of(reader, book, owners, with_flows)


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
    if part.flows is not None:
        allowed = part.flows.join(agreed(part, as_of, use), on=["borrower", "source"], how="semi")
        told |= flow_sources(allowed, date_of(as_of))
    return told


def allowed_of(part: Part, as_of: int, purpose: Purpose, features: Sequence[Feature], borrowers: Days) -> Days:
    """Those of `borrowers` of whom every group of these features may be read: a model never reads a blanked group."""
    if not needs_consent(features):
        return borrowers
    return borrowers[np.isin(borrowers, agreed(part, as_of, purpose.use)["borrower"].to_numpy())]


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
        if not group.from_book:
            raise TableRefused(f"group {name!r}: the book holds no such rows; make a table of them and use `risk fit`")
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
        for part in parts_of_book(connection, reader, needs_consent(features)):
            begins = first if first is not None else int(part.book.contracts["signed_on"].min()) + 90
            for day in days_to_learn_from(begins, last, purpose):
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


def watched_of(connection: psycopg.Connection[Any], borrowers: Days, on: date) -> pl.DataFrame:
    """What fairness is watched by, a row for each of `borrowers` (sorted): age band and sex, which no model reads.

    Out of the day of birth, or a Chinese identity number: digits 7 to 14 are the birth, an odd 17th is a man's.
    """
    rows = connection.execute(
        "select borrower, coalesce(attributes->>'id_number', ''), coalesce(attributes->>'date_birth', ''), "
        "coalesce(attributes->>'id_type', '') from borrower where borrower = any(%s) order by borrower",
        (borrowers.tolist(),),
    ).fetchall()
    told = [_watched(number, birth, kind, on) for _, number, birth, kind in rows]
    return pl.DataFrame(told, schema={"age": pl.String, "sex": pl.String}, orient="row")


def _watched(number: str, birth: str, kind: str, on: date) -> tuple[str | None, str | None]:
    chinese = len(number) == 18 and kind in ("", "10")
    text = birth or (f"{number[6:10]}-{number[10:12]}-{number[12:14]}" if chinese else "")
    sex = ("man" if int(number[16]) % 2 else "woman") if chinese and number[16].isdecimal() else None
    if not text[:4].isdecimal():
        return None, sex
    years = on.year - int(text[:4])
    return ("under 30" if years < 30 else "30 to 49" if years < 50 else "50 and over"), sex

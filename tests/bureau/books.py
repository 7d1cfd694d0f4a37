"""A generated book with made-up people in the store."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from afterloan.close import close_through
from afterloan.close import furnish as months
from afterloan.close.furnish import Furnished
from afterloan.dates import number_of
from afterloan.generate import generate
from afterloan.intake.book import bring_in
from afterloan.store.contacts import set_defaults
from afterloan.store.server import Store
from afterloan.strategy.attributes import check_digit

SENDER = {
    "identification_number": "AFT0012345",
    "reporter_name": "AFTERLOAN TEST LENDER",
    "reporter_address": "1 MAIN ST",
}


def identity(n: int) -> str:
    """A made-up Chinese identity number with the check digit that the import asks for."""
    first = f"11010119850{n % 9 + 1}15{n % 1000:03d}"
    return first + check_digit(first)


def people(folder: Path) -> None:
    """Give every borrower a made-up American identity and a made-up Chinese one."""
    path = folder / "borrowers.parquet"
    frame = pl.read_parquet(path)
    n = pl.int_range(pl.len())
    attributes = pl.concat_str(
        pl.lit('{"surname":"TEST'), n % 26, pl.lit('","first_name":"PERSON","ssn":"'), n + 100_000_001,
        pl.lit('","date_birth":"1985-0'), n % 9 + 1, pl.lit('-15","address":"'), n + 1,
        pl.lit(' MAIN STREET","city":"SPRINGFIELD","state":"IL","zip":"62701","id_type":"10","id_number":"'),
        n.map_elements(identity, return_dtype=pl.String), pl.lit('","name":"测试"}'),
    )  # fmt: skip
    frame.with_columns(attributes=attributes).write_parquet(path)


def book(store: Store, folder: Path, loans: int, months: int = 12) -> None:
    generate(loans, months, 1, folder)
    people(folder)
    reports = bring_in(store, folder)
    assert sum(r.refused for r in reports) == 0


def ready(store: Store, month_end: date, bureau: str) -> None:
    """The lender is of the place whose bureau it is, and the month is closed."""
    with store.connect() as connection:
        set_defaults(connection, jurisdiction="US" if bureau == "metro2" else "CN")
        row = connection.execute("select max(closed_on) from proof").fetchone()
    last = row[0] if row else None
    if last is None or last < month_end:
        closed = close_through(store, number_of(month_end), only=last is None)
        assert not closed.failed, closed.failed


def furnish(store: Store, month_end: date, bureau: str, *told: Any, **more: Any) -> Furnished:
    """Furnish a month from closed books, as a lender of the bureau's place does."""
    ready(store, month_end, bureau)
    return months.furnish(store, month_end, bureau, *told, **more)

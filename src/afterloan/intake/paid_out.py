"""Pay-outs of a book that is brought: none above its contract, counting what was paid out and what is taken back."""

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
import psycopg

from afterloan.intake.sheets import Sheet
from afterloan.loan.terms import FactKind
from afterloan.store.locks import lock_paid_out
from afterloan.store.server import Store

LIVE = (
    "not exists (select from fact x where x.of_fact = f.fact) "
    "and not exists (select from taken_back t where t.reference = f.reference)"
)
"""A fact of the store that neither it nor the book that is brought takes back."""
ABOVE_CONTRACT = (
    "i.row in (select row from (select n.row, n.amount_fen, a.principal_fen as most, "
    "coalesce((select sum(f.amount_fen) from fact f "
    f"where f.loan = a.loan and f.kind = {int(FactKind.DISBURSED)} and {LIVE}), 0) "
    "+ sum(n.amount_fen) filter (where n.amount_fen <= a.principal_fen) "
    "over (partition by a.loan order by n.on_day, n.row) as paid "
    "from incoming n join contract a on a.reference = n.contract "
    "where not exists (select from fact k where k.reference = n.reference) "
    "and not exists (select from taken_back t where t.reference = n.reference)) told "
    "where amount_fen > most or paid > most)"
)
"""Rows with which more than the contract's amount would be paid out, counting what the store and earlier rows paid.

A row that is too much by itself counts for no later one: 8,000.00, 500.00 and 300.00 on 800.00 refuse the first alone.
"""
TOO_MUCH_OUT = (
    ABOVE_CONTRACT,
    "amount",
    "with it more than the contract's amount would be paid out",
    "correct the amount, or bring a contract of its own for the rest; a pay-out that failed is taken back in reversals",
)


def know_taken_back(connection: psycopg.Connection[Any], references: frozenset[str]) -> None:
    """One batch of pay-outs after the other, each seeing those before it, and which of them the same book takes back.

    Without an order two batches could each pay half of a contract too much and not see the other.
    """
    lock_paid_out(connection)
    connection.execute("create temp table taken_back (reference text primary key) on commit drop")
    with connection.cursor() as cursor, cursor.copy("copy taken_back from stdin") as copy:
        for reference in sorted(references):
            copy.write_row((reference,))


def pay_outs_taken_back(store: Store, pay_outs: Sequence[Sheet], reversals: Sequence[Sheet]) -> frozenset[str]:
    """The pay-outs that a book takes back: those in its own files, and those in the store. Raises BookFileRefused.

    Most of what is taken back are repayments, a hundred thousand in a book of ten million loans; each batch of
    pay-outs is told of what is returned here, so it must not be told of all of those.
    """
    taken_back = _named(reversals, "of").unique()
    if not len(taken_back) or not pay_outs:
        return NONE
    found = {
        reference
        for sheet in pay_outs
        for named in _each(sheet, "reference")
        for reference in named.filter(named.is_in(taken_back.implode()))
    }
    with store.connect() as connection:
        for some in taken_back.to_frame().iter_slices(AT_ONCE):
            rows = connection.execute(PAID_OUT, (some.to_series().to_list(), int(FactKind.DISBURSED)))
            found.update(reference for (reference,) in rows)
    return frozenset(found)


NONE: frozenset[str] = frozenset()
AT_ONCE = 50_000
PAID_OUT = "select reference from fact where reference = any(%s) and kind = %s"


def _each(sheet: Sheet, column: str) -> Iterator[pl.Series]:
    """A column of references as the file tells it, some rows at a time; nothing where it has no such column."""
    if column in sheet.columns():
        for frame in sheet.frames(lambda *_: None):
            yield frame[column].cast(pl.String).drop_nulls().str.strip_chars()


def _named(sheets: Sequence[Sheet], column: str) -> pl.Series:
    return pl.concat([pl.Series(column, [], pl.String), *(part for sheet in sheets for part in _each(sheet, column))])

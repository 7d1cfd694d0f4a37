"""Rows furnished are of a furnishing and of loans that the book has, or none of them is kept."""

from datetime import date
from pathlib import Path

import polars as pl
import psycopg
import pytest

from afterloan.store import furnished
from afterloan.store.server import Store
from tests.bureau.books import book, furnish

END = date(2024, 12, 31)


@pytest.mark.parametrize(("column", "what"), [("loan", "loan 987654321"), ("furnishing", "furnishing 987654321")])
def test_a_row_of_what_is_not_in_the_book_is_refused_with_all_beside_it(
    store: Store, tmp_path: Path, column: str, what: str
) -> None:
    book(store, tmp_path / "book", 20)
    made = furnish(store, END, "neutral", tmp_path / "out")
    with store.connect() as connection:
        number = furnished.begin(connection, "neutral", END, END).number
        rows = pl.concat(furnished.of_file(connection, number, shard) for shard in range(store.shards()))
    assert len(rows) == made.told > 2
    again = rows.with_columns(turn=pl.col("turn") + 1)
    wrong = pl.when(pl.int_range(pl.len()) == 1).then(987_654_321).otherwise(pl.col(column))
    with (
        pytest.raises(psycopg.errors.ForeignKeyViolation, match=f"{what} is not in this book"),
        store.connect() as connection,
    ):
        furnished.add(connection, again.with_columns(wrong.alias(column)))
    with store.connect() as connection:
        assert furnished.add(connection, again) == len(rows)
        assert sum(furnished.rows_of_shards(connection, number, store.shards())) == 2 * len(rows)

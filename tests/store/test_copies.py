"""Rows put together column by column arrive in the database as they were told; what does not fit is refused."""

import numpy as np
import pytest

from afterloan.dates import day
from afterloan.store.copies import binary_rows, whole_copy
from afterloan.store.server import Store

TYPES = {"a": "bigint", "b": "smallint", "c": "integer", "d": "date"}


def test_values_nulls_days_and_limits_arrive(store: Store) -> None:
    most = np.array([-(2**63), 2**63 - 1])
    parts = [
        binary_rows(TYPES, {"a": most, "b": np.array([-(2**15), 2**15 - 1]), "c": -7, "d": day("1970-01-01")}, 2),
        binary_rows(TYPES, {"a": None, "b": 0, "c": np.array([2**31 - 1]), "d": np.array([day("2024-02-29")])}, 1),
        binary_rows(TYPES, {"a": np.zeros(0, np.int64), "b": 1, "c": 1, "d": 1}, 0),
    ]
    with store.connect() as connection, connection.cursor() as cursor:
        cursor.execute("create temp table told (a bigint, b smallint, c integer, d date, n serial)")
        with cursor.copy("copy told (a, b, c, d) from stdin (format binary)") as copy:
            copy.write(whole_copy(parts))
        found = cursor.execute("select a, b, c, d::text from told order by n").fetchall()
    assert found == [
        (-(2**63), -(2**15), -7, "1970-01-01"),
        (2**63 - 1, 2**15 - 1, -7, "1970-01-01"),
        (None, 0, 2**31 - 1, "2024-02-29"),
    ]


@pytest.mark.parametrize(("column", "value"), [("b", 2**15), ("b", -(2**15) - 1), ("c", 2**31)])
def test_what_a_column_does_not_hold_is_refused(column: str, value: int) -> None:
    columns = {"a": 1, "b": 1, "c": 1, "d": 1} | {column: np.array([value])}
    with pytest.raises(OverflowError, match=f"^{column}: {value} to {value} does not go into a column of type"):
        binary_rows(TYPES, columns, 1)

"""Rows of whole numbers as binary COPY, put together column by column."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

COPY_BEGINS, COPY_ENDS = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
DAYS_BEFORE_2000 = 10_957
"""PostgreSQL counts the days of a `date` from 2000-01-01; we count them from 1970-01-01."""
WIDTH = {"smallint": 2, "integer": 4, "date": 4, "bigint": 8}
"""Bytes of a value by type of its column."""
Column = npt.NDArray[np.int64] | int | None
"""Values [n], one for all rows, or none: null in every row."""


def binary_rows(types: Mapping[str, str], columns: Mapping[str, Column], rows: int) -> bytes:
    """The rows [n] of a table for `copy … from stdin (format binary)`, without what begins and ends such a copy.

    `types`: columns of the COPY in order, each with its type. Days are days since 1970-01-01. A row (7, null) of a
    bigint and a smallint is 18 bytes: 2 for the count of columns, 4 + 8, and 4 that say null. Raises OverflowError for
    a value that its column does not hold.
    """
    fields: list[tuple[str, str]] = [("count", ">i2")]
    for name, kind in types.items():
        fields.append((f"size of {name}", ">i4"))
        if columns[name] is not None:
            fields.append((name, f">i{WIDTH[kind]}"))
    told = np.zeros(rows, np.dtype(fields))
    told["count"] = len(types)
    for name, kind in types.items():
        values = columns[name]
        told[f"size of {name}"] = -1 if values is None else WIDTH[kind]
        if values is not None:
            told[name] = _held(name, kind, values)
    return told.tobytes()


def _held(name: str, kind: str, values: npt.NDArray[np.int64] | int) -> npt.NDArray[np.int64]:
    all_of = np.asarray(values, np.int64)
    if kind == "date":
        all_of = all_of - DAYS_BEFORE_2000
    if all_of.size and kind != "bigint":
        most = 2 ** (8 * WIDTH[kind] - 1)
        least, greatest = int(all_of.min()), int(all_of.max())
        if least < -most or greatest >= most:
            raise OverflowError(f"{name}: {least} to {greatest} does not go into a column of type {kind}")
    return all_of


def whole_copy(parts: Sequence[bytes]) -> bytes:
    """Rows of `binary_rows`, in order, as one binary COPY."""
    return COPY_BEGINS + b"".join(parts) + COPY_ENDS

"""Files of a book: read as frames of text columns, their columns checked; a report of each and rows refused."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from afterloan.expected import ExpectedFailure
from afterloan.texts import encoding_of, separator_of

LONGEST_LINE = 1_000_000
"""Signs of a file's first line that are read."""
NUL_WHY, NUL_REMEDY = "holds a sign that is no text (NUL)", "take the sign out"
BATCH = 50_000
"""Rows of a file that are read at once."""


class BookFileRefused(ExpectedFailure, ValueError):
    """A file that cannot be read at all."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not taken. `row` counts from 1, the header not counted."""

    file: str
    row: int
    column: str
    value: str
    reason: str
    remedy: str


@dataclass(slots=True)
class FileReport:
    """What became of one file's rows: read = loaded + known + changed + refused.

    `changed`: rows of borrowers that the store had otherwise, taken as dated changes.
    """

    file: str
    read: int = 0
    loaded: int = 0
    known: int = 0
    refused: int = 0
    seconds: float = 0.0
    ignored_columns: list[str] = field(default_factory=list)
    changed: int = 0


def find_file(folder: Path, name: str) -> Path | None:
    """`repayments.parquet` or `repayments.csv`; None where there is neither. Raises FileRefused for both."""
    found = [path for path in (folder / f"{name}.parquet", folder / f"{name}.csv") if path.exists()]
    if len(found) > 1:
        raise BookFileRefused(f"{folder}: both {name}.csv and {name}.parquet are there; keep the one that is right")
    return found[0] if found else None


def other_length(path: Path, number: int, text: str, columns: int) -> RefusedRow:
    """The refusal of a line with another number of columns than the first one; `number`: its line in the file."""
    reason = f"has another number of columns than the first line ({columns})"
    return RefusedRow(path.name, max(number - 1, 0), "", text[:200], reason, "quote values that hold commas")


@dataclass(frozen=True, slots=True)
class WrittenAs:
    """How a CSV file is written: its encoding by Python's name, what parts its columns."""

    encoding: str = "utf-8-sig"
    separator: str = ","


def written_as(path: Path) -> WrittenAs:
    """How a file is written, found from all of it: UTF-8, UTF-16, GB 18030 or Windows-1252; comma, semicolon, tab, bar.

    Raises OSError.
    """
    told = path.stat()
    return _written_as(path, told.st_mtime_ns, told.st_size)


@lru_cache(256)
def _written_as(path: Path, _changed: int, _size: int) -> WrittenAs:
    if path.suffix == ".parquet":
        return WrittenAs()
    with path.open("rb") as file:
        encoding = encoding_of(file)
    with path.open(encoding=encoding, newline="", errors="replace") as text:
        return WrittenAs(encoding, separator_of(text.readline(LONGEST_LINE)))


def batches(path: Path, bad_lines: Callable[[int, str], None], separator: str = "") -> Iterator[pl.DataFrame]:
    """A file as frames of text columns. `separator`: as the file itself shows unless told.

    Raises FileRefused when it cannot be read.
    """
    try:
        if path.suffix == ".parquet":
            for batch in pq.ParquetFile(path).iter_batches(BATCH):
                frame = pl.from_arrow(batch)
                assert isinstance(frame, pl.DataFrame)
                floats = [name for name, kind in frame.schema.items() if kind.is_float()]
                if floats:
                    raise BookFileRefused(
                        f"{path.name}: column {floats[0]} holds binary fractions; write decimals, text, or minor units"
                    )
                yield frame.select(pl.all().cast(pl.String))
            return
        line = 0

        def odd(row: Any) -> str:
            nonlocal line
            line += 1
            bad_lines(row.number or 0, row.text or "")
            return "skip"

        written = written_as(path)
        encoding = "utf8" if written.encoding == "utf-8-sig" else written.encoding
        reader = pa_csv.open_csv(
            path,
            read_options=pa_csv.ReadOptions(use_threads=False, block_size=32 << 20, encoding=encoding),
            parse_options=pa_csv.ParseOptions(
                delimiter=separator or written.separator, invalid_row_handler=odd, newlines_in_values=True
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types={name: pa.string() for name in _header(path, separator)}, strings_can_be_null=False
            ),
        )
        for batch in reader:
            frame = pl.from_arrow(batch)
            assert isinstance(frame, pl.DataFrame)
            yield frame
    except (pa.ArrowInvalid, OSError, UnicodeError) as error:
        raise BookFileRefused(f"{path.name}: cannot be read: {error}; save it as UTF-8 CSV or Parquet") from error


def _header(path: Path, separator: str = "") -> list[str]:
    written = written_as(path)
    try:
        with path.open(encoding=written.encoding, newline="") as file:
            lines = iter(lambda: file.readline(LONGEST_LINE), "")
            return next(csv.reader(lines, delimiter=separator or written.separator), [])
    except UnicodeError as error:
        raise BookFileRefused(f"{path.name}: is no text that can be read ({error}); save it as UTF-8") from error
    except csv.Error as error:
        raise BookFileRefused(f"{path.name}: its first line is no CSV ({error}); name the columns there") from error


class HasColumns(Protocol):
    """A kind of file by the columns it needs and knows."""

    @property
    def name(self) -> str:
        """The file's name without its ending."""

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns that have to be there."""

    @property
    def optional(self) -> tuple[str, ...]:
        """Columns that may be."""


def columns_of_file(path: Path, separator: str = "") -> list[str]:
    """The names of the columns of a file. Raises BookFileRefused where it cannot be read or names one twice."""
    try:
        parquet = path.suffix == ".parquet"
        columns = list(pq.ParquetFile(path).schema_arrow.names) if parquet else _header(path, separator)
    except (pa.ArrowInvalid, OSError) as error:
        raise BookFileRefused(f"{path.name}: cannot be read: {error}; save it as UTF-8 CSV or Parquet") from error
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        raise BookFileRefused(
            f"{path.name}: column {twice} is there twice; which of the two is meant? Take the other out"
        )
    return columns


def check_columns(path: Path, kind: HasColumns, separator: str = "") -> tuple[list[str], list[str]]:
    """The columns of a file, and those that mean nothing here. Raises FileRefused for a missing one."""
    columns = columns_of_file(path, separator)
    return columns, check_names(path.name, columns, kind)


MONEY = ("amount", "principal", "interest", "fee", "limit", "arrears")
"""Columns that may also come in minor units, as `amount_fen`."""


def check_names(file: str, columns: list[str], kind: HasColumns) -> list[str]:
    """Those columns of a file that mean nothing here. Raises FileRefused for a missing one."""
    if not columns:
        raise BookFileRefused(f"{file}: is empty; its first line must name the columns: {', '.join(kind.needed)}")
    for name in kind.needed:
        if name not in columns and not (name in MONEY and f"{name}_fen" in columns):
            raise BookFileRefused(
                f"{file}: column {name} is missing (found: {', '.join(columns)}); "
                f"a {kind.name} file needs {', '.join(kind.needed)}"
            )
    known = {*kind.needed, *kind.optional, *(f"{name}_fen" for name in MONEY)}
    return [name for name in columns if name not in known]

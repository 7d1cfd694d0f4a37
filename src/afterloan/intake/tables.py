"""Tables that analysts bring: CSV or Parquet, every value as it stands."""

import gzip
import io
import zlib
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from pydantic import ValidationError

from afterloan.risk.declared import Declaration
from afterloan.risk.table import TableRefused
from afterloan.texts import TextRefused, csv_rows, encoding_of, separator_of, utf8_file, yaml_told


def read_table(path: Path) -> pl.DataFrame:
    """A table out of a file: `.parquet` with its types, anything else as CSV (comma, semicolon, tab, bar), as text.

    UTF-8, UTF-16, GB 18030 or Windows-1252, packed with gzip or not. Raises TableRefused with the line that is wrong.
    """
    if not path.is_file():
        raise TableRefused(f"{path}: no such file")
    try:
        parquet = path.suffix.lower() in (".parquet", ".pq")
        frame = _parquet_table(path) if parquet else _csv_table(path, path.read_bytes())
    except (pl.exceptions.PolarsError, OSError, EOFError, zlib.error, pa.ArrowInvalid) as error:
        raise TableRefused(f"{path}: cannot be read as a table: {str(error).splitlines()[0]}") from error
    names = [name.strip() for name in frame.columns]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise TableRefused(f"{path}: column {twice!r} is there twice; rename one or take it out")
    frame.columns = names
    return frame


def _parquet_table(path: Path) -> pl.DataFrame:
    """A Parquet file with its types. Arrow's own reader: that of Polars ends the process for some broken files."""
    told = pl.from_arrow(pq.ParquetFile(path).read())
    assert isinstance(told, pl.DataFrame)
    return told


def _csv_table(path: Path, raw: bytes) -> pl.DataFrame:
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    for mark, what in ((b"PK\x03\x04", "an archive or a workbook"), (b"PAR1", "Parquet under another name")):
        if raw.startswith(mark):
            raise TableRefused(f"{path}: is {what}, not CSV; save it as .csv, or name it .parquet")
    text = raw.decode(encoding_of(io.BytesIO(raw)), "replace")
    if not text.strip():
        raise TableRefused(f"{path}: the table is empty")
    if text.lstrip()[0] in "[{":
        raise TableRefused(f"{path}: is JSON, not CSV; save it as CSV or Parquet")
    separator = separator_of(text[:1_000_000])
    try:
        _, names = next(csv_rows(text, str(path), separator))
    except TextRefused as bad:
        raise TableRefused(str(bad)) from bad
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise TableRefused(f"{path}: column {twice!r} is there twice; rename one or take it out")

    odd: list[Any] = []

    def stop(row: Any) -> str:
        odd.append(row)
        return "error"

    try:
        table = pa_csv.read_csv(
            io.BytesIO(text.encode()),
            read_options=pa_csv.ReadOptions(use_threads=False, block_size=64 << 20),
            parse_options=pa_csv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=stop),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        if not odd:
            raise
        row = odd[0]
        raise TableRefused(
            f"{path}: line {row.number}: has {row.actual_columns} values, the first line {row.expected_columns}: "
            f"{row.text[:80]!r}; quote values that hold {separator!r}"
        ) from None
    told = pl.from_arrow(table)
    assert isinstance(told, pl.DataFrame)
    return told


def read_declaration(path: Path | None) -> Declaration:
    """A declaration out of a YAML file; an empty one for None. Raises TableRefused with the place of what is wrong."""
    if path is None:
        return Declaration()
    try:
        return Declaration.model_validate(yaml_told(utf8_file(path), str(path)) or {})
    except TextRefused as bad:
        raise TableRefused(str(bad)) from bad
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise TableRefused(f"{path}: {place}: {first['msg']}") from error

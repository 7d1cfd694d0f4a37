"""A month of accounts as Metro 2 at speed: columns to a matrix of bytes and back, by the same field table.

A million accounts are 426 MB. They pass in pieces of some ten thousand rows, so memory stays small; every step
works on whole columns. Records of a month have no segments; those that do go through `afterloan.bureau.metro2.file`.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from afterloan.bureau.metro2.layout import BASE, CHARACTER_RECORD, HEADER, STATUS_TOTALS, TRAILER, Field, length
from afterloan.bureau.metro2.record import RecordRefused, Values, put_fields, take_fields

Matrix = npt.NDArray[np.uint8]
ROWS = 50_000
ZERO = ord("0")
BLANK = ord(" ")
LAST = ord("~")


def _digits(values: npt.NDArray[np.int64], width: int, where: str) -> Matrix:
    """Numbers [n] as characters [n, width], zero-filled. Raises RecordRefused when one does not fit."""
    if len(values) and (values.min() < 0 or values.max() >= 10**width):
        row = int(np.argmax((values < 0) | (values >= 10**width)))
        raise RecordRefused(f"row {row + 1}", where, f"{values[row]} does not fit into {width} digits")
    out = np.empty((len(values), width), np.uint8)
    left = values.astype(np.int64, copy=True)
    for k in range(width - 1, -1, -1):
        left, digit = np.divmod(left, 10) if k else (left, left)
        out[:, k] = digit + ZERO
    return out


def _days(column: pl.Series) -> npt.NDArray[np.int64]:
    """Dates as numbers MMDDYYYY; 0 for none."""
    made = column.dt.month().cast(pl.Int64) * 1_000_000 + column.dt.day().cast(pl.Int64) * 10_000 + column.dt.year()
    return np.asarray(made.fill_null(0).to_numpy(), np.int64)


def _moments(column: pl.Series) -> npt.NDArray[np.int64]:
    clock = column.dt.hour().cast(pl.Int64) * 10_000 + column.dt.minute().cast(pl.Int64) * 100 + column.dt.second()
    return _days(column) * 10**6 + np.asarray(clock.fill_null(0).to_numpy(), np.int64)


def _text(column: pl.Series, width: int, name: str) -> Matrix:
    """Text as characters [n, width], blank-filled. Raises RecordRefused for what is too long or not plain ASCII."""
    column = column.fill_null("")
    padded = column.str.pad_end(width, " ")
    sizes = padded.str.len_bytes()
    if len(column) and (sizes.max() != width or sizes.min() != width):
        row = int((sizes != width).arg_max() or 0)
        raise RecordRefused(f"row {row + 1}", name, f"{column[row]!r} is not plain ASCII of at most {width} characters")
    joined = "".join(padded.to_list()).encode("ascii", "replace")
    out = np.frombuffer(joined, np.uint8).reshape(len(column), width)
    if out.size and (out.min() < BLANK or out.max() > LAST):
        row = int(np.argmax(((out < BLANK) | (out > LAST)).any(axis=1)))
        raise RecordRefused(f"row {row + 1}", name, f"{column[row]!r} holds control characters")
    return out


def _put_column(f: Field, frame: pl.DataFrame, out: Matrix) -> None:
    into = out[:, f.start : f.start + f.width]
    if f.name not in frame.columns:
        into[:] = BLANK if f.kind == "A" else ZERO
        return
    column = frame[f.name]
    if f.kind == "A":
        few = column.n_unique() <= 64
        into[:] = _few(f, column) if few else _text(column, f.width, f.name)
    elif f.kind == "D":
        into[:] = _digits(_days(column), f.width, f.name)
    elif f.kind == "T":
        into[:] = _digits(_moments(column), f.width, f.name)
    else:
        into[:] = _digits(column.fill_null(0).cast(pl.Int64).to_numpy(), f.width, f.name)


def _few(f: Field, column: pl.Series) -> Matrix:
    """Text with few values: written once each, then picked."""
    column = column.fill_null("")
    values = column.unique(maintain_order=True)
    at = column.replace_strict(values, pl.Series(range(len(values)), dtype=pl.UInt32), return_dtype=pl.UInt32)
    return np.asarray(_text(values, f.width, f.name)[at.to_numpy()])


def rows_to_bytes(frame: pl.DataFrame) -> bytes:
    """Rows of base segments of 426 characters; columns are fields of BASE, missing ones are empty. RecordRefused."""
    unknown = set(frame.columns) - {f.name for f in BASE}
    if unknown:
        raise RecordRefused("frame", min(unknown), "no field of that name here", "see bureau/metro2/layout.py")
    out = np.empty((len(frame), CHARACTER_RECORD), np.uint8)
    told = frame.with_columns(record_descriptor_word=pl.lit(CHARACTER_RECORD, pl.Int64))
    for f in BASE:
        _put_column(f, told, out)
    return out.tobytes()


def count(frame: pl.DataFrame) -> Values:
    """The trailer's counts of these rows alone."""
    out: Values = {f.name: 0 for f in TRAILER if f.kind == "N"}
    out["total_base_records"] += len(frame)
    out["block_count"] += len(frame)
    by_status = dict(frame["account_status"].value_counts().iter_rows()) if "account_status" in frame.columns else {}
    for code in (*STATUS_TOTALS, "DA", "DF"):
        out[f"total_status_code_{code.lower()}"] += by_status.get(code, 0)
    for field, name in (("social_security_number", "social_numbers"), ("telephone_number", "telephone_numbers")):
        n = int((frame[field].fill_null(0) > 0).sum()) if field in frame.columns else 0
        out[f"total_{name}_all_segments"] += n
        if field == "social_security_number":
            out["total_social_numbers_base_segments"] += n
    births = int(frame["date_birth"].is_not_null().sum()) if "date_birth" in frame.columns else 0
    out["total_dates_birth_all_segments"] += births
    out["total_dates_birth_base_segments"] += births
    out["total_ecoa_code_z"] += int((frame["ecoa_code"] == "Z").sum()) if "ecoa_code" in frame.columns else 0
    return out


def write_month(header: Values, frame: pl.DataFrame) -> Iterator[bytes]:
    """A fixed-form file of the rows of `frame`, piece by piece: header, rows, trailer with the counts."""
    yield head(header)
    for part in frame.iter_slices(ROWS):
        yield rows_to_bytes(part)
    yield foot([count(frame)])


def head(header: Values) -> bytes:
    """The first record of a file."""
    return put_fields(HEADER, {"record_identifier": "HEADER", **header, "record_descriptor_word": 426}, "header")


def foot(counted: Iterable[Mapping[str, Any]]) -> bytes:
    """The last record, after parts of which each was counted by `count`."""
    told = {"record_identifier": "TRAILER", **total(counted), "record_descriptor_word": 426}
    return put_fields(TRAILER, told, "trailer")


def total(counted: Iterable[Mapping[str, Any]]) -> Values:
    """The trailer's counts of a whole file out of those of its parts; header and trailer are blocks too."""
    out = count(pl.DataFrame()) | {"block_count": 2}
    for one in counted:
        out = {name: out[name] + one[name] for name in out}
    return out


# --- back


def _number(raw: Matrix, f: Field, first: int) -> npt.NDArray[np.int64]:
    digits = raw - ZERO  # wraps below "0", so one comparison finds every character that is no digit
    if digits.size and digits.max() > 9:
        row = int(np.argmax((digits > 9).any(axis=1)))
        raise RecordRefused(f"record {first + row}", f.name, f"{raw[row].tobytes()!r} is not {f.width} digits")
    out = np.zeros(len(raw), np.int64)
    for k in range(raw.shape[1]):
        out *= 10
        out += digits[:, k]
    return out


def _date(number: npt.NDArray[np.int64], f: Field, first: int) -> pl.Series:
    parts = pl.DataFrame({"n": number}).select(
        n="n", y=pl.col("n") % 10_000, m=pl.col("n") // 1_000_000, d=pl.col("n") // 10_000 % 100
    )
    text = pl.concat_str(pl.col("n").cast(pl.String).str.zfill(8))
    made = parts.select(
        r=pl.when(pl.col("n") > 0).then(text.str.to_date("%m%d%Y", strict=False)),
        bad=pl.col("n") > 0,
    )
    wrong = made["bad"] & made["r"].is_null()
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise RecordRefused(f"record {first + row}", f.name, f"{str(number[row]).zfill(8)!r} is no day (MMDDYYYY)")
    return made["r"]


def _strings(raw: Matrix, f: Field, first: int) -> pl.Series:
    flat = np.ascontiguousarray(raw)
    if flat.size and (flat.max() > LAST or flat.min() < BLANK):
        row = int(np.argmax(((flat > LAST) | (flat < BLANK)).any(axis=1)))
        raise RecordRefused(f"record {first + row}", f.name, f"{flat[row].tobytes()!r} is not plain ASCII")
    ends = np.arange(0, flat.size + 1, f.width, dtype=np.int32)
    array = pa.Array.from_buffers(pa.string(), len(raw), [None, pa.py_buffer(ends), pa.py_buffer(flat)])
    made = pl.from_arrow(array)
    assert isinstance(made, pl.Series)
    return made.str.strip_chars_end(" ")


def _take_column(f: Field, rows: Matrix, first: int) -> pl.Series | npt.NDArray[np.int64]:
    raw = rows[:, f.start : f.start + f.width]
    if f.kind == "A":
        return _strings(raw, f, first)
    number = _number(np.ascontiguousarray(raw), f, first)
    if f.kind == "D":
        return _date(number, f, first)
    if f.kind == "T":
        return _moment(number, f, first)
    return number


def _moment(number: npt.NDArray[np.int64], f: Field, first: int) -> pl.Series:
    day = _date(number // 10**6, f, first)
    clock = pl.Series(number % 10**6)
    if len(clock) and ((clock // 10_000 > 23) | (clock // 100 % 100 > 59) | (clock % 100 > 59)).any():
        raise RecordRefused(f"records from {first}", f.name, "holds no time of day (HHMMSS)")
    seconds = clock // 10_000 * 3600 + clock // 100 % 100 * 60 + clock % 100
    return day.cast(pl.Datetime("us")) + pl.Series((seconds * 1_000_000).cast(pl.Duration("us")))


def bytes_to_rows(raw: bytes | memoryview, first: int = 1) -> pl.DataFrame:
    """Base segments of 426 characters as columns (all but the word). RecordRefused names record and field."""
    rows = np.frombuffer(raw, np.uint8).reshape(-1, CHARACTER_RECORD)
    word = _number(np.ascontiguousarray(rows[:, :4]), BASE[0], first)
    if len(word) and (word != CHARACTER_RECORD).any():
        row = int(np.argmax(word != CHARACTER_RECORD))
        raise RecordRefused(
            f"record {first + row}",
            "record_descriptor_word",
            f"{word[row]}, not {CHARACTER_RECORD}",
            "read files with segments by `read_file`",
        )
    return pl.DataFrame({f.name: _take_column(f, rows, first) for f in BASE if f.kind != "W"})


def read_month(raw: bytes | memoryview, period: tuple[date, date] | None = None) -> tuple[Values, pl.DataFrame]:
    """Header and rows of a fixed-form month of plain base segments; the trailer's counts are checked.

    `period`: refuse a file whose activity date is outside. Raises RecordRefused: cut, another period, wrong counts.
    """
    size = len(raw)
    if size < 2 * CHARACTER_RECORD or size % CHARACTER_RECORD:
        raise RecordRefused(
            "file", "size", f"{size} bytes are no whole records of 426", "the file is cut; fetch it again"
        )
    view = memoryview(raw)
    header = take_fields(HEADER, bytes(view[: length(HEADER)]), "header")
    if header["record_identifier"] != "HEADER":
        raise RecordRefused("header", "record_identifier", header["record_identifier"], "this is no Metro 2 file")
    if period and not period[0] <= header["activity_date"] <= period[1]:
        raise RecordRefused(
            "header", "activity_date", f"{header['activity_date']} is not in {period[0]} … {period[1]}",
            "this file is of another period; nothing of it was taken",
        )  # fmt: skip
    tail = bytes(view[size - CHARACTER_RECORD :])
    if tail[4:11] != b"TRAILER":
        raise RecordRefused("file", "trailer", "is missing", "the file is cut; fetch it again")
    body = view[CHARACTER_RECORD : size - CHARACTER_RECORD]
    step = ROWS * CHARACTER_RECORD
    pieces = [bytes_to_rows(body[at : at + step], at // CHARACTER_RECORD + 1) for at in range(0, len(body), step)]
    frame = pl.concat(pieces) if pieces else bytes_to_rows(b"")
    _agree(take_fields(TRAILER, tail, "trailer"), total([count(frame)]))
    return header, frame


def _agree(trailer: Values, counted: dict[str, Any]) -> None:
    for name, n in counted.items():
        if trailer[name] != n:
            raise RecordRefused("trailer", name, f"says {trailer[name]}, the records are {n}", "fetch the file again")

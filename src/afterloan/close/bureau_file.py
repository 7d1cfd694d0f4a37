"""The file of a furnishing: a shard's lines made where its rows are, written in order, moved into place when whole."""

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import polars as pl
import psycopg

from afterloan.bureau import neutral, pboc
from afterloan.bureau.amendments import in_file
from afterloan.bureau.metro2 import month
from afterloan.bureau.metro2.rows import header, segments
from afterloan.store import furnished
from afterloan.store.furnished import Furnishing
from afterloan.store.server import Store

ENDINGS = {"metro2": "dat", "pboc": "xml", "neutral": "jsonl"}


@dataclass(frozen=True, slots=True)
class Piece:
    """What a shard is in a file: its lines, how many, and of how many kept rows; `counted`: for Metro 2's trailer."""

    text: bytes
    lines: int
    rows: int
    counted: Mapping[str, Any] = field(default_factory=dict)


def piece_of(rows: pl.DataFrame, who: pl.DataFrame, furnishing: Furnishing, sender: Mapping[str, Any]) -> Piece:
    """The lines of a shard: of all its kept rows of a furnishing (SCHEMA), and whose the loans are (IDENTITY)."""
    told = in_file(rows).sort("loan", "month_end", "turn")
    if not len(told):
        return Piece(b"", 0, len(rows))
    if furnishing.bureau == "metro2":
        lines = segments(told, who, dict(sender))[0]
        return Piece(month.rows_to_bytes(lines) if len(lines) else b"", len(told), len(rows), month.count(lines))
    if furnishing.bureau == "pboc":
        made = pboc.records(told, who, str(sender.get("account_type", "D1")))[0]
        return Piece(pboc.written(made).encode(), len(told), len(rows), {"records": len(made)})
    return Piece("".join(neutral.lines(told, who)).encode(), len(told), len(rows))


def kept_piece(
    connection: psycopg.Connection[Any], shard: int, furnishing: Furnishing, sender: Mapping[str, Any]
) -> Piece:
    """The same out of what is kept."""
    rows = furnished.of_file(connection, furnishing.number, shard)
    if not len(rows):
        return Piece(b"", 0, 0)
    return piece_of(rows, furnished.identities(connection, shard), furnishing, sender)


def write_file(
    store: Store, pieces: Iterable[Piece], file: Path, furnishing: Furnishing, sender: Mapping[str, Any]
) -> int:
    """Write a file of the pieces of all shards, in order, as they come; returns how many rows are lines of it.

    Where another has added to the furnishing meanwhile, a shard has more rows than its piece: then the file is written
    again out of what is kept.
    """
    with _beside(file) as out:
        seen = _written(out, pieces, furnishing, sender)
        with store.connect() as connection:
            if [piece.rows for piece in seen] != furnished.rows_of_shards(connection, furnishing.number, len(seen)):
                out.seek(0)
                out.truncate()
                kept = (kept_piece(connection, shard, furnishing, sender) for shard in range(len(seen)))
                seen = _written(out, kept, furnishing, sender)
    return sum(piece.lines for piece in seen)


def _written(out: BinaryIO, pieces: Iterable[Piece], furnishing: Furnishing, sender: Mapping[str, Any]) -> list[Piece]:
    """Write pieces between the file's head and foot; the same without their lines, which nobody holds."""
    out.write(_head(furnishing, sender))
    seen = []
    for piece in pieces:
        out.write(piece.text)
        seen.append(Piece(b"", piece.lines, piece.rows, piece.counted))
    out.write(_foot(seen, furnishing))
    return seen


def _head(furnishing: Furnishing, sender: Mapping[str, Any]) -> bytes:
    if furnishing.bureau == "metro2":
        return month.head(header(dict(sender), furnishing.month_end))
    if furnishing.bureau == "pboc":
        return pboc.head(str(sender.get("reporter_name", "")), furnishing.month_end).encode()
    return neutral.head(furnishing.month_end, furnishing.bureau).encode()


def _foot(seen: list[Piece], furnishing: Furnishing) -> bytes:
    if furnishing.bureau == "metro2":
        return month.foot(piece.counted for piece in seen if piece.counted)
    if furnishing.bureau == "pboc":
        return pboc.foot(sum(piece.counted.get("records", 0) for piece in seen)).encode()
    return neutral.foot(sum(piece.lines for piece in seen)).encode()


@contextmanager
def _beside(file: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes the name `file` when the block ends well, and is gone when it does not.

    Each who writes has one of their own; what a killed one has left goes away when the next begins.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    for left in file.parent.glob(f"{file.stem}.*.part"):
        _remove_unless_written(left)
    while True:
        waiting = file.with_name(f"{file.stem}.{uuid4().hex}.part")
        out = waiting.open("xb")
        fcntl.flock(out, fcntl.LOCK_EX)
        if os.fstat(out.fileno()).st_nlink:
            break
        out.close()  # another took it for left over, between its making and its lock
    try:
        with out:
            yield out
            out.flush()
            waiting.replace(file)
    except BaseException:
        waiting.unlink(missing_ok=True)
        raise


def _remove_unless_written(left: Path) -> None:
    try:
        with left.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink(missing_ok=True)
    except (BlockingIOError, FileNotFoundError):
        return

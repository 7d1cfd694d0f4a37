"""One Metro 2 record between values and bytes: the same field table writes and parses."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from afterloan.bureau.metro2.layout import BASE, SEGMENTS, Field, length
from afterloan.expected import ExpectedFailure

Values = dict[str, Any]
SIGN = 0x73
"""The last byte of a packed date or moment: `s`, the sign."""


class RecordRefused(ExpectedFailure, ValueError):
    """A record or file that cannot be read or written: where, which `field`, what is there, what to do."""

    def __init__(self, where: str, name: str, reason: str, remedy: str = "correct it at its source") -> None:
        """The message says all four."""
        super().__init__(f"{where}: {name}: {reason}; {remedy}")
        self.where, self.field, self.reason = where, name, reason


@dataclass(frozen=True, slots=True)
class Record:
    """A base segment and what follows it: `segments` are (identifier, values) in order."""

    base: Values
    segments: list[tuple[str, Values]] = field(default_factory=list)


def empty(kind: str) -> Any:
    """What a field without content is: "" for text, 0 for a number, None for a date."""
    return "" if kind == "A" else None if kind in "DT" else 0


def put_field(f: Field, value: Any, packed: bool, where: str) -> bytes:
    """The bytes of one field. Raises RecordRefused where the value does not fit or is no plain text."""
    width = f.packed_width if packed else f.width
    if f.kind == "A":
        text = str(value or "")
        if len(text) > width:
            raise RecordRefused(where, f.name, f"{text!r} has {len(text)} characters, {width} fit", "shorten it")
        if not (text.isascii() and text.isprintable()) and text:
            raise RecordRefused(where, f.name, f"{text!r} is not plain ASCII", "transliterate it")
        return text.ljust(width).encode("ascii")
    number = _number(f, value)
    if not 0 <= number < 10**f.width:
        raise RecordRefused(where, f.name, f"{number} does not fit into {f.width} digits", "check the amount")
    if not packed or (f.packed_width == f.width and f.kind != "W"):
        return str(number).zfill(f.width).encode("ascii")
    if f.kind == "W":
        return number.to_bytes(2, "big") + b"\0\0"
    if f.kind in "DT":
        return b"\0" + number.to_bytes(width - 2, "big") + bytes([SIGN]) if number else bytes(width)
    return number.to_bytes(width, "big")


def _number(f: Field, value: Any) -> int:
    if value is None:
        return 0
    if f.kind == "D":
        return int(value.month * 10**6 + value.day * 10**4 + value.year)
    if f.kind == "T":
        day = value.month * 10**6 + value.day * 10**4 + value.year
        return int(day * 10**6 + value.hour * 10**4 + value.minute * 100 + value.second)
    return int(value)


def take_field(f: Field, raw: bytes, packed: bool, where: str) -> Any:
    """The value of one field. Raises RecordRefused naming the field."""
    if f.kind == "A":
        try:
            text = raw.decode("ascii")
        except UnicodeDecodeError:
            raise RecordRefused(where, f.name, f"{raw!r} is not plain ASCII") from None
        if not text.isprintable():
            raise RecordRefused(where, f.name, f"{text!r} holds control characters")
        return text.rstrip(" ")
    number = _unpacked(f, raw) if packed and (f.packed_width != f.width or f.kind == "W") else _digits(f, raw, where)
    return _moment(f, number, where) if f.kind in "DT" else number


def _unpacked(f: Field, raw: bytes) -> int:
    if f.kind == "W":
        return int.from_bytes(raw[:2], "big")
    if f.kind in "DT":
        return int.from_bytes(raw[1:-1], "big") if raw[0] == 0 and raw[-1] == SIGN else 0
    return int.from_bytes(raw, "big")


def _digits(f: Field, raw: bytes, where: str) -> int:
    if raw.isdigit():
        return int(raw)
    if not raw.strip() and not f.required:
        return 0
    raise RecordRefused(where, f.name, f"{raw!r} is not {f.width} digits")


def _moment(f: Field, number: int, where: str) -> date | None:
    if number == 0:
        return None
    text = str(number).zfill(f.width)
    try:
        if f.kind == "D":
            return date(int(text[4:8]), int(text[:2]), int(text[2:4]))
        return datetime(
            int(text[4:8]), int(text[:2]), int(text[2:4]), int(text[8:10]), int(text[10:12]), int(text[12:])
        )
    except ValueError:
        raise RecordRefused(where, f.name, f"{text!r} is no day (MMDDYYYY)") from None


def put_fields(fields: tuple[Field, ...], values: Values, where: str, packed: bool = False) -> bytes:
    """The bytes of a record; fields not given are empty. Raises RecordRefused for names that are not in the table."""
    unknown = set(values) - {f.name for f in fields} - {"filler", "block_descriptor_word"}
    if unknown:
        raise RecordRefused(where, min(unknown), "no field of that name here", "see bureau/metro2/layout.py")
    return b"".join(put_field(f, values.get(f.name, empty(f.kind)), packed, where) for f in fields)


def take_fields(fields: tuple[Field, ...], raw: bytes, where: str, packed: bool = False) -> Values:
    """The values of a record that starts at raw[0]. Raises RecordRefused when it is too short or a field is wrong."""
    need = length(fields, packed)
    if len(raw) < need:
        raise RecordRefused(where, "length", f"{len(raw)} bytes, {need} are needed", "the file is cut; fetch it again")
    values: Values = {}
    for f in fields:
        start, width = (f.packed_start, f.packed_width) if packed else (f.start, f.width)
        values[f.name] = take_field(f, raw[start : start + width], packed, where)
    return values


def put_record(record: Record, where: str, packed: bool = False) -> bytes:
    """A data record with its descriptor word, padded with blanks to the length that the word says."""
    parts = [put_fields(SEGMENTS[name], values, f"{where} {name}") for name, values in record.segments]
    size = length(BASE, packed) + sum(map(len, parts))
    told = int(record.base.get("record_descriptor_word") or size)
    if told < size:
        raise RecordRefused(where, "record_descriptor_word", f"{told}, and the record has {size} bytes", "leave it out")
    base = put_fields(BASE, {**record.base, "record_descriptor_word": told}, where, packed)
    return (base + b"".join(parts)).ljust(told)


def take_record(raw: bytes, where: str, packed: bool = False) -> Record:
    """A data record from its descriptor word on. Raises RecordRefused."""
    base = take_fields(BASE, raw, where, packed)
    at = length(BASE, packed)
    segments: list[tuple[str, Values]] = []
    while raw[at:].strip():
        name = raw[at : at + 2].decode("ascii", "replace")
        if name not in SEGMENTS:
            raise RecordRefused(where, "segment_identifier", f"{name!r} at byte {at} is no segment")
        segments.append((name, take_fields(SEGMENTS[name], raw[at:], f"{where} {name}")))
        at += length(SEGMENTS[name])
    return Record(base, segments)

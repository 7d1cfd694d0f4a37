"""A whole Metro 2 file in each of its forms: fixed, variable with block words, packed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from afterloan.bureau.metro2.layout import (
    HEADER,
    PACKED_HEADER,
    PACKED_TRAILER,
    STATUS_TOTALS,
    TRAILER,
    Field,
    length,
)
from afterloan.bureau.metro2.record import (
    Record,
    RecordRefused,
    Values,
    put_fields,
    put_record,
    take_fields,
    take_record,
)

Form = Literal["fixed", "variable", "packed"]
LARGEST = 2**31
SEGMENT_TOTALS = {
    "K1": "total_original_creditor_segments",
    "K2": "total_purchased_to_segments",
    "K3": "total_mortgage_information_segments",
    "K4": "total_payment_information_segments",
    "L1": "total_change_segments",
    "N1": "total_employment_segments",
}


@dataclass(frozen=True, slots=True)
class Metro2File:
    """Header, data records, trailer; `form` as written."""

    header: Values
    records: list[Record]
    trailer: Values
    form: Form


def totals(records: list[Record]) -> Values:
    """The trailer's counts. One record of status 62 with one J1: base 1, status 62 1, J1 1, blocks 3."""
    out: Values = {f.name: 0 for f in TRAILER if f.kind == "N"}
    out["total_base_records"], out["block_count"] = len(records), len(records) + 2
    for record in records:
        status = str(record.base.get("account_status", "")).lower()
        if status.upper() in STATUS_TOTALS or status in ("da", "df"):
            out[f"total_status_code_{status}"] += 1
        for name, values in [("base", record.base), *record.segments]:
            _count(name, values, out)
    return out


def _count(name: str, values: Values, out: Values) -> None:
    if name in SEGMENT_TOTALS:
        out[SEGMENT_TOTALS[name]] += 1
        return
    of = "base" if name == "base" else name.lower()
    if name != "base":
        out[f"total_consumer_segments_{of}"] += 1
    for field, total in (("social_security_number", "social_numbers"), ("date_birth", "dates_birth")):
        if values.get(field):
            out[f"total_{total}_{of}_segments"] += 1
            out[f"total_{total}_all_segments"] += 1
    out["total_telephone_numbers_all_segments"] += bool(values.get("telephone_number"))
    out["total_ecoa_code_z"] += values.get("ecoa_code") == "Z"


def write_file(header: Values, records: list[Record], form: Form = "fixed", trailer: Values | None = None) -> bytes:
    """The bytes of a file; the trailer is counted unless given. Raises RecordRefused, naming record and field."""
    packed = form == "packed"
    parts = [_edge(PACKED_HEADER if packed else HEADER, {"record_identifier": "HEADER", **header}, "header", form)]
    for nth, record in enumerate(records, 1):
        raw = put_record(record, f"record {nth}", packed)
        whole = _block_word(len(raw), record.base, form) + raw
        told = int(record.base.get("block_descriptor_word") or 0)
        parts.append(whole[: len(raw)] if 0 < told < len(raw) else whole)  # as it was read: see `blocks`
    end = {"record_identifier": "TRAILER", **(totals(records) if trailer is None else trailer)}
    fields = PACKED_TRAILER if packed else TRAILER
    parts.append(_edge(fields, end, "trailer", "fixed" if form == "variable" else form))
    return b"".join(parts)


def _block_word(size: int, values: Values, form: Form) -> bytes:
    told = values.get("block_descriptor_word")
    if form == "fixed" or told == 0:
        return b""
    told = told or size + 4
    return told.to_bytes(2, "big") + b"\0\0" if form == "packed" else str(told).zfill(4).encode("ascii")


def _edge(fields: tuple[Field, ...], values: Values, where: str, form: Form) -> bytes:
    """A header or trailer, padded to the length that its block or descriptor word says."""
    size = length(fields, form == "packed")
    told = values.get("record_descriptor_word") or size
    raw = put_fields(fields, {**values, "record_descriptor_word": told}, where, form == "packed")
    word = b"" if where == "trailer" else _block_word(told, values, form)
    whole = (values.get("block_descriptor_word") or 0) - 4 if word else told
    return word + raw + str(values.get("filler", "")).encode("ascii").ljust(max(whole - size, 0))


def blocks(raw: bytes, packed: bool) -> Iterator[tuple[int, bytes]]:
    """The blocks of a file as (first byte, bytes). Raises RecordRefused where a word is wrong or bytes end."""
    at = 0
    blocked = raw[8:14] == b"HEADER"
    while at < len(raw):
        size = _word(raw[at : at + 4], packed)
        if blocked and at and not packed and raw[at + 4 : at + 11] != b"TRAILER":
            size = max(size, _word(raw[at + 4 : at + 8], packed))  # a block word too small for its record: the record's
        if size < 8:
            raise RecordRefused(f"byte {at}", "record_descriptor_word", f"{raw[at : at + 4]!r} is no length")
        if at + size > len(raw):
            raise RecordRefused(
                f"byte {at}",
                "record_descriptor_word",
                f"says {size} bytes and {len(raw) - at} are left",
                "the file is cut; fetch it again",
            )
        yield at, raw[at : at + size]
        at += size


def _word(word: bytes, packed: bool) -> int:
    """What a descriptor word says; 0 when it says nothing."""
    if packed:
        return int.from_bytes(word[:2], "big") if len(word) == 4 and word[2:] == b"\0\0" else 0
    return int(word) if len(word) == 4 and word.isdigit() else 0


def read_file(raw: bytes) -> Metro2File:
    """A file in whatever form it has. Raises RecordRefused naming byte, record and field; nothing is guessed."""
    if len(raw) > LARGEST:
        raise RecordRefused("file", "size", f"{len(raw)} bytes", "split it; at most 2 GB are read at once")
    packed = not raw[:4].isdigit()
    if not packed:
        raw = raw.replace(b"\r", b"").replace(b"\n", b"")
    header: Values | None = None
    trailer: Values | None = None
    records: list[Record] = []
    blocked = False
    for at, block in blocks(raw, packed):
        if trailer is not None:
            raise RecordRefused(f"byte {at}", "trailer", "something follows the trailer", "one file at a time")
        if header is None:
            header = _read_header(block, packed)
            blocked = header["block_descriptor_word"] > 0
        elif block[4:11] == b"TRAILER":
            trailer = take_fields(PACKED_TRAILER if packed else TRAILER, block, "trailer", packed)
        else:
            records.append(_read_data(block, f"record {len(records) + 1} at byte {at}", packed, blocked))
    if header is None or trailer is None:
        raise RecordRefused("file", "trailer" if header else "header", "is missing", "the file is cut; fetch it again")
    form: Form = "packed" if packed else "variable" if header["block_descriptor_word"] else "fixed"
    return Metro2File(header, records, trailer, form)


def _read_header(block: bytes, packed: bool) -> Values:
    blocked = 4 if block[8:14] == b"HEADER" else 0
    if block[4 + blocked : 10 + blocked] != b"HEADER":
        raise RecordRefused("byte 0", "record_identifier", f"{block[4:14]!r}, not HEADER", "this is no Metro 2 file")
    fields = PACKED_HEADER if packed else HEADER
    header = take_fields(fields, block[blocked:], "header", packed)
    header["block_descriptor_word"] = len(block) if blocked else 0
    rest = block[blocked + length(fields, packed) :].decode("ascii", "replace").rstrip(" ")
    if rest:
        header["filler"] = rest
    return header


def _read_data(block: bytes, where: str, packed: bool, blocked: bool) -> Record:
    record = take_record(block[4 if blocked else 0 :], where, packed)
    record.base["block_descriptor_word"] = _word(block[:4], packed) if blocked else 0
    return record


def check_totals(file: Metro2File) -> list[tuple[str, int, int]]:
    """Where the trailer disagrees with the records: (field, told, counted)."""
    counted = totals(file.records)
    return [(name, file.trailer[name], n) for name, n in counted.items() if file.trailer.get(name, 0) != n]

"""Samples, mutations and crashers of another Metro 2 library, where they are; what passes is printed."""

import base64
import json
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from afterloan.bureau.metro2.check import check_form
from afterloan.bureau.metro2.file import check_totals, read_file, write_file
from afterloan.bureau.metro2.layout import (
    BASE,
    HEADER,
    PACKED_HEADER,
    PACKED_TRAILER,
    SEGMENTS,
    TRAILER,
    Field,
    length,
)
from afterloan.bureau.metro2.record import Record, RecordRefused, put_fields, take_fields, take_record

FILE = Path(__file__).parents[3] / "shared" / "cases" / "metro2.json"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the shared cases are not here")
ACRONYMS = {"ECOACode": "ecoa_code", "PRBCProgramIdentifier": "prbc_program_identifier",
            "TransUnionProgramIdentifier": "transunion_program_identifier", "Reserved1": "reserved_1",
            "Reserved2": "reserved_2", "TotalECOACodeZ": "total_ecoa_code_z", "EcoaCode": "ecoa_code"}  # fmt: skip
LAYOUTS = {
    "baseSegmentCharacterFormat": (BASE, False), "baseSegmentPackedFormat": (BASE, True),
    "headerRecordCharacterFormat": (HEADER, False), "headerRecordPackedFormat": (PACKED_HEADER, False),
    "trailerRecordCharacterFormat": (TRAILER, False), "trailerRecordPackedFormat": (PACKED_TRAILER, True),
    **{f"{name.lower()}SegmentFormat": (SEGMENTS[name], False) for name in SEGMENTS},
}  # fmt: skip


def cases() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return told


def snake(name: str) -> str:
    """`AccountStatus` or `accountStatus` in the words of our table."""
    name = name[0].upper() + name[1:]
    if name in ACRONYMS:
        return ACRONYMS[name]
    name = re.sub(r"StatusCode(D[AF])", lambda m: f"StatusCode{m[1].lower()}", name)
    parts = re.findall(r"[A-Z][a-z]*\d?|\d+|d[af]$", re.sub(r"(?<=StatusCode)", "-", name))
    return "_".join(parts).lower()


def test_layouts_agree_field_by_field() -> None:
    for name, told in cases()["layout"].items():
        fields, packed = LAYOUTS[name]
        ours = [(f.packed_start if packed else f.start, f.packed_width if packed else f.width) for f in fields]
        theirs = [(t["start"], t["length"]) for t in told if t["name"] != "BlockDescriptorWord"]
        assert ours == theirs, name
        names = [snake(t["name"]) for t in told if t["name"] != "BlockDescriptorWord"]
        assert [f.name for f in fields] == names, name


def plain(values: dict[str, Any], fields: tuple[Field, ...]) -> dict[str, Any]:
    """A JSON sample's values as ours."""
    kinds = {f.name: f.kind for f in fields} | {"block_descriptor_word": "W"}
    out = {}
    for name, value in values.items():
        kind = kinds[snake(name)]
        if kind in "DT":
            moment = datetime.fromisoformat(value.replace("Z", ""))
            value = moment if kind == "T" else moment.date()
        out[snake(name)] = value
    return out


def record_of(told: dict[str, Any]) -> Record:
    more: list[tuple[str, dict[str, Any]]] = []
    for name in SEGMENTS:
        found = told.get(name.lower(), [])
        more += [(name, plain(s, SEGMENTS[name])) for s in (found if isinstance(found, list) else [found])]
    return Record(plain(told["base"], BASE), more)


def round_trips(name: str, sample: dict[str, Any]) -> bool:
    if "json" in sample:
        told = sample["json"]
        records = [record_of(r) for r in told.get("data", [told])]
        head = plain(told["header"], HEADER) if "header" in told else {"activity_date": date(2020, 1, 1)}
        for form in ("fixed", "variable", "packed"):
            clean = [Record({k: v for k, v in r.base.items() if "descriptor" not in k}, r.segments) for r in records]
            bare = {k: v for k, v in head.items() if "descriptor" not in k}
            back = read_file(write_file(bare, clean, form))  # type: ignore[arg-type]
            for ours, theirs in zip(back.records, clean, strict=True):
                assert all(ours.base[k] == v for k, v in theirs.base.items())
                assert all(
                    o[1][k] == v for o, t in zip(ours.segments, theirs.segments, strict=True) for k, v in t[1].items()
                )
                assert check_form(ours) == []
            if "trailer" in told:
                counted = plain(told["trailer"], TRAILER)
                assert all(back.trailer[k] == v for k, v in counted.items() if "total" in k or k == "block_count")
        return True
    raw = sample["text"].encode("latin-1") if "text" in sample else base64.b64decode(sample["base64"])
    if "_file" in name or "_request" in name:
        file = read_file(raw)
        assert check_totals(file) == []
        assert all(check_form(r) == [] for r in file.records)
        return write_file(file.header, file.records, file.form, file.trailer) == raw.replace(b"\n", b"")
    return one_record(name.removesuffix(".dat"), raw)


def one_record(name: str, raw: bytes) -> bool:
    packed = name.startswith("packed")
    if "base" in name:
        record = take_record(raw[4:], name, packed)
        whole = write_file({"activity_date": date(2020, 1, 1)}, [record], "packed" if packed else "variable")
        assert check_form(record) == []
        return raw in whole
    raw = raw.replace(b"\n", b"") if not packed else raw
    fields = {"header_record": HEADER, "packed_header_record": PACKED_HEADER, "trailer_record": TRAILER}.get(name)
    fields = fields or SEGMENTS[name[:2].upper()]
    at = len(raw) - length(fields)
    return put_fields(fields, take_fields(fields, raw[at:], name, packed), name, packed) == raw[at:]


def test_valid_samples_round_trip() -> None:
    samples = cases()["samples"]
    passed = {name: round_trips(name, sample) for name, sample in samples.items()}
    print(f"metro2 samples: {sum(passed.values())} of {len(samples)} round-trip")
    assert all(passed.values()), passed
    assert len(passed) >= 14


# What the source's own tests set besides what the case names: each is a second assignment in the same test.
SECOND: dict[str, dict[str, Any]] = {
    "SocialSecurityNumber": {"DateBirth": "utils.Time{}"},
    "DateBirth": {"SocialSecurityNumber": "0"},
    "AgencyIdentifier": {"AccountNumber": '"error"'},
}
CONSTANTS = {"PurchasedIndicatorRemove": 9, "AgencyIdentifierNotApplicable": 0, "utils.Time{}": None}


def mutated(case: dict[str, Any], base: Record, also: dict[str, Any]) -> Record:
    name = case["sample"].removeprefix("sample").removesuffix("Segment").removeprefix("Packed")
    change = {}
    for field, value in {**case["set"], **also}.items():
        change[snake(field)] = CONSTANTS[value] if value in CONSTANTS else json.loads(value)
    if name == "Base":
        return Record(base.base | change, base.segments)
    return Record(base.base, [(n, v | change) if n == name else (n, v) for n, v in base.segments])


def test_mutations_are_refused_with_the_field_named() -> None:
    told = cases()
    base = record_of(told["samples"]["base_segment.json"]["json"])
    outcome = {"accepted": 0, "refused": 0, "refused with what the source's test sets besides": 0}
    for case in told["validation_tests"]:
        field = snake(next(iter(case["set"])))
        wrong = check_form(mutated(case, base, {}))
        if case["valid"]:
            assert wrong == [], case["test"]
            outcome["accepted"] += 1
        elif wrong:
            outcome["refused"] += 1
        else:
            also = SECOND[next(iter(case["set"]))]
            wrong = check_form(mutated(case, base, also))
            if "agency" not in field:  # where both are asked for, the first assignment alone is enough
                assert field in {w.field for w in check_form(mutated(case, base, {}), "both")}, case["test"]
            outcome["refused with what the source's test sets besides"] += 1
        if not case["valid"]:
            named = {w.field for w in wrong}
            assert named & ({field} | {snake(f) for f in SECOND.get(next(iter(case["set"])), {})} | {
                "purchased_name"}), case["test"]  # fmt: skip
    print(f"metro2 mutations: {outcome}")
    assert sum(outcome.values()) == len(told["validation_tests"])
    assert outcome["accepted"] >= 2 and outcome["refused"] >= 14


def test_crashers_are_survived() -> None:
    crashers = cases()["crashers"]
    for crasher in crashers:
        with pytest.raises(RecordRefused) as caught:
            read_file(base64.b64decode(crasher["base64"]))
        assert caught.value.where.startswith("byte ")
    print(f"metro2 crashers: {len(crashers)} of {len(crashers)} survived")

"""Every form of file that others send us: good samples of it, and the reader that the doors use."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from afterloan.banks.files import read_results, read_statements
from afterloan.banks.nacha import read_nacha
from afterloan.bureau.compare import read_report
from afterloan.bureau.metro2.file import read_file, write_file
from afterloan.bureau.metro2.month import read_month, rows_to_bytes
from afterloan.bureau.metro2.record import Record
from afterloan.bureau.neutral import read_neutral
from afterloan.bureau.responses import read_response
from afterloan.intake.flows import FlowMap, FlowsRead, read_flow_map, read_flows
from afterloan.intake.instalments_csv import convert
from afterloan.intake.tables import read_declaration, read_table
from afterloan.rules.products import load_products
from afterloan.servicing.receipts import _read, rows_of
from afterloan.strategy.agency_file import IN, read_returns
from afterloan.strategy.ladder import sound_ladder
from afterloan.texts import utf8
from tests.banks.test_files_of_banks import GOOD
from tests.bureau.test_metro2 import HEADER as METRO2_HEADER
from tests.intake.test_flows import ROWS as FLOWS
from tests.intake.test_instalments_csv import HEAD as INSTALMENTS
from tests.servicing.test_rejections import ROW, as_csv, as_json, as_xml
from tests.strategy.test_cases import LADDER

Read = Callable[[bytes, Path], Any]
END = date(2024, 12, 31)


@dataclass(frozen=True, slots=True)
class Kind:
    """A form of file: its name, good samples, and how it is read; `folder` is an empty place to put it down."""

    name: str
    samples: tuple[bytes, ...]
    read: Read


def _put(folder: Path, name: str, data: bytes) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def _response(bureau: str) -> Read:
    return lambda data, folder: read_response(data, bureau, END)


def _receipts(ending: str) -> Read:
    return lambda data, folder: [_read(row) for row in rows_of(f"receipts{ending}", data)]


def _flows(data: bytes, folder: Path) -> list[pl.DataFrame]:
    return list(read_flows(_put(folder, "flows.csv", data), FlowMap(), FlowsRead()))


def _instalments(data: bytes, folder: Path) -> Any:
    _put(folder, "instalments.csv", data)
    return convert(folder, folder / "out")


def _decided(data: bytes, folder: Path) -> Any:
    _put(folder, "previous_loans.csv", data)
    return _instalments(PAYMENTS, folder)


def _parquet() -> bytes:
    out = io.BytesIO()
    pl.DataFrame({"id": ["a", "b"], "amount": [1, 2]}).write_parquet(out)
    return out.getvalue()


AGENCY = (
    ",".join(IN)
    + "\nr1,p1,B1,attempt,2026-03-10,2026-03-10T14:05:00+08:00,call,reached,,,said he pays\n"
    + "r2,p1,B1,promise,2026-03-10,,,,30000,2026-03-20,\nr3,p2,B2,return,2026-03-12,,,,,,gone\n"
).encode()
PAYMENTS = (INSTALMENTS + "\n7,1,1,2,-30,-28,100.5,100.5\n7,1,1,1,-60,-61,100.5,100.5\n").encode()
BOUNCE = (
    b'Date: Fri, 13 Mar 2026 08:00:00 +0000\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"'
    b"\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; a@b"
    b"\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no such user\n\n--b\nContent-Type: "
    b"text/rfc822-headers\n\nMessage-ID: <0123456789abcdef0123456789abcdef@afterloan.invalid>\n\n--b--\n"
)
RECEIPT = b'{"key": "k1", "status": "delivered", "at": "2026-03-13T08:00:00+00:00", "receipt": "r-1"}'
RECEIPTS = b"key,status,at,reason\nk1,delivered,2026-03-13T08:00:00+00:00,\nk2,bounced,2026-03-13T08:00:00+00:00,full\n"
ECHO = (
    rows_to_bytes(pl.DataFrame([{"consumer_account_number": "L1", "date_account_information": END}]))
    + b"E0001STATE AND ZIP DISAGREE\nROWS1\n"
)
PRODUCTS = (Path(__file__).parents[2] / "src/afterloan/rules/packs/products").glob("*.yaml")
DECLARATION = b"columns: {age: {kind: number}}\nleave_out: [name]\nhistories: true\n"
FLOW_MAP = b"columns: {reference: id, on: day}\ndays: '%y%m%d'\nout: {column: way, words: [OUT]}\nknown_after_days: 1\n"

NEUTRAL = b'{"format": "afterloan-bureau/1", "bureau": "pboc"}\n{"loan": "L1", "balance_fen": 700}\n{"rows": 1}\n'
REPORT = (
    b'{"format": "afterloan-report/1", "bureau": "pboc", "person": {"borrower": "B1"}, "accounts": [{"loan": "L1", '
    b'"months": [{"month_end": "2024-12-31", "status": "1", "overdue_fen": 100, "balance_fen": 700}]}]}'
)
ACCOUNT = Record(
    {"consumer_account_number": "L1", "date_account_information": END, "account_status": "11", "current_balance": 700},
    [("J1", {"segment_identifier": "J1", "surname": "ROE", "date_birth": date(1980, 2, 29)})],
)

KINDS = (
    Kind("bank statements", tuple(data for data, read in GOOD), lambda data, folder: read_statements(data, "f")),
    Kind("debit results", tuple(data for data, read in GOOD), lambda data, folder: read_results(data, "f")),
    Kind("nacha collections", tuple(d for d, _ in GOOD if d[:1] == b"1"), lambda data, folder: read_nacha(data, "f")),
    Kind("answers of a bureau", (as_json(ROW), as_csv(ROW), as_xml(ROW)), _response("pboc")),
    Kind("answers in Metro 2", (ECHO,), _response("metro2")),
    Kind(
        "Metro 2 files",
        tuple(write_file(METRO2_HEADER, [ACCOUNT], form) for form in ("fixed", "variable", "packed")),
        lambda data, folder: read_file(data),
    ),
    Kind("Metro 2 months", (write_file(METRO2_HEADER, [Record(ACCOUNT.base)]),), lambda data, folder: read_month(data)),
    Kind("answers of agencies", (AGENCY,), lambda data, folder: read_returns(utf8(data, "f"))),
    Kind("receipts as CSV", (RECEIPTS,), _receipts(".csv")),
    Kind("receipts as JSON", (RECEIPT, b"[" + RECEIPT + b"]"), _receipts(".json")),
    Kind("receipts as JSON lines", (RECEIPT + b"\n" + RECEIPT + b"\n",), _receipts(".jsonl")),
    Kind("returned mail", (BOUNCE,), _receipts(".eml")),
    Kind("account flows", (FLOWS.encode(),), _flows),
    Kind("maps of flows", (FLOW_MAP,), lambda data, folder: read_flow_map(_put(folder, "map.yaml", data))),
    Kind("payment records", (PAYMENTS,), _instalments),
    Kind("decided days", (b"SK_ID_PREV,DAYS_DECISION\n7,-90\n",), _decided),
    Kind("tables", (FLOWS.encode(),), lambda data, folder: read_table(_put(folder, "t.csv", data))),
    Kind("tables in Parquet", (_parquet(),), lambda data, folder: read_table(_put(folder, "t.parquet", data))),
    Kind("declarations", (DECLARATION,), lambda data, folder: read_declaration(_put(folder, "d.yaml", data))),
    Kind(
        "products", tuple(sorted(p.read_bytes() for p in PRODUCTS))[:2],
        lambda data, folder: load_products(_put(folder, "products.yaml", data)),
    ),
    Kind("ladders", (LADDER.encode(),), lambda data, folder: sound_ladder(utf8(data, "f"), "f")),
    Kind("credit reports", (REPORT, write_file(METRO2_HEADER, [ACCOUNT])), lambda data, folder: read_report(data, END)),
    Kind("neutral bureau files", (NEUTRAL,), lambda data, folder: read_neutral(utf8(data, "f"))),
)  # fmt: skip

"""The PBoC's second-generation personal record as XML, in our reading: not the official specification.

Element names and the schema (`pboc.xsd`) are ours; codes and the elements that an account type carries are what
public sources name (RULES 1.1). Written and read by the same list of elements.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any
from xml.sax.saxutils import escape

import polars as pl
from lxml import etree

from afterloan.bureau.metro2.record import RecordRefused
from afterloan.bureau.packs import rule
from afterloan.texts import WITHOUT_REMARKS

SPACE = "urn:afterloan:pboc-reading:1"
READING = "afterloan's reading of public material; not the official specification"
LARGEST = 512 * 1024 * 1024
IDENTITY = {"person_name": "name", "id_type": "id_type", "id_number": "id_number"}
"""What of a record says whose it is, and the borrower's attribute that it comes from."""
BASE = {"AccountNumber": "account_number", "AccountType": "account_type", "PersonName": "person_name",
        "IdType": "id_type", "IdNumber": "id_number"}  # fmt: skip
BASIC = {"OpenDate": "opened_on", "Currency": "currency", "LoanAmountFen": "principal_fen",
         "BusinessKind": "business_kind", "RepaymentMethod": "repayment_method",
         "RepaymentFrequency": "repayment_frequency", "Periods": "periods", "Guarantee": "guarantee",
         "LoanForm": "loan_form"}  # fmt: skip
MONTHLY = {"Month": "month", "SettlementDate": "month_end", "AccountStatus": "account_status",
           "RepaymentStatus": "status", "FiveTier": "five_tier", "BalanceFen": "balance_fen",
           "RemainingPeriods": "remaining_periods", "DueFen": "due_fen", "PaidFen": "paid_fen",
           "LastPaidOn": "last_paid_on", "OverduePeriods": "overdue_periods", "OverdueTotalFen": "overdue_total_fen",
           "Overdue31To60Fen": "overdue_31_60_fen", "Overdue61To90Fen": "overdue_61_90_fen",
           "Overdue91To180Fen": "overdue_91_180_fen", "OverdueOver180Fen": "overdue_over_180_fen",
           "CloseDate": "ended_on"}  # fmt: skip
NUMBERS = {"periods", "remaining_periods", "overdue_periods"}
DATES = {"opened_on", "month_end", "last_paid_on", "ended_on"}


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """An element that an account of the type never carries, or a code that it does not know."""

    account_type: str
    element: str
    value: Any
    reason: str


def check_applicable(record: dict[str, Any]) -> list[NotApplicable]:
    """Elements and codes of a record that its account type does not have: C1 has no due amount, R4 no percent …"""
    p = rule("cn.pboc.elements").parameters
    kind = str(record.get("account_type", ""))
    if kind not in p["known_account_types"]:
        return [NotApplicable(kind, "account_type", kind, f"is none of {', '.join(p['known_account_types'])}")]
    wrong = [
        NotApplicable(kind, name, record[name], f"an account of type {kind} has no such element")
        for name in p["absent"].get(kind, ())
        if record.get(name) is not None
    ]
    status = record.get("status")
    if status is not None and status not in p["codes_by_type"][kind]:
        wrong.append(NotApplicable(kind, "status", status, f"is no code of type {kind}"))
    return wrong


# --- rows of the book as records


def account_status(status: str, state_written_off: bool = False) -> str:
    """The account's status by its repayment status: closed 3 (C, G), bad debt 41, 42 (B), overdue 2, normal 1."""
    words = rule("cn.pboc.elements").parameters["account_status"]
    if status in ("C", "G"):
        return str(words["closed"])
    if status == "B":
        return str(words["written_off" if state_written_off else "bad_debt"])
    return str(words["overdue" if status in "1234567" else "normal"])


def records(
    rows: pl.DataFrame, identities: pl.DataFrame, account_type: str = "D1"
) -> tuple[list[dict[str, Any]], list[tuple[int, str, str]]]:
    """Records of reported rows, and the refused: (loan, element, reason). `account_type`: D1, or R4 for draws."""
    p = rule("cn.pboc.elements").parameters
    people = pl.Struct({"name": pl.String, "id_type": pl.String, "id_number": pl.String})
    who = identities.with_columns(pl.col("attributes").str.json_decode(people).alias("a"))
    made: list[dict[str, Any]] = []
    refused: list[tuple[int, str, str]] = []
    for row in rows.join(who, "loan", "left").iter_rows(named=True):
        told = row.pop("a") or {}
        record = _record(row, told, account_type, p)
        lacking = [name for name in IDENTITY if not record.get(name)]
        if lacking:
            refused += [(row["loan"], name, _missing(name, row["person"])) for name in lacking]
            continue
        wrong = check_applicable(record)
        if wrong:
            refused.append((row["loan"], wrong[0].element, wrong[0].reason))
            continue
        made.append(record)
    return made, refused


def _missing(name: str, borrower: str) -> str:
    """That an element is not told, and how to tell it."""
    how = "--name …" if name == "person_name" else f"--attribute {name}=…"
    what = "name" if name == "person_name" else f"attribute {name!r}"
    return f"the borrower's {what} is missing; add it: `afterloan correct {borrower} --reason … {how}`"


def _record(row: dict[str, Any], person: dict[str, Any], kind: str, p: dict[str, Any]) -> dict[str, Any]:
    months, deleted = row["unit"] == 3, row["record"] in ("213", "214")
    base = {
        "type": row["record"], "report_time": report_time(row), "account_number": row["reference"],
        "account_type": kind, "person_name": person.get("name") or row["name"], "id_type": person.get("id_type"),
        "id_number": person.get("id_number"), "month": f"{row['month_end']:%Y-%m}", "deleted": deleted,
    }  # fmt: skip
    if deleted:
        return base
    return base | {
        "opened_on": row["opened_on"], "currency": "CNY", "principal_fen": row["principal_fen"],
        "business_kind": p["business_kind"], "repayment_method": p["repayment_methods"].get(row["method"], "29"),
        "repayment_frequency": p["frequency"]["months" if months else "days" if row["unit"] == 1 else "weeks"],
        "periods": row["instalments"], "guarantee": p["guarantee_unsecured"], "loan_form": p["loan_form"]["new"],
        "month_end": row["month_end"], "status": row["status"],
        "account_status": account_status(row["status"]),
        "five_tier": row["five_tier"] or p["five_tier"]["unclassified"],
        "balance_fen": row["balance_fen"], "remaining_periods": row["remaining_periods"], "due_fen": row["due_fen"],
        "paid_fen": row["paid_fen"], "last_paid_on": row["last_paid_on"], "overdue_periods": row["overdue_periods"],
        "overdue_total_fen": row["overdue_fen"], "overdue_31_60_fen": row["band_31_60_fen"],
        "overdue_61_90_fen": row["band_61_90_fen"], "overdue_91_180_fen": row["band_91_180_fen"],
        "overdue_over_180_fen": row["band_over_180_fen"],
        "ended_on": row["ended_on"] if row["status"] in ("C", "G") else None,
        "special": [s for s in row["special"].split(",") if s], "annotation": row["annotation"],
    }  # fmt: skip


def report_time(row: dict[str, Any]) -> str:
    """Why a record is sent: 20 closed, 10 opened in this month, else 30 monthly settlement."""
    times = rule("cn.pboc.records").parameters["report_times"]
    if row["status"] in ("C", "G"):
        return str(times["closed"])
    opened, at = row["opened_on"], row["month_end"]
    return str(times["new" if (opened.year, opened.month) == (at.year, at.month) else "monthly"])


# --- XML


def _elements(names: dict[str, str], record: dict[str, Any]) -> str:
    return "".join(
        f"<{tag}>{escape(str(record[name]))}</{tag}>"
        for tag, name in names.items()
        if record.get(name) not in (None, "")
    )


def write_records(records: Iterable[dict[str, Any]], institution: str, at: date) -> Iterator[str]:
    """An XML file of records, piece by piece; they may come one by one, and the foot says how many came."""
    yield (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- {READING} -->\n<Records xmlns="{SPACE}"><Head>'
        f"<Institution>{escape(institution or '-')}</Institution><SettlementDate>{at}</SettlementDate>"
        f"<Reading>{READING}</Reading></Head>\n"
    )
    count = 0
    for record in records:
        count += 1
        yield _written(record)
    yield f"<Foot><Count>{count}</Count></Foot></Records>\n"


def _written(record: dict[str, Any]) -> str:
    parts = [f'<Record type="{record["type"]}" reportTime="{record["report_time"]}">']
    parts.append(f"<Base>{_elements(BASE, record)}</Base>")
    if record.get("deleted"):
        month = f"<Segment>H</Segment><Month>{record['month']}</Month>" if record["type"] == "213" else ""
        parts.append(f"<Deleted>{month}</Deleted>")
    else:
        parts.append(
            f"<BasicInfo>{_elements(BASIC, record)}</BasicInfo><Monthly>{_elements(MONTHLY, record)}</Monthly>"
        )
        parts += [
            f"<SpecialTransaction><Type>{code}</Type><Date>{record['month_end']}</Date></SpecialTransaction>"
            for code in record.get("special", ())
        ]
        if record.get("annotation"):
            parts.append(f"<Annotation><Type>{record['annotation']}</Type></Annotation>")
    return "".join(parts) + "</Record>\n"


@cache
def schema() -> etree.XMLSchema:
    """The schema that comes with afterloan: ours."""
    text = (resources.files("afterloan.bureau") / "pboc.xsd").read_bytes()
    return etree.XMLSchema(etree.fromstring(text))


def read_records(raw: bytes, at: date | None = None) -> list[dict[str, Any]]:
    """The records of an XML file, checked against the schema, the count, and what account types carry.

    `at`: refuse a file of another settlement date. Raises RecordRefused, naming line and element.
    """
    root = _root(raw)
    head, foot = root.find(f"{{{SPACE}}}Head"), root.find(f"{{{SPACE}}}Foot")
    of = date.fromisoformat(head.findtext(f"{{{SPACE}}}SettlementDate"))
    if at is not None and of != at:
        raise RecordRefused(
            "Head", "SettlementDate", f"{of}, not {at}", "this file is of another period; nothing was taken"
        )
    records = [_read(node) for node in root.iterfind(f"{{{SPACE}}}Record")]
    told = int(foot.findtext(f"{{{SPACE}}}Count"))
    if told != len(records):
        raise RecordRefused("Foot", "Count", f"says {told}, there are {len(records)}", "fetch the file again")
    for nth, record in enumerate(records, 1):
        for wrong in check_applicable(record):
            raise RecordRefused(f"record {nth}", wrong.element, f"{wrong.value!r}: {wrong.reason}")
    return records


def _root(raw: bytes) -> Any:
    if len(raw) > LARGEST:
        raise RecordRefused("file", "size", f"{len(raw)} bytes", "split it; at most 512 MB are read at once")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, **WITHOUT_REMARKS
    )
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        raise RecordRefused(
            f"line {error.lineno}", "XML", str(error.msg), "the file is cut or damaged; fetch it again"
        ) from None
    if not schema().validate(root):
        first = schema().error_log[0]
        raise RecordRefused(f"line {first.line}", first.path.rsplit("/", 1)[-1].replace("*", "element"), first.message)
    return root


def _read(node: Any) -> dict[str, Any]:
    record: dict[str, Any] = {"type": node.get("type"), "report_time": node.get("reportTime")}
    for part, names in (("Base", BASE), ("BasicInfo", BASIC), ("Monthly", MONTHLY)):
        for tag, name in names.items():
            text = node.findtext(f"{{{SPACE}}}{part}/{{{SPACE}}}{tag}")
            if text is not None:
                record[name] = _value(name, text)
    gone = node.find(f"{{{SPACE}}}Deleted")
    record["deleted"] = gone is not None
    if gone is not None:
        record["month"] = gone.findtext(f"{{{SPACE}}}Month") or ""
        return record
    record["special"] = [n.text for n in node.iterfind(f"{{{SPACE}}}SpecialTransaction/{{{SPACE}}}Type")]
    record["annotation"] = node.findtext(f"{{{SPACE}}}Annotation/{{{SPACE}}}Type") or ""
    return record


def _value(name: str, text: str) -> Any:
    if name in DATES:
        return date.fromisoformat(text)
    return int(text) if name.endswith("_fen") or name in NUMBERS else text

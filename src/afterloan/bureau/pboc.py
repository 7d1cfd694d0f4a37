"""The PBoC's second-generation personal record as XML, in our reading: not the official specification.

Element names and the schema (`pboc.xsd`) are ours; codes and the elements that an account type carries are what
public sources name (RULES 1.1). Written and read by the same list of elements.
"""

from collections.abc import Iterator
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

ELEMENTS: dict[str, Any] = {
    "type": pl.String, "report_time": pl.String, "account_number": pl.String, "account_type": pl.String,
    "person_name": pl.String, "id_type": pl.String, "id_number": pl.String, "month": pl.String, "deleted": pl.Boolean,
    "opened_on": pl.Date, "currency": pl.String, "principal_fen": pl.Int64, "business_kind": pl.String,
    "repayment_method": pl.String, "repayment_frequency": pl.String, "periods": pl.Int64, "guarantee": pl.String,
    "loan_form": pl.String, "month_end": pl.Date, "status": pl.String, "account_status": pl.String,
    "five_tier": pl.String, "balance_fen": pl.Int64, "remaining_periods": pl.Int64, "due_fen": pl.Int64,
    "paid_fen": pl.Int64, "last_paid_on": pl.Date, "overdue_periods": pl.Int64, "overdue_total_fen": pl.Int64,
    "overdue_31_60_fen": pl.Int64, "overdue_61_90_fen": pl.Int64, "overdue_91_180_fen": pl.Int64,
    "overdue_over_180_fen": pl.Int64, "ended_on": pl.Date, "special": pl.List(pl.String), "annotation": pl.String,
}  # fmt: skip
"""The columns of records. A deleted one has those up to `deleted`; null stands for an element that is not there."""
TOLD_WHEN_DELETED = tuple(ELEMENTS)[: tuple(ELEMENTS).index("deleted") + 1]
PEOPLE = pl.Struct({"name": pl.String, "id_type": pl.String, "id_number": pl.String})


def account_status(status: str) -> pl.Expr:
    """The account's status by a column of repayment status: closed 3 (C, G), bad debt 41 (B), overdue 2, normal 1."""
    words = rule("cn.pboc.elements").parameters["account_status"]
    code = pl.col(status)
    return (
        pl.when(code.is_in(["C", "G"])).then(pl.lit(str(words["closed"])))
        .when(code == "B").then(pl.lit(str(words["bad_debt"])))
        .when(code.is_in(list("1234567"))).then(pl.lit(str(words["overdue"])))
        .otherwise(pl.lit(str(words["normal"])))
    )  # fmt: skip


def records(
    rows: pl.DataFrame, identities: pl.DataFrame, account_type: str = "D1"
) -> tuple[pl.DataFrame, list[tuple[int, str, str]]]:
    """Records (ELEMENTS) of reported rows, and the refused: (loan, element, reason). `account_type`: D1, R4."""
    who = identities.with_columns(pl.col("attributes").str.json_decode(PEOPLE).alias("a"))
    both = rows.join(who, "loan", "left", maintain_order="left")
    made = both.select(**_columns(account_type)).cast(ELEMENTS)  # type: ignore[arg-type]
    odd = _lacking() | _not_applicable(made, account_type)
    wrong = made.with_columns(both.select("loan", "person")).filter(odd)
    refused = [one for row in wrong.iter_rows(named=True) for one in _refused(row)]
    return (made.filter(~odd) if refused else made), refused


def _lacking() -> pl.Expr:
    return pl.any_horizontal(pl.col(name).fill_null("") == "" for name in IDENTITY)


def _not_applicable(made: pl.DataFrame, kind: str) -> pl.Expr:
    """Where `check_applicable` may find something."""
    p = rule("cn.pboc.elements").parameters
    if kind not in p["known_account_types"]:
        return pl.lit(True)
    never = [pl.col(name).is_not_null() for name in p["absent"].get(kind, ()) if name in made.columns]
    return pl.any_horizontal(~pl.col("status").is_in(list(p["codes_by_type"][kind])).fill_null(True), *never)


def _refused(row: dict[str, Any]) -> list[tuple[int, str, str]]:
    lacking = [name for name in IDENTITY if not row[name]]
    if lacking:
        return [(row["loan"], name, _missing(name, row["person"])) for name in lacking]
    return [(row["loan"], wrong.element, wrong.reason) for wrong in check_applicable(row)[:1]]


def _missing(name: str, borrower: str) -> str:
    """That an element is not told, and how to tell it."""
    how = "--name …" if name == "person_name" else f"--attribute {name}=…"
    what = "name" if name == "person_name" else f"attribute {name!r}"
    return f"the borrower's {what} is missing; add it: `afterloan correct {borrower} --reason … {how}`"


def _columns(kind: str) -> dict[str, pl.Expr]:
    """The columns of ELEMENTS out of rows and identities."""
    p = rule("cn.pboc.elements").parameters
    person, unit, tier = pl.col("a").struct.field, pl.col("unit"), pl.col("five_tier")
    by_unit = pl.when(unit == 3).then(pl.lit("months")).when(unit == 1).then(pl.lit("days")).otherwise(pl.lit("weeks"))
    same = ("opened_on", "principal_fen", "month_end", "status", "balance_fen", "remaining_periods", "due_fen",
            "paid_fen", "last_paid_on", "overdue_periods", "annotation")  # fmt: skip
    other = {"periods": "instalments", "overdue_total_fen": "overdue_fen", "overdue_31_60_fen": "band_31_60_fen",
             "overdue_61_90_fen": "band_61_90_fen", "overdue_91_180_fen": "band_91_180_fen",
             "overdue_over_180_fen": "band_over_180_fen"}  # fmt: skip
    told = {
        **{name: pl.col(name) for name in same},
        **{name: pl.col(of) for name, of in other.items()},
        "type": pl.col("record"),
        "report_time": report_time(),
        "account_number": pl.col("reference"),
        "account_type": pl.lit(kind),
        "person_name": pl.when(person("name") != "").then(person("name")).otherwise(pl.col("name")),
        "id_type": person("id_type"),
        "id_number": person("id_number"),
        "month": pl.col("month_end").dt.strftime("%Y-%m"),
        "deleted": pl.col("record").is_in(["213", "214"]),
        "currency": pl.lit("CNY"),
        "business_kind": pl.lit(p["business_kind"]),
        "repayment_method": pl.col("method").replace_strict(p["repayment_methods"], default="29"),
        "repayment_frequency": by_unit.replace_strict(p["frequency"]),
        "guarantee": pl.lit(p["guarantee_unsecured"]),
        "loan_form": pl.lit(p["loan_form"]["new"]),
        "account_status": account_status("status"),
        "five_tier": pl.when(tier != "").then(tier).otherwise(pl.lit(p["five_tier"]["unclassified"])),
        "ended_on": pl.when(pl.col("status").is_in(["C", "G"])).then("ended_on"),
        "special": pl.col("special").str.split(",").list.filter(pl.element() != ""),
    }  # fmt: skip
    kept = ~told["deleted"]
    return {name: told[name] if name in TOLD_WHEN_DELETED else pl.when(kept).then(told[name]) for name in ELEMENTS}


def report_time() -> pl.Expr:
    """Why a record is sent: 20 closed, 10 opened in this month, else 30 monthly settlement."""
    times = rule("cn.pboc.records").parameters["report_times"]
    opened, at = pl.col("opened_on").dt, pl.col("month_end").dt
    return (
        pl.when(pl.col("status").is_in(["C", "G"])).then(pl.lit(str(times["closed"])))
        .when((opened.year() == at.year()) & (opened.month() == at.month())).then(pl.lit(str(times["new"])))
        .otherwise(pl.lit(str(times["monthly"])))
    )  # fmt: skip


# --- XML


def head(institution: str, at: date) -> str:
    """What stands before the records of a file."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- {READING} -->\n<Records xmlns="{SPACE}"><Head>'
        f"<Institution>{escape(institution or '-')}</Institution><SettlementDate>{at}</SettlementDate>"
        f"<Reading>{READING}</Reading></Head>\n"
    )


def foot(count: int) -> str:
    """What stands after so many records."""
    return f"<Foot><Count>{count}</Count></Foot></Records>\n"


def written(records: pl.DataFrame) -> str:
    """Records as XML, a line each, whole columns at a time."""
    if not len(records):
        return ""
    texts = records.select(_as_text(records[name]) for name in ELEMENTS)
    whole = _together(
        "<BasicInfo>", *_elements(BASIC, texts), "</BasicInfo><Monthly>", *_elements(MONTHLY, texts), "</Monthly>"
    )
    if records["special"].list.len().max():
        whole = pl.concat_str(whole, _specials())
    if _some_empty(texts["annotation"]) != len(texts):
        marked = _together("<Annotation><Type>", pl.col("annotation"), "</Type></Annotation>")
        whole = pl.concat_str(whole, pl.when(pl.col("annotation") != "").then(marked).otherwise(pl.lit("")))
    if records["deleted"].any():
        month = _together("<Segment>H</Segment><Month>", pl.col("month"), "</Month>")
        of = pl.when(pl.col("type") == "213").then(month).otherwise(pl.lit(""))
        whole = pl.when(records["deleted"]).then(_together("<Deleted>", of, "</Deleted>")).otherwise(whole)
    base = ('<Record type="', pl.col("type"), '" reportTime="', pl.col("report_time"), '"><Base>')
    line = _together(*base, *_elements(BASE, texts), "</Base>", whole, "</Record>\n")
    return str(texts.select(line.str.join("")).item())


def _as_text(column: pl.Series) -> pl.Series:
    """A column as the characters of its elements."""
    if column.dtype == pl.List:
        return column
    text = column.cast(pl.String)
    if column.dtype == pl.String and text.str.contains("[&<>]").any():
        for sign, entity in (("&", "&amp;"), (">", "&gt;"), ("<", "&lt;")):
            text = text.str.replace_all(sign, entity, literal=True)
    return text


def _some_empty(text: pl.Series) -> int:
    """How many elements of a column are not there."""
    return text.null_count() + int((text == "").sum())


def _elements(names: dict[str, str], texts: pl.DataFrame) -> Iterator[pl.Expr | str]:
    """The elements of those names in order, as parts of a line."""
    for tag, name in names.items():
        if _some_empty(texts[name]):
            there = _together(f"<{tag}>", pl.col(name), f"</{tag}>")
            yield pl.when(pl.col(name) != "").then(there).otherwise(pl.lit(""))
        else:
            yield from (f"<{tag}>", pl.col(name), f"</{tag}>")


def _specials() -> pl.Expr:
    """The special transactions of a record, all on its month's end."""
    begins, ends = "<SpecialTransaction><Type>", "</Date></SpecialTransaction>"
    day = _together("</Type><Date>", pl.col("month_end"), ends)
    some = _together(begins, pl.col("special").list.join(_together(day, begins)), day)
    return pl.when(pl.col("special").list.len() > 0).then(some).otherwise(pl.lit(""))


def _together(*parts: pl.Expr | str) -> pl.Expr:
    """Parts of a line one after another; words that follow each other as one."""
    joined: list[pl.Expr | str] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return pl.concat_str(pl.lit(part) if isinstance(part, str) else part for part in joined)


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

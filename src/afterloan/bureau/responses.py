"""What a bureau answers: the rows that it did not take; a file of another period or cut is refused whole."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from lxml import etree

from afterloan.bureau.metro2.layout import CHARACTER_RECORD
from afterloan.bureau.metro2.record import RecordRefused, take_record
from afterloan.texts import WITHOUT_REMARKS, TextRefused, csv_rows, json_told, utf8

FORMAT = "afterloan-response/1"
COLUMNS = ("bureau", "month_end", "loan", "field", "code", "reason")
CODE, REASON = 5, 75
LINE = CHARACTER_RECORD + CODE + REASON
SPACE = "urn:afterloan:pboc-reading:feedback:1"
LARGEST = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that was not taken: `line` of the file, the loan's reference, the field, the bureau's code and words."""

    line: int
    loan: str
    field: str
    code: str
    reason: str


def read_response(raw: bytes, bureau: str, month_end: date) -> list[Rejection]:
    """The rejections of a bureau's file for a month. The form is told by the first bytes.

    Neutral JSON lines or CSV; for Metro 2 also lines that repeat the base segment, then code and words; for the PBoC
    the XML of our reading. Raises RecordRefused, and then nothing of the file was taken.
    """
    if len(raw) > LARGEST:
        raise RecordRefused("file", "size", f"{len(raw)} bytes", "split it; at most 256 MB are read at once")
    start = raw.lstrip()[:1]
    if start == b"{":
        return _json(raw, bureau, month_end)
    if start == b"<":
        return _xml(raw, month_end)
    if raw[:4] == b"0426":
        return _echo(raw, month_end)
    return _csv(raw, bureau, month_end)


def _period(where: str, told: str, month_end: date) -> None:
    if told != month_end.isoformat():
        raise RecordRefused(
            where, "month_end", f"{told!r}, and {month_end} was asked for",
            "this answer is of another period; take it under its own month. Nothing of it was taken",
        )  # fmt: skip


def _whose(where: str, told: str, bureau: str) -> None:
    if told != bureau:
        raise RecordRefused(
            where, "bureau", f"{told!r}, not {bureau!r}", "this answer is another bureau's; nothing was taken"
        )


CUT = "the file is cut; fetch it again. Nothing of it was taken"


def _text(raw: bytes) -> str:
    try:
        return utf8(raw, "file")
    except TextRefused as bad:
        raise RecordRefused(bad.where, "text", bad.reason, bad.remedy) from None


def _json(raw: bytes, bureau: str, month_end: date) -> list[Rejection]:
    rows: list[dict[str, Any]] = []
    lines = _text(raw).strip().split("\n")
    for nth, line in enumerate(lines, 1):
        try:
            told = json_told(line, f"line {nth}")
        except TextRefused as bad:
            raise RecordRefused(f"line {nth}", "line", bad.reason, CUT) from None
        if not isinstance(told, dict):
            raise RecordRefused(f"line {nth}", "line", "is no object", "give one JSON object a line")
        rows.append(told)
    head, foot = rows[0], rows[-1]
    if head.get("format") != FORMAT:
        raise RecordRefused("line 1", "format", f"is not {FORMAT!r}", "give the bureau's answer as it was written")
    _whose("line 1", str(head.get("bureau")), bureau)
    _period("line 1", str(head.get("month_end")), month_end)
    if len(rows) < 2 or foot.get("rows") != len(rows) - 2:
        raise RecordRefused(f"line {len(rows)}", "rows", f"is not the count of {len(rows) - 2} rows", CUT)
    return [_rejection(nth, row) for nth, row in enumerate(rows[1:-1], 2)]


def _rejection(line: int, row: dict[str, Any]) -> Rejection:
    loan = str(row.get("loan") or "").strip()
    if not loan:
        raise RecordRefused(f"line {line}", "loan", "is missing", "ask the bureau for a whole file; nothing was taken")
    return Rejection(line, loan, *(str(row.get(name) or "").strip() for name in ("field", "code", "reason")))


def _csv(raw: bytes, bureau: str, month_end: date) -> list[Rejection]:
    try:
        rows = [row for _, row in csv_rows(_text(raw), "file")]
    except TextRefused as bad:
        raise RecordRefused(bad.where, "line", bad.reason, CUT) from None
    if not rows or tuple(rows[0]) != COLUMNS:
        raise RecordRefused(
            "line 1", "columns", f"are not {','.join(COLUMNS)}", "give the bureau's answer as it was written"
        )
    if len(rows) < 2 or rows[-1][:1] != ["rows"] or rows[-1][1:2] != [str(len(rows) - 2)]:
        raise RecordRefused(f"line {len(rows)}", "rows", f"the last line is not rows,{max(len(rows) - 2, 0)}", CUT)
    for nth, row in enumerate(rows[1:-1], 2):
        if len(row) != len(COLUMNS):
            raise RecordRefused(f"line {nth}", "columns", f"{len(row)}, not {len(COLUMNS)}", CUT)
        _whose(f"line {nth}", row[0], bureau)
        _period(f"line {nth}", row[1], month_end)
    return [_rejection(nth, dict(zip(COLUMNS, row, strict=True))) for nth, row in enumerate(rows[1:-1], 2)]


def _echo(raw: bytes, month_end: date) -> list[Rejection]:
    """Lines of a base segment, its error code and words; the last line is `ROWS` and the count."""
    lines = raw.decode("latin-1").replace("\r", "").rstrip("\n").split("\n")
    told = lines.pop() if lines[-1].startswith("ROWS") else ""
    if not told or told[4:].strip() != str(len(lines)):
        raise RecordRefused(f"line {len(lines) + 1}", "ROWS", f"is not the count of {len(lines)} lines", CUT)
    found = []
    for nth, line in enumerate(lines, 1):
        if len(line) > LINE or len(line) < CHARACTER_RECORD + 1:
            raise RecordRefused(f"line {nth}", "length", f"{len(line)}, not up to {LINE}", CUT)
        base = take_record(line[:CHARACTER_RECORD].encode("latin-1"), f"line {nth}").base
        # a paid account carries the day paid: it lies in the month, the others on its last day
        at = base["date_account_information"]
        if not at or (at.year, at.month) != (month_end.year, month_end.month):
            _period(f"line {nth}", at.isoformat() if at else "", month_end)
        code = line[CHARACTER_RECORD : CHARACTER_RECORD + CODE].strip()
        found.append(Rejection(nth, base["consumer_account_number"], "", code, line[CHARACTER_RECORD + CODE :].strip()))
    return found


def _xml(raw: bytes, month_end: date) -> list[Rejection]:
    """`<Feedback>` of our reading: head with the settlement date, a row for each rejected record, the count."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, **WITHOUT_REMARKS)
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        raise RecordRefused(f"line {error.lineno}", "XML", str(error.msg), CUT) from None
    if root.tag != f"{{{SPACE}}}Feedback":
        raise RecordRefused(
            "line 1", "root", f"{root.tag!r}, not Feedback", "give the bureau's answer as it was written"
        )
    _period("Head", root.findtext(f"{{{SPACE}}}SettlementDate") or "", month_end)
    nodes = root.findall(f"{{{SPACE}}}Row")
    if root.findtext(f"{{{SPACE}}}Count") != str(len(nodes)):
        raise RecordRefused("Count", "Count", f"is not {len(nodes)}", CUT)
    keys = {"AccountNumber": "loan", "Element": "field", "Code": "code", "Reason": "reason"}
    return [
        _rejection(n.sourceline or 0, {name: n.findtext(f"{{{SPACE}}}{tag}") for tag, name in keys.items()})
        for n in nodes
    ]

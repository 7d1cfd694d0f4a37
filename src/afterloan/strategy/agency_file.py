"""Files to and from collection agencies: cases out, what was done with them in, each CSV row checked by itself."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, get_args

from afterloan.counting import counted
from afterloan.dates import DayRefused, date_told
from afterloan.expected import ExpectedFailure
from afterloan.facts.contact import Outcome
from afterloan.texts import csv_rows

OUT = ("placement", "borrower", "name", "loans", "arrears_fen", "days_past_due", "until")
IN = ("reference", "placement", "borrower", "kind", "on", "at", "channel", "outcome", "amount_fen", "due_on", "note")
KINDS = ("attempt", "promise", "return")
MOST_ROWS = 200_000
AMOUNT = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Returned:
    """One row of an agency's file that can be read. `at` for attempts, `amount_fen` and `due_on` for promises."""

    line: int
    reference: str
    placement: str
    borrower: str
    kind: str
    on: date
    at: datetime | None = None
    channel: str = ""
    outcome: str = ""
    amount_fen: int = 0
    due_on: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class AgencyRowRefused:
    """One row that cannot be taken: its line, the column, what is wrong and what to write."""

    line: int
    column: str
    why: str

    def __str__(self) -> str:
        """For people."""
        return f"line {self.line}: {self.column}: {self.why}"


class AgencyFileRefused(ExpectedFailure, ValueError):
    """A file that is none of ours: says what is missing."""


def write_placements(rows: Iterable[Sequence[Any]]) -> str:
    """The file to the agency: a header of OUT and a row a case."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(OUT)
    writer.writerows(rows)
    return text.getvalue()


def read_returns(text: str) -> tuple[list[Returned], list[AgencyRowRefused]]:
    """The rows of an agency's file that can be read, and those that cannot. Raises FileRefused."""
    rows = csv_rows(text, "the agency's file")
    _, header = next(rows, (0, []))
    missing = [name for name in IN if header.count(name) != 1]
    if missing:
        raise AgencyFileRefused(f"the header has no {', '.join(missing)}, or twice; it reads: {','.join(IN)}")
    good: list[Returned] = []
    bad: list[AgencyRowRefused] = []
    for line, row in rows:
        if line > MOST_ROWS:
            raise AgencyFileRefused(f"more than {counted(MOST_ROWS, 'line')}; split the file")
        told = _read(line, dict(zip(header, row, strict=True)) if len(row) == len(header) else None)
        (good if isinstance(told, Returned) else bad).append(told)  # type: ignore[arg-type]
    return good, bad


def _read(line: int, row: dict[str, str] | None) -> Returned | AgencyRowRefused:
    if row is None:
        return AgencyRowRefused(line, "row", f"has not {len(IN)} fields; the file may be cut")
    for name in ("reference", "placement", "borrower"):
        if not row[name].strip():
            return AgencyRowRefused(line, name, "is empty; give it")
    kind = row["kind"]
    if kind not in KINDS:
        return AgencyRowRefused(line, "kind", f"{kind!r} is none of {', '.join(KINDS)}")
    try:
        on = date_told(row["on"])
    except DayRefused:
        return AgencyRowRefused(line, "on", f"{row['on']!r} is not a day; write YYYY-MM-DD")
    plain = Returned(line, row["reference"], row["placement"], row["borrower"], kind, on, note=row["note"])
    if kind == "attempt":
        return _attempt(plain, row)
    return _promise(plain, row) if kind == "promise" else plain


def _attempt(plain: Returned, row: dict[str, Any]) -> Returned | AgencyRowRefused:
    try:
        at = datetime.fromisoformat(row["at"])
    except ValueError:
        return AgencyRowRefused(plain.line, "at", f"{row['at']!r} is no moment; write 2026-03-10T14:05:00+08:00")
    if at.tzinfo is None:
        return AgencyRowRefused(plain.line, "at", f"{row['at']} has no offset; write +08:00 after it")
    if row["outcome"] not in get_args(Outcome):
        return AgencyRowRefused(plain.line, "outcome", f"{row['outcome']!r} is none of {', '.join(get_args(Outcome))}")
    if row["channel"] not in ("call", "ai_call", "visit", "sms", "email", "letter"):
        return AgencyRowRefused(plain.line, "channel", f"{row['channel']!r} is none that an agency uses")
    return Returned(
        plain.line, plain.reference, plain.placement, plain.borrower, plain.kind, plain.on, at, row["channel"],
        row["outcome"], note=plain.note,
    )  # fmt: skip


def _promise(plain: Returned, row: dict[str, Any]) -> Returned | AgencyRowRefused:
    if not AMOUNT.fullmatch(row["amount_fen"]) or not 0 < int(row["amount_fen"]) <= 10**12:
        return AgencyRowRefused(plain.line, "amount_fen", f"{row['amount_fen']!r} is no amount in whole minor units")
    try:
        due_on = date_told(row["due_on"])
    except DayRefused:
        return AgencyRowRefused(plain.line, "due_on", f"{row['due_on']!r} is not a day; write YYYY-MM-DD")
    if due_on < plain.on:
        return AgencyRowRefused(plain.line, "due_on", f"{due_on} is before the promise was made, {plain.on}")
    return Returned(
        plain.line, plain.reference, plain.placement, plain.borrower, plain.kind, plain.on,
        amount_fen=int(row["amount_fen"]), due_on=due_on, note=plain.note,
    )  # fmt: skip

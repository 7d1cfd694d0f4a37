"""Bring in what a former system knew of borrowers: mandates, limits, holds, promises, placements, contacts, the law.

Each row becomes one event (some two), told as at every other door: the same row again is known, a row that cannot be
taken is refused by itself with column, value and remedy. A reference is taken once, so a killed import runs again.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, get_args

import psycopg

from afterloan.expected import ExpectedFailure
from afterloan.facts import FactRefused
from afterloan.facts.bureau import AdverseNoticeDelivered, FurnishedBefore
from afterloan.facts.contact import ContactAttempted, ContactEnded
from afterloan.facts.debit import MandateSigned
from afterloan.facts.events import Event, read_event
from afterloan.facts.hold import HoldPlaced
from afterloan.facts.legal import NEEDS_A_SUM, Ended, LegalTakenOver
from afterloan.facts.limit import LimitFrozen, LimitReduced, LimitSet
from afterloan.facts.placement import AgencyPlaced
from afterloan.facts.promise import PromiseMade
from afterloan.intake.files import NUL_REMEDY, NUL_WHY, FileReport, RefusedRow, other_length
from afterloan.intake.sheets import Sheet
from afterloan.money import parse_amount
from afterloan.store.acts import resume_act
from afterloan.store.believed import last_day_believed
from afterloan.store.events import Told, tell_rows
from afterloan.store.server import Store
from afterloan.strategy.mandates import checked_mandate

BATCH = 1_000
"""Rows of one transaction."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToldFile:
    """A file of events: its columns, and the events that a row says."""

    name: str
    needed: tuple[str, ...]
    optional: tuple[str, ...]
    events: Callable[[Row], Iterator[Event]]


def _fen(row: Row, name: str, needed: bool = True) -> int | None:
    """An amount in major units, or in minor units under `name_fen`. Raises FactRefused."""
    if row.get(f"{name}_fen") is not None:
        text = str(row[f"{name}_fen"])
        if not re.fullmatch(r"[0-9]{1,15}", text):
            raise FactRefused(
                f"{name}_fen", text, "is no whole number up to 15 digits", "write whole minor units, e.g. 120000"
            )
        return int(text)
    if row.get(name) is None:
        if needed:
            raise FactRefused(name, "", "is missing", "write an amount, e.g. 1200.00")
        return None
    try:
        return parse_amount(str(row[name]))
    except ValueError as error:
        raise FactRefused(name, row[name], str(error), "write major units, e.g. 1200.00") from error


def _said(row: Row, **more: Any) -> dict[str, Any]:
    """Who, when, and under which name; what is known, if not said, was known on its day."""
    told = {"borrower": row["borrower"], "loan": row.get("loan"), "on": row["on"], "reference": row["reference"]}
    told |= {"known_on": row.get("known_on") or row["on"], **more}
    return {name: value for name, value in told.items() if value is not None}


def _of(row: Row, *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names if row.get(name) is not None}


def _yes(row: Row, name: str) -> bool:
    text = str(row.get(name) or "no").lower()
    if text not in ("yes", "no", "true", "false", "1", "0"):
        raise FactRefused(name, text, "is neither yes nor no", "write yes or no")
    return text in ("yes", "true", "1")


def _mandates(row: Row) -> Iterator[Event]:
    told = _of(row, "source", "account", "bank", "holder", "rail", "turn", "account_type")
    ceilings = {f"{name}_fen": _fen(row, name, False) for name in ("ceiling", "ceiling_month")}
    mandate = read_event(MandateSigned, _said(row, **told, **ceilings))
    assert isinstance(mandate, MandateSigned)
    yield checked_mandate(mandate)


def _limits(row: Row) -> Iterator[Event]:
    """The limit as granted; lower than that now, or frozen: a second event each, of the same day."""
    granted, now = _fen(row, "limit"), _fen(row, "now", False)
    why = {"by": row.get("by") or "taken over", "reason": row.get("reason") or "taken over", "rule": "taken over"}
    yield read_event(LimitSet, _said(row, before_fen=0, after_fen=granted, **why))
    if now is not None and now != granted:
        named = {**row, "reference": f"{row['reference']}:now"}
        yield read_event(LimitReduced, _said(named, before_fen=granted, after_fen=now, **why))
    if _yes(row, "frozen"):
        stands = granted if now is None else now
        named = {**row, "reference": f"{row['reference']}:frozen"}
        yield read_event(LimitFrozen, _said(named, before_fen=stands, after_fen=stands, **why))


def _holds(row: Row) -> Iterator[Event]:
    yield read_event(HoldPlaced, _said(row, **_of(row, "hold", "reason", "ends_on", "review_on", "by")))


def _promises(row: Row) -> Iterator[Event]:
    yield read_event(PromiseMade, _said(row, amount_fen=_fen(row, "amount"), **_of(row, "due_on", "channel", "by")))


def _placements(row: Row) -> Iterator[Event]:
    loans = tuple(str(row["loans"]).split())
    told = {"arrears_fen": _fen(row, "arrears"), "loans": loans, **_of(row, "agency", "until", "by")}
    yield read_event(AgencyPlaced, _said(row, **told))


def _contacts(row: Row) -> Iterator[Event]:
    """An attempt at its moment, and how it ended: both count in the governor from the first day on."""
    try:
        at = datetime.fromisoformat(str(row["at"]))
    except ValueError as error:
        raise FactRefused("at", row["at"], "is no moment", "write it as 2026-03-10T14:30:00+08:00") from error
    dated = {**row, "on": at.date()}
    loans = tuple(str(row.get("loans") or "").split())
    told = _of(row, "channel", "purpose", "address", "person", "who", "language", "by")
    yield read_event(ContactAttempted, _said(dated, at=at, loans=loans, **told))
    if row.get("outcome"):
        named = {**dated, "reference": f"{row['reference']}:end"}
        yield read_event(ContactEnded, _said(named, at=at, of=row["reference"], outcome=row["outcome"]))


def _furnished(row: Row) -> Iterator[Event]:
    """What a bureau was told of a month, and the notice before it where it was delivered."""
    dated = {**row, "on": row["month_end"]}
    told = {**_of(row, "bureau", "status", "month_end"), "adverse": _yes(row, "adverse")}
    yield read_event(FurnishedBefore, _said(dated, **told))
    if row.get("notice_on"):
        named = {**row, "on": row["notice_on"], "known_on": None, "reference": f"{row['reference']}:notice"}
        yield read_event(AdverseNoticeDelivered, _said(named, bureau=row["bureau"], key=named["reference"]))


def _legal(row: Row) -> Iterator[Event]:
    outcome = str(row.get("outcome") or "")
    if outcome and outcome not in get_args(Ended):
        remedy = f"write one of: {', '.join(get_args(Ended))}"
        raise FactRefused("outcome", outcome, "is no outcome of a legal step", remedy)
    if outcome in NEEDS_A_SUM and not (row.get("claim") or row.get("claim_fen")):
        raise FactRefused("claim", "", f"is empty, and {outcome} says a sum", "write the sum that was granted")
    if row.get("ended_on") and not outcome:
        raise FactRefused("outcome", "", "is empty, and the step has ended", "say how it ended, e.g. withdrawn")
    if outcome in NEEDS_A_SUM and not row.get("ended_on"):
        raise FactRefused("ended_on", "", f"is empty, and {outcome} is of a day", "write the day of the decision")
    told = {
        "claim_fen": _fen(row, "claim", False) or 0,
        **_of(row, "step", "court", "case_number", "ended_on", "outcome"),
    }
    yield read_event(LegalTakenOver, _said(row, **told))


WHO = ("reference", "borrower", "on")
TOLD_FILES = (
    ToldFile(
        "mandates", (*WHO, "source", "account"),
        ("loan", "known_on", "bank", "holder", "rail", "ceiling", "ceiling_fen", "ceiling_month", "ceiling_month_fen",
         "turn", "account_type"), _mandates,
    ),
    ToldFile("limits", (*WHO, "limit"), ("known_on", "now", "now_fen", "limit_fen", "frozen", "by", "reason"), _limits),
    ToldFile("holds", (*WHO, "hold", "reason"), ("loan", "known_on", "ends_on", "review_on", "by"), _holds),
    ToldFile("promises", (*WHO, "amount", "due_on"), ("loan", "known_on", "channel", "by"), _promises),
    ToldFile(
        "placements", (*WHO, "agency", "until", "arrears", "loans"), ("known_on", "arrears_fen", "by"), _placements,
    ),
    ToldFile(
        "contacts", ("reference", "borrower", "at", "channel", "purpose"),
        ("known_on", "outcome", "address", "person", "who", "language", "loans", "by"), _contacts,
    ),
    ToldFile(
        "furnished", ("reference", "borrower", "loan", "bureau", "month_end", "status"),
        ("known_on", "adverse", "notice_on"), _furnished,
    ),
    ToldFile(
        "legal", (*WHO, "loan", "step"),
        ("known_on", "court", "case_number", "claim", "claim_fen", "ended_on", "outcome"), _legal,
    ),
)  # fmt: skip


def bring_told(store: Store, kind: ToldFile, sheet: Sheet, act: int, refused: list[RefusedRow]) -> Iterator[FileReport]:
    """Take a file of events in, row by row, under the act of the run; what became of it so far, after each batch.

    Refused rows are added to `refused`. Raises BookFileRefused for an unreadable file.
    """
    started = time.monotonic()
    columns, ignored = sheet.checked(kind)
    report = FileReport(sheet.name, ignored_columns=ignored)
    before = len(refused)

    def bad_line(number: int, text: str) -> None:
        report.read += 1
        refused.append(other_length(sheet.path, number, text, len(columns)))

    number = 0
    with store.connect() as connection:
        believed = last_day_believed(connection)
    for frame in sheet.frames(bad_line):
        for part in frame.iter_slices(BATCH):
            rows = [_plain(row) for row in part.iter_rows(named=True)]
            for k, error in _take(store, kind, rows, act, report, believed):
                refused.append(_refusal(sheet, number + k + 1, kind, rows[k], error))
            number += len(rows)
            report.read += len(rows)
            yield report
    report.refused = len(refused) - before
    report.known = report.read - report.loaded - report.refused
    report.seconds = time.monotonic() - started
    yield report


def _plain(row: Row) -> Row:
    return {name: value.strip() for name, value in row.items() if value is not None and value.strip()}


def _take(
    store: Store, kind: ToldFile, rows: list[Row], act: int, report: FileReport, believed: date
) -> list[tuple[int, ExpectedFailure]]:
    """Tell rows in one transaction; the refused, by their place."""
    refused: list[tuple[int, ExpectedFailure]] = []
    said: list[tuple[int, list[Event]]] = []
    for k, row in enumerate(rows):
        try:
            said.append((k, _events(kind, row, believed)))
        except ExpectedFailure as error:
            refused.append((k, error))
    for told, (k, _) in zip(_told(store, [events for _, events in said], act), said, strict=True):
        if isinstance(told, FactRefused):
            refused.append((k, told))
        else:
            report.loaded += not all(t.known for t in told)
    return sorted(refused, key=lambda pair: pair[0])


def _told(store: Store, rows: list[list[Event]], act: int) -> list[tuple[Told, ...] | FactRefused]:
    """Tell them; once more from the beginning when another process told one of them meanwhile."""
    for last in (False, True):
        try:
            with store.connect() as connection:
                resume_act(connection, act)
                return tell_rows(connection, rows)
        except psycopg.errors.SerializationFailure:
            if last:
                raise
    raise AssertionError("the second try answers or raises")


def _events(kind: ToldFile, row: Row, believed: date) -> list[Event]:
    """The events that a row says, none of them after the day `believed`.

    Raises FactRefused and what else an event refuses.
    """
    missing = next((name for name in kind.needed if name not in row and f"{name}_fen" not in row), None)
    if missing is not None:
        raise FactRefused(missing, "", "is empty", "fill it in")
    odd = next((name for name, value in row.items() if "\0" in value), None)
    if odd is not None:
        raise FactRefused(odd, row[odd].replace("\0", "\\0"), NUL_WHY, NUL_REMEDY)
    events = list(kind.events(row))
    for name, told in ((name, getattr(e, name)) for e in events for name in ("on", "known_on")):
        if told > believed:
            raise FactRefused(name, told, f"is after {believed}, the furthest day that is believed", "correct the day")
    return events


def _refusal(sheet: Sheet, number: int, kind: ToldFile, row: Row, error: ExpectedFailure) -> RefusedRow:
    if isinstance(error, FactRefused):
        column = sheet.header(error.column)
        return RefusedRow(sheet.name, number, column, str(error.value or ""), error.reason, error.remedy)
    first = kind.needed[0]
    return RefusedRow(sheet.name, number, sheet.header(first), str(row.get(first, "")), str(error), "correct the row")

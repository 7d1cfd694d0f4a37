"""A borrower's own report against what was furnished: each difference, and the dispute it could become."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from afterloan.bureau import pboc
from afterloan.bureau.metro2.file import read_file
from afterloan.bureau.metro2.layout import CHARACTER_RECORD
from afterloan.bureau.metro2.record import Record, RecordRefused, take_record
from afterloan.bureau.overlay import Cell, month_end, repaid_on, show
from afterloan.bureau.packs import rule
from afterloan.texts import json_told

FORMAT = "afterloan-report/1"
MARKS: dict[str, str] = {"status": "status", "history": "status", "overdue_fen": "amount", "balance_fen": "amount"}
"""What differs, as the claim of a dispute."""


@dataclass(frozen=True, slots=True)
class ShownMonth:
    """One month of an account as a report shows it; what it does not show is None."""

    month_end: date
    status: str | None = None
    overdue_fen: int | None = None
    balance_fen: int | None = None


@dataclass(frozen=True, slots=True)
class ShownAccount:
    """An account as a report shows it, and whose report it says it is."""

    loan: str
    bureau: str
    person: Mapping[str, str]
    months: tuple[ShownMonth, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which a report and what was furnished differ; `furnished` None: that month never was."""

    loan: str
    month_end: date
    what: str
    shown: Any
    furnished: Any


@dataclass(frozen=True, slots=True)
class Draft:
    """A dispute that the differences of one account suggest, to be opened by a person."""

    loan: str
    bureau: str
    months: tuple[date, ...]
    claims: tuple[str, ...]
    statement: str
    differences: tuple[Difference, ...] = field(default_factory=tuple)


# --- reading a report


def read_report(raw: bytes, on: date) -> list[ShownAccount]:
    """The accounts of a report: neutral JSON, our PBoC reading as XML, a Metro 2 line or file. Raises RecordRefused.

    `on`: the day it was drawn; no month may lie after it.
    """
    start = raw.lstrip()[:1]
    if start == b"{":
        accounts = _neutral(raw)
    elif start == b"<":
        accounts = _pboc(raw)
    else:
        accounts = [_metro2(r) for r in _lines(raw)]
    for account in accounts:
        for month in account.months:
            if month.month_end > month_end(on):
                raise RecordRefused(
                    account.loan, "month_end", f"{month.month_end} is after {on}", "give the day it was drawn"
                )
    return accounts


def _lines(raw: bytes) -> list[Record]:
    if raw[4:10] == b"HEADER" or raw[8:14] == b"HEADER":
        return read_file(raw).records
    line = raw.rstrip(b"\r\n")
    if len(line) < CHARACTER_RECORD:
        raise RecordRefused(
            "line 1", "length", f"{len(line)} characters, {CHARACTER_RECORD} are needed", "the line is cut"
        )
    return [take_record(line, "line 1")]


def _neutral(raw: bytes) -> list[ShownAccount]:
    try:
        told = json_told(raw, "report")
        assert told["format"] == FORMAT
        person = {k: str(v) for k, v in told["person"].items()}
        return [
            ShownAccount(str(a["loan"]), str(told["bureau"]), person, tuple(_month(m) for m in a["months"]))
            for a in told["accounts"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
        raise RecordRefused(
            "report", "form", f"is not {FORMAT} ({type(error).__name__}: {error})", "see docs/bureau.md for the form"
        ) from None


def _month(told: Mapping[str, Any]) -> ShownMonth:
    amounts = [told.get(name) for name in ("overdue_fen", "balance_fen")]
    if any(a is not None and (not isinstance(a, int) or isinstance(a, bool)) for a in amounts):
        raise ValueError(f"amounts of {told.get('month_end')} are not whole minor units")
    return ShownMonth(date.fromisoformat(told["month_end"]), told.get("status"), *amounts)


def _pboc(raw: bytes) -> list[ShownAccount]:
    found: dict[str, ShownAccount] = {}
    for record in pboc.read_records(raw):
        if record["deleted"]:
            continue
        month = ShownMonth(
            record["month_end"], record["status"], record.get("overdue_total_fen"), record["balance_fen"]
        )
        before = found.get(record["account_number"])
        person = {"id_number": record["id_number"], "name": record["person_name"]}
        months = (*(before.months if before else ()), month)
        found[record["account_number"]] = ShownAccount(record["account_number"], "pboc", person, months)
    return list(found.values())


def _metro2(record: Record) -> ShownAccount:
    """A Metro 2 line: its own month, and the months of its payment history profile."""
    base = record.base
    at = month_end(base["date_account_information"])
    codes = {b[2]: b[1] for b in rule("us.metro2.status").parameters["buckets"]} | {"L": "97"}
    months = [ShownMonth(at, base["account_status"], None, base["current_balance"] * 100)]
    for code in base["payment_history_profile"]:
        at = at.replace(day=1) - date.resolution
        if code in codes:
            months.append(ShownMonth(at, codes[code]))
    person = {"ssn": str(base["social_security_number"]).zfill(9), "surname": base["surname"],
              "date_birth": str(base["date_birth"] or "")}  # fmt: skip
    return ShownAccount(base["consumer_account_number"], "metro2", person, tuple(months))


# --- whose it is


def check_person(shown: Mapping[str, str], reference: str, attributes: Mapping[str, Any]) -> None:
    """Refuse a report of another person. Raises RecordRefused; the message does not say whose it is."""
    own = {"borrower": reference, **{k: str(v) for k, v in attributes.items() if v not in (None, "")}}
    strong = [k for k in ("borrower", "id_number", "ssn") if shown.get(k) and set(shown[k]) != {"0"}]
    named = [k for k in ("surname", "date_birth") if shown.get(k)]
    for key in strong or named:
        if _plain(shown[key]) != _plain(own.get(key, "")):
            raise RecordRefused(
                "report", key, f"is not that of {reference}", "import the borrower's own report; nothing was kept"
            )
    if not strong and len(named) < 2:
        raise RecordRefused("report", "person", "does not say whose it is", "give a report with an identity number")


def _plain(text: str) -> str:
    return "".join(c for c in str(text).upper() if c.isalnum())


# --- comparing


def compare(
    accounts: Iterable[ShownAccount], furnished: Mapping[str, Sequence[Mapping[str, Any]]], on: date
) -> list[Difference]:
    """Where a report differs from what was furnished and should show on a day, the one-time repair taken into account.

    `furnished`: by loan reference the rows as they stand (one a month, oldest first). Accounts of other lenders are not
    ours to compare and are left out.
    """
    found: list[Difference] = []
    for account in accounts:
        rows = furnished.get(account.loan)
        if rows is not None:
            found += _compare(account, rows, on)
    return found


def _compare(account: ShownAccount, rows: Sequence[Mapping[str, Any]], on: date) -> list[Difference]:
    told = {row["month_end"]: _expected(rows, nth, account.bureau, on) for nth, row in enumerate(rows)}
    found = []
    for month in account.months:
        want = told.get(month.month_end)
        if want is None:
            found.append(Difference(account.loan, month.month_end, "month", month.status, None))
            continue
        for name in ("status", "overdue_fen", "balance_fen"):
            shown = getattr(month, name)
            if shown is not None and shown != want[name]:
                found.append(Difference(account.loan, month.month_end, name, shown, want[name]))
    return found


def _expected(rows: Sequence[Mapping[str, Any]], nth: int, bureau: str, on: date) -> dict[str, Any]:
    """What a month should show on a day: as furnished, or as the overlay has it."""
    row = rows[nth]
    if bureau == "metro2":
        paid = row["status"] == "13"
        return {
            "status": row["status"],
            "overdue_fen": None,
            "balance_fen": 0 if paid else row["owed_fen"] // 100 * 100,
        }
    ended = repaid_on([dict(r) for r in rows], nth)
    shown = show(Cell(row["month_end"], row["status"], row["overdue_fen"], ended), on).cell
    return {"status": shown.status, "overdue_fen": shown.overdue_fen, "balance_fen": row["balance_fen"]}


def drafts(differences: Iterable[Difference], bureau: str) -> list[Draft]:
    """A dispute draft for each account with differences: of months that were furnished, which alone can be disputed."""
    by_loan: dict[str, list[Difference]] = {}
    for one in differences:
        if one.furnished is not None:
            by_loan.setdefault(one.loan, []).append(one)
    made = []
    for loan, mine in by_loan.items():
        words = "; ".join(
            f"{d.month_end:%Y-%m} {d.what}: the report shows {d.shown}, furnished {d.furnished}" for d in mine
        )
        months = tuple(sorted({d.month_end for d in mine}))
        made.append(
            Draft(loan, bureau, months, tuple(sorted({MARKS[d.what] for d in mine})), words[:4000], tuple(mine))
        )
    return made

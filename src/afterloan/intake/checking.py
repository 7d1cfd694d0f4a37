"""Tries a book that is to be brought in: rows refused, loans where another system says otherwise; keeps nothing.

The very import runs, in one transaction that is taken back: what a check says is what the import will do. Loans for
which the files tell figures of the old system are reckoned inside it, and each figure is set beside ours.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from afterloan.dates import DayRefused, date_told, number_of
from afterloan.facts.act import Who
from afterloan.intake.book import BALANCES, LastLook, begin_run, bring_sheets
from afterloan.intake.files import BookFileRefused, FileReport, RefusedRow, other_length
from afterloan.intake.sheets import FIGURES, FIGURES_ON, Sheet
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import Component, Refusal
from afterloan.money import parse_amount
from afterloan.store.loans import loans_now
from afterloan.store.server import Store

AT_ONCE = 2_000
"""Loans that are read and reckoned together."""
MOST_DAYS_LATE = 40_000
"""Days past due above which a figure is no number of days."""
DISAGREEMENTS = "disagreements.csv"


@dataclass(frozen=True, slots=True)
class FigureDiffers:
    """A figure of which another system says otherwise, at the end of day `on`.

    `theirs` and `ours` are days, or fen; `difference` is theirs less ours. `wrong`: why there is no figure of ours.
    """

    file: str
    row: int
    loan: str
    figure: str
    on: str
    theirs: int
    ours: int | None
    wrong: str = ""

    @property
    def difference(self) -> int | None:
        """Theirs less ours."""
        return None if self.ours is None else self.theirs - self.ours

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return {**asdict(self), "difference": self.difference}


@dataclass(slots=True)
class Checked:
    """What a check found: each file's rows, rows refused, figures compared and those that disagree."""

    files: dict[str, FileReport] = field(default_factory=dict)
    refused: list[RefusedRow] = field(default_factory=list)
    disagreements: list[FigureDiffers] = field(default_factory=list)
    loans: int = 0
    figures: int = 0

    @property
    def read(self) -> int:
        """Rows read of all files."""
        return sum(report.read for report in self.files.values())


@dataclass(frozen=True, slots=True)
class TriedStore(Store):
    """A book whose every transaction is a part of one that will be taken back."""

    connection: psycopg.Connection[Any]

    @contextmanager
    def connect(self, autocommit: bool = False) -> Iterator[psycopg.Connection[Any]]:
        """The one connection; what is done in it lasts until the whole is taken back."""
        with self.connection.transaction():
            yield self.connection
            self.connection.execute("drop table if exists pg_temp.incoming, pg_temp.taken_back")


class _TakenBack(Exception):
    """Ends the transaction of a check."""


def check_sheets(store: Store, sheets: Sequence[Sheet], folder: Path, as_of: date, who: Who) -> Iterator[Checked]:
    """Try the files of a book; what is found so far after each batch, all of it at last. The book is as before.

    `as_of`: the day at whose end figures of the old system hold, where a row does not say (`balance_on`).
    Raises BookFileRefused for a file that cannot be read.
    """
    found = Checked()
    with store.connect() as connection:
        try:
            with connection.transaction():
                connection.execute("set local client_min_messages = warning")
                tried = TriedStore(store.url, connection)
                run = begin_run(tried, who, folder.name, sheets)
                for report in bring_sheets(tried, sheets, folder, run, 1, found.refused):
                    found.files[report.file] = report
                    yield found
                for sheet in sheets:
                    if sheet.kind in (BALANCES, "contracts") and set(sheet.columns()) & set(FIGURES):
                        yield from _compare(connection, sheet, as_of, found)
                raise _TakenBack
        except _TakenBack:
            pass
    yield found


@dataclass(frozen=True, slots=True)
class _Theirs:
    """A row of another system's figures."""

    row: int
    loan: str
    on: date
    figures: dict[str, int]


def _compare(connection: psycopg.Connection[Any], sheet: Sheet, as_of: date, found: Checked) -> Iterator[Checked]:
    """Set each figure of a file beside ours; after each part of it, what is found so far."""
    own = sheet.kind == BALANCES
    columns = sheet.columns()
    key = "contract" if own else "reference"
    if key not in columns:
        raise BookFileRefused(f"{sheet.name}: column {key} is missing; say which one names the loan")
    report = FileReport(sheet.name) if own else found.files[sheet.name]
    found.files[sheet.name] = report

    def bad_line(number: int, text: str) -> None:
        if own:
            report.read += 1
            report.refused += 1
            found.refused.append(other_length(sheet.path, number, text, len(columns)))

    row = 0
    for frame in sheet.frames(bad_line):
        for part in frame.iter_slices(AT_ONCE):
            theirs: list[_Theirs] = []
            for told in part.iter_rows(named=True):
                row += 1
                read = _read(told, row, key, as_of)
                if isinstance(read, LastLook):
                    report.refused += own
                    found.refused.append(_refused(sheet, row, read))
                elif read.figures:
                    theirs.append(read)
            if own:
                report.read += len(part)
            _compare_rows(connection, sheet, theirs, found)
            yield found


def _refused(sheet: Sheet, row: int, why: LastLook) -> RefusedRow:
    return RefusedRow(sheet.name, row, sheet.header(why.column), why.value, why.reason, why.remedy)


def _read(told: dict[str, Any], row: int, key: str, as_of: date) -> _Theirs | LastLook:
    """A row's figures; LastLook: why it cannot be read."""
    values = {name: str(value).strip() for name, value in told.items() if value is not None and str(value).strip()}
    loan = values.get(key, "")
    if not loan:
        return LastLook(key, "", "is empty", "say whose figures these are")
    on = as_of
    if FIGURES_ON in values:
        try:
            on = date_told(values[FIGURES_ON])
        except DayRefused:
            return LastLook(FIGURES_ON, values[FIGURES_ON], "is no day", "write YYYY-MM-DD")
    figures: dict[str, int] = {}
    for name in FIGURES:
        text = values.get(name)
        if text is None:
            continue
        try:
            figures[name] = _days(text) if name == "days_past_due" else _amount(text)
        except ValueError:
            remedy = "write whole days, e.g. 31" if name == "days_past_due" else (
                "write major units with at most two decimals and no separators, e.g. 1200.00"
            )  # fmt: skip
            return LastLook(name, text, "is no figure that can be compared", remedy)
    return _Theirs(row, loan, on, figures)


def _days(text: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else -1
    if not 0 <= number <= MOST_DAYS_LATE:
        raise ValueError(text)
    return number


def _amount(text: str) -> int:
    return 0 if set(text) <= set("0.") and text != "." else parse_amount(text)


def _compare_rows(connection: psycopg.Connection[Any], sheet: Sheet, rows: list[_Theirs], found: Checked) -> None:
    if not rows:
        return
    names = sorted({row.loan for row in rows})
    numbers: dict[str, int] = dict(
        connection.execute("select reference, loan from contract where reference = any(%s)", (names,)).fetchall()
    )
    if sheet.kind == BALANCES:  # of the other kind a contract that was refused is in the list already
        for row in (one for one in rows if one.loan not in numbers):
            found.files[sheet.name].refused += 1
            why = LastLook("contract", row.loan, "no contract of that reference", "bring it too, or take the row out")
            found.refused.append(_refused(sheet, row.row, why))
    for on in sorted({row.on for row in rows}):
        of_day = [row for row in rows if row.on == on and row.loan in numbers]
        if of_day:
            _compare_day(connection, sheet, of_day, numbers, on, found)


def _compare_day(
    connection: psycopg.Connection[Any], sheet: Sheet, rows: list[_Theirs], numbers: dict[str, int], on: date,
    found: Checked,
) -> None:  # fmt: skip
    asked = sorted({numbers[row.loan] for row in rows})
    book = loans_now(connection, "c.loan = any(%(of)s)", {"of": asked})
    positions = reckon_book(book, number_of(on))
    at = {int(loan): k for k, loan in enumerate(book.contracts["loan"])}
    found.loans += len(asked)
    for row in rows:
        position = positions[at[numbers[row.loan]]]
        wrong = Refusal(int(position["error"])).name.lower() if position["error"] else ""
        for figure, theirs in row.figures.items():
            found.figures += 1
            ours = None if wrong else _ours(position, figure)
            if ours != theirs:
                found.disagreements.append(
                    FigureDiffers(sheet.name, row.row, row.loan, figure, on.isoformat(), theirs, ours, wrong)
                )


def _ours(position: np.void, figure: str) -> int:
    """A figure of ours: days past due; principal lent and not repaid; all that was due before the day and is unpaid."""
    if figure == "days_past_due":
        return int(position["days_past_due"])
    if figure == "outstanding_principal":
        return int(position["outstanding_fen"][Component.PRINCIPAL])
    return int(position["arrears_fen"].sum())

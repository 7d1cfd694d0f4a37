"""Files read row by row: what each row of a file came to, so that a spoilt row can be told from the others."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afterloan.expected import ExpectedFailure
from afterloan.intake.book import KINDS, Brought, judge
from afterloan.intake.files import batches, check_columns
from afterloan.intake.flows import FlowMap, FlowsRead, read_consent, read_flows
from afterloan.intake.told import TOLD_FILES, _events, _plain
from afterloan.rules.products import builtin
from afterloan.servicing.receipts import _read, rows_of
from afterloan.strategy.agency_file import read_returns
from tests.files.kinds import AGENCY, RECEIPTS
from tests.intake import test_book, test_told
from tests.intake.test_flows import CONSENTS, ROWS

REFUSED = "refused"
Rows = dict[int, Any]
"""What became of each row, by its number from 1: its values, or REFUSED."""


@dataclass(frozen=True, slots=True)
class RowFile:
    """A file of rows: a good sample, and what a reader makes of each of its rows. `money`: columns of amounts."""

    name: str
    sample: str
    read: Callable[[bytes, Path], Rows]

    @property
    def table(self) -> list[list[str]]:
        """Header and rows."""
        return list(csv.reader(io.StringIO(self.sample)))


def as_csv(table: list[list[str]]) -> bytes:
    """A table as CSV, quoted where it has to be."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(table)
    return out.getvalue().encode()


def _agency(data: bytes, folder: Path) -> Rows:
    lines = [line for line, _ in enumerate(csv.reader(io.StringIO(data.decode())), 1)][1:]
    good, bad = read_returns(data.decode())
    assert len(good) + len(bad) == len(lines)
    found: Rows = {k: REFUSED for k in range(1, len(lines) + 1)}
    at = {line: k for k, line in enumerate(sorted({r.line for r in [*good, *bad]}), 1)}
    return found | {at[r.line]: (r.reference, r.kind, r.amount_fen, r.due_on, r.at, r.note) for r in good}


def _receipts(data: bytes, folder: Path) -> Rows:
    told = [_read(row) for row in rows_of("r.csv", data)]
    return {k: REFUSED if isinstance(r, str) else r for k, r in enumerate(told, 1)}


def _flows(data: bytes, folder: Path) -> Rows:
    (folder / "flows.csv").write_bytes(data)
    report = FlowsRead()
    found: Rows = {}
    for frame in read_flows(folder / "flows.csv", FlowMap(), report):
        found |= {int(row[0]): row[1:] for row in frame.iter_rows()}
    assert len(found) + len(report.refused) == report.read
    return found | {bad.row: REFUSED for bad in report.refused}


def _consents(data: bytes, folder: Path) -> Rows:
    (folder / "consents.csv").write_bytes(data)
    found: Rows = {}
    for frame in batches(folder / "consents.csv", lambda line, text: None):
        for row in frame.iter_rows(named=True):
            try:
                found[len(found) + 1] = read_consent(row)
            except ExpectedFailure:
                found[len(found) + 1] = REFUSED
    return found


def _of_book(name: str) -> Callable[[bytes, Path], Rows]:
    kind = next(kind for kind in KINDS if kind.name == name)

    def read(data: bytes, folder: Path) -> Rows:
        path = folder / f"{name}.csv"
        path.write_bytes(data)
        columns, _ = check_columns(path, kind)
        found: Rows = {}
        for frame in batches(path, lambda line, text: None):
            ready, refused = judge(frame, kind, Brought(columns, builtin()), path.name, 1)
            rows = {row["row"]: row for row in ready.iter_rows(named=True)}
            bad = [r.row for r in refused]
            assert len(rows) + len(bad) == len(frame) and len(set(bad)) == len(bad), "a row is told twice or never"
            found |= rows | dict.fromkeys(bad, REFUSED)
        return found

    return read


def _of_told(name: str) -> Callable[[bytes, Path], Rows]:
    kind = next(kind for kind in TOLD_FILES if kind.name == name)

    def read(data: bytes, folder: Path) -> Rows:
        from datetime import date

        path = folder / f"{name}.csv"
        path.write_bytes(data)
        check_columns(path, kind)
        found: Rows = {}
        for frame in batches(path, lambda line, text: None):
            for row in frame.iter_rows(named=True):
                try:
                    found[len(found) + 1] = _events(kind, _plain(row), date.max)
                except ExpectedFailure:
                    found[len(found) + 1] = REFUSED
        return found

    return read


ROW_FILES = (
    RowFile("answers of agencies", AGENCY.decode(), _agency),
    RowFile("receipts", RECEIPTS.decode(), _receipts),
    RowFile("flows", ROWS, _flows),
    RowFile("consents", CONSENTS, _consents),
    *(RowFile(name, text, _of_book(name)) for name, text in test_book.BOOK.items()),
    *(
        RowFile(name, test_told.BOOK[name], _of_told(name))
        for name in (kind.name for kind in TOLD_FILES)
        if name in test_told.BOOK
    ),
)

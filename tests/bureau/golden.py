"""Hold what is reportable in a month against a golden story; stories are told as those of loans are."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from afterloan.bureau.cells import reckon_cells
from afterloan.bureau.history import profile_of
from afterloan.bureau.metro2.rows import segments
from afterloan.bureau.reportable import reportable
from afterloan.bureau.specials import specials
from afterloan.bureau.status import metro2_status, pboc_status
from afterloan.dates import NEVER, iso
from tests.loan.golden import Words, book_of, number

WHO = {
    "loan": 0, "reference": "L1", "borrower": 1, "person": "B1", "name": "", "method": "equal_principal", "unit": 3,
    "every": 1, "instalments": 10, "attributes": '{"surname":"A","first_name":"B","ssn":"123456789","address":"1 X",'
    '"city":"Y","state":"IL","zip":"62701"}',
}  # fmt: skip
"""Whom a story is about, as the store would tell."""


PBOC = ("pboc", "pboc_overdue", "pboc_days")
"""What a story claims of the record for the PBoC; the rest is what a Metro 2 line is made of."""


def line_of(book: Any, on: int, known_on: int) -> dict[str, Any]:
    """The Metro 2 line of a story's loan for a month: whole dollars, dates; {} where it does not leave."""
    rows = reportable(book, on, "metro2", known_on).with_columns(turn=0, record=pl.lit("account"))
    base, refused = segments(rows, pl.DataFrame([WHO]), {"identification_number": "AFT01"})
    assert not len(refused), refused.to_dicts()
    return {name: "" if value is None else value for row in base.iter_rows(named=True) for name, value in row.items()}


def shown(cells: Any, book: Any, known_on: int, name: str) -> Any:
    if name == "pboc":
        return pboc_status(cells)[0].decode()
    if name == "pboc_days":
        return int(cells["days_past_due"][0])
    if name in ("metro2", "rating"):
        return metro2_status(cells)[name == "rating"][0].decode()
    if name in ("special", "comment"):
        return specials(book, cells, {"special": "pboc", "comment": "metro2"}[name], known_on).get(0, "")
    if name == "history":
        return profile_of(book, cells, known_on)[0].decode()
    if name in ("dofd_on", "ended_on"):
        day = int(cells[name][0])
        return date.fromisoformat(iso(day)) if day else ""
    if name in ("days_past_due", "overdue_periods", "remaining_periods"):
        return int(cells[name][0])
    fen = int(cells[f"{name.removeprefix('pboc_')}_fen"][0])
    return f"{fen // 100}.{fen % 100:02}"


def differences(path: Path) -> list[str]:
    story = yaml.load(path.read_text(encoding="utf-8"), Words)
    book = book_of(story)
    found = []
    for claim in story["then"]:
        known_on = number(claim["known_on"]) if "known_on" in claim else NEVER
        by_bureau = {b: reckon_cells(book, number(claim["on"]), known_on, bureau=b) for b in ("pboc", "metro2")}
        for name, want in claim.items():
            cells = by_bureau["pboc" if name in PBOC else "metro2"]
            if name == "line":
                line = line_of(book, number(claim["on"]), known_on)
                want, got = dict(want), {field: line[field] for field in want}
                if got != want:
                    found.append(f"{claim['on']} line: told {want!r}, reckoned {got!r}")
            elif name not in ("on", "known_on"):
                got = shown(cells, book, known_on, name)
                if got != want:
                    found.append(f"{claim['on']} {name}: told {want!r}, reckoned {got!r}")
    return found

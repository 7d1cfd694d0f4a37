"""Hold what is reportable in a month against a golden story; stories are told as those of loans are."""

from datetime import date
from pathlib import Path
from typing import Any

import yaml

from afterloan.bureau.cells import reckon_cells
from afterloan.bureau.history import profile_of
from afterloan.bureau.specials import specials
from afterloan.bureau.status import metro2_status, pboc_status
from afterloan.dates import NEVER, iso
from tests.loan.golden import Words, book_of, number


def shown(cells: Any, book: Any, known_on: int, name: str) -> Any:
    if name == "pboc":
        return pboc_status(cells)[0].decode()
    if name in ("metro2", "rating"):
        return metro2_status(cells)[name == "rating"][0].decode()
    if name in ("special", "comment"):
        return specials(book, cells, {"special": "pboc", "comment": "metro2"}[name], known_on).get(0, "")
    if name == "history":
        return profile_of(book, cells, known_on)[0].decode()
    if name == "first_delinquent":
        day = int(cells["first_delinquent_on"][0])
        return date.fromisoformat(iso(day)) if day else ""
    if name in ("days_past_due", "overdue_periods", "remaining_periods"):
        return int(cells[name][0])
    fen = int(cells[f"{name}_fen"][0])
    return f"{fen // 100}.{fen % 100:02}"


def differences(path: Path) -> list[str]:
    story = yaml.load(path.read_text(encoding="utf-8"), Words)
    book = book_of(story)
    found = []
    for claim in story["then"]:
        known_on = number(claim["known_on"]) if "known_on" in claim else NEVER
        cells = reckon_cells(book, number(claim["on"]), known_on)
        for name, want in claim.items():
            if name not in ("on", "known_on"):
                got = shown(cells, book, known_on, name)
                if got != want:
                    found.append(f"{claim['on']} {name}: told {want!r}, reckoned {got!r}")
    return found

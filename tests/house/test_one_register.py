"""Locks and settings are named in one place each, so that no two rooms mean different things by one number or name."""

import re
from enum import unique
from pathlib import Path

from afterloan.store.locks import Space

SOURCE = Path(__file__).parents[2] / "src" / "afterloan"


def rooms_with(pattern: str) -> set[str]:
    """Modules, but for migrations, in whose text a pattern stands."""
    found = {p.relative_to(SOURCE).as_posix(): p.read_text(encoding="utf-8") for p in SOURCE.rglob("*.py")}
    return {name for name, text in found.items() if "migrations" not in name and re.search(pattern, text)}


def test_every_lock_has_a_number_of_the_register() -> None:
    unique(Space)
    assert rooms_with(r"hashtext\(") == {"store/locks.py"}
    with_locks = rooms_with(r"pg_(try_)?advisory")
    assert with_locks <= rooms_with(r"\bSpace\b"), with_locks


def test_settings_are_read_and_written_in_one_place() -> None:
    assert rooms_with(r"(from|into|update) setting\b") == {"store/settings.py"}

"""Migrations stand in one row: each number once, each after the one before, named as its file is."""

import re
from pathlib import Path

import afterloan.store.migrations.versions as versions


def test_migrations_follow_each_other_without_a_gap() -> None:
    files = sorted(Path(versions.__file__).parent.glob("[0-9]*.py"))
    before = "None"
    for number, path in enumerate(files, 1):
        text = path.read_text(encoding="utf-8")
        own = re.search(r'^revision = "(\d+)"$', text, re.M)
        after = re.search(r'^down_revision = (?:"(\d+)"|(None))$', text, re.M)
        assert own and after, path.name
        assert (own[1], after[1] or after[2]) == (f"{number:04d}", before), path.name
        assert path.name.startswith(own[1])
        before = own[1]

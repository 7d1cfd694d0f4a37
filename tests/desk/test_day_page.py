"""The page of a lender's day, typed line by line on a generated book: no line of it is wrong."""

import re
import shlex
from pathlib import Path

import pytest

from afterloan.close import close_through
from afterloan.dates import day
from afterloan.desk.keyboard.main import app
from afterloan.expected import ExpectedFailure
from afterloan.generate import generate
from afterloan.intake.book import bring_in
from afterloan.store.server import Store, home

PAGE = Path(__file__).parents[2] / "docs" / "day.md"
# files that come from outside, or a plan somebody would choose: typed by others' tests
FROM_OUTSIDE = ("ladder.yaml", "statement.csv", "answer.xml", "answer.csv")
MAY_SAY_NO = ("contact ask", "contact ended", "drain", "debit file-out", "lesson measure")  # a rule, or nothing there


def lines() -> list[tuple[str, str]]:
    """Who types, and what: the heading names whoever is not the lead."""
    who, found = "wang", []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            named = re.search(r"AFTERLOAN_WHO=(\w+)", line)
            who = named[1] if named else "wang"
        typed = re.match(r"^ {4}afterloan (.+)$", line)
        if typed and not any(name in line for name in FROM_OUTSIDE):
            found.append((who, typed[1]))
    return found


def late_one(store: Store) -> tuple[str, str]:
    """A loan that is late on the last day of the book, and its borrower."""
    with store.connect() as connection:
        row = connection.execute(
            "select c.reference, b.reference from transition t join contract c using (loan) "
            "join borrower b using (borrower) where t.days_past_due > 0 and t.closed_on = "
            "(select max(closed_on) from transition u where u.loan = t.loan) order by t.days_past_due desc, "
            "c.reference limit 1"
        ).fetchone()
    assert row is not None
    return row[0], row[1]


def test_every_line_of_the_page_can_be_typed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    generate(150, 6, 1, tmp_path / "book")
    bring_in(store, tmp_path / "book")
    close_through(store, day("2024-06-30"))
    loan, borrower = late_one(store)
    monkeypatch.setenv("AFTERLOAN_DATABASE_URL", store.url)
    monkeypatch.setenv("AFTERLOAN_KEYS", str(home() / "keys" / "ring.json"))
    monkeypatch.setenv("AFTERLOAN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    typed = lines()
    assert len(typed) > 35
    (tmp_path / "sick-note.pdf").write_bytes(b"%PDF-1.4\n" + b"% scanned\n" * 200 + b"trailer <<>>\n%%EOF\n")
    wrong = []
    for who, line in typed:
        monkeypatch.setenv("AFTERLOAN_WHO", who)
        words = shlex.split(line.replace("LOAN", loan).replace("BORROWER", borrower))
        try:
            code, told = app(words, standalone_mode=False) or 0, ""
        except ExpectedFailure as refused:
            code, told = 1, str(refused)
        if code and not line.startswith(MAY_SAY_NO):
            wrong.append(f"{who}: afterloan {line}: {told} {capsys.readouterr().err}")
    assert not wrong, "\n".join(wrong)

"""The strategy's commands as a person meets them."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from afterloan.close import close_through
from afterloan.dates import day
from afterloan.desk.keyboard.main import app
from afterloan.store.server import Store
from tests.strategy.books import borrower, loan
from tests.strategy.test_cases import LADDER


@pytest.fixture
def run(store: Store, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AFTERLOAN_DATABASE_URL", store.url)
    runner = CliRunner()

    def call(*words: str) -> Any:
        done = runner.invoke(app, list(words))
        return done.exit_code, done.output, str(done.exception) if done.exception else ""

    return call


def test_a_day_at_the_keyboard(store: Store, run: Any, tmp_path: Path) -> None:
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
    close_through(store, day("2025-05-14"), only=True)
    file = tmp_path / "short.yaml"
    file.write_text(LADDER, encoding="utf-8")
    assert run("ladder", "check", str(file))[:2] == (0, "short: 2 steps, sound\n")
    assert run("ladder", "use", str(file))[1] == "short is used for CN\n"
    code, out, _ = run("decide", "--on", "2025-05-14", "--workers", "1", "--json")
    assert code == 0 and json.loads(out)["actions"] == 1
    cases = json.loads(run("worklist", "--on", "2025-05-14", "--json")[1])
    assert [c["borrower"] for c in cases] == ["B1"]
    promise = ("promise", "make", "B1", "300.00", "--due", "2025-05-16", "--reference", "p", "--on", "2025-05-14")
    assert run(*promise)[1] == "recorded: p\n" and run(*promise)[1] == "already known: recorded: p\n"
    assert json.loads(run("promise", "show", "B1", "--on", "2025-05-14", "--json")[1])[0]["outcome"] == "pending"
    place = ("hold", "place", "B1", "dispute_open", "--reason", "paid", "--review", "2025-06-14", "--reference", "h")
    assert "1 planned actions withdrawn" not in run(*place, "--on", "2025-05-14")[1]  # worklists go on in a dispute
    assert "dispute_open since 2025-05-14" in run("hold", "show", "B1", "--on", "2025-05-20")[1]
    assert run("hold", "lift", "B1", "h", "--reason", "settled", "--on", "2025-05-21")[0] == 0
    assert run("hold", "show", "B1", "--on", "2025-05-21")[1] == ""
    change = ("limit", "change", "B1", "set", "--amount", "20000", "--by", "li", "--reason", "new", "--reference", "l")
    assert run(*change, "--on", "2025-05-01")[0] == 0
    code, out, _ = run("can-draw", "B1", "100", "--on", "2025-05-14")
    assert code == 1 and out.startswith("no: ") and "overdue, the oldest for 4 days" in out
    ask = ("contact", "ask", "B1", "call", "--reference", "c1")
    assert run(*ask, "--at", "2025-05-22T10:00:00+08:00")[1] == "yes\n"
    code, out, _ = run("contact", "ask", "B1", "sms", "--reference", "c2", "--at", "2025-05-22T22:00:00+08:00")
    assert code == 1 and "cn.gbt45251.quiet-hours" in out and "next: 2025-05-23T" in out
    code, out, _ = run("try", "-", "--from", "2025-05-14", "--to", "2025-05-14", "--workers", "1", "--json")
    rows = {r["name"]: r for r in json.loads(out)["rows"] if r["what"] == "actions"}
    assert code == 0 and rows["worklist"]["was"] == rows["worklist"]["stands"] == 1
    assert "B1" not in run("agency", "out", "acme", str(tmp_path / "out.csv"), "--on", "2025-05-14")[1]
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").startswith("placement,borrower")


def test_refusals_say_what_and_where(store: Store, run: Any, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(LADDER.replace("queue: early", "qeue: early"), encoding="utf-8")
    for words, message in (
        (("ladder", "check", str(bad)), "bad.yaml:8: no such word 'qeue'; did you mean 'queue'?"),
        (("try", "nowhere", "--from", "2025-01-01", "--to", "2025-01-02"), "no such file, and none of: any-gentle"),
        (("decide", "--on", "14.05.2025"), "write it as YYYY-MM-DD"),
        (("decide", "--on", "2025-05-14"), "no day is closed; close 2025-05-13 first"),
        (("can-draw", "B9", "1.00"), "no borrower of that reference"),
        (("can-draw", "B9", "1,0,0"), "is no amount"),
        (("can-draw", "B9", "1,000"), "a mark before three digits says either"),
        (("hold", "place", "B9", "annoyed", "--reason", "x", "--reference", "h"), "hold"),
    ):
        code, out, error = run(*words)
        assert code == 1 and message in out + error, (words, out, error)


def test_rules_and_columns_are_told(run: Any) -> None:
    out = run("contact", "rules", "IN", "--on", "2026-11-10")[1]
    assert "in.rbi2026.festivals" in out and "(binds nobody)" in out
    assert "days_past_due" in run("ladder", "columns")[1] and "cn-standard" in run("ladder", "list")[1]

"""The command line as a stranger meets it: a real process on a real store."""

import json
import os
import subprocess
import sys
from pathlib import Path

from afterloan.store.server import Store

ROOT = Path(__file__).parents[2]


def afterloan(store: Store, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"AFTERLOAN_DATABASE_URL": store.url, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [sys.executable, "-m", "afterloan.desk.keyboard.main", *words],
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
    )


def test_a_book_from_nothing_to_a_story(store: Store, tmp_path: Path) -> None:
    book = str(tmp_path / "book")
    assert afterloan(store, "generate", book, "--loans", "60", "--months", "3").returncode == 0
    done = afterloan(store, "import", book, "--json")
    assert done.returncode == 0 and all(r["refused"] == 0 for r in json.loads(done.stdout))
    done = afterloan(store, "close", "--through", "2024-03-31", "--workers", "1", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["failed"] == []
    again = afterloan(store, "close", "--on", "2024-03-31", "--workers", "1")
    assert again.returncode == 0 and "nothing was posted" in again.stdout
    before = afterloan(store, "close", "--on", "2024-03-01")
    assert before.returncode == 1 and "the last day closed" in before.stderr and "Traceback" not in before.stderr
    status = json.loads(afterloan(store, "status", "--json").stdout)
    assert (status["loans"], status["closed_through"]) == (60, "2024-03-31")
    balance = json.loads(afterloan(store, "trial-balance", "--json").stdout)
    assert sum(a["debit_fen"] - a["credit_fen"] for a in balance) == 0
    report = afterloan(store, "report", "--json", "--html", str(tmp_path / "page.html"))
    assert json.loads(report.stdout)["on"] == "2024-03-31" and (tmp_path / "page.html").exists()
    out = str(tmp_path / "out")
    assert afterloan(store, "export", out).returncode == 0
    loan = (tmp_path / "out" / "contracts.csv").read_text(encoding="utf-8").splitlines()[1].split(",")[0].strip('"')
    assert "Check: lent" in afterloan(store, "explain", loan).stdout
    told = json.loads(afterloan(store, "statement", loan, "--json").stdout)
    rows = afterloan(store, "statement", loan, "--csv").stdout.splitlines()
    assert told["lines"] and len(rows) == len(told["lines"]) + 1 and told["unposted"] == {}
    assert rows[1].split(",")[2] == "money paid out" and rows[1].split(",")[5] == rows[1].split(",")[0]
    repay = ("repay", loan, "10.00", "--reference", "cli-1", "--on", "2024-04-01", "--json")
    first, second = (json.loads(afterloan(store, *repay).stdout) for _ in range(2))
    assert (first["known"], second["known"], second["entries"]) == (False, True, first["entries"])


def test_refusals_are_one_line_that_says_what_to_do(store: Store, tmp_path: Path) -> None:
    for words, message in (
        (("explain", "NOPE"), "no contract of that reference"),
        (("statement", "NOPE"), "no contract of that reference"),
        (("close", "--on", "31.12.2024"), "write it as YYYY-MM-DD"),
        (("import", str(tmp_path / "nowhere")), "no such folder"),
        (("import", str(tmp_path)), "no book here"),
        (("repay", "L", "1,000", "--reference", "r"), "a mark before three digits says either"),
        (("close", "--on", "2024-01-01"), "import a book first"),
    ):
        done = afterloan(store, *words)
        assert done.returncode == 1 and message in done.stderr, (words, done.stderr)
        assert len(done.stderr.strip().splitlines()) == 1
    assert afterloan(store, "close").returncode == 2


def test_books_are_made_without_a_folder_named_and_records_keep_what_nobody_paid(store: Store, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    words = [
        sys.executable,
        "-m",
        "afterloan.desk.keyboard.main",
        "generate",
        "--loans",
        "20",
        "--months",
        "2",
        "--seed",
        "3",
    ]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=300)
    assert done.returncode == 0 and (tmp_path / "book" / "contracts.parquet").exists(), done.stderr
    done = afterloan(store, "import-instalments", str(tmp_path), str(tmp_path / "out"), "--unseen", "perhaps")
    assert done.returncode == 1 and "write left_out or owed" in done.stderr

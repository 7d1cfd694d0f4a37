"""The commands of whoever runs a book: `doctor`, `backup`, `restore`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from afterloan.desk.keyboard.doing import Stop, say
from afterloan.desk.keyboard.options import AsJson

if TYPE_CHECKING:
    from afterloan.enquiry.health import Check
    from afterloan.store.server import Store

SIGNS = {"well": "ok", "look": "look", "wrong": "WRONG"}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(doctor)
    app.command()(backup)
    app.command()(restore)


def doctor(as_json: AsJson = False) -> None:
    """Look at the machine and the book: what is well, what needs a look, what is wrong, with the remedy.

    Exit code 1 where anything is wrong.
    """
    from datetime import UTC, datetime

    from afterloan.enquiry.health import health
    from afterloan.store.server import open_store

    store = open_store()
    checks = _of_machine(store)
    with store.connect() as connection:
        checks += health(connection, datetime.now(UTC))
    if as_json:
        print(json.dumps([asdict(check) for check in checks]))
    else:
        for check in checks:
            print(f"{SIGNS[check.state]:6}{check.name:16}{check.says}")
            if check.remedy:
                print(f"{'':22}-> {check.remedy}")
    if any(check.state == "wrong" for check in checks):
        raise typer.Exit(1)


def _of_machine(store: "Store") -> "list[Check]":
    from afterloan.enquiry.health import Check
    from afterloan.store.machine import LITTLE, machine_of

    told = machine_of(store)
    free, size = told.free / 1e9, told.size / 1e6
    disk = Check("disk", "well", f"{free:,.1f} GB free in {told.folder}; the book takes {size:,.0f} MB")
    if told.free < LITTLE:
        disk = Check("disk", "look", disk.says, remedy="make room, or move AFTERLOAN_HOME to a larger disk")
    server = f"PostgreSQL {told.server_told}, tables of version {told.tables}"
    return [Check("python", "well", told.python), Check("database", "well", server), disk]


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")],
    as_json: AsJson = False,
) -> None:
    """Write the whole book into FILE, as it is at one moment, while it is in use; `restore` reads it."""
    from afterloan.store.backup import write_backup
    from afterloan.store.server import open_store

    told = write_backup(open_store(), file)
    if as_json:
        print(json.dumps({"file": str(file), **asdict(told)}))
        return
    print(f"{file}: {told.size / 1e6:,.1f} MB, sha256 {told.sha256}")
    say(f"closed through {told.closed_through or '-'}; keep the head of its seals elsewhere: {told.head or '-'}")


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `backup` wrote.")],
    head: Annotated[str, typer.Option(help="The head of the seals as it was written down elsewhere.")] = "",
    as_json: AsJson = False,
) -> None:
    """Bring the book of FILE into an empty database or home, and prove it: no sealed row may be changed or missing."""
    from afterloan.desk.keyboard.acts import prove_seals
    from afterloan.store.backup import read_backup
    from afterloan.store.server import open_store

    if not file.exists():
        raise Stop(f"{file} is not there: give the file that `afterloan backup` wrote")
    store = open_store()
    read_backup(store, file)
    say(f"{file} is in; now it is proved")
    prove_seals(store, head, as_json)

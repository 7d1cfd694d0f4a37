"""The book on more than one machine: a snapshot of it as Parquet."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from afterloan.desk.keyboard.options import AsJson

if TYPE_CHECKING:
    from datetime import date


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(snapshot)


def snapshot(
    folder: Annotated[Path, typer.Argument(help="An empty folder, or one that is not there yet.")],
    as_of: Annotated[
        str, typer.Option("--as-of", help="With the journal up to this day's close; the last one unless given.")
    ] = "",
    known_on: Annotated[
        str, typer.Option("--known-on", help="Without what became known after this day; all of it unless given.")
    ] = "",
    check: Annotated[bool, typer.Option("--check", help="Only say whether a snapshot is as it was written.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the book to FOLDER as Parquet for other machines: contracts, facts, totals; no names, no phones."""
    from afterloan.enquiry.snapshot import SnapshotTaken, check_snapshot, take_snapshot
    from afterloan.store.server import open_store

    if check:
        taken = SnapshotTaken(folder, check_snapshot(folder))
    else:
        taken = take_snapshot(open_store(), folder, _day(as_of), _day(known_on))
    print(json.dumps(taken.manifest) if as_json else taken)


def _day(text: str) -> "date | None":
    from afterloan.dates import date_told

    return date_told(text) if text else None

"""`afterloan import --check`: what an import would do, and where another system says otherwise; keeps nothing."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from afterloan.counting import counted
from afterloan.desk.keyboard.doing import say
from afterloan.desk.keyboard.options import book_day

if TYPE_CHECKING:
    from afterloan.intake.checking import Checked
    from afterloan.intake.sheets import FileMap
    from afterloan.store.server import Store

MAP = "map.yaml"
"""How the files of a folder are read, written beside them by a check that had to guess."""


def maps_in(path: Path) -> "dict[str, FileMap]":
    """How files are to be read, out of a YAML file. Raises BadInput saying what is wrong."""
    from afterloan.expected import BadInput
    from afterloan.intake.book import maps_checked
    from afterloan.texts import TextRefused, utf8_file, yaml_told

    try:
        told = yaml_told(utf8_file(path), str(path))
    except TextRefused as bad:
        raise BadInput(str(bad)) from bad
    return maps_checked(told)


def maps_of(folder: Path, path: Path | None) -> "dict[str, FileMap] | None":
    """How the files of a folder are read: as a map says, as they are, or as their names and headers let guess.

    They are read as they are where they have a book's own names; a guess is written to `map.yaml` beside them.
    """
    import yaml

    from afterloan.expected import BadInput
    from afterloan.intake.book import BOOK_FILES, FILES
    from afterloan.intake.files import columns_of_file, find_file
    from afterloan.intake.sheets import proposal, with_forms

    if path is not None:
        return maps_in(path)
    if not folder.is_dir() or any(find_file(folder, name) for name in FILES):
        return None
    files = sorted(one for one in folder.iterdir() if one.suffix in (".csv", ".parquet"))
    told = {file.name: proposal(file.name, columns_of_file(file), BOOK_FILES, {}) for file in files}
    told = {file.name: with_forms(file, told[file.name]) for file in files}
    if not any(one.kind for one in told.values()):
        return None
    written = folder / MAP
    if written.exists():
        raise BadInput(f"{folder}: {MAP} is there already: look at it and add `--map {written}`")
    text = yaml.safe_dump({name: one.told() for name, one in told.items()}, allow_unicode=True, sort_keys=False)
    written.write_text(text, encoding="utf-8")
    say(f"the files are read as {written} says, by their names and headers; look at it and add `--map {written}`")
    return told


def check_folder(store: "Store", folder: Path, maps: Path | None, as_of: str, as_json: bool) -> None:
    """Check the book in a folder; refused rows and disagreements are written beside it. Exit 1 where there are any."""
    from afterloan.desk.keyboard.terminal import bar
    from afterloan.enquiry.imports import findings_csv
    from afterloan.intake.book import IMPORTER, REFUSALS, sheets_of
    from afterloan.intake.checking import DISAGREEMENTS, Checked, check_sheets

    sheets = sheets_of(folder, maps_of(folder, maps))
    on = book_day(as_of)
    found = Checked()
    with bar("check") as show:
        for found in check_sheets(store, sheets, folder, on, IMPORTER):
            show("rows", found.read, 0)
    table = folder / DISAGREEMENTS
    if found.disagreements:
        table.write_text(findings_csv("differs", [one.told() for one in found.disagreements]), encoding="utf-8")
    else:
        table.unlink(missing_ok=True)
    if as_json:
        print(json.dumps(_told(found), ensure_ascii=False))
    else:
        _print(found, folder / REFUSALS, table)
    if found.refused or found.disagreements:
        raise typer.Exit(1)


def _told(found: "Checked") -> dict[str, object]:
    files = {r.file: {"read": r.read, "new": r.loaded, "known": r.known, "refused": r.refused}
             for r in found.files.values()}  # fmt: skip
    return {"files": files, "loans_compared": found.loans, "figures_compared": found.figures,
            "disagreements": [one.told() for one in found.disagreements]}  # fmt: skip


def _print(found: "Checked", refusals: Path, table: Path) -> None:
    print(f"{'file':26}{'read':>12}{'new':>12}{'known':>12}{'refused':>12}")
    for r in found.files.values():
        print(f"{r.file:26}{r.read:12,}{r.loaded:12,}{r.known:12,}{r.refused:12,}")
        for name in r.ignored_columns:
            print(f"{r.file}: column {name} means nothing here and would be left out", file=sys.stderr)
    print(f"{counted(found.figures, 'figure')} of {counted(found.loans, 'loan')} compared; "
          f"{len(found.disagreements):,} disagree")  # fmt: skip
    if found.refused:
        say(f"{counted(len(found.refused), 'row')} would be refused: see {refusals}")
    if found.disagreements:
        say(f"the old system says otherwise {counted(len(found.disagreements), 'time')}: see {table}")
    say("nothing was kept; without --check it is brought in")

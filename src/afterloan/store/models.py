"""Models as folders of data on disk: written whole or not at all, read with every file held against its checksum."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from afterloan.expected import ExpectedFailure


class FolderRefused(ExpectedFailure, ValueError):
    """This folder cannot be written to or read: says why and what to do."""


def refuse_taken(folder: Path) -> None:
    """Raises FolderRefused where a new folder cannot be: before an hour of fitting, not after it."""
    if folder.exists():
        raise FolderRefused(f"{folder}: is there already; name another folder, or take it away")


def write_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Write the files of a model to a new folder. Raises FolderRefused where something is there already."""
    refuse_taken(folder)
    half = folder.with_name(folder.name + ".part")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    for name, text in files.items():
        (half / name).write_text(text, encoding="utf-8", newline="\n")
    os.replace(half, folder)


def read_folder(folder: Path) -> dict[str, str]:
    """The files of a model's folder by name. Raises FolderRefused where there is none."""
    if not (folder / "card.yaml").is_file():
        raise FolderRefused(f"{folder}: no model is there (card.yaml is missing); afterloan risk fit makes one")
    read = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix in (".yaml", ".json", ".txt", ""):
            with path.open(encoding="utf-8", newline="") as file:
                read[path.name] = file.read()
    return read

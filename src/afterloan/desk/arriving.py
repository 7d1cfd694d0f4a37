"""Files that arrive to be brought in: unpacked on disk within bounds, looked at, kept, and asked to be checked."""

import errno
import shutil
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from afterloan.desk.web.asking import Asking, told_day
from afterloan.desk.web.guard import most_import
from afterloan.desk.web.refusing import refuse
from afterloan.enquiry.export import TAKEN_OUT
from afterloan.expected import BadInput
from afterloan.intake.book import BOOK_FILES, PRODUCTS, maps_checked
from afterloan.intake.files import BookFileRefused, columns_of_file
from afterloan.intake.sheets import FileMap, proposal
from afterloan.store.brought import (
    SentBook,
    SentFile,
    brought_named,
    check_of,
    digest_of,
    keep_brought,
    keep_pieces,
    kept_map,
    last_job_of,
)
from afterloan.store.jobs import Job, ask_job, job_named

UNPACKED = 10
"""How many times its own bound an archive may unpack to."""
MOST_FILES = 40
ENDINGS = (".csv", ".parquet")
BLOCK = 1 << 20


def unpack(archive: Path, folder: Path, most: int | None = None) -> None:
    """Unpack an archive, each file by its last name only. Raises BadInput: no archive, too many files, too large.

    What a file says of its own size is not believed: it is counted as it is unpacked. `most`: bytes in all.
    """
    most = most if most is not None else UNPACKED * most_import()
    try:
        with zipfile.ZipFile(archive) as opened:
            _members(opened, folder, most)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise  # ours, not the archive's: crafted offsets end in other OSErrors
        raise BadInput(
            f"the archive cannot be read ({error}); send a .zip, without a password, of the files that "
            "`afterloan import` takes"
        ) from error


def _members(archive: zipfile.ZipFile, folder: Path, most: int) -> None:
    members = [one for one in archive.infolist() if not one.is_dir()]
    if len(members) > MOST_FILES:
        raise BadInput(f"the archive has {len(members)} files; at most {MOST_FILES} are taken")
    left = most
    for member in members:
        target = free_place(folder, member.filename)
        with archive.open(member) as source, target.open("wb") as made:
            while block := source.read(BLOCK):
                left -= len(block)
                if left < 0:
                    raise BadInput(f"the archive unpacks to more than {most} bytes; send it in parts")
                made.write(block)


def free_place(folder: Path, name: str) -> Path:
    """Where a file of that name lies in a folder, by its last name only. Raises BadInput: no name, or one twice."""
    last = Path(name.replace("\\", "/")).name
    if not last or last in (".", "..") or len(last.encode()) > 200 or not last.isprintable():
        raise BadInput(f"{name[:200]!r} is no name of a file; name it otherwise")
    place = folder / last
    if place.exists():
        raise BadInput(f"{last} is there twice; name the two files differently")
    return place


def laid_out(sent: Sequence[tuple[str, Path]], folder: Path) -> list[Path]:
    """Files that were sent, archives unpacked, in a folder. Raises BadInput naming one that is none of a book's.

    What an export says of itself is passed over.
    """
    for name, path in sent:
        with path.open("rb") as opened:
            begins = opened.read(4)
        if begins == b"PK\x03\x04" or name.lower().endswith(".zip"):
            unpack(path, folder)
        else:
            shutil.copyfile(path, free_place(folder, name))
    (folder / TAKEN_OUT).unlink(missing_ok=True)
    files = sorted(folder.iterdir())
    if len(files) > MOST_FILES:
        raise BadInput(f"{len(files)} files; at most {MOST_FILES} are taken at once")
    for file in files:
        if file.suffix.lower() not in ENDINGS and file.name != PRODUCTS:
            raise BadInput(
                f"{file.name}: is neither .csv nor .parquet nor {PRODUCTS}; save it as CSV (UTF-8) or Parquet"
            )
    if not [file for file in files if file.name != PRODUCTS]:
        raise BadInput("there is no file; send .csv or .parquet files, or a .zip of them")
    return files


def take_in(asking: Asking, name: str, sent: Sequence[tuple[str, Path]], system: str, folder: Path) -> SentBook:
    """Keep what was sent under a name, looked at as far as its headers. Raises BadInput, RefusedHere.

    The same name again with the same files is answered as the first time.
    """
    looked = tuple(_looked_at(path) for path in laid_out(sent, folder))
    with asking.connection.transaction():
        for file in looked:
            keep_pieces(asking.connection, folder / file.name, file.sha256)
        keep_brought(
            asking.connection, name, asking.person, asking.today, asking.house.now(), system.strip()[:100], looked
        )
    kept = brought_named(asking.connection, name)
    assert kept is not None
    mine = (kept.who_kind, kept.who) == (asking.person.kind, asking.person.name)
    if not mine or [f.sha256 for f in kept.files] != [f.sha256 for f in looked]:
        raise refuse(422, "key-reused", "this key stands for other files", "use a key of its own", "Idempotency-Key")
    return kept


def _looked_at(path: Path) -> SentFile:
    found = SentFile(path.name, path.stat().st_size, digest_of(path))
    if path.name == PRODUCTS:
        return found
    try:
        return replace(found, columns=tuple(columns_of_file(path)))
    except BookFileRefused as error:
        return replace(found, wrong=str(error))


def proposed_maps(asking: Asking, sent: SentBook) -> dict[str, FileMap]:
    """How the files are to be read: as their last check did, else as their system's map says, else by their names."""
    check = check_of(asking.connection, sent.name)
    if check is not None:
        return {name: FileMap.of(one) for name, one in check.maps.items()}
    job = job_named(asking.connection, last_job_of(asking.connection, sent.name, "import-check") or "-")
    if job is not None:
        return {name: FileMap.of(one) for name, one in job.asked["maps"].items()}
    before = {n: FileMap.of(one) for n, one in kept_map(asking.connection, sent.system).items()} if sent.system else {}
    return {
        file.name: proposal(file.name, file.columns, BOOK_FILES, before) for file in sent.files if file.name != PRODUCTS
    }


def ask_check(asking: Asking, sent: SentBook, maps: Mapping[str, Any], as_of: str) -> Job:
    """Queue a check of what was sent, read by `maps`. Raises RefusedHere, BookFileRefused."""
    files = {file.name for file in sent.files}
    checked = maps_checked(maps)
    other = next((name for name in checked if name not in files), None)
    if other is not None:
        raise refuse(422, "invalid", f"{other} was not sent", f"there are: {', '.join(sorted(files))}", "maps")
    if job_named(asking.connection, last_job_of(asking.connection, sent.name, "import") or "-") is not None:
        raise refuse(409, "conflict", "it is being brought in, or is in", "send the files anew", "name")
    on = told_day(as_of, "as_of") if as_of else asking.today
    last = last_job_of(asking.connection, sent.name, "import-check")
    before = job_named(asking.connection, last or "-")
    asked = {"name": sent.name, "maps": {n: one.told() for n, one in checked.items()}, "as_of": on.isoformat()}
    if before is not None and not before.over:
        if before.asked == asked:
            return before
        raise refuse(409, "in-flight", "it is being checked just now", "wait for its end", "name")
    name = f"check:{sent.name}:{1 if before is None else int(before.job.rpartition(':')[2]) + 1}"
    ask_job(asking.connection, name, "import-check", asked, asking.person, asking.house.now())
    if asking.house.rings is not None:
        asking.house.rings()
    job = job_named(asking.connection, name)
    assert job is not None
    return job

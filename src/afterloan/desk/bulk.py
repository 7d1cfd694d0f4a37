"""Works on the whole book that run as jobs, some with files: furnish, watch plans, try, report, import, export."""

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from afterloan.dates import date_told, number_of
from afterloan.expected import BadInput
from afterloan.facts.act import Who
from afterloan.store.files import file_kept, keep_file
from afterloan.store.server import Store

MOST_UNPACKED = 2_000_000_000
"""Bytes that the files of an import come to, unpacked."""
MOST_FILES = 40


@dataclass(frozen=True, slots=True)
class Step:
    """A safe point of a job: how far it is, and what it has to tell."""

    done: int
    total: int
    unit: str
    told: Mapping[str, Any]


def furnish_month(store: Store, asked: Mapping[str, Any]) -> Iterator[Step]:
    """Furnish a month to a bureau; the file is kept and had from the job."""
    from afterloan.close.furnish import furnish

    end = date_told(str(asked["month_end"]))
    with TemporaryDirectory(prefix="afterloan-furnish-") as folder:
        made = furnish(store, end, str(asked["bureau"]), Path(folder), _known(asked), asked.get("sender") or {}, 1)
        kept = _kept(store, made.file.name, made.file.read_bytes())
    counts = {n: getattr(made, n) for n in ("reportable", "told", "amended", "gone", "held", "excepted", "in_file")}
    yield Step(1, 1, "months", {**counts, "refused": len(made.refused), **kept})


MOST_PREVIEWED = 2_000
"""Rows of a preview that are kept with it, those to be looked at first; its file has all."""


def preview_of_month(store: Store, asked: Mapping[str, Any]) -> Iterator[Step]:
    """What furnishing a month would tell a bureau: counts, totals, rows with what changed and why; tells nothing."""
    from afterloan.close.preview import Preview, as_csv, preview_month
    from afterloan.store.read import SHARDS

    end, bureau = date_told(str(asked["month_end"])), str(asked["bureau"])
    found: Preview | None = None
    for done, seen in preview_month(store, end, bureau, _known(asked), asked.get("sender") or {}):
        found = seen
        if done < SHARDS:
            yield Step(done, SHARDS, "parts", {})
    assert found is not None, "a book has shards"
    kept = _kept(store, f"preview-{bureau}-{end}.csv", as_csv(found).encode())
    told = {"counts": found.counts(), "totals": dict(found.totals), "last": found.last, "excepted": found.excepted}
    rows = [row.told() for row in found.rows if row.kind != "same"][:MOST_PREVIEWED]
    yield Step(SHARDS, SHARDS, "parts", {**told, "known_on": found.known_on.isoformat(), "rows": rows, **kept})


def _known(asked: Mapping[str, Any]) -> date | None:
    return date_told(str(asked["known_on"])) if asked.get("known_on") else None


def watch_all(store: Store, asked: Mapping[str, Any]) -> Iterator[Step]:
    """Look at every running plan of the book."""
    from afterloan.servicing.plans import watch_plans

    yield Step(1, 1, "looks", {"plans": watch_plans(store, date_told(str(asked["on"])))})


def try_a_ladder(store: Store, asked: Mapping[str, Any]) -> Iterator[Step]:
    """Replay stored history under another ladder, grace or contact pack, beside what was; who is treated otherwise."""
    from afterloan.enquiry.tried import trial_kept
    from afterloan.rehearsal.trial import try_ladder

    first, last = (number_of(date_told(str(asked[name]))) for name in ("first", "last"))
    trial = try_ladder(store, first, last, asked.get("text"), asked.get("grace_days"), asked.get("contact"), 1)
    told = {"ladder": trial.ladder, "assumption": trial.assumption, "held_still": list(trial.held_still)}
    with store.connect() as connection:
        kept = trial_kept(connection, trial.otherwise())
    yield Step(1, 1, "trials", {**told, "rows": trial.rows(), **kept})


def export_book(store: Store, asked: Mapping[str, Any]) -> Iterator[Step]:
    """Take the whole book out as files of one archive, which is kept and had from the job."""
    from afterloan.enquiry.export import bring_out

    with TemporaryDirectory(prefix="afterloan-export-") as folder:
        written = bring_out(store, Path(folder), str(asked.get("form", "csv")))
        content = _packed(Path(folder))
    yield Step(1, 1, "books", {"files": len(written), **_kept(store, "book.zip", content)})


def report_on_model(store: Store, asked: Mapping[str, Any]) -> Iterator[Step]:
    """Measure a model of the book on the days since it learnt, as one page that is kept and had from the job."""
    from afterloan.enquiry.model_report import report_of_book
    from afterloan.report.model_page import model_page

    told = report_of_book(store, str(asked["model"]), date_told(str(asked["on"])))
    page = model_page(told, str(asked.get("language", "en")))
    yield Step(1, 1, "models", _kept(store, f"model-{asked['model']}.html", page.encode()))


def import_book(store: Store, asked: Mapping[str, Any]) -> Iterator[Step]:
    """Bring the files of an archive in, as `afterloan import` does; refused rows are in a file that is kept."""
    from afterloan.intake.book import REFUSALS, bring_in

    with store.connect() as connection:
        content = file_kept(connection, str(asked["sha256"]))
    assert content is not None, "the archive is kept before the job is asked"
    with TemporaryDirectory(prefix="afterloan-import-") as folder:
        unpack(content, Path(folder))
        who = Who("person", str(asked["by"]), (), "api")
        reports = bring_in(store, Path(folder), threads=1, who=who)
        refused = Path(folder, REFUSALS)
        kept = _kept(store, REFUSALS, refused.read_bytes()) if refused.exists() else {}
    counts = {r.file: {"read": r.read, "loaded": r.loaded, "known": r.known, "refused": r.refused} for r in reports}
    yield Step(1, 1, "books", {"files": counts, **kept})


def unpack(content: bytes, folder: Path) -> None:
    """Unpack an archive, each file by its last name only. Raises BadInput: no archive, too many files, too large.

    What a file says of its own size is not believed: it is counted as it is unpacked.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile as error:
        raise BadInput("the body is no archive; send a .zip of the files that `afterloan import` takes") from error
    members = [one for one in archive.infolist() if not one.is_dir()]
    if len(members) > MOST_FILES:
        raise BadInput(f"the archive has {len(members)} files; at most {MOST_FILES} are taken")
    left = MOST_UNPACKED
    for member in members:
        name = Path(member.filename.replace("\\", "/")).name
        with archive.open(member) as source, Path(folder, name).open("wb") as target:
            while block := source.read(1 << 20):
                left -= len(block)
                if left < 0:
                    raise BadInput(f"the archive unpacks to more than {MOST_UNPACKED} bytes; send it in parts")
                target.write(block)


def _packed(folder: Path) -> bytes:
    """The files of a folder as an archive; the same files make the same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.writestr(zipfile.ZipInfo(path.name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _kept(store: Store, name: str, content: bytes) -> dict[str, Any]:
    """Keep a file; what a job tells of it: its name, size and digest, by which it is had."""
    digest = sha256(content).hexdigest()
    with store.connect() as connection:
        keep_file(connection, digest, content)
    return {"file": name, "bytes": len(content), "sha256": digest}


BULK: dict[str, Callable[[Store, Mapping[str, Any]], Iterator[Step]]] = {
    "furnish": furnish_month,
    "preview": preview_of_month,
    "watch-plans": watch_all,
    "trial": try_a_ladder,
    "export": export_book,
    "model-report": report_on_model,
    "import": import_book,
}
"""What each of these kinds of job does, step by step."""

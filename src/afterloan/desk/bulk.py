"""Works on the whole book that run as jobs, some with files: furnish, watch plans, try, report, import, export."""

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from afterloan.dates import date_told, number_of
from afterloan.facts.act import Who
from afterloan.intake.sheets import FileMap, with_forms
from afterloan.store.brought import SentBook, brought_named, check_of, keep_check, write_pieces
from afterloan.store.files import keep_file
from afterloan.store.server import Store
from afterloan.texts import json_digest


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

    end, bureau = date_told(str(asked["month_end"])), str(asked["bureau"])
    found: Preview | None = None
    shards = store.shards()
    for done, seen in preview_month(store, end, bureau, _known(asked), asked.get("sender") or {}):
        found = seen
        if done < shards:
            yield Step(done, shards, "parts", {})
    assert found is not None, "a book has shards"
    kept = _kept(store, f"preview-{bureau}-{end}.csv", as_csv(found).encode())
    told = {"counts": found.counts(), "totals": dict(found.totals), "last": found.last, "excepted": found.excepted}
    rows = [row.told() for row in found.rows if row.kind != "same"][:MOST_PREVIEWED]
    yield Step(shards, shards, "parts", {**told, "known_on": found.known_on.isoformat(), "rows": rows, **kept})


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
    """Take the book, tables of it, or a list out as files of one archive, which is kept and had from the job.

    A file within marks it: who took it out and why, the book's last act, fact, event and entry, and each file's rows
    and digest. `import` passes over it.
    """
    from afterloan.enquiry.export import IMPERSONAL, TAKEN_OUT, TakenOut, list_out, take_out

    form, what, tables = str(asked.get("form", "csv")), str(asked.get("list") or ""), list(asked.get("tables") or ())
    with TemporaryDirectory(prefix="afterloan-export-") as name:
        folder = Path(name)
        if what:
            made = TakenOut([list_out(store, folder, what, date_told(str(asked["as_of"])), form)], {})
        else:
            made = take_out(store, folder, form, tables)
        files = [
            {"file": one.file, "rows": one.rows, "sha256": sha256((folder / one.file).read_bytes()).hexdigest()}
            for one in made.written
            if one.rows
        ]
        mark = {"by": asked.get("by", ""), "reason": asked.get("reason", ""), "list": what or None,
                "on": asked.get("as_of") or None, "book": made.state or None, "files": files}  # fmt: skip
        told = {key: value for key, value in mark.items() if value is not None}
        text = yaml.safe_dump(told, allow_unicode=True, sort_keys=False)
        (folder / TAKEN_OUT).write_text(text, encoding="utf-8")
        content = _packed(folder)
    personal = bool(what) or not tables or bool(set(tables) - set(IMPERSONAL))
    rows = sum(one.rows for one in made.written)
    kept = _kept(store, f"{what or 'book'}.zip", content)
    yield Step(1, 1, "books", {"files": len(files), "rows": rows, "personal": personal, "tables": files, **kept})


def report_on_model(store: Store, asked: Mapping[str, Any]) -> Iterator[Step]:
    """Measure a model of the book on the days since it learnt, as one page that is kept and had from the job."""
    from afterloan.enquiry.model_report import report_of_book
    from afterloan.report.model_page import model_page

    told = report_of_book(store, str(asked["model"]), date_told(str(asked["on"])))
    page = model_page(told, str(asked.get("language", "en")))
    yield Step(1, 1, "models", _kept(store, f"model-{asked['model']}.html", page.encode()))


MOST_FINDINGS = 100_000
"""Findings of each kind that a check keeps; its counts are of all."""


def check_book(store: Store, asked: Mapping[str, Any]) -> Iterator[Step]:
    """Check what was sent to be brought in: rows refused, figures that disagree; the book stays as it is."""
    from afterloan.intake.book import sheets_of
    from afterloan.intake.checking import check_sheets

    with TemporaryDirectory(prefix="afterloan-check-") as folder:
        sent = _sent(store, asked, Path(folder))
        maps = {name: FileMap.of(one) for name, one in asked["maps"].items()}
        maps = {name: with_forms(Path(folder, name), one) for name, one in maps.items()}
        plain_maps = {name: one.told() for name, one in maps.items()}
        sheets = sheets_of(Path(folder), maps)
        as_of = date_told(str(asked["as_of"]))
        found = None
        for found in check_sheets(store, sheets, Path(folder), as_of, Who("person", sent.who, (), "import")):
            yield Step(found.read, found.read + 1, "rows", {"words": f"{found.read:,}"})
        assert found is not None, "a check says what it found at its end"
        counts = _counts(found.files.values())
        rows = sorted(found.refused, key=lambda one: (one.file, one.row))[:MOST_FINDINGS]
        refused = [{**asdict(one), "value": one.value[:500].replace("\0", "\\0")} for one in rows]
        differs = [one.told() for one in found.disagreements[:MOST_FINDINGS]]
        told = {"files": counts, "rows": found.read, "refused": len(found.refused), "differs": len(found.disagreements),
                "loans": found.loans, "figures": found.figures}  # fmt: skip
        said = {"maps": plain_maps, "as_of": asked["as_of"], **told, "findings": [refused, differs],
                "of": [file.sha256 for file in sent.files]}  # fmt: skip
        digest = json_digest(said)
        findings = chain(
            (("refused", k, one) for k, one in enumerate(refused, 1)),
            (("differs", k, one) for k, one in enumerate(differs, 1)),
        )
        with store.connect() as connection:
            keep_check(
                connection,
                sent.name,
                datetime.now(UTC),
                plain_maps,
                as_of,
                told,
                digest,
                findings,  # type: ignore[arg-type]
            )
    yield Step(1, 1, "checks", {**told, "check": digest})


def _sent(store: Store, asked: Mapping[str, Any], folder: Path) -> SentBook:
    """What was sent, its files laid out in a folder."""
    with store.connect() as connection:
        sent = brought_named(connection, str(asked["name"]))
        assert sent is not None, "files are kept before their job is asked"
        for file in sent.files:
            write_pieces(connection, file, folder / file.name)
    return sent


def import_book(store: Store, asked: Mapping[str, Any]) -> Iterator[Step]:
    """Bring in what was sent, as its check read it; begun again after an interruption it ends the same."""
    from afterloan.intake.book import REFUSALS, begin_run, bring_sheets, sheets_of

    with TemporaryDirectory(prefix="afterloan-import-") as name:
        folder = Path(name)
        sent = _sent(store, asked, folder)
        with store.connect() as connection:
            check = check_of(connection, sent.name) if asked.get("check") else None
        maps = None if check is None else {file: FileMap.of(one) for file, one in check.maps.items()}
        sheets = sheets_of(folder, maps)
        total = int(check.told["rows"]) if check else 0
        who = Who("person", str(asked["by"]), (), "import")
        run = begin_run(store, who, sent.name, sheets, f"sent:{sent.name}", date_told(str(asked["on"])))
        reports = {}
        for report in bring_sheets(store, sheets, folder, run):
            reports[report.file] = report
            read = sum(one.read for one in reports.values())
            yield Step(read, max(total, read) + 1, "rows", {"words": f"{report.file} {report.read:,}"})
        refused = folder / REFUSALS
        kept = _kept(store, REFUSALS, refused.read_bytes()) if refused.exists() else {}
    yield Step(1, 1, "books", {"files": _counts(reports.values()), **kept})


def _counts(reports: Iterable[Any]) -> dict[str, dict[str, int]]:
    return {
        r.file: {"read": r.read, "loaded": r.loaded, "known": r.known, "changed": r.changed, "refused": r.refused}
        for r in reports
    }


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
    "import-check": check_book,
    "import": import_book,
}
"""What each of these kinds of job does, step by step."""

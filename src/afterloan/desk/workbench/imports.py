"""Books of other systems at the desk: sent, their headers mapped, checked, looked at, brought in by who confirms."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from afterloan.desk.api.imports import Importer, found, sent_named
from afterloan.desk.arriving import ask_check, proposed_maps, take_in
from afterloan.desk.web.asking import Asking
from afterloan.desk.web.forms import FormTold, name_in
from afterloan.desk.web.refusing import RefusedHere, refuse
from afterloan.desk.workbench.proposing import do_or_ask, way_of
from afterloan.desk.workbench.showing import of_form, show
from afterloan.enquiry.imports import findings_told, import_told, imports_told
from afterloan.expected import BadInput, ExpectedFailure
from afterloan.intake.book import BOOK_FILES, PRODUCTS
from afterloan.intake.forms import FORMS
from afterloan.intake.sheets import LEFT_OUT, FileMap, columns_for, proposed
from afterloan.store.brought import SentBook, kept_map, last_job_of, systems_known
from afterloan.store.jobs import job_named, stop_job

MOST_LISTED = 50
MOST_SHOWN = 100
"""Findings of a kind on a page; the table to be had has all."""
DONE = ("kept", "sent", "done", "stopped")
CONFIRM, KEEP = "book.confirm_import", "book.keep_map"


def imports_router() -> APIRouter:
    """`/imports`, files sent, one import: its maps and check, its findings as tables, confirmed, stopped."""
    router = APIRouter(prefix="/imports")
    router.get("")(imports)
    router.post("")(send)
    router.get("/{name}")(import_)
    router.post("/{name}")(act)
    router.get("/{name}/refused.csv")(refused_csv)
    router.get("/{name}/differs.csv")(differs_csv)
    return router


@dataclass(frozen=True, slots=True)
class FilesSent:
    """A form with files: each as it was named, on disk, in a folder that goes away."""

    form: FormTold
    files: tuple[tuple[str, Path], ...]


async def _told(request: Request, asking: Importer) -> AsyncIterator[FilesSent]:
    """What a form with files told, its token proved, its files written to disk as they come. Raises RefusedHere."""
    values: dict[str, str] = {}
    files: list[tuple[str, Path]] = []
    with TemporaryDirectory(prefix="afterloan-sent-") as folder:
        async with request.form(max_files=40, max_fields=4_000) as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    if value.filename:
                        place = Path(folder, f"{len(files)}")
                        await run_sync(_write, value, place)
                        files.append((value.filename, place))
                else:
                    values[name] = str(value)
        key = name_in(asking.secret, values.pop("token", ""))
        if not key:
            raise refuse(403, "stale-form", "this form is not of your sitting", "open the page again", "token")
        yield FilesSent(FormTold(values, key, {}), tuple(files))


def _write(value: UploadFile, place: Path) -> None:
    with place.open("wb") as made:
        copyfileobj(value.file, made, 1 << 20)


SentForm = Annotated[FilesSent, Depends(_told)]


def imports(asking: Importer) -> Response:
    """What was sent, the newest first, and the form for more."""
    return _list(asking)


def _list(asking: Asking, status: int = 200, refused: Any = None, system: str = "") -> Response:
    return show(
        asking, "imports.html", "imports", status, told=imports_told(asking.connection, MOST_LISTED), refused=refused,
        systems=systems_known(asking.connection), system=system,
    )  # fmt: skip


def send(asking: Importer, sent: SentForm) -> Response:
    """Keep files that were sent and go where they are mapped."""
    system = sent.form["system"]
    try:
        if not sent.files:
            raise BadInput(asking.t("desk.imports.no_file"))
        with TemporaryDirectory(prefix="afterloan-sent-") as folder:
            kept = take_in(asking, sent.form.key, sent.files, system, Path(folder))
    except (RefusedHere, ExpectedFailure) as error:
        return _list(asking, system=system, **of_form(error))
    return RedirectResponse(f"/imports/{kept.name}", 303)


def import_(asking: Importer, name: str, done: str = "") -> Response:
    """One import: how its files are read, what its check found, how far it is."""
    sent = sent_named(asking, name)
    told = asking.t(f"desk.imports.done.{done}") if done in DONE else ""
    return _shown(asking, sent, proposed_maps(asking, sent), done=told)


def _shown(
    asking: Asking, sent: SentBook, maps: Mapping[str, FileMap], status: int = 200, refused: Any = None, done: str = "",
    typed: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    told = import_told(asking.connection, sent)
    job = job_named(asking.connection, told["job"] or told["check_job"] or "-")
    rows: dict[str, Any] = {"refused": [], "differs": []}
    if told["check"] and told["state"] not in ("checking", "unreadable"):
        for kind in ("refused", "differs"):
            rows[kind] = findings_told(
                asking.connection,
                sent.name,
                kind,
                asking.may("book.read"),
                0,
                MOST_SHOWN,
            )
        asking.listed(len(rows["refused"]) + len(rows["differs"]))
    return show(
        asking, "import.html", "imports", status, told=told, work=job, rows=rows, refused=refused, done=done,
        readings=[_reading(k, file.name, file.columns, file.wrong, maps.get(file.name, FileMap(LEFT_OUT)))
                  for k, file in enumerate(sent.files) if file.name != PRODUCTS],
        kinds=tuple(BOOK_FILES), forms=FORMS, may=way_of(asking, CONFIRM), may_keep=asking.could(KEEP),
        as_of=(typed or {}).get("as_of") or (told["check"] or {}).get("as_of") or asking.today.isoformat(),
        system=(typed or {}).get("system") or sent.system, mine=job is not None and asking.person.name == job.who,
    )  # fmt: skip


def _reading(k: int, name: str, headers: tuple[str, ...], wrong: str, told: FileMap) -> dict[str, Any]:
    """How a file is read, as the form shows it: each column of ours with its header, or its fixed value."""
    kind = BOOK_FILES.get(told.kind)
    if kind is None:
        return {"k": k, "name": name, "kind": "", "wrong": wrong, "columns": [], "missing": [], "left": list(headers)}
    ours = columns_for(kind)
    columns = []
    for column in ours:
        fen = f"{column}_fen" in told.columns
        header = told.columns.get(f"{column}_fen" if fen else column, "")
        fixed = told.fixed.get(column, "")
        needed = column in kind.needed
        columns.append({"ours": column, "header": header, "fixed": fixed, "needed": needed, "fen": fen})
    missing = [c["ours"] for c in columns if c["needed"] and not c["header"] and not c["fixed"]]
    used = set(told.columns.values())
    return {
        "k": k, "name": name, "kind": told.kind, "wrong": wrong, "columns": columns, "missing": missing,
        "left": [header for header in headers if header not in used], "headers": headers, "written": told.written,
    }  # fmt: skip


def _maps(sent: SentBook, form: FormTold) -> dict[str, FileMap]:
    """How the files are read, as the form tells; a file whose kind was changed is proposed anew."""
    maps: dict[str, FileMap] = {}
    for k, file in enumerate(sent.files):
        if file.name == PRODUCTS:
            continue
        kind = form[f"kind:{k}"]
        if kind not in BOOK_FILES:
            maps[file.name] = FileMap(LEFT_OUT)
        elif kind != form[f"was:{k}"]:
            maps[file.name] = FileMap(kind, proposed(file.columns, BOOK_FILES[kind]))
        else:
            columns, fixed = {}, {}
            for ours in columns_for(BOOK_FILES[kind]):
                header, value = form[f"col:{k}:{ours}"], form[f"fix:{k}:{ours}"]
                if header in file.columns:
                    columns[f"{ours}_fen" if form[f"fen:{k}:{ours}"] else ours] = header
                elif value:
                    fixed[ours] = value
            written = {
                what: form[f"form:{k}:{what}"] for what, all_of in FORMS.items() if form[f"form:{k}:{what}"] in all_of
            }
            maps[file.name] = FileMap(kind, columns, fixed, written)
    return maps


def act(asking: Importer, name: str, told: SentForm) -> Response:
    """Check by the maps of the form, keep them for their system, confirm, or stop."""
    sent = sent_named(asking, name)
    form = told.form
    maps = _maps(sent, form) if form["do"] in ("check", "read") else proposed_maps(asking, sent)
    try:
        done = _done(asking, sent, form, maps)
    except (RefusedHere, ExpectedFailure) as error:
        return _shown(asking, sent, maps, typed=form.values, **of_form(error))
    if done == "read":
        return _shown(asking, sent, maps, typed=form.values)
    return RedirectResponse(f"/imports/{sent.name}" + (f"?done={done}" if done else ""), 303)


def _done(asking: Asking, sent: SentBook, form: FormTold, maps: Mapping[str, FileMap]) -> str:
    match form["do"]:
        case "read":
            return "read"
        case "check":
            plain_maps = {file: one.told() for file, one in maps.items()}
            keeps = bool(form["system"]) and kept_map(asking.connection, form["system"]) != plain_maps
            if keeps and asking.could(KEEP):
                asking.do(KEEP, {"system": form["system"], "maps": plain_maps}, f"form:{form.key}")
            ask_check(asking, sent, plain_maps, form["as_of"])
            return "kept" if keeps else ""
        case "confirm":
            asked = {"name": sent.name, "sha256": form["sha256"]}
            done = do_or_ask(asking, CONFIRM, asked, f"form:{form.key}", "done")
            if asking.house.rings is not None:
                asking.house.rings()
            return "sent" if done == "sent" else ""
        case "stop":
            job = job_named(asking.connection, last_job_of(asking.connection, sent.name, "import") or "-")
            if job is not None:
                stop_job(asking.connection, job.job, asking.house.now())
            return "stopped"
    raise refuse(422, "invalid", "the form says not what is asked", "open the page again", "do")


def refused_csv(asking: Importer, name: str) -> Any:
    """Rows that would be refused, all of them, as a table."""
    return found(asking, name, "refused", 0, 1, "csv")


def differs_csv(asking: Importer, name: str) -> Any:
    """Figures that disagree, all of them, as a table."""
    return found(asking, name, "differs", 0, 1, "csv")

"""Exports at the desk: what is taken out and why, what a second person has agreed to, the file for an hour."""

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from afterloan.desk.api.exports import ExportAsked, begin_export, link_of, own_exports, told_of
from afterloan.desk.api.jobs import own_job
from afterloan.desk.web.asking import Asking, Form, SignedIn, told_day
from afterloan.desk.web.forms import FormTold
from afterloan.desk.web.refusing import RefusedHere, refuse
from afterloan.desk.workbench.proposing import way_of
from afterloan.desk.workbench.showing import of_form, show, typed_of
from afterloan.enquiry.export import FORMS, TABLES
from afterloan.enquiry.lists import LISTS
from afterloan.expected import ExpectedFailure

DONE = ("begun", "release")
BOOK = "book"
LIST = "list:"


def exports_router() -> APIRouter:
    """`/exports`: one's own, begun, their release asked for, their file had."""
    router = APIRouter(prefix="/exports")
    router.get("")(exports)
    router.post("")(begin)
    router.post("/releases")(release)
    router.post("/files")(file)
    return router


def exports(asking: SignedIn, done: str = "") -> Response:
    """What one took out, and the form of the next."""
    return _shown(asking, done=asking.t(f"desk.exports.done.{done}") if done in DONE else "")


def _shown(
    asking: Asking, status: int = 200, done: str = "", refused: object = None, form: FormTold | None = None
) -> Response:
    asking.permitted("book.export")
    rows = [told_of(asking, job) for job in own_exports(asking)]
    running = next((row["id"] for row in rows if row["file"] == "making"), "")
    return show(
        asking, "exports.html", "finance", status, rows=rows, running=running, tables=TABLES, lists=LISTS, forms=FORMS,
        typed=typed_of(form), refused=refused, done=done, may_release=way_of(asking, "file.release"),
    )  # fmt: skip


def begin(asking: SignedIn, form: Form) -> Response:
    """Take the whole book, one table or a list out."""
    try:
        begin_export(asking, asking.house, _asked(form), form.key)
    except (RefusedHere, ExpectedFailure) as error:
        return _shown(asking, **of_form(error), form=form)
    return RedirectResponse("/exports?done=begun", 303)


def _asked(form: FormTold) -> ExportAsked:
    """What a form takes out. Raises RefusedHere (422)."""
    what = form["what"]
    listed = what.removeprefix(LIST) if what.startswith(LIST) else ""
    tables = () if listed or what == BOOK else (what,)
    on = told_day(form["on"], "on") if listed and form["on"] else None
    try:
        return ExportAsked(form=form["form"], tables=tables, list=listed, on=on, reason=form["reason"])  # type: ignore[arg-type]
    except ValidationError as error:
        why = str(error.errors()[0]["msg"])
        raise refuse(422, "invalid", why, "open the page again", "form") from error


def release(asking: SignedIn, form: Form) -> Response:
    """Ask a second person to let a file leave, as it is."""
    try:
        job = own_job(asking, form["job"])
        asking.propose("file.release", {"job": job.job, "sha256": job.sha256}, f"form:{form.key}")
    except (RefusedHere, ExpectedFailure) as error:
        return _shown(asking, **of_form(error))
    return RedirectResponse("/exports?done=release", 303)


def file(asking: SignedIn, form: Form) -> Response:
    """Go to the file by a fresh link."""
    try:
        return RedirectResponse(link_of(asking, asking.house, form["job"])["href"], 303)
    except (RefusedHere, ExpectedFailure) as error:
        return _shown(asking, **of_form(error))

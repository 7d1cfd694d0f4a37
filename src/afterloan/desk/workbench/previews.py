"""A month looked at before it is furnished: what would go out, what changed and why, what is held back."""

from typing import Any

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from afterloan.desk.api.jobs import own_job
from afterloan.desk.api.works import FurnishAsked, begin_month
from afterloan.desk.web.asking import Asking, Form, SignedIn, told_day
from afterloan.desk.web.forms import FormTold
from afterloan.desk.web.refusing import RefusedHere, refuse
from afterloan.desk.workbench.bureau import BUREAUS, shown
from afterloan.desk.workbench.showing import of_form, show
from afterloan.expected import BadInput, ExpectedFailure
from afterloan.store.jobs import Job

MOST_SHOWN = 200
"""Rows of a preview on its page; its file has all."""


def previews_router() -> APIRouter:
    """`/bureau/previews`: a month furnished or looked at first, both from one form; one preview by its name."""
    router = APIRouter(prefix="/bureau")
    router.post("/furnishings")(furnish)
    router.post("/previews")(begin)
    router.get("/previews/{job}")(preview)
    return router


def furnish(asking: SignedIn, form: Form) -> Response:
    """Furnish a month as a job, and go where its progress is told."""
    return _month(asking, form, "furnish", "/bureau?job={}")


def begin(asking: SignedIn, form: Form) -> Response:
    """Begin the preview of a month and go where its progress is told."""
    return _month(asking, form, "preview", "/bureau/previews/{}")


def _month(asking: Asking, form: FormTold, kind: str, there: str) -> Response:
    try:
        asking.permitted("bureau.furnish")
        if form["bureau"] not in BUREAUS:
            raise ExpectedFailure(asking.t("desk.bureau.no_bureau"))
        sender = {name: form[name] for name in ("identification_number", "reporter_name") if form[name]}
        end = told_day(form["month_end"], "month_end")
        known = told_day(form["known_on"], "known_on") if form["known_on"] else None
        begin_month(asking, asking.house, kind, form["bureau"], end, _asked(sender, known), form.key)
    except (RefusedHere, ExpectedFailure) as error:
        return shown(asking, form=form, **of_form(error))
    return RedirectResponse(there.format(form.key), 303)


def _asked(sender: dict[str, str], known: Any) -> FurnishAsked:
    try:
        return FurnishAsked(sender=sender, known_on=known)
    except ValidationError as error:
        raise BadInput(str(error.errors()[0]["msg"])) from error


def _job(asking: Asking, name: str) -> Job:
    job = own_job(asking, name)
    if job.kind != "preview":
        raise refuse(404, "unknown", "no preview of that name", "begin one in the room of the bureau", "job")
    return job


def preview(asking: SignedIn, job: str, kind: str = "") -> Response:
    """A preview: how many of each kind, totals beside the month last told, rows of a kind or those to look at first."""
    asking.permitted("bureau.furnish")
    mine = _job(asking, job)
    told = mine.result or {}
    rows = [row for row in told.get("rows", []) if kind in ("", row["kind"])]
    asking.listed(len(rows[:MOST_SHOWN]))
    return show(
        asking, "preview.html", "bureau", preview=mine, told=told, rows=rows[:MOST_SHOWN], kind=kind,
        more=len(rows) > MOST_SHOWN or len(told.get("rows", [])) < _listed(told),
    )  # fmt: skip


def _listed(told: dict[str, Any]) -> int:
    """Rows that could be shown: those that only went on by a month stand in the file alone."""
    counts = told.get("counts", {})
    return sum(n for kind, n in counts.items() if kind != "same")

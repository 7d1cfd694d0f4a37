"""The bureau desk: months that were told, the file of one and its release, disputes by their clocks."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from afterloan.desk.api.jobs import own_job
from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.forms import FormTold
from afterloan.desk.web.refusing import RefusedHere, refuse
from afterloan.desk.workbench.showing import of_form, show, typed_of
from afterloan.enquiry.disputes import disputes_on
from afterloan.expected import ExpectedFailure
from afterloan.store.furnished import files
from afterloan.store.jobs import Job, was_released
from afterloan.store.settings import Setting, setting

BUREAUS = ("pboc", "metro2", "neutral")
DONE = ("corrected", "accurate", "notified", "release")
MOST = 24
"""Months shown, the newest."""


def bureau_router() -> APIRouter:
    """`/bureau`, a file's release asked for, a dispute answered or told."""
    router = APIRouter(prefix="/bureau")
    router.get("")(bureau)
    router.post("/releases")(release)
    router.post("/disputes")(answer)
    return router


def bureau(asking: SignedIn, job: str = "", done: str = "") -> Response:
    """What was told and what is contested; `job`: a furnishing that runs or ran."""
    asking.permitted("report.read")
    told = asking.t(f"desk.bureau.done.{done}") if done in DONE else ""
    return shown(asking, job=_furnishing(asking, job) if job else None, done=told)


def _furnishing(asking: Asking, name: str) -> Job:
    """A furnishing that who asks may see. Raises RefusedHere (404), also for a job of another kind."""
    job = own_job(asking, name)
    if job.kind != "furnish":
        raise refuse(404, "unknown", "no furnishing of that name", "look at the months that were told", "job")
    return job


def shown(
    asking: Asking, status: int = 200, form: FormTold | None = None, refused: Any = None, job: Any = None,
    done: str = "",
) -> Response:  # fmt: skip
    """The room: months that were told, disputes by their clocks, the form of a month."""
    names = ("furnishing", "bureau", "month_end", "known_on", "rows")
    lines = disputes_on(asking.connection, asking.on)
    asking.listed(len(lines))
    months = [dict(zip(names, row, strict=True)) for row in files(asking.connection, MOST)]
    return show(
        asking, "bureau.html", "bureau", status, months=months[::-1], lines=lines, bureaus=BUREAUS,
        senders={k: v for k, v in sorted(setting(asking.connection, Setting.SENDER).items()) if v},
        month_end=asking.today.replace(day=1) - timedelta(days=1), typed=typed_of(form), refused=refused, done=done,
        furnishing=job, released=job is not None and was_released(asking.connection, job.job, job.sha256),
        may_release=asking.may_verbs().get("file.release", False), may_answer=asking.could("dispute.decide"),
        may_furnish=asking.may("bureau.furnish"),
    )  # fmt: skip


def release(asking: SignedIn, form: Form) -> Response:
    """Ask a second person to let the file of a month leave, as it is."""
    job = _furnishing(asking, form["job"])
    try:
        asking.propose("file.release", {"job": job.job, "sha256": job.sha256}, f"form:{form.key}")
    except (RefusedHere, ExpectedFailure) as error:
        return shown(asking, form=form, job=job, **of_form(error))
    return RedirectResponse(f"/bureau?job={job.job}&done=release", 303)


def answer(asking: SignedIn, form: Form) -> Response:
    """Answer a dispute as the book reckons, or keep that a party was told of the answer."""
    do, key = form["do"], f"form:{form.key}"
    try:
        if do.startswith("told:"):
            asking.do("dispute.notified", {"of": form["of"], "party": do.removeprefix("told:")}, key)
            do = "notified"
        else:
            asking.do("dispute.decide", {"of": form["of"], "outcome": do, "reason": form["reason"]}, key)
    except (RefusedHere, ExpectedFailure) as error:
        return shown(asking, form=form, **of_form(error))
    return RedirectResponse(f"/bureau?done={do}", 303)

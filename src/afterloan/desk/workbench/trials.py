"""Trials: a ladder or a grace tried on the book's own past, kept, compared, and who would be treated otherwise."""

from typing import Any

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from afterloan.desk.api.works import HistoryTried, begin_trial
from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.forms import FormTold
from afterloan.desk.web.refusing import RefusedHere, refuse
from afterloan.desk.workbench.showing import show, typed_of
from afterloan.enquiry.tried import as_csv
from afterloan.facts.act import Refused
from afterloan.store.jobs import Job, job_named, jobs_told

MOST_SHOWN = 200
"""People of a trial on its page; the file has all that are kept."""


def trials_router() -> APIRouter:
    """`/strategy/trials`, one begun, one looked at, its people as a file."""
    router = APIRouter(prefix="/strategy/trials")
    router.get("")(trials)
    router.post("")(begin)
    router.get("/{job}")(trial)
    router.get("/{job}/people.csv")(people)
    return router


def trials(asking: SignedIn) -> Response:
    """The trials that are kept, the newest first, and the form of another."""
    asking.permitted("ladder.try")
    return _shown(asking)


def _shown(asking: Asking, status: int = 200, refused: Refused | None = None, form: FormTold | None = None) -> Response:
    return show(
        asking, "trials.html", "strategy", status, trials=jobs_told(asking.connection, kind="trial"), refused=refused,
        typed=typed_of(form),
    )  # fmt: skip


def begin(asking: SignedIn, form: Form) -> Response:
    """Begin a trial and go where its progress is told."""
    asking.permitted("ladder.try")
    asked = {"first": form["first"], "last": form["last"], "grace_days": form["grace"] or None}
    asked |= {"text": form.values["text"].replace("\r\n", "\n")} if form["text"] else {}
    try:
        begin_trial(asking, asking.house, HistoryTried(**asked), form.key)  # type: ignore[arg-type]
    except RefusedHere as error:
        return _shown(asking, error.status, error.refused, form)
    except ValidationError as error:
        first = error.errors()[0]
        told = Refused("invalid", str(first["loc"][0]), str(first.get("input")), str(first["msg"]), "")
        return _shown(asking, 422, told, form)
    return RedirectResponse(f"/strategy/trials/{form.key}", 303)


def _job(asking: Asking, name: str) -> Job:
    job = job_named(asking.connection, name)
    if job is None or job.kind != "trial":
        raise refuse(404, "unknown", "no trial of that name", "look at the list of trials", "trial")
    return job


def trial(asking: SignedIn, job: str, beside: str = "") -> Response:
    """A trial: figures as they were, stand and were tried, `beside` another; who would be treated otherwise."""
    asking.permitted("ladder.try")
    mine = _job(asking, job)
    other = _job(asking, beside) if beside else None
    told = mine.result or {}
    asking.listed(len(told.get("otherwise", [])[:MOST_SHOWN]))
    return show(
        asking, "trial.html", "strategy", trial=mine, told=told, rows=_rows(told, other.result if other else None),
        other=other, others=[one for one in jobs_told(asking.connection, kind="trial") if _comparable(one, mine)],
        people=told.get("otherwise", [])[:MOST_SHOWN],
    )  # fmt: skip


def _comparable(one: Job, mine: Job) -> bool:
    days = ("first", "last")
    return one.job != mine.job and one.state == "done" and all(one.asked[d] == mine.asked[d] for d in days)


def _rows(told: dict[str, Any], other: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The rows of a trial, each with what another trial of the same days came to (`beside`)."""
    beside = {(row["what"], row["name"]): row["tried"] for row in (other or {}).get("rows", [])}
    return [{**row, "beside": beside.get((row["what"], row["name"]))} for row in told.get("rows", [])]


def people(asking: SignedIn, job: str) -> Response:
    """The people who would be treated otherwise, as CSV."""
    asking.permitted("ladder.try")
    found = _job(asking, job)
    rows = (found.result or {}).get("otherwise", [])
    asking.listed(len(rows))
    head = {"content-disposition": f'attachment; filename="trial-{found.job[:12]}.csv"', "cache-control": "no-store"}
    return Response(as_csv(rows), media_type="text/csv", headers=head)

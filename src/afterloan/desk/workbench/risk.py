"""The risk room: models by purpose, one with its card, scores, gates and alarms; why a borrower is scored so."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from afterloan.dates import number_of
from afterloan.desk.api.jobs import own_job
from afterloan.desk.api.works import begin_report
from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.forms import FormTold
from afterloan.desk.web.refusing import RefusedHere, refuse
from afterloan.desk.workbench.proposing import way_of
from afterloan.desk.workbench.showing import lens_of, of_form, show, typed_of, unasked
from afterloan.enquiry.choices import choices_told
from afterloan.enquiry.model_card import model_glance
from afterloan.enquiry.models import listed_models, why
from afterloan.expected import ExpectedFailure
from afterloan.facts import FactRefused
from afterloan.facts.act import Refused
from afterloan.store.jobs import Job

VERBS = ("model.approve", "model.promote", "model.retire", "model.watch", "model.score")
ALIVE = ("proposed", "approved", "in_use")


def risk_router() -> APIRouter:
    """`/risk`, a model, what is done with it."""
    router = APIRouter(prefix="/risk")
    router.get("")(risk)
    router.post("")(score)
    router.post("/why")(why_)
    router.get("/models/{model}")(model_)
    router.post("/models/{model}")(act)
    return router


def risk(asking: SignedIn, done: str = "") -> Response:
    """The models, those in use first; whoever asks may look why a borrower is scored."""
    return _listed(asking, done=asking.t(f"desk.risk.done.{done}") if done in DONE else "")


def _listed(asking: Asking, status: int = 200, **more: Any) -> Response:
    asking.permitted("report.read")
    rank = {state: k for k, state in enumerate(("in_use", "approved", "proposed", "refused", "retired"))}
    rows = sorted(listed_models(asking.connection, asking.on), key=lambda m: (rank[m["state"]], m["purpose"]))
    shown: dict[str, Any] = {"done": "", "refused": None, "scored": None, "of": "", **more}
    shown["choices"] = choices_told(asking.connection, asking.on)
    return show(
        asking, "risk.html", "risk", status, models=rows, may={verb: way_of(asking, verb) for verb in VERBS}, **shown
    )


def score(asking: SignedIn, form: Form) -> Response:
    """Score the book of the day with its models."""
    try:
        asking.do("model.score", {}, f"form:{form.key}")
    except (RefusedHere, ExpectedFailure) as error:
        return _listed(asking, **of_form(error))
    return RedirectResponse("/risk?done=score", 303)


def why_(asking: SignedIn, form: Form) -> Response:
    """Why a borrower stands where the models put them: posted, so that no reference stands in an address."""
    asking.permitted("report.read")
    of = form["borrower"][:200]
    try:
        found = why(asking.house.store, of, number_of(asking.on))
    except FactRefused as error:
        return _listed(asking, **of_form(error), of=of)
    asking.searched(of, len(found))
    return _listed(asking, scored=[one.told(asking.language) for one in found], of=of)


def model_(asking: SignedIn, model: str, done: str = "", job: str = "") -> Response:
    """One model."""
    asking.permitted("report.read")
    report = own_job(asking, job) if job else None
    if report is not None and report.kind != "model-report":
        raise refuse(404, "unknown", "no report of that name", "ask for one on this page", "job")
    return _shown(asking, model, done=asking.t(f"desk.risk.done.{done}") if done in DONE else "", report=report)


def _shown(
    asking: Asking, model: str, status: int = 200, done: str = "", refused: Refused | None = None,
    form: FormTold | None = None, report: Job | None = None,
) -> Response:  # fmt: skip
    told = model_glance(asking.connection, model, asking.on)
    state = told.kept.state
    may = {verb: way_of(asking, verb) == "done" and not lens_of(asking) for verb in VERBS}
    may["model.approve"] &= state == "proposed" and told.kept.proposed_by != asking.person.name
    may["model.promote"] &= state == "approved"
    may["model.retire"] &= state in ALIVE
    return show(
        asking, "risk_model.html", "risk", status, m=told, may=may, done=done, refused=refused, typed=typed_of(form),
        report=report, scored=sum(count for _, count in told.bands),
    )  # fmt: skip


def act(asking: SignedIn, model: str, form: Form) -> Response:
    """Approve, promote, retire, compare the months, or have the report made as a job."""
    does, key = form["do"], f"form:{form.key}"
    try:
        if does == "report":
            begin_report(asking, asking.house, model, form.key)
            return RedirectResponse(f"/risk/models/{model}?job={form.key}", 303)
        said = {"approve": {"note": form["note"]}, "retire": {"reason": form["note"]}, "promote": {}, "watch": {}}
        if does not in said:
            raise unasked()
        asking.do(f"model.{does}", {"model": model, **said[does]}, key)
    except (RefusedHere, ExpectedFailure) as error:
        return _shown(asking, model, **of_form(error), form=form)
    return RedirectResponse(f"/risk/models/{model}?done={does}", 303)


DONE = ("approve", "promote", "retire", "watch", "score")

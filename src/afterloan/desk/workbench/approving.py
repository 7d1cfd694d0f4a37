"""Approvals: everything that waits for a second person, with what it would do, in one place."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.forms import FormTold
from afterloan.desk.web.refusing import RefusedHere
from afterloan.desk.workbench.said import DeskWords
from afterloan.desk.workbench.showing import show
from afterloan.enquiry.proposals import ToApprove, waiting
from afterloan.facts.act import Refused
from afterloan.servicing.may import may_approve
from afterloan.servicing.verbs import verb_named

APPROVES = {"step": "legal.approve", "loss": "loss.approve"}
"""The verb that agrees to a step of law and to a loss; an act is agreed to by itself."""
DONE = ("approve", "refuse", "propose")
REFUSES = {"act": "proposal.refuse", "step": "legal.refuse", "loss": "loss.refuse"}
"""The verb that turns each down."""


def approving() -> APIRouter:
    """`/approvals`, and a decision."""
    router = APIRouter()
    router.get("/approvals")(approvals)
    router.post("/approvals/decide")(decide)
    return router


def approvals(asking: SignedIn, done: str = "") -> Response:
    """What waits."""
    return _shown(asking, done=asking.t(f"desk.approvals.done.{done}") if done in DONE else "")


def _shown(asking: Asking, status: int = 200, done: str = "", refused: Refused | None = None) -> Response:
    rows = [_row(asking, one) for one in waiting(asking.connection, asking.on)]
    return show(asking, "approvals.html", "approvals", status, rows=rows, done=done, refused=refused)


def _row(asking: Asking, one: ToApprove) -> dict[str, Any]:
    cannot = _cannot(asking, one)
    would = {name: value for name, value in one.would.items() if value not in (None, "", [], {})}
    return {
        "one": one, "mine": one.by == asking.person.name, "cannot": cannot, "roles": one.waits_for,
        "title": DeskWords(asking.t).verb(one.what), "would": would,
    }  # fmt: skip


def _cannot(asking: Asking, one: ToApprove) -> str:
    """Why who looks may not agree; empty: they may."""
    if one.by == asking.person.name:
        return asking.t("desk.approvals.own")
    verb = verb_named(APPROVES.get(one.kind, one.what))
    refused = may_approve(asking.person, verb, asking.today)
    return refused.why if refused else ""


def decide(asking: SignedIn, form: Form) -> Response:
    """Agree to a proposal, or turn it down with a reason."""
    found = next((w for w in waiting(asking.connection, asking.today) if w.reference == form["proposal"]), None)
    try:
        _decided(asking, form, found)
    except RefusedHere as error:
        return _shown(asking, error.status, refused=error.refused)
    return RedirectResponse(f"/approvals?done={form['decision']}", 303)


def _decided(asking: Asking, form: FormTold, found: ToApprove | None) -> None:
    if found is None:
        raise RefusedHere(Refused("unknown", "proposal", form["proposal"], asking.t("desk.approvals.gone"), ""))
    key, step = f"form:{form.key}", found.kind != "act"
    if form["decision"] == "refuse":
        told = {"proposal": found.reference, "reason": form["reason"]}
        asking.do(REFUSES[found.kind], told, key)
    elif step:
        role = form["role"] or (found.waits_for[0] if found.waits_for else "")
        asking.do(APPROVES[found.kind], {"proposal": found.reference, "role": role}, key)
    else:
        asking.approve(found.reference)

"""Approvals: everything that waits for a second person, with what it would do, in one place."""

import hmac
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.forms import FormTold
from afterloan.desk.web.refusing import RefusedHere, refuse
from afterloan.desk.workbench.said import DeskWords
from afterloan.desk.workbench.showing import show
from afterloan.enquiry.proposals import ToApprove, waiting
from afterloan.enquiry.written import ActWrote, last_entry, written_by
from afterloan.facts.act import Refused
from afterloan.servicing.door import approve
from afterloan.servicing.may import may_approve
from afterloan.servicing.verbs import verb_named
from afterloan.store.acts import act_known

APPROVES = {"step": "legal.approve", "loss": "loss.approve"}
"""The verb that agrees to a step of law and to a loss; an act is agreed to by itself."""
MOST_TRIED = 20
"""Proposals whose effect is tried for one page: each is an act, done and taken back."""
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
    rows = [_row(asking, one, k < MOST_TRIED) for k, one in enumerate(waiting(asking.connection, asking.on))]
    return show(asking, "approvals.html", "approvals", status, rows=rows, done=done, refused=refused)


def _row(asking: Asking, one: ToApprove, tried: bool) -> dict[str, Any]:
    cannot = _cannot(asking, one)
    would = {name: value for name, value in one.would.items() if value not in (None, "", [], {}, False)}
    effect = (
        effect_of(asking, one) if tried and not cannot and one.kind == "act" and asking.on == asking.today else None
    )
    return {
        "one": one, "mine": one.by == asking.person.name, "cannot": cannot, "roles": one.waits_for,
        "title": DeskWords(asking.t).verb(one.what), "would": would, "effect": effect,
        "shown": shown_digest(asking, one, effect),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class WouldDo:
    """What agreeing would do now: all that would be written, or why it has become impossible."""

    wrote: ActWrote | None
    refused: Refused | None


class _TriedForPage(Exception):
    """Takes back what was only tried."""


def effect_of(asking: Asking, one: ToApprove) -> WouldDo:
    """Agree to a proposal and take it back: what would be written on this day, in its own words."""
    effect: WouldDo | None = None
    try:
        with asking.connection.transaction():
            after = last_entry(asking.connection)
            answer = approve(asking.desk, asking.person, one.reference, asking.today)
            if isinstance(answer, Refused):
                effect = WouldDo(None, answer)
            else:
                effect = WouldDo(written_by(asking.connection, answer.act, after, asking.desk.touched), None)
            raise _TriedForPage
    except _TriedForPage:
        pass
    assert effect is not None
    return effect


def shown_digest(asking: Asking, one: ToApprove, effect: WouldDo | None) -> str:
    """The digest of what a second person was shown: what was proposed, and what it would write.

    It is sent with the decision: where either is otherwise by then, nobody has agreed to it.
    """
    made = act_known(asking.connection, one.reference)
    asked = str(made.answer.get("sha256", "")) if made else ""
    wrote = effect.wrote.told() if effect and effect.wrote else None
    told = {
        "proposal": one.reference,
        "asked": asked,
        "wrote": wrote,
        "would": one.would if one.kind != "act" else None,
    }
    return sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


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
    if form["decision"] != "refuse":
        _as_shown(asking, found, form["shown"])
    if form["decision"] == "refuse":
        told = {"proposal": found.reference, "reason": form["reason"]}
        asking.do(REFUSES[found.kind], told, key)
    elif step:
        role = form["role"] or (found.waits_for[0] if found.waits_for else "")
        asking.do(APPROVES[found.kind], {"proposal": found.reference, "role": role}, key)
    else:
        asking.approve(found.reference)


def _as_shown(asking: Asking, found: ToApprove, shown: str) -> None:
    """Raises RefusedHere (412) where what would be done is not what was shown, or nothing was."""
    effect = effect_of(asking, found) if found.kind == "act" and not _cannot(asking, found) else None
    if effect is not None and effect.refused is not None:
        raise RefusedHere(effect.refused)
    if not hmac.compare_digest(shown, shown_digest(asking, found, effect)):
        raise refuse(
            412, "shown-otherwise", asking.t("desk.approvals.otherwise"), asking.t("desk.approvals.again"), "shown"
        )

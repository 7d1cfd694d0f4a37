"""I cannot pay: a promise, the plan finder, an offer accepted, hardship; each saved, each come back to."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from afterloan.dates import DayRefused, date_told
from afterloan.desk.portal.screens import done_or, fen_told, screen, show, to, wrong
from afterloan.desk.portal.signing_in import first_a_code
from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.forms import FormTold
from afterloan.desk.web.pages import amount
from afterloan.desk.web.refusing import RefusedHere
from afterloan.enquiry.mine import mine
from afterloan.enquiry.relieved import hardship_of, offer_of, plans_found
from afterloan.facts.act import Refused
from afterloan.facts.relief import PLAN_EVENTS
from afterloan.servicing.relief import plan_state
from afterloan.store.drafts import draft_of, drop_draft, keep_draft
from afterloan.store.events import events_of

INCOME = ("pay", "other_income")
SPENDING = ("home", "energy", "food", "transport", "health", "children", "phone", "other")
FIELDS = ("loan", "household", *INCOME, *SPENDING, "debts")
CAUSES = ("illness", "job_loss", "income_drop", "bereavement", "disaster", "family", "business", "other")
FINDER = "plan"
PAPERS = tuple(f"paper{k}" for k in range(1, 11))


def relieving(router: APIRouter) -> None:
    """Adds the pages."""

    @screen(router, "/cannot", "cannot")
    def cannot(asking: SignedIn) -> Mapping[str, Any]:
        """What changed: the ways from here."""
        return {"mine": mine(asking.connection, asking.person.name, asking.today)}

    _promising(router)
    _finding(router)
    _agreeing(router)
    _hardship(router)


def _promising(router: APIRouter) -> None:
    @screen(router, "/promise", "promise")
    def ask(asking: SignedIn) -> Mapping[str, Any]:
        """When will it be paid?"""
        return {"mine": mine(asking.connection, asking.person.name, asking.today), "told": {}, "done": None}

    @router.post("/promise")
    def promise(asking: SignedIn, form: Form) -> Response:
        """Kept as a promise; collection rests until it is due."""
        it = mine(asking.connection, asking.person.name, asking.today)
        fen = fen_told(form["amount"])
        try:
            by: date | None = date_told(form["by"])
        except DayRefused:
            by = None
        refused = wrong("amount.none", "amount") if not fen else wrong("date.none", "by") if by is None else None
        if refused is None:
            asked = {"borrower": it.borrower, "amount_fen": fen, "due_on": by, "channel": "portal"}
            answer = done_or(asking, "promise.make", asked, form.key)
            if not isinstance(answer, RefusedHere):
                done = {"amount_fen": fen, "by": by}
                return show(asking, "promise", mine=it, told={}, done=done)
            refused = answer.refused
        return show(asking, "promise", 422, mine=it, told=form.values, done=None, refused=refused)


def _finder(asking: Asking, told: Mapping[str, str], saved: Any = None) -> dict[str, Any]:
    return {"mine": mine(asking.connection, asking.person.name, asking.today), "told": told, "saved": saved,
            "income": INCOME, "spending": SPENDING}  # fmt: skip


def _finding(router: APIRouter) -> None:
    @screen(router, "/plan", "plan")
    def form_(asking: SignedIn) -> Mapping[str, Any]:
        """The questions, with what was answered before."""
        kept = draft_of(asking.connection, asking.person.name, FINDER, asking.clock.now)
        told, saved = kept or ({}, None)
        return _finder(asking, told, saved)

    @router.post("/plan")
    def find(asking: SignedIn, form: Form) -> Response:
        """Save it, or search the plans that fit."""
        told = {name: form[name][:40] for name in FIELDS}
        keep_draft(asking.connection, asking.person.name, FINDER, told, asking.clock.now)
        if form["do"] == "save":
            return to("/plan")
        means = means_told(told)
        if isinstance(means, Refused):
            return show(asking, "plan", 422, **_finder(asking, told), refused=means)
        answer = done_or(asking, "plan.search", {"loan": told["loan"], "means": means}, form.key)
        if isinstance(answer, RefusedHere):
            return show(asking, "plan", 422, **_finder(asking, told), refused=answer.refused)
        return to(f"/plan/found/{form.key}")

    @screen(router, "/plan/found/{reference}", "plans")
    def found(asking: SignedIn, reference: str) -> Mapping[str, Any]:
        """What can be spared, with its working, and the plans that fit."""
        return {"found": plans_found(asking.connection, asking.person.name, reference)}


def means_told(told: Mapping[str, str]) -> dict[str, int] | Refused:
    """A month's means out of the answers: what is left empty is nothing; the household and one income are asked for."""
    people = told.get("household", "")
    if not (people.isdecimal() and 1 <= int(people) <= 30):
        return wrong("household.none", "household")
    fen = {name: fen_told(told.get(name) or "0") for name in (*INCOME, *SPENDING, "debts")}
    unread = next((name for name, value in fen.items() if value is None), None)
    if unread or not told.get("pay"):
        return wrong("number.none", unread or "pay")
    sums = {name: sum(fen[one] or 0 for one in group) for name, group in (("income", INCOME), ("spending", SPENDING))}
    return {"income_fen": sums["income"], "spending_fen": sums["spending"], "other_debts_fen": fen["debts"] or 0,
            "household": int(people)}  # fmt: skip


def _agreeing(router: APIRouter) -> None:
    @screen(router, "/plans/{reference:path}", "offer")
    def offer(asking: SignedIn, reference: str) -> Mapping[str, Any]:
        """An offer: every payment, what it costs, what it does to the record; or how the plan stands."""
        return _offer(asking, reference)

    @router.post("/plan/answer")
    def answer(asking: SignedIn, form: Form) -> Response:
        """Agree, or decline. What happened on the loan meanwhile brings a fresh offer."""
        of = form["of"]
        if form["do"] != "decline" and form["agree"] != "yes":
            told = _offer(asking, of)
            return show(asking, "offer", 422, **told, refused=wrong("consent.none", "agree"))
        first = None if form["do"] == "decline" else first_a_code(asking, "plan.accept", f"/plans/{of}")
        if first is not None:
            return first
        verb = "plan.decline" if form["do"] == "decline" else "plan.accept"
        said = done_or(asking, verb, {"of": of}, form.key)
        if isinstance(said, RefusedHere):
            return show(asking, "offer", 422, **_offer(asking, of), refused=said.refused)
        fresh = said.body.get("fresh_offer")
        if not fresh:
            drop_draft(asking.connection, asking.person.name, FINDER)
        return to(f"/plans/{fresh}?changed=1" if fresh else f"/plans/{of}")


def _offer(asking: Asking, reference: str) -> dict[str, Any]:
    found = offer_of(asking.connection, asking.person.name, reference)
    state = plan_state(events_of(asking.connection, asking.person.name, PLAN_EVENTS), reference, asking.today)
    changed = bool(asking.request.query_params.get("changed"))
    kept = draft_of(asking.connection, asking.person.name, FINDER, asking.clock.now)
    return {"offer": found, "state": state, "changed": changed, "told": kept[0] if kept else {}}


def _hardship(router: APIRouter) -> None:
    @screen(router, "/hardship", "hardship")
    def ask(asking: SignedIn) -> Mapping[str, Any]:
        """What happened; what was answered in the plan finder is not asked again."""
        return _application(asking, {})

    @router.post("/hardship/evidence")
    def apply(asking: SignedIn, form: Form) -> Response:
        """Papers are kept, the application is under review at once, and the borrower is left in peace."""
        refused = _missing(form)
        papers: list[Any] = []
        for k, (name, content) in enumerate(x for x in form.files.values() if x[1]):
            asked = {"borrower": asking.person.name, "name": name[-200:] or "paper",
                     "sha256": sha256(content).hexdigest(), "content": b64encode(content)}  # fmt: skip
            kept = done_or(asking, "paper.hand_in", asked, f"{form.key}-{k}") if refused is None else None
            if isinstance(kept, RefusedHere):
                refused = kept.refused
            elif kept is not None:
                papers.append(kept.body["paper"])
        if refused is None:
            means = {f"{n}_fen": fen_told(form[n] or "0") or 0 for n in ("income", "spending")}
            means |= {"other_debts_fen": fen_told(form["debts"] or "0") or 0}
            application: dict[str, Any] = {"borrower": asking.person.name, "cause": form["cause"], "told": form["told"]}
            application |= {"means": means, "evidence": papers}
            answer = done_or(asking, "hardship.apply", application, form.key)
            if not isinstance(answer, RefusedHere):
                return to(f"/hardship/{form.key}")
            refused = answer.refused
        return show(asking, "hardship", 422, **_application(asking, form.values), refused=refused)

    @screen(router, "/hardship/{reference}", "hardship_state")
    def state(asking: SignedIn, reference: str) -> Mapping[str, Any]:
        """How the application stands."""
        return {"hardship": hardship_of(asking.connection, asking.person.name, reference)}


def _application(asking: Asking, told: Mapping[str, str]) -> dict[str, Any]:
    kept = draft_of(asking.connection, asking.person.name, FINDER, asking.clock.now)
    known = dict(told)
    if kept and not told:
        means = means_told(kept[0])
        if not isinstance(means, Refused):
            known = {name: amount(means[f"{key}_fen"]) for name, key in (
                ("income", "income"), ("spending", "spending"), ("debts", "other_debts"))}  # fmt: skip
    return {"told": known, "causes": CAUSES, "papers": PAPERS[:3]}


def _missing(form: FormTold) -> Refused | None:
    if form["cause"] not in CAUSES:
        return wrong("cause.none", "cause")
    if not form["told"]:
        return wrong("words.none", "told")
    amounts = [fen_told(form[name] or "0") for name in ("income", "spending", "debts")]
    return wrong("number.none", "income") if None in amounts or not form["income"] else None

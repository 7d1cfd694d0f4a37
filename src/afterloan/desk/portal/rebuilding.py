"""The way back, how we reach you, papers, help: what comes after the money."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from afterloan.dates import number_of
from afterloan.desk.portal.screens import done_or, not_yours, screen, show, to
from afterloan.desk.portal.signing_in import first_a_code
from afterloan.desk.web.asking import Ask, Asking, Form, SignedIn
from afterloan.desk.web.letters import settlement_letter
from afterloan.desk.web.refusing import RefusedHere
from afterloan.enquiry.contactability import contactability
from afterloan.enquiry.mine import mine, own_loan
from afterloan.enquiry.rules import rule_told
from afterloan.enquiry.way_back import draw_in
from afterloan.facts.contact import ContactOptedOut
from afterloan.servicing.relief import plan_for_map
from afterloan.store.events import events_of
from afterloan.store.rebuilding import person_in

CHANNELS = ("call", "sms", "email", "letter")


def rebuilding(router: APIRouter) -> None:
    """Adds the pages."""
    _way_back(router)
    _contact(router)
    _papers(router)
    _help(router)


def _way_back(router: APIRouter) -> None:
    @screen(router, "/way-back", "way_back")
    def first(asking: SignedIn) -> Mapping[str, Any]:
        """The ways of the loan that is late longest."""
        it = mine(asking.connection, asking.person.name, asking.today)
        late = sorted(it.loans, key=lambda loan: (-loan.days, loan.loan))
        return _ways(asking, late[0].loan if late and late[0].days else "")

    @screen(router, "/way-back/{loan}", "way_back")
    def ways(asking: SignedIn, loan: str) -> Mapping[str, Any]:
        """The ways of a loan, side by side."""
        own_loan(asking.connection, asking.person.name, loan)
        return _ways(asking, loan)

    @router.post("/way-back/{loan}")
    def choose(asking: SignedIn, loan: str, form: Form) -> Response:
        """Keep a way, so that its days are marked kept or missed."""
        answer = done_or(asking, "road_map.keep", {"loan": loan, "way": form["way"]}, form.key)
        if isinstance(answer, RefusedHere):
            return show(asking, "way_back", 422, **_ways(asking, loan), refused=answer.refused)
        return to(f"/way-back/{loan}")


def _ways(asking: Asking, loan: str) -> dict[str, Any]:
    it = mine(asking.connection, asking.person.name, asking.today)
    told: dict[str, Any] = {"loan": loan, "loans": [one.loan for one in it.loans], "ways": [], "before": []}
    if not loan:
        return told
    person, on = person_in(asking.connection, asking.person.name), number_of(asking.today)
    plan = plan_for_map(asking.connection, person, loan, on)
    drawn = draw_in(asking.connection, person, loan, on, plan)
    before = [{"state": m.state, **m.milestone} for m in drawn.before]
    ways = [way.plain(asking.language) for way in drawn.ways]
    for way in ways:
        way["milestones"] = [{**m, "told_by": rule_told(m["rule"])} for m in way["milestones"]]
    return told | {"ways": ways, "before": before}


def _contact(router: APIRouter) -> None:
    @screen(router, "/contact", "contact")
    def reach(asking: SignedIn) -> Mapping[str, Any]:
        """How we may reach the borrower now, and what they wish."""
        return _reach(asking)

    @router.post("/contact")
    def wish(asking: SignedIn, form: Form) -> Response:
        """Hours, or a channel to stop."""
        who = asking.person.name
        if form["stop"]:
            answer = done_or(asking, "contact.opt_out", {"borrower": who, "channel": form["stop"]}, form.key)
        else:
            wished = {"not_before": form["from"], "not_after": form["to"]}
            answer = done_or(asking, "contact.wish", {"borrower": who, **wished}, form.key)
        if isinstance(answer, RefusedHere):
            return show(asking, "contact", 422, **_reach(asking), refused=answer.refused)
        return to("/contact?done=1")


def _reach(asking: Asking) -> dict[str, Any]:
    told = contactability(asking.connection, asking.person.name, asking.clock.now)
    now = [{"channel": name, "allowed": told.of(name).allowed} for name in CHANNELS]
    events = events_of(asking.connection, asking.person.name, (ContactOptedOut.KIND,))
    stopped = list(dict.fromkeys(e.channel for e in events if isinstance(e, ContactOptedOut)))
    return {"now": now, "channels": CHANNELS, "stopped": stopped,
            "done": bool(asking.request.query_params.get("done"))}  # fmt: skip


def _papers(router: APIRouter) -> None:
    @screen(router, "/documents", "documents")
    def documents(asking: SignedIn) -> Mapping[str, Any]:
        """Papers of each loan."""
        return {"mine": mine(asking.connection, asking.person.name, asking.today)}

    @router.get("/documents/{loan}/settled.pdf")
    def settled(asking: SignedIn, loan: str) -> Response:
        """The settlement letter, in the language of the page."""
        it = mine(asking.connection, asking.person.name, asking.today)
        if loan not in {one.loan for one in it.loans if one.state == "paid_off"}:
            raise not_yours()
        if first := first_a_code(asking, "documents.read", "/documents"):
            return first
        return settlement_letter(asking, loan)


def _help(router: APIRouter) -> None:
    @router.get("/help")
    def help_(asking: Ask) -> Response:
        """What can be done here, and what we never ask."""
        return show(asking, "help")

    @router.get("/verify")
    def verify(asking: Ask) -> Response:
        """Whether a message is ours."""
        return show(asking, "verify")

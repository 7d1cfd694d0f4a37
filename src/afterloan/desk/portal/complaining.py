"""Complaints: raised in the borrower's words, with the day by which we answer, the answer, and where to go next."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from afterloan.desk.portal.screens import done_or, screen, show, to, wrong
from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.refusing import RefusedHere
from afterloan.enquiry.complained import goes_next, own_complaint, own_complaints

ABOUT = ("contact", "amount", "decision", "bureau", "privacy", "staff", "other")
LONGEST = 4_000


def complaining(router: APIRouter) -> None:
    """Adds the pages."""

    @screen(router, "/complaints", "complaints")
    def all_of_mine(asking: SignedIn) -> Mapping[str, Any]:
        """What was raised, and a form for a new one."""
        return _mine(asking, {})

    @screen(router, "/wrong", "wrong")
    def which(asking: SignedIn) -> Mapping[str, Any]:
        """What is wrong: an amount, or the credit record?"""
        return {}

    @router.post("/wrong")
    def amount_is_wrong(asking: SignedIn, form: Form) -> Response:
        """An amount is wrong: a complaint about it, so that it has its clock and is answered in writing."""
        if not form["text"]:
            return show(asking, "wrong", 422, refused=wrong("words.none", "text"))
        answer = done_or(asking, "complaint.raise", _asked(asking, "amount", form["text"]), form.key)
        if isinstance(answer, RefusedHere):
            return show(asking, "wrong", 422, refused=answer.refused)
        return to(f"/complaints/{answer.body['complaint']}")

    @router.post("/complaints")
    def raise_one(asking: SignedIn, form: Form) -> Response:
        """Raise it: its clock starts, and it has a page of its own."""
        refused = wrong("about.none", "about") if form["about"] not in ABOUT else None
        refused = refused or (None if form["text"] else wrong("words.none", "text"))
        if refused is None:
            answer = done_or(asking, "complaint.raise", _asked(asking, form["about"], form["text"]), form.key)
            if not isinstance(answer, RefusedHere):
                return to(f"/complaints/{answer.body['complaint']}")
            refused = answer.refused
        return show(asking, "complaints", 422, **_mine(asking, form.values), refused=refused)

    @screen(router, "/complaints/{reference}", "complaint")
    def one(asking: SignedIn, reference: str) -> Mapping[str, Any]:
        """How it stands, by when we answer, what was answered, and who else can be asked."""
        found = own_complaint(asking.connection, asking.person.name, reference, asking.today)
        about, who = found.complaint.about, asking.person.name
        next_ = goes_next(asking.connection, who, asking.today, asking.language, about)
        return {"complaint": found.complaint, "days_left": found.days_left, "next": next_}


def _asked(asking: Asking, about: str, text: str) -> dict[str, str]:
    return {"borrower": asking.person.name, "about": about, "text": text[:LONGEST]}


def _mine(asking: Asking, typed: Mapping[str, str]) -> dict[str, Any]:
    mine = own_complaints(asking.connection, asking.person.name, asking.today)
    return {"complaints": mine, "about": ABOUT, "typed": typed}

"""A wider line that was offered: what it is and costs, yes with a fresh code, no, or no answer at all."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from afterloan.desk.portal.screens import done_or, screen, show, to, wrong
from afterloan.desk.portal.signing_in import first_a_code
from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.refusing import RefusedHere
from afterloan.enquiry.line_offers import line_offer_named


def offered_lines(router: APIRouter) -> None:
    """Adds the pages."""

    @screen(router, "/line/{reference:path}", "line")
    def offer(asking: SignedIn, reference: str) -> Mapping[str, Any]:
        """An offer of a wider line: how much, what borrowing costs, until when; or what became of it."""
        return _offer(asking, reference)

    @router.post("/line/answer")
    def answer(asking: SignedIn, form: Form) -> Response:
        """Yes with a fresh code, or no; who does nothing keeps the line."""
        of, no = form["of"], form["do"] == "decline"
        if not no and form["agree"] != "yes":
            return show(asking, "line", 422, **_offer(asking, of), refused=wrong("consent.none", "agree"))
        first = None if no else first_a_code(asking, "limit.accept", f"/line/{of}")
        if first is not None:
            return first
        verb = "limit.decline" if no else "limit.accept"
        said = done_or(asking, verb, {"borrower": asking.person.name, "of": of}, form.key)
        if isinstance(said, RefusedHere):
            return show(asking, "line", 422, **_offer(asking, of), refused=said.refused)
        return to(f"/line/{of}")


def _offer(asking: Asking, reference: str) -> dict[str, Any]:
    return {"offer": line_offer_named(asking.connection, asking.person.name, reference, asking.today)}

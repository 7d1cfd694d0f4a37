"""Borrowers are let in: by a code to a number on file, by a ticket of the lender's app; and proved anew for more."""

import secrets
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from fastapi import APIRouter
from starlette.background import BackgroundTask
from starlette.responses import RedirectResponse, Response

from afterloan.desk.identity.codes import CodeAsked, MustWait, address_told, ask_code, send_code, try_code
from afterloan.desk.portal.screens import not_yours, show, to, wrong
from afterloan.desk.web.asking import Ask, Asking, Form, SignedIn
from afterloan.desk.web.refusing import refuse
from afterloan.desk.web.signing import begin_borrower, seats_of, set_cookie, sit
from afterloan.enquiry.masking import mask_email, mask_phone
from afterloan.facts.act import Refused
from afterloan.sending.spool import spooled
from afterloan.servicing.may import fresh_code_of
from afterloan.servicing.signing_in import key_of_code, ways_of
from afterloan.store.codes import GOOD_FOR, codes_of_browsers
from afterloan.store.sittings import digest_of, step_up
from afterloan.store.tickets import use_ticket

BROWSER = "__Host-afterloan-code"
"""The cookie that binds a code to the browser that asked for it."""


def signing_in(router: APIRouter) -> None:
    """Adds the pages."""

    @router.get("/sign-in")
    def first(asking: Ask) -> Response:
        """The number on file; in a demonstration also seats."""
        return _first(asking)

    @router.post("/sign-in")
    def ask(asking: Ask, form: Form) -> Response:
        """Send a code, or sit down on a demonstration's seat."""
        if form["seat"]:
            answer = to("/")
            set_cookie(answer, "my", sit(asking, "my", form["seat"]))
            return answer
        asked = address_told(form["to"][:300])
        if asked is None:
            return _first(asking, 422, form["to"], wrong("to.none", "to"))
        secret = asking.request.cookies.get(BROWSER) or secrets.token_urlsafe(32)
        now = asking.house.now()
        kept = ask_code(asking.connection, asked, "sign_in", digest_of(secret), now, place=asking.place)
        if isinstance(kept, MustWait):
            return waits(_first(asking, 429, form["to"], wrong("code.often", "to")), kept)
        return _sending(asking, kept, asked, "", "/sign-in/code", secret)

    @router.get("/sign-in/code")
    def typed(asking: Ask) -> Response:
        """Where the code is typed."""
        return show(asking, "code", **_code_page("/sign-in/code", "/sign-in"))

    @router.post("/sign-in/code")
    def proved(asking: Ask, form: Form) -> Response:
        """Let in whoever has the code, in the browser that asked for it."""
        browser = digest_of(asking.request.cookies.get(BROWSER, ""))
        found = try_code(asking.connection, browser, "sign_in", form["code"][:40], asking.house.now())
        if found is None or isinstance(found, MustWait):
            return _not_right(asking, found, _code_page("/sign-in/code", "/sign-in"))
        answer = to("/")
        set_cookie(answer, "my", begin_borrower(asking, found.borrower, "code", found.channel))
        answer.delete_cookie(BROWSER, secure=True, httponly=True, path="/")
        return answer

    @router.get("/phone")
    def phone(asking: Ask) -> Response:
        """Only in a demonstration: the messages with codes that this browser asked for, as they were sent."""
        if not asking.house.demo:
            raise not_yours()
        browsers = [digest_of(asking.request.cookies.get(BROWSER, ""))]
        browsers += [_of_sitting(asking)] if asking.sitting is not None else []
        since = asking.house.now() - GOOD_FOR
        asked = codes_of_browsers(asking.connection, browsers, since)
        found = [spooled(one.channel, key_of_code(one.reference)) for one in asked]
        then = local(asking.request.query_params.get("to", "/"))
        back = f"/step-up/code?to={then}" if asked and asked[0].why == "step_up" else "/sign-in/code"
        return show(asking, "phone", messages=[one for one in found if one], back=back)

    @router.get("/ticket/{ticket}")
    def by_ticket(asking: Ask, ticket: str) -> Response:
        """Let in whom the lender's app has signed in: a ticket is good once, for a minute."""
        borrower = use_ticket(asking.connection, ticket[:100], asking.house.now())
        if borrower is None:
            return _first(asking, 422, refused=wrong("ticket.over", "to"))
        answer = to("/")
        set_cookie(answer, "my", begin_borrower(asking, borrower, "ticket"))
        return answer

    _proving_anew(router)


def _first(asking: Asking, status: int = 200, told: str = "", refused: Refused | None = None) -> Response:
    seats = seats_of(asking, "my") if asking.house.demo else []
    return show(asking, "sign_in", status, seats=seats, told=told, refused=refused)


def waits(answer: Response, wait: MustWait) -> Response:
    """The answer with how long to wait."""
    answer.headers["retry-after"] = str(wait.seconds)
    return answer


def _sending(asking: Asking, reference: str, asked: CodeAsked, borrower: str, then: str, secret: str = "") -> Response:
    """Go on to where the code is typed; it is looked up and sent once this answer is out."""
    house = asking.house
    task = BackgroundTask(send_code, house.store, f"my.{house.domain}", house.now(), reference, asked, borrower)
    answer = RedirectResponse(then, 303, background=task)
    if secret:
        most = int(GOOD_FOR.total_seconds()) * 2
        answer.set_cookie(BROWSER, secret, max_age=most, path="/", secure=True, httponly=True, samesite="lax")
    return answer


def _code_page(action: str, again: str, back: str = "") -> dict[str, Any]:
    return {"action": action, "again": again, "to": back}


def _not_right(asking: Asking, found: MustWait | None, values: dict[str, Any]) -> Response:
    if isinstance(found, MustWait):
        return waits(show(asking, "code", 429, **values, refused=wrong("code.wait", "code")), found)
    return show(asking, "code", 422, **values, refused=wrong("code.wrong", "code"))


# -- proved anew ------------------------------------------------------------------------------------------------


def local(path: str) -> str:
    """A path of this host to go back to; the first page for anything else."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"


def first_a_code(asking: Asking, what: str, back: str) -> Response | None:
    """Where to go before `what` may be done, where a fresh code is needed; None: it may be done now."""
    if not asking.needs_code(what):
        return None
    return to(f"/step-up?to={local(back)}")


def _proving_anew(router: APIRouter) -> None:
    @router.get("/step-up")
    def ways(asking: SignedIn) -> Response:
        """By which channel on file the fresh code is to come."""
        return _ways(asking, local(asking.request.query_params.get("to", "/")))

    @router.post("/step-up")
    def ask(asking: SignedIn, form: Form) -> Response:
        """Send a fresh code to a channel on file."""
        back, on_file = local(form["to"]), ways_of(asking.desk, asking.person.name)
        if form["channel"] not in on_file:
            return _ways(asking, back, 422, wrong("channel.none", "channel"))
        asked = address_told(on_file[form["channel"]]) or CodeAsked(form["channel"], on_file[form["channel"]])
        name, now = asking.person.name, asking.house.now()
        kept = ask_code(asking.connection, asked, "step_up", _of_sitting(asking), now, name)
        if isinstance(kept, MustWait):
            return waits(_ways(asking, back, 429, wrong("code.often", "channel")), kept)
        return _sending(asking, kept, asked, name, f"/step-up/code?to={back}")

    @router.get("/step-up/code")
    def typed(asking: SignedIn) -> Response:
        """Where the fresh code is typed."""
        back = local(asking.request.query_params.get("to", "/"))
        return show(asking, "code", **_code_page("/step-up/code", f"/step-up?to={back}", back))

    @router.post("/step-up/code")
    def proved(asking: SignedIn, form: Form) -> Response:
        """Proved anew: the sitting goes on under a new secret."""
        back, now = local(form["to"]), asking.house.now()
        found = try_code(asking.connection, _of_sitting(asking), "step_up", form["code"][:40], now)
        if found is None or isinstance(found, MustWait) or found.borrower != asking.person.name:
            waiting = found if isinstance(found, MustWait) else None
            return _not_right(asking, waiting, _code_page("/step-up/code", f"/step-up?to={back}", back))
        answer = to(back)
        assert asking.sitting is not None
        set_cookie(answer, "my", step_up(asking.connection, asking.sitting.sitting, found.channel, now))
        return answer


def _ways(asking: Asking, back: str, status: int = 200, refused: Refused | None = None) -> Response:
    masks: dict[str, Callable[[str], str]] = {"sms": mask_phone, "email": mask_email}
    ways = {channel: masks[channel](address) for channel, address in ways_of(asking.desk, asking.person.name).items()}
    minutes = fresh_code_of(asking.today)[1]
    return show(asking, "step_up", status, ways=ways, to=back, minutes=minutes, refused=refused)


def _of_sitting(asking: Asking) -> bytes:
    """What binds a fresh code to this sitting."""
    if asking.sitting is None or asking.host != "my":
        raise refuse(403, "not-permitted", "a fresh code is for borrowers at the portal", "", "who")
    return sha256(f"sitting:{asking.sitting.sitting}".encode()).digest()

"""Passkeys on the desk and at the portal: made by who is signed in, used to sign in and to prove oneself anew."""

import json
import secrets
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from afterloan.desk.identity.accounts import proved_anew, refuse_flood
from afterloan.desk.identity.passkeys import LONGEST, Browser, HostOfKeys, ask_to_make, ask_to_prove, made, proved_by
from afterloan.desk.web.asking import Ask, Asking, Form, SignedIn
from afterloan.desk.web.house import Host
from afterloan.desk.web.pages import page
from afterloan.desk.web.refusing import refuse
from afterloan.desk.web.signing import begin_borrower, begin_for, may_sign_in_here, set_cookie
from afterloan.store.accounts import account_of
from afterloan.store.passkeys import passkeys_of
from afterloan.store.sittings import digest_of, step_up

COOKIE = "__Host-afterloan-passkey"
"""Binds what a device is asked to sign to the browser in which it was asked, before anybody is signed in."""
NEEDS = "passkey.make"
"""What takes a proof of its own, made after sign-in (pack `permissions`)."""


async def _told(request: Request) -> dict[str, Any]:
    """What the device answered. Raises RefusedHere (422) for what is no answer of a device."""
    content = await request.body()
    try:
        told = json.loads(content) if len(content) <= LONGEST else None
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise refuse(422, "invalid", "this is no answer of a device", "ask for it again", "credential")
    return told


Answered = Annotated[dict[str, Any], Depends(_told)]


def passkeys(host: Host) -> APIRouter:
    """`/passkeys` and `/sign-in/passkey` of a host; at the portal also `/step-up/passkey`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/passkeys")
    def own(asking: SignedIn) -> Response:
        """One's own passkeys."""
        return _own_page(asking)

    @router.post("/passkeys/{passkey}/end")
    def end(asking: SignedIn, passkey: int, form: Form) -> Response:
        """Give one up."""
        asking.do("passkey.end", {**_asks(asking), "passkey": min(passkey, 2**62 - 1)}, f"passkey-end:{form.key}")
        return RedirectResponse("/passkeys", 303)

    @router.post("/passkeys/asked")
    def ask(asking: SignedIn) -> Response:
        """What the browser hands to the device to make one."""
        _may_make(asking)
        return JSONResponse(ask_to_make(_here(asking), *_mine(asking)))

    @router.post("/passkeys")
    def make(asking: SignedIn, answer: Answered, name: str = "") -> Response:
        """Keep the one that the device made."""
        _may_make(asking)
        told = " ".join(name.split())[:60] or asking.t("passkey.unnamed")
        signed = made(_here(asking), *_mine(asking), answer)
        if signed is None:
            raise refuse(422, "invalid", asking.t("passkey.not_made"), "", "credential")
        asking.do("passkey.make", {**_asks(asking), **signed, "name": told}, f"passkey:{secrets.token_urlsafe(18)}")
        return JSONResponse({"to": "/passkeys"}, 201)

    _signing_in(router, host)
    if host == "my":
        _proving_anew(router)
    else:
        _proving_by_code(router)
    return router


def _own_page(asking: Asking, status: int = 200, wrong: str = "") -> Response:
    return page(asking, "web/passkeys.html", status, keys=passkeys_of(asking.connection, *_mine(asking)),
                needs_code=asking.needs_code(NEEDS), by_code=asking.host == "desk", wrong=wrong)  # fmt: skip


def _asks(asking: Asking) -> dict[str, Any]:
    """Whose passkey it is and by what they proved themselves, as the verbs ask it."""
    borrower = asking.person.name if asking.person.kind == "borrower" else ""
    return {"borrower": borrower, "proved_by": asking.sitting.stepped_up_by if asking.sitting else ""}


def _proving_by_code(router: APIRouter) -> None:
    @router.post("/passkeys/code")
    def prove(asking: SignedIn, form: Form) -> Response:
        """A person proved anew by a one-time code: the sitting goes on under a new secret."""
        account = account_of(asking.connection, asking.person.name)
        if asking.sitting is None or asking.sitting.way == "demo" or account is None:
            raise refuse(403, "not-permitted", asking.t("passkey.no_account"), "", "who")
        now = asking.house.now()
        if not proved_anew(asking.connection, asking.person.name, form["code"][:40], now):
            return _own_page(asking, 422, "passkey.wrong_code")
        answer = RedirectResponse("/passkeys", 303)
        set_cookie(answer, "desk", step_up(asking.connection, asking.sitting.sitting, "totp", now))
        return answer


def _signing_in(router: APIRouter, host: Host) -> None:
    kind = "borrower" if host == "my" else "person"

    @router.post("/sign-in/passkey/asked")
    def ask(asking: Ask) -> Response:
        """What the browser hands to the device to sign in: the same for everybody."""
        refuse_flood(asking.connection, asking.place, asking.house.now())
        secret = asking.request.cookies.get(COOKIE) or secrets.token_urlsafe(32)
        answer = JSONResponse(ask_to_prove(_unknown(asking, secret), "sign_in"))
        answer.set_cookie(COOKIE, secret, max_age=300, path="/", secure=True, httponly=True, samesite="strict")
        return answer

    @router.post("/sign-in/passkey")
    def prove(asking: Ask, answered: Answered) -> Response:
        """Let in whose device signed."""
        bound = _unknown(asking, asking.request.cookies.get(COOKIE, ""))
        found = proved_by(bound, "sign_in", kind, answered)  # type: ignore[arg-type]
        if found is None or (kind == "person" and not may_sign_in_here(asking, found.who)):
            raise refuse(401, "not-signed-in", asking.t("passkey.wrong"), "", "credential")
        if host == "my":
            secret = begin_borrower(asking, found.who, "passkey")
        else:
            secret = begin_for(asking, found.who, "passkey")
        answer = JSONResponse({"to": "/"})
        set_cookie(answer, host, secret)
        answer.delete_cookie(COOKIE, secure=True, httponly=True, path="/")
        return answer


def _proving_anew(router: APIRouter) -> None:
    @router.post("/step-up/passkey/asked")
    def ask(asking: SignedIn) -> Response:
        """What the browser hands to the borrower's own device."""
        return JSONResponse(ask_to_prove(_here(asking), "step_up", _mine(asking)))

    @router.post("/step-up/passkey")
    def prove(asking: SignedIn, answered: Answered) -> Response:
        """Proved anew: the sitting goes on under a new secret."""
        found = proved_by(_here(asking), "step_up", "borrower", answered)
        if found is None or found.who != asking.person.name:
            raise refuse(401, "not-signed-in", asking.t("passkey.wrong"), "", "credential")
        assert asking.sitting is not None
        answer = JSONResponse({"to": ""})
        set_cookie(answer, "my", step_up(asking.connection, asking.sitting.sitting, "", asking.house.now()))
        return answer


def _mine(asking: Asking) -> tuple[Any, str]:
    return asking.person.kind, asking.person.name


def _may_make(asking: Asking) -> None:
    """Raises RefusedHere: a borrower without a fresh code, a person who has no account of this book."""
    asking.proved_for(NEEDS)
    if asking.person.kind == "person" and not may_sign_in_here(asking, asking.person.name):
        raise refuse(403, "not-permitted", asking.t("passkey.no_account"), "", "who")


def _here(asking: Asking) -> Browser:
    """Bound to this sitting. Raises RefusedHere (403) where there is none."""
    if asking.sitting is None:
        raise refuse(403, "not-permitted", "a program has no passkey", "sign in in a browser", "who")
    bound = sha256(f"sitting:{asking.sitting.sitting}".encode()).digest()
    return Browser(asking.connection, _place(asking), bound, asking.house.now())


def _unknown(asking: Asking, secret: str) -> Browser:
    """Bound to a browser in which nobody is signed in yet."""
    return Browser(asking.connection, _place(asking), digest_of(secret), asking.house.now())


def _place(asking: Asking) -> HostOfKeys:
    """The host a passkey is for. Browsers have them over TLS, and on the machine itself without."""
    named = asking.request.headers.get("host", "")
    name = named.partition(":")[0].lower()
    here = name.endswith("localhost") and asking.request.url.scheme == "http"
    return HostOfKeys(name, f"{'http' if here else 'https'}://{named.lower()}")

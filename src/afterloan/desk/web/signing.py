"""Signing in and out: a demonstration's seats, the cookie of each host, the language."""

import logging
from typing import Any

from fastapi import APIRouter
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.responses import RedirectResponse, Response

from afterloan.desk.identity.accounts import proved
from afterloan.desk.identity.oidc import Begun, Directory, DirectoryRefused
from afterloan.desk.web.asking import LANGUAGE, Ask, Asking, Form, cookie_of, ends_after
from afterloan.desk.web.house import LASTS, Host
from afterloan.desk.web.pages import page
from afterloan.desk.web.refusing import refuse
from afterloan.desk.web.seats import SEATS
from afterloan.desk.words import LANGUAGES
from afterloan.enquiry.pinned import pinned
from afterloan.facts.act import WhoKind
from afterloan.store.accounts import account_of, let_in
from afterloan.store.details import details_of
from afterloan.store.settings import secret_kept
from afterloan.store.sittings import begin_sitting, end_sitting

LOG = logging.getLogger("afterloan.desk")
BEGUN = "__Host-afterloan-directory"
"""The cookie of a sign-in that is under way at the directory."""
BEGUN_SECONDS = 600


def signing(host: Host) -> APIRouter:
    """`/sign-in`, `/sign-out`, `/language` of the desk or the portal."""
    router = APIRouter(include_in_schema=False)

    if host == "desk":
        _of_staff(router)
        _by_directory(router)

    @router.post("/sign-out")
    def sign_out(asking: Ask, form: Form) -> Response:
        """End the sitting; nothing of it is kept by the browser."""
        if asking.sitting is not None:
            end_sitting(asking.connection, asking.sitting.sitting, asking.house.now())
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(cookie_of(host), secure=True, httponly=True, path="/")
        answer.headers["clear-site-data"] = '"cache", "storage"'
        return answer

    @router.get("/language/{language}")
    def choose(language: str, asking: Ask, to: str = "/") -> Response:
        """Choose a language and go back to the page one came from."""
        if language not in LANGUAGES:
            raise refuse(404, "unknown", "no such language", f"there are: {', '.join(LANGUAGES)}", "language")
        here = to.startswith("/") and not to.startswith(("//", "/\\"))
        answer = RedirectResponse(to if here else "/", 303)
        answer.set_cookie(LANGUAGE, language, max_age=31_536_000, samesite="lax", secure=True, httponly=True)
        return answer

    return router


def _of_staff(router: APIRouter) -> None:
    """How the lender's people sign in; borrowers do at the portal (`desk/portal/signing_in.py`)."""

    @router.get("/sign-in")
    def sign_in(asking: Ask) -> Response:
        """Where one signs in."""
        if not asking.house.demo:
            return _sign_in_page(asking)
        return page(asking, "web/sit_down.html", seats=seats_of(asking, "desk"))

    @router.post("/sign-in")
    def sit_down(asking: Ask, form: Form) -> Response:
        """Sign in by password and code, or sit down on a demonstration's seat."""
        if asking.house.demo or form["seat"]:
            secret = sit(asking, "desk", form["seat"])
        elif proved(asking.connection, form["person"], form.values.get("password", ""), form["code"],
                    asking.house.now(), asking.place) and may_sign_in_here(asking, form["person"]):  # fmt: skip
            secret = begin_for(asking, form["person"], "password")
        else:
            return _sign_in_page(asking, 401, "sign.wrong")
        answer = RedirectResponse("/", 303)
        set_cookie(answer, "desk", secret)
        return answer


def _sign_in_page(asking: Asking, status: int = 200, wrong: str = "") -> Response:
    return page(asking, "web/sign_in.html", status, wrong=wrong, directory=asking.house.directory is not None)


def _by_directory(router: APIRouter) -> None:
    """How the lender's people sign in by its directory (`desk/identity/oidc.py`)."""

    @router.post("/sign-in/directory")
    def leave(asking: Ask, form: Form) -> Response:
        """Off to the directory; what the answer must carry is kept by this browser alone, signed."""
        directory, begun = _directory(asking), Begun.anew()
        try:
            answer = RedirectResponse(directory.address(begun, _back(asking)), 303)
        except DirectoryRefused as error:
            LOG.error("sign-in by the directory: %s", error)
            return _sign_in_page(asking, 503, "sign.directory_away")
        answer.set_cookie(BEGUN, _begun_signer(asking).dumps([begun.state, begun.nonce, begun.verifier]),
                          max_age=BEGUN_SECONDS, path="/", secure=True, httponly=True, samesite="lax")  # fmt: skip
        return answer

    @router.get("/sign-in/directory")
    def come_back(asking: Ask) -> Response:
        """Let in whom the directory knows. The answer is a page and no redirect: a cookie that is only sent from our
        own pages would not be sent along on a way that began at the directory's.
        """
        directory = _directory(asking)
        try:
            told = _begun_signer(asking).loads(asking.request.cookies.get(BEGUN, ""), max_age=BEGUN_SECONDS)
            known = directory.known_by(Begun(*told), _back(asking), asking.request.query_params, asking.house.now())
            if known.person == directory.settings.break_glass or not let_in(
                asking.connection, known.person, asking.house.now()
            ):
                raise DirectoryRefused("who came is not let in here")
        except (BadData, DirectoryRefused) as error:
            LOG.warning("sign-in by the directory: %s", error)
            answer = _sign_in_page(asking, 401, "sign.directory_wrong")
        else:
            answer = page(asking, "web/signed_in.html")
            set_cookie(answer, "desk", begin_for(asking, known.person, "directory", known.roles))
        answer.delete_cookie(BEGUN, secure=True, httponly=True, path="/")
        return answer


def _directory(asking: Asking) -> Directory:
    if asking.house.directory is None:
        raise refuse(404, "unknown", "nobody signs in by a directory here", "sign in with your own account", "request")
    return asking.house.directory


def _back(asking: Asking) -> str:
    """Where the directory sends the browser back to: this host, over TLS but on the machine itself."""
    here = asking.house.domain == "localhost" and asking.request.url.scheme == "http"
    return f"{'http' if here else 'https'}://{asking.request.headers['host']}/sign-in/directory"


def _begun_signer(asking: Asking) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret_kept(asking.connection, "directory"), salt="begun")


def may_sign_in_here(asking: Asking, person: str) -> bool:
    """Whether a person may sign in by what this book keeps of them: there, not disabled, and, where there is a
    directory, the one for when it is broken; that one's coming is told as an error, so that somebody looks.
    """
    account = account_of(asking.connection, person)
    if account is None or account.disabled:
        return False
    if asking.house.directory is None:
        return True
    if person != asking.house.directory.settings.break_glass:
        return False
    LOG.error("break glass: its account signs in without the directory")
    return True


def begin_borrower(asking: Asking, borrower: str, way: str, proved_by: str = "") -> str:
    """Begin the sitting of a borrower at the portal; one that was there before, in this browser, ends."""
    if asking.sitting is not None:
        end_sitting(asking.connection, asking.sitting.sitting, asking.house.now(), "signed in anew")
    lasts = LASTS["my"]
    return begin_sitting(
        asking.connection, "my", "borrower", borrower, way, asking.house.now(), lasts.idle, lasts.most,
        proved_by=proved_by,
    )  # fmt: skip


def begin_for(asking: Asking, person: str, way: str, roles: tuple[str, ...] = ()) -> str:
    """Begin the sitting of somebody who proved who they are; one that was there before, in this browser, ends."""
    if asking.sitting is not None:
        end_sitting(asking.connection, asking.sitting.sitting, asking.house.now(), "signed in anew")
    lasts = LASTS["desk"]
    return begin_sitting(
        asking.connection, "desk", "person", person, way, asking.house.now(), lasts.idle, lasts.most, roles
    )


def set_cookie(answer: Response, host: Host, secret: str) -> None:
    """The cookie of a host: for this host alone, never to a script, never from another site's page."""
    answer.set_cookie(
        cookie_of(host), secret, max_age=ends_after(host), path="/", secure=True, httponly=True,
        samesite="lax" if host == "my" else "strict",
    )  # fmt: skip


def seats_of(asking: Asking, host: Host) -> list[dict[str, Any]]:
    """The seats of a demonstration: each with its value and its words."""
    if host == "my":
        return [
            {"value": one["borrower"], "label": one["title"][asking.language],
             "mobile": details_of(asking.connection, one["borrower"]).attributes.get("mobile", "")}
            for one in pinned(asking.connection)
        ]  # fmt: skip
    return [{"value": role, "label": asking.t(f"role.{role}")} for role in SEATS]


def sit(asking: Asking, host: Host, chosen: str) -> str:
    """Begin a sitting on a seat of the demonstration; returns its secret. Raises RefusedHere where there is none."""
    if not asking.house.demo:
        raise refuse(403, "not-permitted", "this is no demonstration", "sign in with your own account", "seat")
    kind: WhoKind = "person"
    roles: tuple[str, ...] = ()
    if host == "my" or chosen.startswith("borrower:"):
        chosen = chosen.removeprefix("borrower:")
        if chosen not in {one["borrower"] for one in pinned(asking.connection)}:
            raise refuse(404, "unknown", "no borrower of that name may be sat down as", "choose one shown", "seat")
        kind, name = "borrower", chosen
    elif chosen in SEATS:
        name, roles = SEATS[chosen].name, (SEATS[chosen].role,)
    else:
        raise refuse(404, "unknown", "there is no such seat", f"there are: {', '.join(SEATS)}", "seat")
    if asking.sitting is not None:
        end_sitting(asking.connection, asking.sitting.sitting, asking.house.now(), "sat down elsewhere")
    lasts = LASTS[host]
    return begin_sitting(asking.connection, host, kind, name, "demo", asking.house.now(), lasts.idle, lasts.most, roles)

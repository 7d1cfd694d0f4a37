"""How each of the three apps is made: the house it serves, its refusals, files for browsers, health."""

import logging
import secrets
from collections.abc import Callable
from importlib import resources
from typing import Any

from adbc_driver_manager import Error as ReaderError
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from psycopg import DataError, OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from afterloan.desk.identity.accounts import TriedTooOften
from afterloan.desk.web.asking import language_of
from afterloan.desk.web.guard import Guard
from afterloan.desk.web.house import Host, House
from afterloan.desk.web.pages import environment, marks
from afterloan.desk.web.refusing import TITLES, RefusedHere, as_problem, problem, problem_of
from afterloan.desk.web.seeing import REASON
from afterloan.desk.words import words_of
from afterloan.expected import ExpectedFailure
from afterloan.facts import FactRefused
from afterloan.facts.act import Refused
from afterloan.store.connect import is_lost
from afterloan.store.embedded import StoreRefused

LOG = logging.getLogger("afterloan.desk")
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
Shows = Callable[[Request, RefusedHere], Response]


def app_for(house: House, host: Host, title: str, **more: Any) -> FastAPI:
    """An empty app of one host: refusals shown as problems (`api`) or pages, `/static`, `/healthz`."""
    # its own spans and logs would tell addresses, queries and the words of mistakes: ours are in `measures`
    silent = TelemetryConfig(tracing=False, metrics=False, logs=False, auto_configure=False)
    app = FastAPI(title=title, docs_url=None, redoc_url=None, telemetry=silent, **more)
    app.state.house = house
    app.state.host = host
    shows: Shows = as_problem if host == "api" else _shown
    _refusals(app, shows)
    app.get("/healthz", include_in_schema=False)(healthy)
    app.get("/static/{mark}/{name}", include_in_schema=False)(static_file)
    app.get("/favicon.ico", include_in_schema=False)(icon)
    return app


def add_routes(app: FastAPI | APIRouter, router: APIRouter) -> None:
    """The routes of a router as an app's own, looked through once.

    Those of a router that is included are matched a second time when they are chosen, and within another a fourth:
    with 300 routes that was a fifth of an answer.
    """
    app.routes.extend(router.routes)


def guarded(app: FastAPI) -> Guard:
    """The app within its wall."""
    return Guard(app)


def healthy() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


def icon() -> Response:
    """The sign of the house, where browsers ask for it unbidden."""
    content = resources.files("afterloan.desk.static").joinpath("icon.svg").read_bytes()
    return Response(content, media_type=KINDS[".svg"], headers={"cache-control": "public, max-age=86400"})


def static_file(mark: str, name: str) -> Response:
    """A file for browsers, kept by them for ever: another content has another address."""
    if marks().get(name) != mark:
        return Response(status_code=404)
    content = resources.files("afterloan.desk.static").joinpath(name).read_bytes()
    kind = next((kind for end, kind in KINDS.items() if name.endswith(end)), "application/octet-stream")
    return Response(content, media_type=kind, headers={"cache-control": "public, max-age=31536000, immutable"})


def _wants_json(request: Request) -> bool:
    return request.url.path.startswith(("/v1", "/my/")) or "application/json" in request.headers.get("accept", "")


def _shown(request: Request, refusal: RefusedHere) -> Response:
    """A refusal as a page; to `/sign-in` for somebody who is not signed in and only wants to look."""
    if _wants_json(request):
        return as_problem(request, refusal)
    if refusal.status == 401 and request.method == "GET":
        return RedirectResponse("/sign-in", 303)
    told = problem_of(refusal, request.url.path)
    return _page(request, refusal.status, refusal.reason, told["detail"], told["remedy"])


def _page(request: Request, status: int, reason: str, detail: str, remedy: str = "") -> HTMLResponse:
    """What is refused or went wrong, in the language of who asks; a detail stays as it was written."""
    words = words_of(language_of(request))
    title, template = words(f"refused.title.{reason}"), environment().get_template("web/refused.html")
    text = template.render(t=words, language=words.language, title=title, detail=detail, remedy=remedy)
    return HTMLResponse(text, status)


def _refusals(app: FastAPI, shows: Shows) -> None:
    """Everything that can be expected to go wrong is answered in one form; a mistake of ours with its number only."""

    @app.exception_handler(RefusedHere)
    def refused(request: Request, error: RefusedHere) -> Response:
        request.scope[REASON] = error.reason
        return shows(request, error)

    @app.exception_handler(FactRefused)
    def fact_refused(request: Request, error: FactRefused) -> Response:
        return shows(request, RefusedHere(Refused.of(error)))

    @app.exception_handler(ExpectedFailure)
    def expected(request: Request, error: ExpectedFailure) -> Response:
        return shows(request, RefusedHere(Refused("invalid", "request", "", str(error), "")))

    @app.exception_handler(OperationalError)
    def database_away(request: Request, error: Exception) -> Response:
        LOG.error("the database does not answer: %s", error)
        refused = Refused("invalid", "request", "", "the book does not answer just now", "send it again in a moment")
        return shows(request, RefusedHere(refused, 503, "retry"))

    @app.exception_handler(ReaderError)
    def reader_away(request: Request, error: ReaderError) -> Response:
        """The driver that reads many rows at once says in words of its own that the line broke."""
        return database_away(request, error) if is_lost(error) else mistake(request, error)

    @app.exception_handler(StoreRefused)
    def store_away(request: Request, error: StoreRefused) -> Response:
        """The keys of the book are not there, or the store is not as it should be: its words are for the log alone."""
        LOG.error("the store cannot be used: %s", error)
        refused = Refused("invalid", "request", "", "what this needs cannot be opened just now; nothing was lost",
                          "whoever runs the book looks with `afterloan doctor`; send it again then")  # fmt: skip
        return shows(request, RefusedHere(refused, 503, "retry"))

    @app.exception_handler(TriedTooOften)
    def too_often(request: Request, error: TriedTooOften) -> Response:
        answer = shows(request, RefusedHere(Refused("invalid", "person", "", str(error), ""), 429, "too-many"))
        answer.headers["retry-after"] = str(error.seconds)
        return answer

    @app.exception_handler(DataError)
    def no_value(request: Request, error: DataError) -> Response:
        """A value that the database has no place for: a number beyond its bounds, a character that is none."""
        LOG.warning("refused by the database: %s %s: %s", request.method, request.url.path, type(error).__name__)
        refused = Refused("invalid", "request", "", "a value is out of all bounds", "correct it and ask again")
        return shows(request, RefusedHere(refused))

    @app.exception_handler(RequestValidationError)
    def unreadable(request: Request, error: RequestValidationError) -> Response:
        if shows is _shown and not _wants_json(request):
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"][1:])
            return _page(request, 422, "invalid", f"{where}: {first['msg']}", "correct the field and ask again")
        return _fields_refused(request, error)

    @app.exception_handler(HTTPException)
    def plain(request: Request, error: HTTPException) -> Response:
        reason = {404: "unknown", 405: "method", 415: "media-type", 400: "unreadable"}.get(error.status_code, "invalid")
        refused = Refused("invalid", "request", "", str(error.detail), "")
        answer = shows(request, RefusedHere(refused, error.status_code, reason))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    def mistake(request: Request, error: Exception) -> Response:
        number = secrets.token_hex(4)
        LOG.error("error %s: %s %s", number, request.method, request.url.path, exc_info=error)
        if shows is _shown and not _wants_json(request):
            return _page(request, 500, "mistake", words_of(language_of(request))("refused.mistake", number=number))
        told = problem(500, "mistake", "a mistake of ours; nothing was kept", request=number,
                       instance=request.url.path)  # fmt: skip
        return JSONResponse(told, 500, media_type="application/problem+json")


def _fields_refused(request: Request, error: RequestValidationError) -> Response:
    """Fields that are not as they should be: each with where it is, in a problem of its own form."""
    errors = [
        {"pointer": "/" + "/".join(str(part) for part in one["loc"][1:]), "reason": one["type"].replace("_", "-"),
         "detail": str(one["msg"]), "remedy": "correct the field and ask again"}
        for one in error.errors()
    ]  # fmt: skip
    unreadable = any(one["type"] == "json_invalid" for one in error.errors())
    status, reason = (400, "unreadable") if unreadable else (422, "invalid")
    told = problem(status, reason, TITLES[reason], remedy="correct what `errors` lists", errors=errors,
                   instance=request.url.path)  # fmt: skip
    return JSONResponse(told, status, media_type="application/problem+json")

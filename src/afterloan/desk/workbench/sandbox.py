"""The sandbox bar: a demonstration's days are played from the desk, and told as they go."""

import re
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from afterloan.desk.api.jobs import advance
from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.refusing import refuse
from afterloan.store.jobs import job_named

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def sandbox_router() -> APIRouter:
    """`/sandbox/advances`."""
    router = APIRouter()
    router.post("/sandbox/advances")(advances)
    return router


def advances(asking: SignedIn, form: Form) -> Response:
    """Begin to play days, and go back to the page, which tells how far it is."""
    if not asking.house.demo:
        raise refuse(404, "unknown", "nothing is played in this book", "", "days")
    if not form["days"].isdecimal():
        raise refuse(422, "invalid", f"{form['days']!r} is no number of days", "press one of the buttons", "days")
    advance(asking, asking.house, asking.today + timedelta(days=int(form["days"][:4])), form.key)
    back = form["to"] if form["to"].startswith("/") and not form["to"].startswith(("//", "/\\")) else "/"
    return RedirectResponse(with_job(back, form.key), 303)


def with_job(here: str, job: str) -> str:
    """A page's address with the job that it follows; "" takes it away."""
    parts = urlsplit(here)
    told = [(name, value) for name, value in parse_qsl(parts.query) if name != "job"] + ([("job", job)] if job else [])
    return parts.path + (f"?{urlencode(told)}" if told else "")


def job_of(asking: Asking) -> dict[str, str] | None:
    """The playing of days that a page follows: where its stream is, where to go when it ends.

    A page's own job, a month furnished, stands under the same name in the address and is the page's to follow.
    """
    name = asking.request.query_params.get("job", "")
    if not asking.house.demo or not NAME.fullmatch(name):
        return None
    found = job_named(asking.connection, name)
    if found is None or found.kind != "advance":
        return None
    query = asking.request.url.query
    then = with_job(asking.request.url.path + (f"?{query}" if query else ""), "")
    return {"stream": f"/v1/jobs/{name}/events", "then": then}

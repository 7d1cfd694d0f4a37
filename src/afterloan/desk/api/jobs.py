"""Jobs over HTTP: asked, looked at, followed as they go, stopped; the sandbox's clock."""

import json
from collections.abc import AsyncIterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Annotated, Any

import anyio
from anyio.to_thread import run_sync
from fastapi import APIRouter, Header
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from afterloan.desk.api.doing import Key
from afterloan.desk.api.routing import router_at
from afterloan.desk.web.asking import Asking, SignedIn, asking_of
from afterloan.desk.web.house import House
from afterloan.desk.web.refusing import refuse
from afterloan.expected import BadInput
from afterloan.servicing.asked import MOST_FEN
from afterloan.store.jobs import Job, ask_job, job_named, jobs_told, news_after, stop_job

LOOK_EVERY = 0.3
"""Seconds between two looks of a stream at what a job told."""
MOST_DAYS = 400
STREAM: dict[int | str, dict[str, Any]] = {
    200: {"description": "Server-sent events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
}
"""How a stream stands in the contract."""


class JobAsked(BaseModel):
    """The base of what jobs ask."""

    model_config = ConfigDict(extra="forbid")


class CloseAsked(JobAsked):
    """Close all days up to this one."""

    through: date


class DrainAsked(JobAsked):
    """Do what is due, on these channels or all."""

    channels: list[str] = Field(default_factory=list, max_length=20)


class MoneyPut(JobAsked):
    """So much comes onto an account at the played bank: the next debit of it finds it there."""

    account: str = Field(min_length=1, max_length=40)
    amount_fen: int = Field(gt=0, le=MOST_FEN)


class AdvanceAsked(JobAsked):
    """Play so many days, or up to a day."""

    days: int | None = Field(default=None, ge=1, le=MOST_DAYS)
    to: date | None = None

    @model_validator(mode="after")
    def _one(self) -> "AdvanceAsked":
        if (self.days is None) == (self.to is None):
            raise BadInput("name one of days and to")
        return self


WORKED_OUT = {
    "advance": ("first", "to"),
    "watch-plans": ("on",),
    "model-report": ("on", "language"),
    "export": ("as_of",),
    "import": ("on",),
}
"""What of a job nobody asks: the day on which, or the language in which, it was asked."""


def _asked_of(kind: str, asked: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if name not in WORKED_OUT.get(kind, ())}


def begin(asking: Asking, house: House, kind: str, asked: dict[str, Any], key: str) -> Response:
    """Queue a job under its key and answer where it is. The same key again: the same job. Raises RefusedHere.

    A key that stands for another job, or for one of other content, is refused (422).
    """
    name = key.partition("~")[0]
    if not ask_job(asking.connection, name, kind, asked, asking.person, house.now()):
        before = job_named(asking.connection, name)
        assert before is not None
        if (
            before.kind != kind
            or not is_mine(asking, before)
            or _asked_of(before.kind, before.asked) != _asked_of(kind, asked)
        ):
            raise refuse(422, "key-reused", "this key stands for another job", "use a key of its own",
                         "Idempotency-Key")  # fmt: skip
    if house.rings is not None:
        house.rings()
    return accepted(own_job(asking, name))


def accepted(job: Job) -> Response:
    """The answer that says where a job is."""
    return JSONResponse(job.told(), 202, {"location": f"/v1/jobs/{job.job}", "retry-after": "1"})


def own_job(asking: Asking, name: str) -> Job:
    """A job that who asks may see: their own, or all with `day.run`. Raises RefusedHere (404)."""
    job = job_named(asking.connection, name)
    if job is None or not (is_mine(asking, job) or asking.may("day.run")):
        raise refuse(404, "unknown", "no job of that name", "GET /v1/jobs lists them", "job")
    return job


def is_mine(asking: Asking, job: Job) -> bool:
    """Whether who asks began the job: a key of the same name as a person is not that person."""
    return (job.who_kind, job.who) == (asking.person.kind, asking.person.name)


def job_routes(house: House) -> APIRouter:
    """Jobs, and what begins one."""
    router = router_at("/v1", tags=["jobs"])

    @router.get("/jobs", openapi_extra={"x-permission": "day.run"})
    def jobs(asking: SignedIn) -> dict[str, Any]:
        """The newest 50 jobs."""
        asking.permitted("day.run")
        return {"data": [job.told() for job in jobs_told(asking.connection)], "next": None}

    @router.get("/jobs/{job}")
    def job_(asking: SignedIn, job: str) -> dict[str, Any]:
        """One job: how far it is, and what it came to."""
        return own_job(asking, job).told()

    @router.delete("/jobs/{job}", status_code=202)
    def stop(asking: SignedIn, job: str) -> dict[str, Any]:
        """Ask a job to stop at its next safe point."""
        stop_job(asking.connection, own_job(asking, job).job, house.now())
        return own_job(asking, job).told()

    @router.get("/jobs/{job}/events", response_class=StreamingResponse, responses=STREAM)
    async def events(request: Request, job: str, last_event_id: Annotated[str, Header()] = "") -> StreamingResponse:
        """What a job tells as it goes (server-sent events); `Last-Event-ID` goes on where a broken line stopped."""
        name = await run_sync(_seen, request, job)
        after = int(last_event_id) if last_event_id.isdecimal() and len(last_event_id) < 19 else 0
        return StreamingResponse(_stream(house, name, after), media_type="text/event-stream")

    @router.post("/closes", status_code=202, openapi_extra={"x-permission": "day.run"})
    def closes(asking: SignedIn, key: Key, asked: CloseAsked) -> Response:
        """Close all days up to one."""
        asking.permitted("day.run")
        return begin(asking, house, "close", {"through": asked.through.isoformat()}, key)

    @router.post("/days/{day}/run", status_code=202, openapi_extra={"x-permission": "day.run"})
    def run_day(asking: SignedIn, key: Key, day: date) -> Response:
        """Begin a day: close the day before, watch plans, restore lines, decide, propose."""
        asking.permitted("day.run")
        return begin(asking, house, "day", {"day": day.isoformat()}, key)

    @router.post("/days/{day}/decision", status_code=202, openapi_extra={"x-permission": "day.run"})
    def decide(asking: SignedIn, key: Key, day: date) -> Response:
        """Decide a day."""
        asking.permitted("day.run")
        return begin(asking, house, "decide", {"day": day.isoformat()}, key)

    @router.post("/drains", status_code=202, openapi_extra={"x-permission": "day.run"})
    def drains(asking: SignedIn, key: Key, asked: DrainAsked) -> Response:
        """Send what is due to leave."""
        asking.permitted("day.run")
        return begin(asking, house, "drain", asked.model_dump(), key)

    return router


def advance(asking: Asking, house: House, to: date, key: str) -> Response:
    """Queue the playing of days up to one. Raises RefusedHere: backwards, or too many."""
    asking.permitted("sandbox.advance")
    if not 0 < (to - asking.today).days <= MOST_DAYS:
        raise refuse(
            422, "invalid", f"{to} is not 1 to {MOST_DAYS} days after {asking.today}", "name a later day", "to"
        )
    return begin(asking, house, "advance", {"first": asking.today.isoformat(), "to": to.isoformat()}, key)


def clock_routes(house: House) -> APIRouter:
    """The test clock: only where days are played."""
    router = router_at("/v1/sandbox", tags=["sandbox"])

    @router.get("/clock")
    def clock(asking: SignedIn) -> dict[str, Any]:
        """Where the test clock stands."""
        return asking.clock.told()

    @router.post("/advances", status_code=202, openapi_extra={"x-permission": "sandbox.advance"})
    def advances(asking: SignedIn, key: Key, asked: AdvanceAsked) -> Response:
        """Play days: what leaves, the close, the next morning's decisions, the bank's answers, month ends."""
        to = asked.to or asking.today + timedelta(days=asked.days or 0)
        return advance(asking, house, to, key)

    @router.post("/bank", status_code=202, openapi_extra={"x-permission": "sandbox.advance"})
    def bank(asking: SignedIn, key: Key, asked: MoneyPut) -> Response:
        """Put money onto a borrower's account at the played bank."""
        asking.permitted("sandbox.advance")
        return begin(asking, house, "bank-put", asked.model_dump(), key)

    return router


def _seen(request: Request, job: str) -> str:
    """The job's name, if who asks may see it; the connection is given back before the stream begins."""
    with contextmanager(asking_of)(request) as asking:
        return own_job(asking, job).job


def _news(house: House, job: str, after: int) -> tuple[list[tuple[int, dict[str, Any]]], bool]:
    with house.store.connect() as connection:
        told = job_named(connection, job)
        return news_after(connection, job, after), told is None or told.over


async def _stream(house: House, job: str, after: int) -> AsyncIterator[str]:
    """Server-sent events of a job until it is over; a line of comment every ten seconds keeps the line open."""
    quiet = 0.0
    yield "retry: 1000\n\n"
    while True:
        news, over = await run_sync(_news, house, job, after)
        for after, told in news:
            name = "end" if "state" in told else "step"
            yield f"id: {after}\nevent: {name}\ndata: {json.dumps(told, ensure_ascii=False)}\n\n"
        if over and not news:
            return
        quiet = 0.0 if news else quiet + LOOK_EVERY
        if quiet > 10:
            quiet = 0.0
            yield ": still here\n\n"
        if not news:
            await anyio.sleep(LOOK_EVERY)

"""The app of the API host."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel
from starlette.responses import PlainTextResponse

from afterloan.desk.api.acts import PLAYED_PATHS, act_routes, approval_routes
from afterloan.desk.api.audit import audit_routes
from afterloan.desk.api.channels import channel_routes
from afterloan.desk.api.contract import llms_text
from afterloan.desk.api.exports import export_routes
from afterloan.desk.api.files import file_routes
from afterloan.desk.api.identity import identity_routes
from afterloan.desk.api.imports import import_routes
from afterloan.desk.api.jobs import clock_routes, job_routes
from afterloan.desk.api.keys import key_routes
from afterloan.desk.api.loans import loan_routes
from afterloan.desk.api.policies import policy_routes, work_routes
from afterloan.desk.api.questions import question_routers
from afterloan.desk.api.relieving import relief_routes
from afterloan.desk.api.reporting import bureau_routes, finance_routes
from afterloan.desk.api.routing import router_at
from afterloan.desk.api.webhooks import webhook_routes
from afterloan.desk.api.works import work_jobs
from afterloan.desk.web.app import add_routes, app_for
from afterloan.desk.web.asking import Ask, SignedIn
from afterloan.desk.web.house import House
from afterloan.desk.web.refusing import TITLES
from afterloan.desk.web.signing import sit


def api_app(house: House, routers: Sequence[APIRouter] | None = None) -> FastAPI:
    """The API over a house, with its contract at `/openapi.json`. `routers`: of `api_routers`."""
    app = app_for(house, "api", "afterloan", version="1")
    for router in api_routers(house) if routers is None else routers:
        add_routes(app, router)

    @app.get("/llms.txt", include_in_schema=False)
    def llms() -> PlainTextResponse:
        """The API in one page for readers that are programs."""
        return PlainTextResponse(llms_text(app.openapi()))

    @app.get("/problems/{reason}", include_in_schema=False)
    def problem_page(reason: str) -> PlainTextResponse:
        """What a reason of a refusal means."""
        return PlainTextResponse(TITLES.get(reason, "no such reason"), 200 if reason in TITLES else 404)

    return app


def api_routers(house: House) -> list[APIRouter]:
    """Every resource: of the API's own host, and of the desk and the portal, where the cookie says who asks."""
    made = [
        entry(),
        act_routes(),
        approval_routes(),
        audit_routes(),
        file_routes(),
        job_routes(house),
        key_routes(house),
        channel_routes(),
        identity_routes(house),
        loan_routes(),
        relief_routes(),
        finance_routes(),
        bureau_routes(),
        work_routes(),
        policy_routes(),
        work_jobs(house),
        import_routes(house),
        export_routes(house),
        webhook_routes(house),
        *question_routers(),
    ]
    return [*made, sandbox(), clock_routes(house), act_routes(PLAYED_PATHS)] if house.demo else made


def entry() -> APIRouter:
    """Who am I, which day is it."""
    router = router_at("/v1", tags=["entry"])

    @router.get("", operation_id="get_entry")
    def entry_(asking: SignedIn) -> dict[str, Any]:
        """Where everything is: the contract, who one is, the day, the lists."""
        places = (
            "me",
            "business-date",
            "status",
            "worklist",
            "tasks",
            "approvals",
            "borrowers",
            "loans",
            "jobs",
            "events",
        )
        return {"contract": "/openapi.json", "about": "/llms.txt", **{name: f"/v1/{name}" for name in places}}

    @router.get("/business-date")
    def business_date(asking: Ask) -> dict[str, Any]:
        """The day of the book, and whether its clock is one for tests."""
        return asking.clock.told()

    @router.get("/me")
    def me(asking: SignedIn) -> dict[str, Any]:
        """Who the key or the sitting is."""
        who = asking.person
        return {"kind": who.kind, "name": who.name, "roles": list(who.roles), "door": who.door}

    return router


class SeatAsked(BaseModel):
    """The seat to sit down on: a role (`lead`), or `borrower:NAME`."""

    seat: str


def sandbox() -> APIRouter:
    """What only a demonstration has."""
    router = router_at("/v1/sandbox", tags=["sandbox"])

    @router.post("/seats", status_code=201)
    def sit_down(asking: Ask, asked: SeatAsked) -> dict[str, Any]:
        """Sit down without a password; the key goes into `Authorization: Bearer …`."""
        return {"key": sit(asking, "api", asked.seat), "seat": asked.seat}

    return router

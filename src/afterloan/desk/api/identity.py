"""Who is signed in where: one's own sittings, who has an account, tickets of the lender's app to the portal."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from afterloan.desk.api.asked import nothing_there
from afterloan.desk.api.routing import router_at
from afterloan.desk.web.asking import SignedIn
from afterloan.desk.web.house import House
from afterloan.store.accounts import accounts_told
from afterloan.store.settings import Setting, setting
from afterloan.store.sittings import end_sitting_of, sittings_of
from afterloan.store.tickets import GOOD_FOR, make_ticket


class TicketAsked(BaseModel):
    """The borrower, by reference, whom the app has signed in."""

    model_config = ConfigDict(extra="forbid")
    borrower: str = Field(min_length=1, max_length=200)


def identity_routes(house: House) -> APIRouter:
    """Tickets, sittings, people."""
    router = router_at("/v1")

    @router.post("/portal-tickets", status_code=201, tags=["administration"],
                 openapi_extra={"x-permission": "portal.ticket"})  # fmt: skip
    def ticket(asking: SignedIn, asked: TicketAsked) -> dict[str, Any]:
        """Let a borrower of the lender's app in to the portal: an address to open, good once, for 60 seconds."""
        asking.permitted("portal.ticket")
        made = make_ticket(asking.connection, asked.borrower, asking.person.name, house.now())
        if made is None:
            raise nothing_there()
        return {"path": f"/ticket/{made}", "host": f"my.{house.domain}", "seconds": int(GOOD_FOR.total_seconds())}

    _own(router, house)
    _people(router)
    return router


def _own(router: APIRouter, house: House) -> None:
    @router.get("/me/sittings", tags=["entry"])
    def sittings(asking: SignedIn) -> dict[str, Any]:
        """Where who asks is signed in just now."""
        own = asking.sitting.sitting if asking.sitting else 0
        rows = [
            {"sitting": s.sitting, "host": s.host, "way": s.way, "begun_at": s.begun_at.isoformat(),
             "seen_at": s.seen_at.isoformat(), "here": s.sitting == own}
            for s in sittings_of(asking.connection, asking.person.kind, asking.person.name, house.now())
        ]  # fmt: skip
        return {"data": rows, "next": None}

    @router.delete("/me/sittings/{sitting}", tags=["entry"])
    def sign_out_there(asking: SignedIn, sitting: int) -> dict[str, Any]:
        """Sign out in another browser."""
        who = asking.person
        if sitting > 2**62 or not end_sitting_of(asking.connection, sitting, who.kind, who.name, house.now()):
            raise nothing_there()
        return {"sitting": sitting, "ended": True}


def _people(router: APIRouter) -> None:
    @router.get("/people", tags=["administration"], openapi_extra={"x-permission": "admin.do"})
    def people(asking: SignedIn) -> dict[str, Any]:
        """Who has an account, with roles and whether it is disabled."""
        asking.permitted("admin.do")
        given = setting(asking.connection, Setting.ROLES)
        rows = [{"person": person, "disabled": disabled, "roles": list(given.get(person, ()))}
                for person, disabled in accounts_told(asking.connection)]  # fmt: skip
        return {"data": rows, "next": None}

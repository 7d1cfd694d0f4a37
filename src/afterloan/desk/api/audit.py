"""The auditor's questions, and the reveal of a masked field, which leaves a record."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from afterloan.desk.api.asked import Limit, nothing_there, question, theirs
from afterloan.desk.api.routing import router_at
from afterloan.desk.web.asking import Asking, SignedIn
from afterloan.desk.web.letters import lender_said, saved
from afterloan.desk.web.names import reference_of
from afterloan.desk.web.refusing import RefusedHere, refuse
from afterloan.enquiry.acts import acts_done
from afterloan.enquiry.audit import chain_told
from afterloan.enquiry.purging import to_purge
from afterloan.facts import FactRefused
from afterloan.facts.act import Refused
from afterloan.papers.purged import certificate_of_purge
from afterloan.store.cases import hands_of
from afterloan.store.details import NAME, details_of
from afterloan.store.events import borrower_number
from afterloan.store.purging import certificates
from afterloan.store.seen import Looked, keep_seen, kept

Text = Annotated[str, Query(max_length=200)]
Below = Annotated[int, Query(ge=0, le=2**62, description="`next` of the page before: rows of lower numbers.")]


class RevealAsked(BaseModel):
    """The field that is to be shown, and why."""

    model_config = ConfigDict(extra="forbid")
    field: str = Field(pattern=r"^[a-z_]{1,40}$")
    reason: str = Field(min_length=3, max_length=500)


def audit_routes() -> APIRouter:
    """Who did, who saw, what was refused, is the record whole; and reveals."""
    router = router_at("/v1")

    @question(router, "/audit/acts", "audit.read", "audit")
    def acts(
        asking: SignedIn, borrower: Text = "", verb: Text = "", who: Text = "", after: Below = 0, limit: Limit = 50
    ) -> Any:
        """What was done, the newest first: by whom, through which door, what was asked and answered."""
        return _page(acts_done(asking.connection, borrower, verb, limit, who, after), limit, "act")

    @question(router, "/audit/readings", "audit.read", "audit")
    def readings(asking: SignedIn, borrower: Text = "", who: Text = "", after: Below = 0, limit: Limit = 50) -> Any:
        """Who read whose record, searched or revealed, the newest first."""
        return _page(kept(asking.connection, "seen", borrower, who, after, limit), limit)

    @question(router, "/audit/refusals", "audit.read", "audit")
    def refusals(asking: SignedIn, borrower: Text = "", who: Text = "", after: Below = 0, limit: Limit = 50) -> Any:
        """What was refused to whom, the newest first."""
        return _page(kept(asking.connection, "denied", borrower, who, after, limit), limit)

    @question(router, "/audit/chain", "audit.read", "audit")
    def chain(asking: SignedIn) -> Any:
        """Whether readings and refusals are one chain, and the last head sealed; `afterloan verify` looks at all."""
        return chain_told(asking.connection)

    @question(router, "/purges", "audit.read", "audit")
    def purges(asking: SignedIn, borrower: Text = "", limit: Limit = 50) -> Any:
        """Certificates of purges, the newest first: what went, by which rules, who proposed and who agreed."""
        return [{**one.told, "sha256": one.sha256} for one in certificates(asking.connection, "", borrower, limit)]

    @question(router, "/purges/{reference}", "audit.read", "audit")
    def purge_(
        asking: SignedIn, reference: str, form: Annotated[Literal["json", "pdf"], Query(alias="format")] = "json"
    ) -> Any:
        """The certificate of one purge, also as PDF in the language of who asks."""
        found = certificates(asking.connection, reference)
        if not found:
            raise refuse(404, "unknown", "there is no such certificate", "GET /v1/purges lists them", "reference")
        if form == "pdf":
            said, tongue = lender_said(asking.language)
            return saved(certificate_of_purge(found[0], said, tongue), "purge.pdf", "application/pdf")
        return {**found[0].told, "sha256": found[0].sha256}

    @question(router, "/borrowers/{borrower}/retention", "audit.read", "audit")
    def retention(asking: SignedIn, borrower: str) -> Any:
        """Until when what tells of a borrower is kept, by which rules, and what stands against a purge."""
        return to_purge(asking.connection, borrower, asking.on).told()

    _revealing(router)
    return router


def _page(rows: list[dict[str, Any]], limit: int, number: str = "number") -> dict[str, Any]:
    return {"data": rows, "next": rows[-1][number] if len(rows) == limit else None}


def _revealing(router: APIRouter) -> None:
    @router.post("/borrowers/{borrower}/reveals", status_code=201, tags=["borrowers"],
                 openapi_extra={"x-permission": "person.reveal"})  # fmt: skip
    def reveal(asking: SignedIn, borrower: str, asked: RevealAsked) -> dict[str, Any]:
        """Show a masked field of a borrower to whoever needs it; who, which field and why stay on record."""
        asking.permitted("person.reveal")
        borrower = reference_of(borrower)
        theirs(asking, borrower)
        return {"borrower": borrower, "field": asked.field, "value": revealed(asking, borrower, asked)}


def revealed(asking: Asking, borrower: str, asked: RevealAsked) -> str:
    """The field, once it is kept that it was shown. Raises RefusedHere: nobody, no such field, another one's case."""
    try:
        details = details_of(asking.connection, borrower, asking.today)
    except FactRefused as error:
        raise nothing_there() from error
    _own_case(asking, borrower)
    value = details.name if asked.field == NAME else details.attributes.get(asked.field)
    if value is None:
        raise refuse(
            422, "invalid", f"nothing is told of {asked.field}", "choose a field that is shown masked", "field"
        )
    looked = Looked(asking.person, "reveal", asking.today, asking.house.now(), borrower, reason=asked.reason)
    keep_seen(asking.connection, looked, field=asked.field)
    return str(value)


def _own_case(asking: Asking, borrower: str) -> None:
    """Raises RefusedHere (403) where an agent asks about a case that is in no hands of theirs."""
    if set(asking.person.roles) != {"agent"}:
        return
    number, _ = borrower_number(asking.connection, borrower)
    owners = hands_of(asking.connection, [number], asking.today).get(number, ({}, "", []))[0]
    if asking.person.name not in owners.values():
        told = Refused("forbidden", "who", asking.person.name, "the case is not in your hands", "take the case first")
        raise RefusedHere(told, verb="person.reveal")

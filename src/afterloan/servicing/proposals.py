"""Proposals that end without being done: turned down by whoever could have agreed, or taken back by who made them."""

from datetime import date
from typing import Any

from pydantic import Field

from afterloan.facts import FactRefused
from afterloan.facts.act import Refused
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.servicing.may import may_approve
from afterloan.servicing.verbs import verb_named
from afterloan.store.locks import lock_reference
from afterloan.store.proposals import Proposal, proposal_of


class EndProposal(Asked):
    """The `proposal` (its reference) is not to be done; `reason` says why, to whoever made it and for the record."""

    proposal: str = Field(min_length=1, max_length=200)
    reason: str = Field(min_length=1, max_length=2_000)


def why_over(found: Proposal) -> Refused | None:
    """Why a proposal that ended without being done cannot be agreed to any more; None where it is open or done."""
    if found.state in ("open", "done"):
        return None
    if found.state == "lapsed":
        why = f"lapsed: it could be agreed to until {found.until}"
    else:
        why = f"was {found.state} by {found.ended_by} on {found.ended_on}: {found.reason}"
    return Refused(
        "conflict", "proposal", found.reference, why, "propose it anew, under another reference, if it is right"
    )


def refuse_proposal(desk: Desk, asked: EndProposal, on: date) -> dict[str, Any]:
    """Turn a proposal down: by a person who might have agreed to it, not by who made it.

    Raises FactRefused: no such proposal, one's own, a role that may not approve it, one that is over.
    """
    found = _open_proposal(desk, asked.proposal, on)
    if found.by == desk.who.name:
        raise FactRefused("who", found.by, "proposed it", f"take it back: `afterloan withdraw {found.reference}`")
    refused = may_approve(desk.who, verb_named(found.verb), on)
    if refused is not None:
        raise FactRefused(refused.where, refused.value, refused.why, "have one of them refuse it", refused.kind)
    return _told(found, asked.reason) | {"refused_by": desk.who.name}


def withdraw_proposal(desk: Desk, asked: EndProposal, on: date) -> dict[str, Any]:
    """Take one's own proposal back. Raises FactRefused: no such proposal, somebody else's, one that is over."""
    found = _open_proposal(desk, asked.proposal, on)
    if found.by != desk.who.name:
        remedy = f"turn it down: `afterloan refuse {found.reference} --reason …`"
        raise FactRefused("who", desk.who.name, f"{found.by} proposed it", remedy, "forbidden")
    return _told(found, asked.reason) | {"withdrawn_by": desk.who.name}


def _open_proposal(desk: Desk, reference: str, on: date) -> Proposal:
    """A proposal that is open, locked: whoever agrees to it at the same moment waits, and is told that it is over."""
    lock_reference(desk.connection, reference)
    found = proposal_of(desk.connection, reference, on)
    if found is None:
        raise FactRefused(
            "proposal", reference, "no proposal of that reference", "`afterloan list proposals`", "unknown"
        )
    over = why_over(found)
    if over is not None:
        raise FactRefused(over.where, over.value, over.why, over.remedy, over.kind)
    if found.state == "done":
        why = f"{found.ended_by} agreed on {found.ended_on}, and it is done"
        raise FactRefused("proposal", reference, why, "what was done is taken back by its own verb", "conflict")
    return found


def _told(found: Proposal, reason: str) -> dict[str, Any]:
    about = {"borrower": found.borrower} if found.borrower else {}
    return {"proposal": found.reference, "verb": found.verb, "proposed_by": found.by, "reason": reason, **about}

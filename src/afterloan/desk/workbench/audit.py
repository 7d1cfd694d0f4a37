"""Audit: who did, who saw, what was refused, is the record whole; and a borrower as known then against now."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from afterloan.desk.web.asking import SignedIn, told_day
from afterloan.desk.web.refusing import refuse
from afterloan.desk.workbench.showing import show, with_query
from afterloan.enquiry.acts import acts_done
from afterloan.enquiry.audit import chain_told
from afterloan.enquiry.then_and_now import then_and_now
from afterloan.facts import FactRefused
from afterloan.servicing.verbs import VERBS
from afterloan.store.seen import kept

MOST = 50
TABS = ("acts", "readings", "refusals")
TABLES = {"readings": "seen", "refusals": "denied"}


def audit_router() -> APIRouter:
    """`/audit`, and then against now."""
    router = APIRouter(prefix="/audit")
    router.get("")(audit)
    router.get("/known")(known)
    return router


def audit(
    asking: SignedIn, tab: str = "acts", borrower: str = "", who: str = "", verb: str = "", after: int = 0,
    chain: str = "",
) -> Response:  # fmt: skip
    """What was done, read or refused, the newest first, of one borrower, by one person; `chain`: is it whole."""
    asking.permitted("audit.read")
    if tab not in TABS:
        raise refuse(404, "unknown", "there is no such list", f"there are: {', '.join(TABS)}", "tab")
    if tab == "acts":
        rows = acts_done(asking.connection, borrower, verb, MOST, who, max(after, 0))
    else:
        rows = kept(asking.connection, TABLES[tab], borrower, who, max(after, 0), MOST)
    return show(
        asking, "audit.html", "audit", tab=tab, tabs=TABS, rows=rows, borrower=borrower, who=who, verb=verb,
        verbs=sorted(one.name for one in VERBS), chain=chain_told(asking.connection) if chain else None,
        older=_older(tab, borrower, who, verb, rows),
        tab_of=lambda name: with_query("/audit", tab=name, borrower=borrower, who=who),
    )  # fmt: skip


def _older(tab: str, borrower: str, who: str, verb: str, rows: list[dict[str, Any]]) -> str:
    """Where the next page is; "" on the last."""
    if len(rows) < MOST:
        return ""
    last = rows[-1]["act" if tab == "acts" else "number"]
    return with_query("/audit", tab=tab, borrower=borrower, who=who, verb=verb, after=last)


def known(asking: SignedIn, borrower: str, then: str) -> Response:
    """What was believed of a day at the end of `then`, what is believed now, and the facts that came between."""
    asking.permitted("audit.read")
    day = told_day(then, "then")
    try:
        told = then_and_now(asking.connection, borrower, asking.on, day, asking.known)
    except FactRefused as error:
        raise refuse(404, "unknown", str(error), "look for the borrower by a part of the name", "borrower") from error
    return show(asking, "known.html", "audit", told=told, then=day)

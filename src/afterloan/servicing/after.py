"""What follows an act, whichever door it came by: what it ends is withdrawn, and the borrower is told."""

from datetime import date
from typing import TYPE_CHECKING, Any

from afterloan.dates import number_of
from afterloan.loan.terms import FactKind
from afterloan.servicing.news import tell_of_act
from afterloan.servicing.withdrawal import withdraw_cured, withdraw_held, withdraw_unwanted
from afterloan.store.legal import PLANS
from afterloan.store.limits import owed_at

if TYPE_CHECKING:
    from afterloan.servicing.desk import Desk


OF_CONTACT = ["contact.consented", "contact.opted_out", "contact.wished", "person.details_corrected"]
"""What changes how a borrower may be contacted."""


def told_of_contact(desk: "Desk", borrower: int) -> bool:
    """Whether the act told anything by which messages that are planned may have become unwanted."""
    return (
        desk.connection.execute(
            "select 1 from event where borrower = %s and kind = any(%s) and act = %s limit 1",
            (borrower, OF_CONTACT, desk.act),
        ).fetchone()
        is not None
    )


BY = {
    "cured": (FactKind.REPAID, FactKind.TRANSFERRED_IN),
    "a plan was agreed: nothing is due now": tuple(PLANS),
    "given up: nothing is due now": (FactKind.WAIVED,),
    "it left the books": (FactKind.WRITTEN_OFF, FactKind.SOLD),
}
"""Why nothing is owed after an act, by the facts that it told; the first that fits."""
TOLD_NOW = "select distinct kind from contract join fact using (loan) where borrower = any(%s) and fact.act = %s"


def why_nothing_is_owed(desk: "Desk") -> str:
    """By what a borrower who owed something owes nothing after this act: by money (`cured`), a plan, a waiver …"""
    rows = desk.connection.execute(TOLD_NOW, (list(desk.touched), desk.act)).fetchall()
    told = {int(kind) for (kind,) in rows}
    return next((why for why, kinds in BY.items() if told & {int(kind) for kind in kinds}), "cured")


def follow(desk: "Desk", on: date) -> dict[str, Any]:
    """What the act ended for each borrower it touched, in its transaction; told where something was.

    A borrower who owes nothing now is left in peace; what a hold in effect stops is withdrawn, and so is a message
    that the borrower's wishes shut out for good. Then the borrower is told what happened (`servicing/news.py`).
    """
    day = number_of(on)
    owed = {loan: owed_at(taken.reckoned.position) for loan, taken in desk.taken.items() if taken.day == day}
    withdrawn = sum(
        withdraw_held(desk.connection, name, on)
        + withdraw_cured(desk.connection, name, on, owed, lambda: why_nothing_is_owed(desk))
        + (withdraw_unwanted(desk.connection, name, on) if told_of_contact(desk, number) else 0)
        for number, name in desk.touched.items()
    )
    told = tell_of_act(desk.connection, desk.touched, desk.act, on, desk.now)
    return ({"withdrawn": withdrawn} if withdrawn else {}) | ({"told": told} if told else {})

"""A borrower's own transfer in a book that is only played: the money arrives as a bank would bring it."""

from datetime import date

from afterloan.facts.act import Answer, Refused, Who
from afterloan.servicing.desk import Desk
from afterloan.servicing.door import do

PAYS = Who("rule", "a borrower of the demonstration", ("rule",), "callback")
"""In whose name played money arrives."""


def transferred(desk: Desk, loan: str, fen: int, quote: str, reference: str, on: date) -> Answer | Refused:
    """Let `fen` arrive for a loan; with the reference of a `quote`, the quote is executed instead."""
    if quote:
        return do(desk, PAYS, "quote.execute", {"of": quote}, f"transfer-{reference}", on)
    asked = {"loan": loan, "amount_fen": fen, "received_on": on}
    return do(desk, PAYS, "repayment.take", asked, f"transfer-{reference}", on)

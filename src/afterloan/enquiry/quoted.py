"""A quote as it was given to a borrower, and whether it still stands."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from afterloan.facts import FactRefused
from afterloan.facts.relief import QuoteExecuted, QuoteGiven
from afterloan.store.events import events_of


@dataclass(frozen=True, slots=True)
class Quoted:
    """`pay_fen` ends the loan on `for_on`, of it `fee_fen`; `state`: stands, over (its last day has passed), done."""

    reference: str
    loan: str
    for_on: date
    valid_until: date
    pay_fen: int
    fee_fen: int
    saves_fen: int
    state: str


def quoted(connection: psycopg.Connection[Any], borrower: str, reference: str, on: date) -> Quoted:
    """A borrower's quote. Raises FactRefused (unknown), in the same words whether it is there or not."""
    events = events_of(connection, borrower, (QuoteGiven.KIND, QuoteExecuted.KIND))
    done = {e.of for e in events if isinstance(e, QuoteExecuted)}
    for e in events:
        if isinstance(e, QuoteGiven) and e.reference == reference:
            state = "done" if reference in done else "stands" if on <= e.for_on else "over"
            return Quoted(reference, e.loan or "", e.for_on, e.valid_until, e.amount_fen + e.fee_fen, e.fee_fen,
                          e.saves_fen, state)  # fmt: skip
    raise FactRefused("quote", "", "there is nothing of yours under that name", "ask for a new quote", "unknown")

"""Verbs of promises: what the borrower undertook to pay, taken if it is worth pausing collection for."""

from datetime import date
from typing import Any

from pydantic import AwareDatetime, Field

from afterloan.facts.events import read_event
from afterloan.facts.promise import PromiseMade
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.store.events import tell
from afterloan.store.promises import promise_fits


class MakePromise(Asked):
    """`borrower` undertook to pay `amount_fen` by `due_on`; `loan` None: on whichever loan is late."""

    borrower: str
    amount_fen: int = Field(gt=0, le=10**12)
    due_on: date
    loan: str | None = None
    at: AwareDatetime | None = None
    channel: str = ""
    happened_on: date | None = None


def make_promise(desk: Desk, asked: MakePromise, on: date) -> dict[str, Any]:
    """Take the promise; one of too little or for too far a day is refused with what would be taken."""
    told = asked.model_dump(exclude={"happened_on"})
    told |= {"on": asked.happened_on or on, "known_on": on, "reference": desk.reference, "by": desk.who.name}
    promise = read_event(PromiseMade, told)
    assert isinstance(promise, PromiseMade)
    promise_fits(desk.connection, promise)
    done = tell(desk.connection, promise)
    return {"borrower": asked.borrower, "event": done.event, "kind": PromiseMade.KIND}

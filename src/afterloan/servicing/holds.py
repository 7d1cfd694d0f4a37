"""Verbs of holds: placed and ended, with what a breathing space does to interest whichever door it came by."""

from datetime import date
from typing import Any

import psycopg
from pydantic import AwareDatetime, Field

from afterloan.dates import number_of
from afterloan.facts.events import read_event
from afterloan.facts.hold import HoldKind, HoldLifted, HoldPlaced
from afterloan.servicing import difficulty
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.store.events import tell
from afterloan.store.relief import event_named


class PlaceHold(Asked):
    """The treatment of `borrower` stops for a `reason`: until `ends_on`, or until lifted, looked at on `review_on`."""

    borrower: str
    hold: HoldKind
    reason: str = Field(min_length=1, max_length=2_000)
    ends_on: date | None = None
    review_on: date | None = None
    loan: str | None = None
    at: AwareDatetime | None = None
    happened_on: date | None = None


def place_hold(desk: Desk, asked: PlaceHold, on: date) -> dict[str, Any]:
    """Tell the hold; a breathing space also stops interest and penalty of every loan, from the day it is told."""
    told = asked.model_dump(exclude={"happened_on"})
    told |= {"on": asked.happened_on or on, "known_on": on, "reference": desk.reference, "by": desk.who.name}
    hold = read_event(HoldPlaced, told)
    assert isinstance(hold, HoldPlaced)
    done = tell(desk.connection, hold)
    loans = difficulty.stop_interest(desk.connection, hold, number_of(on)) if hold.hold == "breathing_space" else []
    return {"borrower": asked.borrower, "event": done.event, "kind": HoldPlaced.KIND, "interest_stopped": loans}


class LiftHold(Asked):
    """The hold `of` (its reference) of `borrower` ends today, or on the day it `happened_on`."""

    borrower: str
    of: str
    reason: str = Field(min_length=1, max_length=2_000)
    loan: str | None = None
    at: AwareDatetime | None = None
    happened_on: date | None = None

    def borrowers(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Whose hold it is."""
        return [self.borrower]


def lift_hold(desk: Desk, asked: LiftHold, on: date) -> dict[str, Any]:
    """Tell its end; interest that a breathing space stopped runs again from today."""
    told = asked.model_dump(exclude={"happened_on"})
    told |= {"on": asked.happened_on or on, "known_on": on, "reference": desk.reference, "by": desk.who.name}
    hold = event_named(desk.connection, asked.of, HoldPlaced)
    done = tell(desk.connection, read_event(HoldLifted, told))
    if hold.hold == "breathing_space":
        difficulty.resume_interest(desk.connection, hold, number_of(on))
    return {"borrower": asked.borrower, "event": done.event, "kind": HoldLifted.KIND}

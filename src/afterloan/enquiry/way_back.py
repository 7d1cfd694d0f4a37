"""Standing and ways back of one borrower out of the store: read, reckon, say; nothing is kept but what was shown."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import psycopg

from afterloan.dates import date_of, iso
from afterloan.facts.events import Event
from afterloan.facts.rebuilding import RoadMapDrawn
from afterloan.rebuilding.road_map import Marked, Way, marked, road_map
from afterloan.rebuilding.standing import Stands, judged_loans, line_on, lines_standing, of_frame, standing_frame
from afterloan.store.rebuilding import Person, told_of
from afterloan.store.server import Store


@dataclass(frozen=True, slots=True)
class Stood:
    """A borrower's standing on a day, with the owed total over all loans."""

    person: Person
    on: int
    things: list[Stands]
    events: list[Event]

    def plain(self, language: str) -> dict[str, Any]:
        """JSON values."""
        rows = [
            {
                "what": s.what, "loan": s.loan, "since": s.since.isoformat() if s.since else None,
                "amount_fen": s.amount_fen, "days": s.days, "code": s.code, "rule": s.rule, "lifted_by": s.lifted_by,
                "words": s.told(language),
            }
            for s in self.things
        ]  # fmt: skip
        return {"borrower": self.person.reference, "on": iso(self.on), "stands": rows}


def stand(store: Store, person: Person, on: int) -> Stood:
    """The standing of a borrower on a day, as known that day."""
    with store.connect() as connection:
        return stand_in(connection, person, on)


def stand_in(connection: psycopg.Connection[Any], person: Person, on: int) -> Stood:
    """The standing of a borrower on a day, as this transaction sees it."""
    events = told_of(connection, person, on)
    who = np.full(len(person.book), person.number, np.int64)
    frame = standing_frame(person.book, who, on, on, jurisdiction=person.jurisdiction)
    things = of_frame(frame, person.names, judged_loans(events, date_of(on))) + lines_standing(events, date_of(on))
    return Stood(person, on, things, events)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A road map of a loan: the ways, and the milestones of the last map drawn as they stand today.

    `chosen`, `chosen_on`: the way that was kept then, and when; "" and None where none was.
    """

    loan: str
    on: int
    ways: list[Way]
    before: list[Marked]
    chosen: str = ""
    chosen_on: date | None = None


def draw(store: Store, person: Person, loan: str, on: int, plan: Any = None) -> Drawn:
    """The road map of a loan on a day; milestones of the map that was last shown are marked kept, missed or ahead."""
    with store.connect() as connection:
        return draw_in(connection, person, loan, on, plan)


def draw_in(connection: psycopg.Connection[Any], person: Person, loan: str, on: int, plan: Any = None) -> Drawn:
    """The road map of a loan on a day, as this transaction sees it."""
    i = person.row(loan)
    stood = stand_in(connection, person, on)
    line = line_on(stood.events, date_of(on))
    limited = bool(line.frozen or line.reduced or line.bars) or not line.granted_fen
    judged = loan in judged_loans(stood.events, date_of(on))
    ways = road_map(person.book, i, on, plan, on, limit=limited, jurisdiction=person.jurisdiction, judged=judged)
    shown = [e for e in stood.events if isinstance(e, RoadMapDrawn) and e.loan == loan]
    before = marked(shown[-1].milestones, shown[-1].repaid_fen, person.book, i, on) if shown else []
    return Drawn(loan, on, ways, before, *((shown[-1].way, shown[-1].on) if shown else ()))

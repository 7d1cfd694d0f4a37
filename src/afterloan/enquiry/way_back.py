"""Standing and ways back of one borrower out of the store: read, reckon, say; nothing is kept but what was shown."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from afterloan.dates import iso
from afterloan.facts.events import Event
from afterloan.facts.rebuilding import RoadMapDrawn
from afterloan.rebuilding.road_map import Marked, Way, marked, road_map
from afterloan.rebuilding.standing import Stands, line_on, lines_standing, of_frame, standing_frame
from afterloan.store.events import tell
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
        events = told_of(connection, person, on)
    who = np.full(len(person.book), person.number, np.int64)
    frame = standing_frame(person.book, who, on, on, observed=person.jurisdiction == "CN")
    from datetime import date

    things = of_frame(frame, person.names) + lines_standing(events, date.fromisoformat(iso(on)))
    return Stood(person, on, things, events)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A road map of a loan: the ways, and the milestones of the last map drawn as they stand today."""

    loan: str
    on: int
    ways: list[Way]
    before: list[Marked]


def draw(store: Store, person: Person, loan: str, on: int, plan: Any = None) -> Drawn:
    """The road map of a loan on a day; milestones of the map that was last shown are marked kept, missed or ahead."""
    i = person.row(loan)
    stood = stand(store, person, on)
    from datetime import date

    line = line_on(stood.events, date.fromisoformat(iso(on)))
    limited = bool(line.frozen or line.reduced or line.bars) or not line.granted_fen
    ways = road_map(person.book, i, on, plan, on, limit=limited)
    shown = [e for e in stood.events if isinstance(e, RoadMapDrawn) and e.loan == loan]
    before = marked(shown[-1].milestones, shown[-1].repaid_fen, person.book, i, on) if shown else []
    return Drawn(loan, on, ways, before)


def keep_map(store: Store, person: Person, drawn: Drawn, way: str, reference: str) -> None:
    """Keep the way that the borrower chose, so that later maps can mark its milestones."""
    from datetime import date

    from afterloan.facts import FactRefused
    from afterloan.loan.reckon import reckon_book
    from afterloan.loan.suppose import alone

    chosen = next((w for w in drawn.ways if w.name == way), None)
    if chosen is None:
        names = ", ".join(w.name for w in drawn.ways)
        raise FactRefused("way", way, "no such way in this map", f"there are: {names}", "unknown")
    base = alone(person.book, person.row(drawn.loan), drawn.on)
    on = date.fromisoformat(iso(drawn.on))
    with store.connect() as connection:
        tell(
            connection,
            RoadMapDrawn(
                borrower=person.reference, loan=drawn.loan, on=on, known_on=on, reference=reference, way=way,
                repaid_fen=int(reckon_book(base, drawn.on)["repaid_fen"][0]),
                milestones=tuple(m.plain() for m in chosen.milestones),
            ),
        )  # fmt: skip

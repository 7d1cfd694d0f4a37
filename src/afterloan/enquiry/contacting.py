"""How a borrower may be reached on a day, out of all that was told of it."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import psycopg

from afterloan.enquiry.furnished import borrower_told
from afterloan.facts.contact import ThirdPersonNamed
from afterloan.store.contacts import PROMISE_KINDS, STANDING_KINDS, defaults_of, standing_of
from afterloan.store.events import events_of
from afterloan.store.held import held_by
from afterloan.strategy.places import place_of


@dataclass(frozen=True, slots=True)
class StandingTold:
    """What holds of contacting a borrower. `wished` and `agreed`: (from, to) on the borrower's clock, or empty.

    `persons`: (name, how they stand to the debt, where, whether they refused).
    """

    borrower: str
    jurisdiction: str
    zones: tuple[str, ...]
    language: str
    place_wrong: str
    consents: tuple[str, ...]
    not_wanted: tuple[str, ...]
    wished: tuple[str, ...]
    agreed: tuple[str, ...]
    persons: tuple[tuple[str, str, str, bool], ...]
    holds: tuple[str, ...]

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)

    def lines(self) -> list[str]:
        """A line for each thing that holds."""
        people = [
            f"{who} ({person.replace('_', ' ')}{', ' + where if where else ''}{', refused' if gone else ''})"
            for who, person, where, gone in self.persons
        ]
        rows = (
            ("place", f"{self.jurisdiction}, {' or '.join(self.zones)}, {self.language}"),
            ("not contacted", self.place_wrong),
            ("agrees to", ", ".join(self.consents)),
            ("does not want", "any contact" if "all" in self.not_wanted else ", ".join(self.not_wanted)),
            ("wishes", " to ".join(self.wished)),
            ("agreed hours", " to ".join(self.agreed)),
            ("persons", "; ".join(people)),
            ("holds", ", ".join(hold.replace("_", " ") for hold in self.holds)),
        )
        return [f"{name:15}{value}" for name, value in rows if value]


def standing_told(connection: psycopg.Connection[Any], borrower: str, on: date) -> StandingTold:
    """How a borrower may be reached on a day. Raises FactRefused (unknown)."""
    number, attributes = borrower_told(connection, borrower)
    place = place_of(attributes, defaults_of(connection))
    events = events_of(connection, borrower, [*STANDING_KINDS, *PROMISE_KINDS, ThirdPersonNamed.KIND], on)
    standing = standing_of(events, on, place)
    held = held_by(connection, {number: events}, on, {number: place.jurisdiction})[number]
    persons = {e.who: (e.who, e.person, e.address, e.who in standing.refused) for e in events
               if isinstance(e, ThirdPersonNamed)}  # fmt: skip
    return StandingTold(
        borrower, place.jurisdiction, place.zones, standing.language or place.language, place.wrong,
        tuple(sorted(standing.consents)), tuple(sorted(standing.opted_out)), standing.wished or (),
        standing.agreed or (), tuple(persons.values()),
        tuple(h.hold for h in held),
    )  # fmt: skip

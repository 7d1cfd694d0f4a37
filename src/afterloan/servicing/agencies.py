"""Cases placed with agencies come back: recalled by us."""

from datetime import date
from typing import Any

import psycopg
from pydantic import Field

from afterloan.facts.placement import AgencyRecalled
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.store.cases import placement_of
from afterloan.store.events import tell


class RecallCase(Asked):
    """The placement (`of`: its reference) ends; `reason` says why."""

    of: str
    reason: str = Field(min_length=1, max_length=2_000)

    def borrowers(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Whose case it is."""
        return [placement_of(connection, self.of)[0]]


def recall_case(desk: Desk, asked: RecallCase, on: date) -> dict[str, Any]:
    """Take a case back from its agency."""
    borrower, agency, *_ = placement_of(desk.connection, asked.of)
    tell(
        desk.connection,
        AgencyRecalled(
            borrower=borrower, on=on, known_on=on, reference=f"recall:{asked.of}", of=asked.of, reason=asked.reason,
            by=desk.who.name,
        ),
    )  # fmt: skip
    return {"borrower": borrower, "agency": agency, "placement": asked.of}

"""Facts of cases in somebody's hands: assigned to a person, placed with an agency, recalled or returned."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import Field

from afterloan.facts.events import Event, Name, hidden


class CaseAssigned(Event):
    """A person works the borrower's case from now on; an empty `to` hands it back to the queue."""

    KIND: ClassVar[str] = "case.assigned"
    queue: Name
    to: str
    by: str = ""


class AgencyPlaced(Event):
    """The borrower's case was placed with an agency: what stood open then, and until when it may work on it."""

    KIND: ClassVar[str] = "agency.placed"
    agency: Name
    until: date
    arrears_fen: Annotated[int, Field(ge=0, le=10**12)]
    loans: tuple[Name, ...]
    by: str = ""


class AgencyRecalled(Event):
    """The case came back from the agency: recalled by us or returned by it. `of`: the placement's reference."""

    KIND: ClassVar[str] = "agency.recalled"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(reason="-")
    of: Name
    reason: Annotated[str, Field(min_length=1, max_length=2_000)]
    by: str = ""

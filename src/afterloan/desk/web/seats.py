"""The seats of a demonstration: people who sit down without a password, each with one role."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seat:
    """A person of the demonstration: `role` as in the pack `permissions`, `name` as acts will tell it."""

    role: str
    name: str


SEATS: dict[str, Seat] = {
    seat.role: seat
    for seat in (
        Seat("lead", "lead-wang"),
        Seat("agent", "agent-li"),
        Seat("specialist", "specialist-he"),
        Seat("analyst", "risk-sun"),
        Seat("finance", "finance-qian"),
        Seat("counsel", "counsel-zhao"),
        Seat("bureau", "bureau-wu"),
        Seat("auditor", "auditor-xu"),
        Seat("administrator", "admin-feng"),
    )
}
"""Every seat by its role. Names that are appointed somewhere (lead-wang, counsel-zhao, risk-sun) are so here too."""
APPOINTED: dict[str, list[str]] = {
    "lead-wang": ["collections_lead"],
    "counsel-zhao": ["legal_counsel"],
    "risk-sun": ["head_of_risk"],
}
"""Who may approve what in a demonstration."""

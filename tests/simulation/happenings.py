"""What can happen in a simulated world, by name, and how often it did: a kind that never happens proves nothing."""

from collections import Counter
from collections.abc import Mapping

KINDS: dict[str, tuple[str, ...]] = {
    "money": (
        "told during the day",
        "recorded",
        "told in a file of a book",
        "told days late",
        "told again",
        "told again with another amount, refused",
        "taken back",
        "fee charged",
        "waived",
    ),
    "loss": ("written off", "write-off taken back", "money after a write-off"),
    "breathing space": ("begun", "ended"),
    "borrower": (
        "hold placed",
        "hold lifted",
        "channel not wanted",
        "promise made",
        "promise kept",
        "promise broken",
        "died",
        "insolvent",
        "has a lawyer",
        "refused at the door",
    ),
    "message": (
        "reminder left",
        "message of arrears left",
        "other message left",
        "two drains at once",
        "answer lost on the line",
        "line broke before the gateway had it",
        "gateway asked for later",
        "refused by the gateway",
        "asked after: the gateway had it",
        "asked after: the gateway never had it",
        "asked after: the gateway could not say",
        "told again under its key, taken once",
    ),
    "mandate": ("signed", "revoked", "ended by the bank"),
    "debit": (
        "asked for",
        "taken at once",
        "refused at once: not enough there",
        "refused at once: account closed",
        "answered days late: taken",
        "answered days late: refused",
        "answer told twice on its day",
        "answer told again long after",
        "answer told with another amount, refused",
        "given back",
        "answer lost on the line",
        "lost answer heard when asked for",
        "lost answer heard by a statement or a return",
        "asked after by a person",
    ),
    "plan": ("accepted", "declined", "refused", "looked at and kept", "broken", "cancelled", "completed"),
    "bureau": (
        "month furnished",
        "month told again",
        "late row held back until its notice",
        "late row told",
        "notice left in the inbox",
        "notice delivered",
        "row not taken",
        "row not taken told again",
        "dispute opened",
        "dispute answered: accurate",
        "dispute answered: corrected",
    ),
    "statement": (
        "taken in as camt",
        "taken in as mt940",
        "taken in as csv",
        "the same file taken in again",
        "line is the result of a debit",
        "line matched by its loan",
        "line matched by its borrower",
        "line told again",
        "line waits for a person",
        "line given to a loan by a person",
        "line set aside",
    ),
    "night": ("closed", "killed on its way and run again", "an earlier day asked for again"),
}
"""Groups, and what can happen in each."""


class Happenings:
    """How often each kind happened: of one world, or of several added up."""

    def __init__(self) -> None:
        self.counted: Counter[tuple[str, str]] = Counter()

    def count(self, group: str, kind: str, times: int = 1) -> None:
        """Something happened; a name that is not in the list is a mistake of whoever counts."""
        assert kind in KINDS[group], f"{group}: {kind}"
        self.counted[group, kind] += times

    def add(self, other: "Happenings") -> None:
        """Count another world in."""
        self.counted.update(other.counted)

    def never(self) -> list[str]:
        """The kinds that did not happen."""
        return [f"{g}: {k}" for g, kinds in KINDS.items() for k in kinds if not self.counted[g, k]]

    def table(self) -> str:
        """A line for each kind, those that never happened too."""
        return "\n".join(
            f"{self.counted[group, kind]:>9,}  {group}: {kind}" for group, kinds in KINDS.items() for kind in kinds
        )

    def plain(self) -> Mapping[str, int]:
        """By `group: kind`."""
        return {f"{group}: {kind}": n for (group, kind), n in self.counted.items()}

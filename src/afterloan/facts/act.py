"""Who did something through which door, and what it came to: an answer, or a refusal with its remedy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from afterloan.facts import FactRefused, RefusedKind, refusal_line

WhoKind = Literal["person", "borrower", "partner", "rule"]


FEW_MAY_READ: dict[str, tuple[str, ...]] = {
    "vulnerability.flag": ("note",),
    "vulnerability.clear": ("reason",),
    "vulnerability.flagged": ("note",),
    "vulnerability.cleared": ("reason",),
}
"""Fields of acts and events that are read through `vulnerability.read` alone, which keeps that somebody read them."""
HIDDEN = "not shown here: `afterloan hardship flags` reads it and keeps who did"


PERSONAL_FIELDS = frozenset({
    "account", "address", "after", "attributes", "bank", "before", "caller", "case_number", "contact", "corrections",
    "court", "evidence", "holder", "how", "lawyer", "lines", "means", "name", "note", "reason", "reasons", "refused",
    "source", "statement", "text", "told", "unmatched", "what", "who", "why",
})  # fmt: skip
"""Fields of what acts ask and answer that tell of a person, or that somebody wrote freely."""
OF_NOBODY = frozenset({"person.purge", "file.purge"})
"""Verbs whose words tell of no person: what was purged, and why, is said for ever."""
BLANK: tuple[Any, ...] = (None, "", [], {})
"""What tells nothing of anybody, whatever its field is called: it stays in clear."""


def part_act(verb: str, told: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What an act asked or answered as it stands in clear, and what of it tells of a person; a blank stays.

    `part_act("case.note", {"borrower": "B1", "text": "…"})` is `({"borrower": "B1"}, {"text": "…"})`. Further in too:
    what a proposal asks stands in its own `asked`.
    """
    if OF_NOBODY & {verb, str(told.get("verb", ""))}:
        return dict(told), {}
    clear: dict[str, Any] = {}
    personal: dict[str, Any] = {}
    for name, value in told.items():
        if isinstance(value, Mapping) and name not in PERSONAL_FIELDS:
            clear[name], inner = part_act("", value)
            personal |= {name: inner} if inner else {}
        elif value not in BLANK and (name in PERSONAL_FIELDS or _names_a_person(value)):
            personal[name] = value
        else:
            clear[name] = value
    return clear, personal


def _names_a_person(value: Any) -> bool:
    """Whether a list has records with such fields: it is taken out whole."""
    return isinstance(value, list | tuple) and any(isinstance(one, Mapping) and part_act("", one)[1] for one in value)


def shown(kind: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """What an act asked, or an event says, for anybody's eyes: without what few may read.

    `shown("vulnerability.flag", {"flag": "health", "note": "…"})` has the flag and HIDDEN.
    """
    return {name: HIDDEN if name in FEW_MAY_READ.get(kind, ()) else value for name, value in told.items()}


@dataclass(frozen=True, slots=True)
class Who:
    """A person, borrower, partner or rule that acts: `name`, the `roles` that the door knows, the `door` it came by.

    The door makes it; nothing that is asked can change it. `Who("person", "li", ("agent",), "keyboard")`.
    """

    kind: WhoKind
    name: str
    roles: tuple[str, ...]
    door: str

    @classmethod
    def rule(cls, name: str) -> "Who":
        """A rule of ours that acts by itself: the night, the drain, a limit rule, a ladder.

        Its name is how it can be looked up: a rule's id, a ladder's, or the part of the night that does it. Where an
        event says `by` whom it is, this is what it says.
        """
        return cls("rule", name, ("rule",), "night")


@dataclass(frozen=True, slots=True)
class Refused:
    """Why something was not done: `kind`, `where` it is wrong (`value`), `why`, and the `remedy`.

    `rule`: the rule that refuses, where one does; `next_at`: the moment from which it would not any more.
    A value, not an exception: an exit code at the keyboard, a problem answer over HTTP, a sentence on a page.
    """

    kind: RefusedKind
    where: str
    value: str
    why: str
    remedy: str
    rule: str = ""
    next_at: datetime | None = None

    @classmethod
    def of(cls, error: FactRefused) -> "Refused":
        """The refusal that a room raised, as a value."""
        return cls(
            error.kind, error.column, str(error.value), error.reason, error.remedy, error.rule, error.next_at
        )  # fmt: skip

    def __str__(self) -> str:
        """One line: `amount '1,20': could be 1.20 or 120.00; write it with a point`."""
        return refusal_line(self.where, self.value, self.why, self.remedy)

    def told(self) -> dict[str, str]:
        """JSON values; `rule` and `next_at` where there are such."""
        told = {"kind": self.kind, "where": self.where, "value": self.value, "why": self.why, "remedy": self.remedy}
        told |= {"rule": self.rule} if self.rule else {}
        return told | ({"next_at": self.next_at.isoformat()} if self.next_at else {})


@dataclass(frozen=True, slots=True)
class Answer:
    """What was done: the number of the act (0 after a dry run), its verb and the body that the door shows.

    `known`: the same was asked before under this reference; the body is the first answer's, and nothing was done.
    """

    act: int
    verb: str
    body: Mapping[str, Any] = field(default_factory=dict)
    known: bool = False

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return {"act": self.act, "verb": self.verb, "known": self.known, **self.body}

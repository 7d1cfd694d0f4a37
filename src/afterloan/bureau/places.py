"""Whose bureau a borrower's loans are reported to, and what its form needs to know of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from afterloan.bureau.packs import rule
from afterloan.rules.packs import rules_of

PLACE, IDENTITY = ".bureau.place", ".identity"
NO_FORM = "neutral"
"""Where no bureau's form is ours: one JSON object a line, for any bureau of that place."""


@cache
def _by_place() -> dict[str, str]:
    return {r.jurisdiction: str(r.parameters["bureau"]) for r in rules_of("bureau") if r.id.endswith(PLACE)}


def bureau_of_place(jurisdiction: str) -> str:
    """The bureau to which loans of borrowers of a place are reported: CN pboc, US metro2, elsewhere neutral."""
    return _by_place().get(jurisdiction, NO_FORM)


def reports_to(bureau: str, jurisdiction: str) -> bool:
    """Whether loans of borrowers of a place go to a bureau. The neutral form takes all: it is nobody's file yet."""
    return bureau == NO_FORM or bureau_of_place(jurisdiction) == bureau


@dataclass(frozen=True, slots=True)
class Need:
    """What a form asks for: one of the attributes `any_of`, in words, and how it is written."""

    any_of: tuple[str, ...]
    what: str
    write: str

    @property
    def field(self) -> str:
        """The attribute that is asked for first."""
        return self.any_of[0]


def needs_of(bureau: str) -> list[Need]:
    """What the bureau's form needs of a borrower; [] for the neutral form."""
    if bureau == NO_FORM:
        return []
    told = rule({"pboc": "cn.pboc.identity", "metro2": "us.metro2.identity"}[bureau]).parameters["needs"]
    return [Need(tuple(need["any_of"]), need["what"], need["write"]) for need in told]


def missing(bureau: str, name: str, attributes: Mapping[str, Any]) -> list[Need]:
    """The needs of a bureau's form that a borrower's name and attributes do not meet.

    `missing("pboc", "王一", {"id_type": "10"})` lacks `id_number`.
    """
    told = {"name": name, **attributes}
    return [n for n in needs_of(bureau) if not any(str(told.get(a) or "").strip() for a in n.any_of)]


def form(borrower: str, lacking: list[Need]) -> list[dict[str, str]]:
    """A task's form: for each thing that is missing its attribute, what it is, and the command that adds it."""
    found = []
    for need in lacking:
        how = f"--name {need.write}" if need.field == "name" else f"--attribute {need.field}={need.write}"
        command = f'afterloan correct {borrower} {how} --reason "HOW WE KNOW"'
        found.append({"field": need.field, "what": need.what, "command": command})
    return found


def wrong_sender(bureau: str, sender: Mapping[str, Any]) -> str:
    """Why a bureau's file cannot be sent by a sender so named; "" where it can. Metro 2 asks for a number of its own.

    `wrong_sender("metro2", {"identification_number": "99999"})` says that it is a filler.
    """
    number = str(sender.get("identification_number", ""))
    if bureau == "metro2" and (len(number) < 5 or set(number) <= set("09") or not number.isalnum()):
        return f"identification_number {number!r}: at least 5 letters or digits, not all 0 or 9"
    return ""

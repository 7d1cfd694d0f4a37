"""Details of a borrower changed by dated facts, the lender's own place and roles: all checked where they enter."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import Field

from afterloan.facts import FactRefused
from afterloan.rules.packs import rules_of
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.store.contacts import set_defaults
from afterloan.store.details import NAME, change_details, details_of
from afterloan.store.settings import Setting, set_parts
from afterloan.strategy.attributes import check_attributes
from afterloan.strategy.places import said_of_language


class CorrectDetails(Asked):
    """What is right of `borrower`: a `name`, attributes by name (null takes one away); `reason` says how we know.

    `since`: the day from which it holds, the act's day unless given; what was wrong from the first day on holds since
    the day on which it was told.
    """

    borrower: str
    reason: str = Field(min_length=1, max_length=4_000)
    since: date | None = None
    name: str | None = Field(default=None, min_length=1, max_length=200)
    attributes: dict[str, Any] = Field(default_factory=dict)


def correct_details(desk: Desk, asked: CorrectDetails, on: date) -> dict[str, Any]:
    """Change a borrower's name and attributes from a day on; what stood before stays on record, with who and why.

    `changed` lists the fields that are other now; nothing to change is refused, for somebody thought otherwise.
    `said`: that no message is written in the language told, where that is so.
    """
    wanted = {**asked.attributes, **({NAME: asked.name} if asked.name else {})}
    if NAME in asked.attributes:
        raise FactRefused("attributes", NAME, "is no attribute", "give it as the name: `--name` at the keyboard")
    since = asked.since or on
    stood = details_of(desk.connection, asked.borrower)
    check_attributes({**_of_identity(stood.attributes), **asked.attributes})
    changed = change_details(
        desk.connection, asked.borrower, wanted, since, on, desk.who.name, asked.reason, desk.reference
    )
    said = said_of_language(str(asked.attributes["language"])) if asked.attributes.get("language") else ""
    told = {"borrower": asked.borrower, "changed": changed, "since": since.isoformat()}
    return told | ({"said": said} if said else {})


def _of_identity(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What a new number of identity is looked at together with."""
    return {name: attributes[name] for name in ("id_type",) if attributes.get(name)}


class SetPlace(Asked):
    """The lender's own place: what holds where a borrower says nothing. Fields that are left out stay."""

    jurisdiction: str | None = None
    zone: str | None = None
    language: str | None = None
    lender_type: str | None = None


def set_place(desk: Desk, asked: SetPlace, on: date) -> dict[str, Any]:
    """Set jurisdiction, time zone, language and kind of lender; each is checked."""
    told = {k: v for k, v in asked.model_dump().items() if v is not None}
    for name, of in (("jurisdiction", "jurisdiction"), ("language", "language"), ("zone", "timezone")):
        if name in told:
            check_attributes({of: told[name]})
    if told.get("lender_type") and told["lender_type"] not in lender_types():
        raise FactRefused(
            "lender_type", told["lender_type"], "no rule names such a lender",
            f"there are: {', '.join(sorted(lender_types()))}", "unknown",
        )  # fmt: skip
    set_defaults(desk.connection, **told)
    return {"place": told}


def lender_types() -> set[str]:
    """The kinds of lender that rules of contact and lines of messages bind, and `first_party`, whom those do not."""
    named = {kind for folder in ("contact", "lines") for rule in rules_of(folder) for kind in rule.lender_types}
    return named | {"first_party"}


class GiveRoles(Asked):
    """The roles in which `person` works at the doors; none: they may do nothing any more."""

    person: str = Field(min_length=1, max_length=200)
    roles: tuple[str, ...] = ()


def roles_known() -> set[str]:
    """Every role that the pack `permissions` names."""
    return {
        role
        for rule in rules_of("permissions")
        for role in (*rule.parameters.get("do", []), *rule.parameters.get("propose", []))
    } - {"rule", "borrower"}


def give_roles(desk: Desk, asked: GiveRoles, on: date) -> dict[str, Any]:
    """Give a person roles. From the first role given, whoever has none may do nothing."""
    for role in asked.roles:
        if role not in roles_known():
            raise FactRefused(
                "roles", role, "no such role", f"there are: {', '.join(sorted(roles_known()))}", "unknown"
            )
    set_parts(desk.connection, Setting.ROLES, {asked.person: list(asked.roles)})
    return {"person": asked.person, "roles": list(asked.roles)}

"""Details of a borrower corrected, and the lender's own place set: checked where they enter, kept with who and why."""

import re
from datetime import date
from typing import Any

from psycopg.types.json import Jsonb
from pydantic import Field

from afterloan.facts import FactRefused
from afterloan.facts.person import DetailsCorrected
from afterloan.rules.packs import rules_of
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.store.contacts import set_defaults
from afterloan.store.events import tell
from afterloan.store.settings import Setting, set_parts
from afterloan.strategy.places import check_place

PHONE = re.compile(r"\+?[0-9][0-9 ()-]{4,24}")


class CorrectDetails(Asked):
    """What is right of `borrower`: a `name`, attributes by name (null takes one away); `reason` says how we know."""

    borrower: str
    reason: str = Field(min_length=1, max_length=4_000)
    name: str | None = Field(default=None, min_length=1, max_length=200)
    attributes: dict[str, Any] = Field(default_factory=dict)


def check_attribute(name: str, value: Any) -> None:
    """Refuse an attribute that would mislead who reads it: a zone, place, language or phone that is none.

    Raises FactRefused. `check_attribute("timezone", "America/New_york")` is refused: the name ends in York.
    """
    check_place(name, value)
    if name == "phone" and not PHONE.fullmatch(str(value)):
        raise FactRefused(
            name, value, "is no phone number", "write digits with the country's code, e.g. +86 138 0013 8000"
        )


def correct_details(desk: Desk, asked: CorrectDetails, on: date) -> dict[str, Any]:
    """Correct a borrower's name and attributes; what stood before stays on record.

    `changed` lists the fields that are other now; nothing to change is refused, for somebody thought otherwise.
    """
    connection = desk.connection
    row = connection.execute(
        "select name, attributes from borrower where reference = %s for update", (asked.borrower,)
    ).fetchone()
    assert row is not None  # the door has locked the borrower by this reference
    was = {"name": row[0], **row[1]}
    new = {**asked.attributes, **({"name": asked.name} if asked.name else {})}
    changed = {k: v for k, v in new.items() if was.get(k) != v}
    if not changed:
        raise FactRefused("attributes", ", ".join(new) or "nothing", "is so already", "name what is to be otherwise")
    for name, value in changed.items():
        if value is not None:
            check_attribute(name, value)
    tell(
        connection,
        DetailsCorrected(
            borrower=asked.borrower, on=on, known_on=on, reference=desk.reference, by=desk.who.name,
            reason=asked.reason, before={k: was.get(k) for k in changed}, after=changed,
        ),
    )  # fmt: skip
    attributes = {k: v for k, v in {**row[1], **asked.attributes}.items() if v is not None}
    connection.execute(
        "update borrower set name = %s, attributes = %s where reference = %s",
        (asked.name or row[0], Jsonb(attributes), asked.borrower),
    )
    return {"borrower": asked.borrower, "changed": sorted(changed)}


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
            check_attribute(of, told[name])
    set_defaults(desk.connection, **told)
    return {"place": told}


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

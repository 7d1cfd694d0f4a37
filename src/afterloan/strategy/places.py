"""Where a borrower is: the place out of what is told of them, checked, and what is wrong with it in words."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from afterloan.facts import FactRefused
from afterloan.rules.packs import rules_of
from afterloan.strategy.governor import Place

WRITTEN = ("en", "zh-CN")
"""Languages in which messages are written; any other is read in English until somebody writes it."""
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
OF_PLACE = ("jurisdiction", "timezone", "language")
"""Attributes of a borrower that say where and how they are to be reached."""


@cache
def places_known() -> frozenset[str]:
    """Jurisdictions for which there are contact rules: CN, US, EU, UK, IN and what a lender adds."""
    return frozenset(rule.jurisdiction for rule in rules_of("contact") if rule.jurisdiction != "ANY")


@cache
def zones_of(jurisdiction: str) -> tuple[str, ...]:
    """The time zones in which a borrower of a place may live, by the pack `places`; empty: it has not the place."""
    found = [rule for rule in rules_of("places") if rule.jurisdiction == jurisdiction]
    return tuple(found[-1].parameters["zones"]) if found else ()


def zone_known(name: str) -> None:
    """Raises FactRefused for a time zone that is not known."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise FactRefused(
            "timezone", name, "no such zone", "write an IANA name, e.g. Asia/Shanghai", "unknown"
        ) from error


def check_place(name: str, value: Any) -> None:
    """Refuse a part of a place that is none; one of OF_PLACE, other attributes pass. Raises FactRefused.

    `check_place("timezone", "America/New_york")` is refused: the name ends in York.
    """
    if name == "timezone":
        for zone in value if isinstance(value, list) else [value]:
            zone_known(str(zone))
    elif name == "jurisdiction" and str(value) not in places_known():
        raise FactRefused(name, value, "no such place in the packs", f"there are: {', '.join(sorted(places_known()))}")
    elif name == "language" and not LANGUAGE.fullmatch(str(value)):
        raise FactRefused(name, value, "is no language tag", "write it as zh-CN or en")


def said_of_language(language: str) -> str:
    """What a person should know who tells a borrower's language: empty where messages are written in it."""
    tongues = {tag.split("-")[0] for tag in WRITTEN}
    if language.split("-")[0] in tongues:
        return ""
    return f"no message is written in {language}: there are {' and '.join(WRITTEN)}; write the templates first"


def what_is_wrong(attributes: Mapping[str, Any]) -> str:
    """The first part of a borrower's place that is none, in words; empty: all is well."""
    for name in OF_PLACE:
        if attributes.get(name):
            try:
                check_place(name, attributes[name])
            except FactRefused as refusal:
                return str(refusal)
    place = str(attributes.get("jurisdiction") or "")
    if place and not attributes.get("timezone") and not zones_of(place):
        return f"timezone: none told, and the packs have no zones of {place}; tell the borrower's own, e.g. Asia/Tokyo"
    return ""


def _zones(told: Any, jurisdiction: str, defaults: Mapping[str, Any]) -> tuple[str, ...]:
    if told:
        return tuple(map(str, told)) if isinstance(told, list) else (str(told),)
    own = jurisdiction == defaults["jurisdiction"]
    return (str(defaults["zone"]),) if own else zones_of(jurisdiction)


def place_of(attributes: Mapping[str, Any], defaults: Mapping[str, Any]) -> Place:
    """A borrower's place out of the attributes `jurisdiction`, `timezone` (one or several), `language`.

    Where one of them is none, `wrong` says so and the rest is the lender's own place: the day's books go on by it, and
    nobody is contacted by it (`store/contacts.py`, `strategy/plan.py`). A borrower of another place than the lender's
    whose zone is not told may be anywhere in it: an hour has to suit in all its zones.
    """
    wrong = what_is_wrong(attributes)
    if wrong:
        attributes = {}
    jurisdiction = str(attributes.get("jurisdiction") or defaults["jurisdiction"])
    return Place(
        jurisdiction,
        _zones(attributes.get("timezone"), jurisdiction, defaults),
        str(attributes.get("language") or defaults["language"]),
        defaults.get("lender_type"),
        wrong,
    )

"""The class of loans under the rule book of a place: the one answer for standing, classification and road map."""

from typing import Any

import numpy as np
import numpy.typing as npt

from afterloan.dates import NEVER, date_of, iso
from afterloan.loan.book import Book, Records, part
from afterloan.loan.reckon import reckon_book
from afterloan.risk.classification import (
    TIERS,
    WRITTEN_OFF,
    Classified,
    by_days,
    class_rule,
    cn_class,
    cn_classes,
    days_without_trifles,
    eu_default_on,
    eu_defaulted,
    eu_material_since,
    ifrs9_stage,
    in_class,
    owed_in,
)
from afterloan.risk.spells import spells_of
from afterloan.rules.packs import Rule

Ints = npt.NDArray[np.int64]
RULES = {"CN": "cn.class.general", "US": "us.charge-off.closed-end", "EU": "eu.default", "UK": "eu.default",
         "IN": "in.sma"}  # fmt: skip
CLASSES = {
    "CN": TIERS,
    "EU": ("performing", "default"),
    "UK": ("performing", "default"),
    "IN": ("standard", "sma-0", "sma-1", "sma-2", "npa"),
}


def rule_of(jurisdiction: str) -> Rule:
    """The rule that classes loans of borrowers of a place; IFRS 9's stages where the place has none of its own."""
    return class_rule(RULES.get(jurisdiction, "ifrs9.stages"))


def names_of(jurisdiction: str) -> tuple[str, ...]:
    """The classes of a place from the best on: US pass, substandard, loss."""
    if jurisdiction == "US":
        return tuple(rule_of("US").parameters["classes"])
    return CLASSES.get(jurisdiction, ("stage_1", "stage_2", "stage_3"))


def class_numbers(
    book: Book, on: int, jurisdiction: str, known_on: int = NEVER, positions: Records | None = None
) -> Ints:
    """The class [n] of each loan as a number into `names_of(jurisdiction)`; −1: not lent, ended, sold, not reckoned.

    A loan that was written off is of the worst class: what is still claimed was found to be lost.
    """
    now = positions if positions is not None else reckon_book(book, on, known_on)
    if jurisdiction == "CN":
        return cn_classes(book, on, known_on, now)
    days = days_without_trifles(now, jurisdiction)
    found = _numbers(book, on, jurisdiction, known_on, now, days)
    found[now["state"] == WRITTEN_OFF] = len(names_of(jurisdiction)) - 1
    return np.where(owed_in(now), found, -1)


def _numbers(book: Book, on: int, jurisdiction: str, known_on: int, now: Records, days: Ints) -> Ints:
    if jurisdiction == "US":
        return by_days(days, rule_of("US"))
    if jurisdiction in ("EU", "UK"):
        return eu_defaulted(book, on, known_on, now).astype(np.int64)
    if jurisdiction == "IN":
        unpaid = (now["arrears_fen"].sum(axis=1) + now["due_today_fen"].sum(axis=1)) > 0
        names = in_class(days, unpaid, spells_of(book, on, known_on, now).worst_now)
        return np.array([CLASSES["IN"].index(name) for name in names], np.int64)
    return ifrs9_stage(days) - 1


def classes(
    book: Book, on: int, jurisdiction: str, known_on: int = NEVER, positions: Records | None = None
) -> list[str]:
    """The class [n] of each loan in words, "" where it has none: `substandard`, `default`, `sma-1`, `stage_2`."""
    names = names_of(jurisdiction)
    return [names[k] if k >= 0 else "" for k in class_numbers(book, on, jurisdiction, known_on, positions).tolist()]


NON_PERFORMING_FROM = {"CN": "substandard", "US": "substandard", "EU": "default", "UK": "default", "IN": "npa"}
"""The best of the classes that count as non-performing, by place; elsewhere stage 3."""


def non_performing(
    book: Book, on: int, jurisdiction: str, known_on: int = NEVER, positions: Records | None = None
) -> npt.NDArray[np.bool_]:
    """Which loans [n] are non-performing by the rules of a place: in China from substandard on. Written off: none, it
    is no loan of the books any more."""
    now = positions if positions is not None else reckon_book(book, on, known_on)
    first = names_of(jurisdiction).index(NON_PERFORMING_FROM.get(jurisdiction, "stage_3"))
    numbers = class_numbers(book, on, jurisdiction, known_on, now)
    return np.asarray((numbers >= first) & (now["state"] != WRITTEN_OFF))


def changes_ahead(book: Book, i: int, on: int, until: int, jurisdiction: str) -> list[tuple[int, str]]:
    """When loan `i` passes into another class after `on` and up to `until`, with the facts that are told: (day, class).

    Due 10 May and never paid, seen on 20 June in China: [(9 August, substandard)], 91 days.
    """
    one = part(book, np.array([i]))
    was = classes(one, on, jurisdiction)[0]
    found = []
    for day in _days_to_look_at(one, on, until, jurisdiction):
        now = classes(one, day, jurisdiction)[0]
        if now and now != was:
            found.append((day, now))
            was = now
    return found


def _days_to_look_at(one: Book, on: int, until: int, jurisdiction: str) -> list[int]:
    """Days on which the class of a loan that is never paid may change: its oldest due date and the starts of bands."""
    now = reckon_book(one, on)[0]
    oldest = int(now["oldest_unpaid_on"])
    oldest = oldest if oldest != NEVER else int(now["next_due_on"])
    if oldest == NEVER:
        return []
    if jurisdiction in ("EU", "UK"):
        since = int(eu_material_since(one, until)[0])
        days = [eu_default_on(since)] if since else []
    else:
        days = [oldest + start for start in _starts(jurisdiction)]
    return sorted(day for day in set(days) if on < day <= until)


def _starts(jurisdiction: str) -> list[int]:
    p: dict[str, Any] = rule_of(jurisdiction).parameters
    if "starts" in p:
        return [int(start) for start in p["starts"]]
    return [int(p["stage_2_after_days"]) + 1, int(p["stage_3_after_days"]) + 1]


def classify(book: Book, i: int, on: int, jurisdiction: str, known_on: int = NEVER) -> Classified:
    """The class of loan `i` as its place has it, with the findings that put it there; "" where it has none."""
    one = part(book, np.array([i]))
    now = reckon_book(one, on, known_on)
    name = classes(one, on, jurisdiction, known_on, now)[0]
    if jurisdiction == "CN" and name and now["state"][0] != WRITTEN_OFF:
        return cn_class(one, 0, on, known_on)
    rule = rule_of(jurisdiction)
    told: dict[str, Any] = {"days_past_due": int(days_without_trifles(now, jurisdiction)[0])}
    if now["state"][0] == WRITTEN_OFF:
        told = {"written_off_on": iso(int(now["written_off_on"][0]))}
    elif jurisdiction in ("EU", "UK"):
        since = int(eu_material_since(one, on, known_on, now)[0])
        told = {"material_since": iso(since) if since else None}
        told["default_on"] = iso(eu_default_on(since)) if since else None
    return Classified(name, (rule.finding(date_of(on), name or "not classed", **told),), 0, told)

"""The words of rebuilding in two languages, filled with numbers of the engine."""

from functools import cache
from importlib import resources
from typing import Any

import yaml

from afterloan.counting import agreeing
from afterloan.dates import iso
from afterloan.money import show_amount
from afterloan.rules.packs import PackRefused, Rule, in_force, rules_of

LANGUAGES = ("en", "zh")


@cache
def words() -> dict[str, Any]:
    """The wording that comes with afterloan."""
    file = resources.files("afterloan.rules") / "packs" / "rebuilding" / "words" / "words.yaml"
    told: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))["words"]
    return told


def money(fen: int) -> str:
    """Minor units as a person reads them: 132450 is 1,324.50."""
    return show_amount(fen, group=",")


def shown(value: Any, name: str) -> str:
    """A value of a milestone as text: days by their ISO form, money in units."""
    if name in ("day", "since"):
        return iso(int(value)) if isinstance(value, int) else str(value)
    if name in ("amount", "penalty"):
        return money(int(value))
    return str(value)


def say(path: str, language: str, **values: Any) -> str:
    """The words at a path (`pay`, `standing.arrears`) in a language (`zh-CN` is `zh`), filled in."""
    here: Any = words()
    for step in path.split("."):
        here = here[step]
    text: str = here.get(language.split("-")[0], here["en"])
    return agreeing(text.format(**{name: shown(value, name) for name, value in values.items()}))


def code_words(code: str, language: str) -> str:
    """A class, a bar or a hold as a person reads it: `special_mention` is `special mention`, in Chinese `关注`."""
    told: dict[str, str] = words()["codes"].get(code, {})
    return told.get(language.split("-")[0]) or told.get("en") or code.replace("_", " ")


@cache
def rebuilding_rule(name: str) -> Rule:
    """A rule of the packs `rebuilding` by its id. Raises PackRefused."""
    for rule in rules_of("rebuilding"):
        if rule.id == name:
            return rule
    raise PackRefused(f"repair: no rule {name!r}; add it to a file of that folder")


def automatic_barred(jurisdiction: str, on: Any) -> Rule | None:
    """The rule of a place that forbids what nobody asked for, if one binds."""
    for rule in in_force(rules_of("rebuilding"), jurisdiction, on):
        if rule.parameters.get("automatic") is False and "wait_days" not in rule.parameters:
            return rule
    return None

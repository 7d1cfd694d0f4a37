"""Ladders as texts: which one is used at a place, whether another is sound, and in what the two differ."""

import re
from dataclasses import asdict, dataclass
from datetime import date
from difflib import unified_diff
from importlib import resources
from typing import Any

import psycopg

from afterloan.expected import ExpectedFailure
from afterloan.store.ladders import ladder_texts
from afterloan.strategy.ladder import Ladder, read_ladder, sound_ladder

BUILTIN = {"CN": "cn-standard", "US": "us-standard", "ANY": "any-gentle"}
"""The ladder of a place for which a lender chose none."""


@dataclass(frozen=True, slots=True)
class LadderInUse:
    """The ladder of a place: its text, and whether the lender chose it or it came along."""

    jurisdiction: str
    name: str
    text: str
    own: bool
    ladder: Ladder


@dataclass(frozen=True, slots=True)
class LadderLint:
    """A text as a ladder: sound, or the line and column (from 1) and why not; `difference` from the one in use."""

    sound: bool
    line: int
    column: int
    why: str
    steps: int
    difference: tuple[str, ...]

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


def ladders_in_use(connection: psycopg.Connection[Any], on: date) -> list[LadderInUse]:
    """The ladder that a day's decision goes by, of every place that has one, by place."""
    chosen = ladder_texts(connection, on)
    return [_in_use(place, chosen.get(place, "")) for place in sorted({*BUILTIN, *chosen})]


@dataclass(frozen=True, slots=True)
class LadderVersion:
    """A ladder as it was put to use: from which day's decision on, by whom, proposed by whom ("" where by nobody)."""

    ladder: str
    since: date
    by: str
    proposed_by: str
    text: str
    act: int


VERSIONS = (
    "select a.answer->>'ladder', coalesce((a.answer->>'since')::date, a.on_day) as since, a.who, "
    "coalesce(p.who, ''), a.asked->>'text', a.act from act a "
    "left join act p on p.verb = 'proposal.make' and p.reference || ':done' = a.reference "
    "where a.verb = 'ladder.use' and a.asked->>'jurisdiction' = %(place)s and a.on_day <= %(on)s "
    "order by since desc, a.act desc limit 50"
)


def ladder_versions(connection: psycopg.Connection[Any], place: str, on: date) -> list[LadderVersion]:
    """The ladders put to use at a place up to a day, the newest first; that in use is the first whose day has come."""
    rows = connection.execute(VERSIONS, {"place": place, "on": on}).fetchall()
    return [LadderVersion(*row) for row in rows]


def _in_use(place: str, told: str) -> LadderInUse:
    name = told if "\n" not in told and told else BUILTIN.get(place, "")
    text = told if "\n" in told else _builtin_text(name)
    ladder = read_ladder(text, place)
    return LadderInUse(place, ladder.id, text, bool(told), ladder)


def _builtin_text(name: str) -> str:
    return resources.files("afterloan.rules").joinpath("packs", "ladders", f"{name}.yaml").read_text(encoding="utf-8")


def lint(text: str, used: str) -> LadderLint:
    """Whether a ladder may be used, and in what it differs from the one in use.

    `    day: eight` on the twelfth line: not sound, line 12, column 5, with what is wrong there.
    """
    lines = unified_diff(used.splitlines(), text.splitlines(), "in use", "draft", lineterm="", n=1)
    difference = tuple(line for line in lines if not line.startswith(("---", "+++")))
    try:
        ladder = sound_ladder(text, "draft")
    except ExpectedFailure as error:
        _, _, said = str(error).partition("draft:")
        number, _, why = said.partition(":")
        at = int(number) if number.isdecimal() else 1
        told = why.strip() or str(error)
        return LadderLint(False, at, column_of(text, at, told), told, 0, difference)
    return LadderLint(True, 0, 0, "", len(ladder.steps), difference)


def column_of(text: str, line: int, why: str) -> int:
    """Where on a line (both from 1) the mistake stands: at the first word that the reason quotes, else where it begins.

    `when: arrears_fn >= 5000` of which the reason says "no column 'arrears_fn'": column 7.
    """
    lines = text.splitlines()
    there = lines[line - 1] if 0 < line <= len(lines) else ""
    for word in re.findall(r"['`]([^'`]+)['`]", why):
        if word in there:
            return there.index(word) + 1
    return len(there) - len(there.lstrip()) + 1

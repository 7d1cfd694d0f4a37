"""The ladder of each place as its text: versions side by side, each used from a day on."""

from datetime import date
from typing import Any

import psycopg

from afterloan.store.locks import lock_setting
from afterloan.store.settings import Setting, set_parts, setting

ALWAYS = "0001-01-01"
"""Since when a ladder is used that was chosen without a day."""


def ladder_texts(connection: psycopg.Connection[Any], on: date) -> dict[str, str]:
    """The ladder that a decision of day `on` goes by, by place: its text, or the name of one that comes along.

    Used at CN: v1 always, v2 since 8 May. On 7 May it is v1, on 8 May v2, and 7 May decided late is still v1.
    A place for which nobody chose one is left out.
    """
    return {place: version["text"] for place, version in _used(connection, on).items()}


def ladder_since(connection: psycopg.Connection[Any], place: str, on: date) -> date | None:
    """From which day's decision on a place has the ladder that it uses on day `on`; None: as long as there is a book.

    Used at CN: v1 always, v2 since 8 May. On 7 May it is None, from 8 May on it is 8 May.
    """
    version = _used(connection, on).get(place)
    return None if version is None or version["since"] == ALWAYS else date.fromisoformat(version["since"])


def keep_ladder(connection: psycopg.Connection[Any], place: str, since: date | None, text: str) -> None:
    """Use a ladder at a place from a day on (None: always); what was to be used from that very day is replaced."""
    day = since.isoformat() if since else ALWAYS
    lock_setting(connection, Setting.LADDERS)
    before = _versions(setting(connection, Setting.LADDERS).get(place, []))
    kept = [one for one in before if one["since"] != day]
    told = sorted([*kept, {"since": day, "text": text}], key=lambda one: one["since"])
    set_parts(connection, Setting.LADDERS, {place: told})


def next_decision(connection: psycopg.Connection[Any]) -> date | None:
    """The day after the last one that was decided, in whatever part; None where none was."""
    row = connection.execute("select max(decided_on) + 1 from decided").fetchone()
    return row[0] if row else None


def _used(connection: psycopg.Connection[Any], on: date) -> dict[str, dict[str, str]]:
    """The version of each place that a decision of day `on` goes by."""
    found = {}
    for place, told in setting(connection, Setting.LADDERS).items():
        due = [one for one in _versions(told) if one["since"] <= on.isoformat()]
        if due:
            found[str(place)] = due[-1]
    return found


def _versions(told: Any) -> list[dict[str, str]]:
    """What a setting tells of one place, the oldest first; a text alone is used always."""
    return [{"since": ALWAYS, "text": told}] if isinstance(told, str) else list(told)

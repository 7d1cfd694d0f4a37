"""The test clock of a book that is only played: set once when the playing begins, moved only forward."""

from datetime import date, time
from typing import Any

from afterloan.facts import FactRefused
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.store.settings import Setting, set_parts, setting


class SetClock(Asked):
    """The day on which the book stands from now on, and the hour (`at`) within it; the hour stays unless told."""

    day: date
    at: time | None = None


def set_clock(desk: Desk, asked: SetClock, on: date) -> dict[str, Any]:
    """Set the test clock. Refused in a book that is real, and to a day before the one it has come to."""
    told = setting(desk.connection, Setting.CLOCK)
    if not told and desk.who.kind != "rule":
        raise FactRefused(
            "day", asked.day, "this book has no test clock: its day is the day", "`afterloan serve --demo` begins one",
            "forbidden",
        )  # fmt: skip
    if told and asked.day < date.fromisoformat(str(told["on"])):
        raise FactRefused(
            "day", asked.day, f"before {told['on']}, to which the book has come", "name that day or a later one"
        )
    parts = {"on": asked.day.isoformat()} | ({"at": asked.at.isoformat("minutes")} if asked.at else {})
    set_parts(desk.connection, Setting.CLOCK, parts)
    return parts

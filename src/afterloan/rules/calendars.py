"""Business days by place: weekends, public holidays and the working days made up for them, as dated data."""

from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from afterloan.dates import day
from afterloan.texts import OURS


class CalendarUnknown(KeyError):
    """No calendar of that name: says which there are."""

    def __str__(self) -> str:
        """The sentence itself, not its repr."""
        return str(self.args[0])


def names() -> list[str]:
    """The calendars that come with afterloan."""
    folder = resources.files("afterloan.rules") / "packs" / "calendars"
    return sorted(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml"))


@cache
def _pack(name: str) -> dict[str, Any]:
    if name not in names():
        raise CalendarUnknown(f"calendar {name!r} is not known; there are: {', '.join(names())}")
    file = resources.files("afterloan.rules") / "packs" / "calendars" / f"{name}.yaml"
    return dict(yaml.load(file.read_text(encoding="utf-8"), Loader=OURS))


def _days(spans: list[str]) -> list[int]:
    found: list[int] = []
    for span in spans:
        first, _, last = span.partition("..")
        found.extend(range(day(first), day(last or first) + 1))
    return found


def business_days(name: str, first: int, last: int) -> npt.NDArray[np.bool_]:
    """True for each business day of `first … last-1`; a year without data knows only weekends.

    China, February 2024: Sunday the 4th is made up and True, Monday the 12th is a holiday and False.
    Raises CalendarUnknown.
    """
    pack = _pack(name)
    days = np.arange(first, last)
    weekday = (days + 3) % 7 + 1  # 1970-01-01 was a Thursday, 4
    business = ~np.isin(weekday, pack["weekend"])
    for year in pack["years"].values():
        for spans, working in ((year["holidays"], False), (year.get("workdays", []), True)):
            for number in _days(spans):
                if first <= number < last:
                    business[number - first] = working
    return business

"""Days as whole numbers since 1970-01-01: civil dates, months and business days, compiled.

A *day* is an `int` (Arrow `date32`, NumPy `datetime64[D]` and this number agree): 2026-03-10 is 20522.
"""

import re
from datetime import date, datetime

from afterloan.compiled import leaf
from afterloan.expected import ExpectedFailure

NEVER = 2**31 - 1
"""A day that does not come: 'still open', 'never reversed'."""


EPOCH = 719163
"""The ordinal of 1970-01-01 in Python's calendar."""
WRITTEN = re.compile(r"\d{4}-\d{2}-\d{2}")


class DayRefused(ExpectedFailure, ValueError):
    """A text that is no day: says so and how to write one."""


def date_told(text: str) -> date:
    """The one parser of days: `date_told("2026-03-10") == date(2026, 3, 10)`. Raises DayRefused for anything else."""
    try:
        if not WRITTEN.fullmatch(text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError as error:
        raise DayRefused(f"{text!r} is not a day; write it as YYYY-MM-DD, e.g. 2026-03-10") from error


def moment_told(text: str) -> datetime:
    """The one parser of moments: `moment_told("2026-03-10T12:00+08:00")`. Raises DayRefused, also without an offset."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError as error:
        raise DayRefused(f"{text!r} is no moment; write it with its offset, e.g. 2026-03-10T12:00+08:00") from error
    if told.tzinfo is None:
        raise DayRefused(f"{text!r} has no offset; write it after the time, e.g. 2026-03-10T12:00+08:00")
    return told


def day(text: str) -> int:
    """`day("2026-03-10") == 20522`. Raises DayRefused."""
    return number_of(date_told(text))


def iso(number: int) -> str:
    """The one printer of days: `iso(20522) == "2026-03-10"`."""
    return date_of(number).isoformat()


def number_of(on: date) -> int:
    """The number of a date: `number_of(date(2026, 3, 10)) == 20522`."""
    return on.toordinal() - EPOCH


def date_of(number: int) -> date:
    """The date of a number: `date_of(20522) == date(2026, 3, 10)`."""
    return date.fromordinal(int(number) + EPOCH)


@leaf
def year_month_day(number):
    """The civil date of a day, proleptic Gregorian: `year_month_day(20522) == (2026, 3, 10)`.

    Days are counted in eras of 400 years that start on 1 March, so that the leap day comes last.
    """
    z = number + 719468
    era = z // 146097
    doe = z - era * 146097
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    month = mp + 3 if mp < 10 else mp - 9
    return yoe + era * 400 + (1 if month <= 2 else 0), month, doy - (153 * mp + 2) // 5 + 1


@leaf
def day_number(year, month, dom):
    """The day of a civil date: `day_number(2026, 3, 10) == 20522`."""
    y = year - 1 if month <= 2 else year
    era = y // 400
    yoe = y - era * 400
    mp = month - 3 if month > 2 else month + 9
    return era * 146097 + yoe * 365 + yoe // 4 - yoe // 100 + (153 * mp + 2) // 5 + dom - 1 - 719468


@leaf
def is_leap(year):
    """Whether the year has a 29 February: 2000 and 2024 have, 1900 and 2026 have not."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


@leaf
def month_length(year, month):
    """Days in a month: `month_length(2024, 2) == 29`."""
    if month == 2:
        return 29 if is_leap(year) else 28
    return 30 + ((month + (month >> 3)) & 1)  # odd months have 31 up to July, even ones from August on


@leaf
def months_later(number, months, dom):
    """The day `months` calendar months later, on day-of-month `dom` or the month's last day.

    31 January + 1 month on the 31st is 28 February: `iso(months_later(day("2026-01-31"), 1, 31))`.
    """
    year, month, _ = year_month_day(number)
    m = year * 12 + month - 1 + months
    year, month = m // 12, m % 12 + 1
    return day_number(year, month, min(dom, month_length(year, month)))

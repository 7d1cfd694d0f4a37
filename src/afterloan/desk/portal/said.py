"""How the portal writes days, in the borrower's language."""

from datetime import date, datetime

from afterloan.desk.web.pages import long_day


def day(on: date | datetime | str | None, language: str) -> str:
    """`2026年1月8日（周四）`, `Thu 8 Jan 2026`; nothing for no day."""
    if not on:
        return ""
    if isinstance(on, str):
        on = date.fromisoformat(on[:10])
    return long_day(on, language)


def days_between(first: date | None, second: date | None) -> int:
    """Days from one day to another; 0 where one is not known."""
    return (second - first).days if first and second else 0

"""How the portal writes amounts, days and rules: in the words of the borrower's language."""

from datetime import date, datetime
from typing import Any

from afterloan.desk.web.pages import money

ZH = "一二三四五六日"
EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day(on: date | datetime | str | None, language: str) -> str:
    """`2026年1月8日（周四）`, `Thu 8 Jan 2026`; nothing for no day."""
    if not on:
        return ""
    if isinstance(on, str):
        on = date.fromisoformat(on[:10])
    if language == "zh":
        return f"{on.year}年{on.month}月{on.day}日（周{ZH[on.weekday()]}）"
    return f"{EN[on.weekday()]} {on.day} {MONTHS[on.month - 1]} {on.year}"


def amount(fen: int) -> str:
    """An amount without its currency, for columns headed by it: `1,284.50`."""
    return money(fen, "en").removeprefix("CNY ").replace("−CNY ", "−")


def days_between(first: date | None, second: date | None) -> int:
    """Days from one day to another; 0 where one is not known."""
    return (second - first).days if first and second else 0


FILTERS: dict[str, Any] = {"amount": amount}

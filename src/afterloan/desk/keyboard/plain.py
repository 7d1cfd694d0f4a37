"""What the machine tells, as a person at the bank reads it: amounts as amounts, fields as words, rows as a table."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from afterloan.money import decimals_of, show_amount, show_money, worded

if TYPE_CHECKING:
    import psycopg

_CURRENCY: ContextVar[str] = ContextVar("currency", default="CNY")
"""In which currency this command speaks: that of the borrower whom it is about (`speak_of`), else the lender's."""
FIELD = re.compile(r"\b([a-z]+(?:_[a-z]+)*)_fen\b(?:(=| |: )(?P<quote>'?)(-?\d+)\b(?P=quote))?")
UNDER = re.compile(r"(?<=[a-z])_(?=[a-z])")


def plain(text: str) -> str:
    """A sentence without inner words: `plain("500 minor units are overdue") == "5.00 CNY are overdue"`.

    A field in minor units becomes its name with the amount: `arrears_fen 45727` is `arrears 457.27 CNY`, and so is
    `arrears_fen '45727'` in a refusal.
    """
    return FIELD.sub(_field, worded(text, _CURRENCY.get()))


def speak_of(connection: "psycopg.Connection[Any]", borrower: str = "", loan: str = "") -> str:
    """From here on amounts are shown in the currency of a borrower, or of a loan's; returns it."""
    from afterloan.enquiry.lender import currency_of

    _CURRENCY.set(currency_of(connection, borrower, loan))
    return _CURRENCY.get()


def money(fen: int) -> str:
    """An amount with its currency, as this command speaks: `money(1245727) == "12,457.27 CNY"`."""
    return show_money(fen, _CURRENCY.get(), ",")


def figure(fen: int) -> str:
    """An amount without its currency, for columns headed by it (`in_currency`): `figure(4572700) == "45,727.00"`."""
    return show_amount(fen, decimals_of(_CURRENCY.get()), ",")


def in_currency() -> str:
    """Heads columns and lines of figures: `amounts in CNY`."""
    return f"amounts in {_CURRENCY.get()}"


def _field(found: re.Match[str]) -> str:
    words = found[1].replace("_", " ")
    return words + (f"{found[2]}{money(int(found[4]))}" if found[4] else "")


def told(name: str, value: Any) -> str:
    """One value by the name of its field: amounts in major units, nothing as nothing, lists with commas."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith("_fen") and isinstance(value, int):
        return money(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return ", ".join(
            f"{heading(key)} {told(key, one)}" for key, one in value.items() if one not in (None, "", [], {})
        )
    if isinstance(value, list | tuple):
        return ", ".join(told(name, one) for one in value)
    return plain(str(value))


def heading(name: str) -> str:
    """The words of a field: `arrears_fen` is `arrears`, `days_past_due` is `days past due`."""
    return name.removesuffix("_fen").replace("_", " ")


def page() -> Any:
    """Where tables are printed: as wide as the terminal; 160 columns in a file or a pipe, so that no figure is cut."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160, markup=False)


def table(rows: Sequence[Mapping[str, Any]], title: str) -> None:
    """Print rows of one shape under their title; numbers to the right."""
    from rich import box
    from rich.table import Table

    if not rows:
        print(f"{title}: nothing")
        return
    shown = Table(title=title, box=box.SIMPLE, title_justify="left")
    for name, value in rows[0].items():
        shown.add_column(_head(name), justify="right" if isinstance(value, int) else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(_cell(name, value) for name, value in row.items()))
    page().print(shown)


def _head(name: str) -> str:
    return f"{heading(name)}, {_CURRENCY.get()}" if name.endswith("_fen") else heading(name)


def _cell(name: str, value: Any) -> str:
    return figure(value) if name.endswith("_fen") and isinstance(value, int) else told(name, value)


def told_of(body: Any, as_json: bool, words: str) -> None:
    """Print an answer's body for machines, or its words for people."""
    print(
        json.dumps(body if isinstance(body, list) else dict(body), ensure_ascii=False, default=str)
        if as_json
        else plain(words)
    )

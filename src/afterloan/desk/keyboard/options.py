"""What many commands take: a day, a language, an answer for machines."""

from datetime import date
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

ON_HELP = "Day, YYYY-MM-DD; the book's own day unless given: today at the lender's place, in a played book its clock's."
"""What `--on` is, in the words of every help."""
On = Annotated[str, typer.Option("--on", help=ON_HELP)]


Language = Annotated[str, typer.Option("--language", help="en or zh; the borrower's own unless given.")]


AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]


TriedLadder = Annotated[str, typer.Argument(help="A ladder's file or name; - for the one in use.")]
FirstDay = Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")]
LastDay = Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD.")]
OtherGrace = Annotated[int | None, typer.Option("--grace", help="Days of grace of every product instead of their own.")]
OtherContact = Annotated[
    str | None, typer.Option("--contact", help="The contact pack of another place: CN, US, EU, UK, IN.")
]


class Whole(TyperGroup):
    """A group whose help tells every command in a whole sentence, wrapped, not cut after some words."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a line or more for each command."""
        rows = [(name, self.commands[name].get_short_help_str(1_000)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def group(words: str) -> typer.Typer:
    """A group of commands, told by `words`; help without frames: reading what draws them takes longer than the rest."""
    return typer.Typer(cls=Whole, no_args_is_help=True, rich_markup_mode=None, help=words)


def few_loans() -> None:
    """Reckon uncompiled in this process: for a command that asks of a loan or two; called before reckoning is read.

    One loan takes some milliseconds as plain Python; reading Numba and the compiled code takes more than two seconds.
    Where compiled code was read already it stays (the same to the cent, `tests/loan/test_invariants.py`).
    """
    import os
    import sys

    if "afterloan.compiled" not in sys.modules:
        os.environ.setdefault("NUMBA_DISABLE_JIT", "1")


def amount_of(text: str, where: str = "amount") -> int:
    """Minor units of an amount at the keyboard, never below nothing: `amount_of("1200.00") == 120000`.

    `where`: the option, as the person knows it. Raises AmountRefused.
    """
    from afterloan.money import AmountRefused, parse_amount

    minor = parse_amount(text, where=where)
    if minor < 0:
        raise AmountRefused(where, text, "is below nothing", "write what it comes to, without a sign")
    return minor


def book_day(text: str = "") -> date:
    """A day as told, `book_day("2026-03-10") == date(2026, 3, 10)`; else the day that it is in the book.

    The one default of `--on`, for acts and questions alike: a served book goes by the same clock.
    """
    from datetime import UTC, datetime

    from afterloan.dates import date_told

    if text:
        return date_told(text)
    from afterloan.enquiry.clock import clock_of
    from afterloan.store.server import open_store

    with open_store().connect() as connection:
        return clock_of(connection, datetime.now(UTC)).on


def day_of(text: str = "") -> int:
    """`book_day` as days since 1970-01-01."""
    from afterloan.dates import number_of

    return int(number_of(book_day(text)))


def last_day_closed() -> int:
    """The last day closed, else the last day that the book knows of, as days since 1970-01-01."""
    from afterloan.store.rebuilding import last_day
    from afterloan.store.server import open_store

    with open_store().connect() as connection:
        return last_day(connection)


def month_end_of(text: str) -> Any:
    """The last day of a month, or of the month of a day: `month_end_of("2026-03")` is 31 March 2026."""
    from datetime import timedelta

    from afterloan.dates import date_told

    first = date_told(f"{text}-01" if len(text) == 7 else text).replace(day=1)
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)

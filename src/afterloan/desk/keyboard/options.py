"""What many commands take: a day, a language, an answer for machines."""

from typing import Annotated

import typer

On = Annotated[str, typer.Option("--on", help="Day, YYYY-MM-DD; the last day closed unless given.")]


Language = Annotated[str, typer.Option("--language", help="en or zh; the borrower's own unless given.")]


AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]


def day_of(text: str) -> int:
    """A day from its text, else the last day the book knows."""
    from afterloan.dates import day
    from afterloan.store.rebuilding import last_day
    from afterloan.store.server import open_store

    if text:
        try:
            return day(text)
        except ValueError as error:
            raise ValueError(f"{text!r} is not a day; write it as YYYY-MM-DD, e.g. 2026-03-10") from error
    with open_store().connect() as connection:
        return last_day(connection)

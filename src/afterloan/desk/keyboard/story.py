"""The commands `story` and `lives`: one borrower's days told in order, and the lives played through the system."""

import json
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from afterloan.counting import counted
from afterloan.desk.keyboard.options import On, book_day, few_loans
from afterloan.desk.keyboard.plain import in_currency, plain, speak_of

if TYPE_CHECKING:
    from afterloan.rehearsal.lives import LivesBeside
    from afterloan.store.server import Store
    from afterloan.strategy.story import StoryLine


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("story")(story)
    app.command("lives")(lives)


def in_lines(lines: "list[StoryLine]", brief: bool = False) -> list[str]:
    """The lines as text, the day only where it changes; `brief`: what happened, without how it was decided."""
    shown, before = [], None
    for line in lines:
        if brief and line.source in ("decision", "finding", "contact", "working"):
            continue
        day = str(line.on) if line.on != before else ""
        before = line.on
        shown.append(f"{day:10}  {line.clock:5}  {plain(line.text)}")
    return shown


def story(
    borrower: str,
    language: Annotated[str, typer.Option("--language", help="en or zh")] = "en",
    on: On = "",
    brief: Annotated[bool, typer.Option("--brief", help="What happened, without how it was decided.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Tell each day until then on which something happened to BORROWER: money, decisions, messages, debits, courts."""
    few_loans()
    from dataclasses import asdict

    from afterloan.enquiry.story import story_of
    from afterloan.store.server import open_store

    store = open_store()
    lines = story_of(store, borrower, language, book_day(on))
    with store.connect() as connection:
        speak_of(connection, borrower)
    if as_json:
        told: list[dict[str, Any]] = [{**asdict(line), "on": str(line.on)} for line in lines]
        print(json.dumps(told, ensure_ascii=False))
        return
    print("\n".join([in_currency(), *in_lines(lines, brief)]))


def demo_lives(
    store: "Store", language: str = "en", brief: bool = True, beside: "LivesBeside | None" = None
) -> list[str]:
    """Play the lives in a small book beside the store's own and tell their stories, a line of text each.

    Lives that this very code has played stand as they are and are only told; `beside`: who is playing them already.
    """
    from afterloan.enquiry.story import story_of
    from afterloan.rehearsal.lives import played_store, scripts

    small, played = beside.played() if beside else played_store(store)
    days = f"{counted(played.days, 'day')} of {len(scripts())} lives played in {played.seconds:.0f} s" if played else ""
    told = [days or f"{len(scripts())} lives, played before"]
    for script in scripts():
        lines = story_of(small, script["borrower"], language, date.fromisoformat(script["through"]))
        told += ["", f"== {script['title'][language]} ==", *in_lines(lines, brief)]
    return told


def lives(
    language: Annotated[str, typer.Option("--language", help="en or zh")] = "en",
    whole: Annotated[bool, typer.Option("--whole", help="Decisions, findings and contacts too.")] = False,
) -> None:
    """Play five lives day by day in a small book of their own, and tell their stories."""
    from afterloan.store.server import open_store

    print("\n".join(demo_lives(open_store(), language, brief=not whole)))

"""`afterloan risk limits`: every line looked at anew, tried on the book or a table, or proposed to a second person."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from afterloan.desk.keyboard.doing import Stop, say
from afterloan.desk.keyboard.options import AsJson, On

if TYPE_CHECKING:
    from datetime import date

    from afterloan.enquiry.lines_tried import LinesTried


def limits(
    model: Annotated[Path | None, typer.Argument(help="A model's folder, for a table; else the book.")] = None,
    table: Annotated[Path | None, typer.Argument(help="A table that the model did not learn from.")] = None,
    limit: Annotated[str, typer.Option("--limit", help="The table's column of limits.")] = "",
    drawn: Annotated[str, typer.Option("--drawn", help="The table's column of what is drawn.")] = "",
    label: Annotated[str, typer.Option("--label", help="The table's column of outcomes, where known.")] = "",
    step: Annotated[
        int | None, typer.Option("--step", min=1, max=100, help="Percent at most; else the pack's.")
    ] = None,
    try_: Annotated[bool, typer.Option("--try", help="Show the portfolio before and after; nothing is done.")] = False,
    propose: Annotated[int, typer.Option("--propose", min=0, help="Propose so many of the lowered lines.")] = 0,
    on: On = "",
    by: Annotated[str, typer.Option("--by", help="Who does it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Set every line anew with the total as it is: what that would do, or propose it to a second person."""
    if propose and model is not None:
        raise Stop("--propose: lines of a table are tried only; leave MODEL and TABLE out to look at the book")
    if not try_ and not propose:
        raise Stop("say --try to see what it would do, or --propose N to put lowered lines before a second person")
    tried, day = _tried(model, table, limit, drawn, label, None if step is None else step * 10_000, on)
    told = tried.told()
    if propose:
        told["proposed"] = _propose(tried, day, by, propose)
    if as_json:
        print(json.dumps(told | {"changes": tried.changes()[:1_000]}, ensure_ascii=False))
        return
    _show_lines(told, tried)


def _tried(
    model: Path | None, table: Path | None, limit: str, drawn: str, label: str, step_ppm: int | None, on: str
) -> "tuple[LinesTried, date]":
    from afterloan.enquiry.lines_tried import line_policy, lines_of_book, lines_of_table, table_policy

    if model is not None:
        from datetime import date

        from afterloan.intake.tables import read_table
        from afterloan.risk.model import of_parts
        from afterloan.store.models import read_folder

        if table is None or not limit:
            raise Stop("name the table and its column of limits: `risk limits MODEL TABLE --limit COLUMN --try`")
        if on:
            raise Stop("--on: a table has no day; leave it out")
        read = of_parts(read_folder(model))
        return lines_of_table(read, read_table(table), limit, drawn, label, table_policy(step_ppm)), date.max
    from afterloan.desk.keyboard.options import book_day
    from afterloan.store.server import open_store

    day = book_day(on)
    policy, safe = line_policy("ANY", day, step_ppm)
    return lines_of_book(open_store(), day, policy, safe), day


def _propose(tried: "LinesTried", day: Any, by: str, most: int) -> list[str]:
    """Proposals of lowered lines, the widest first; a wider line is offered to the borrower, and none is made here."""
    from afterloan.desk.keyboard.doing import act
    from afterloan.desk.keyboard.plain import money

    done = []
    for change in [c for c in tried.changes() if c["how"] == "lower"][:most]:
        by_chance = change["by_chance_fen"]
        drawn = f", of it by chance, to learn from, {money(by_chance)}" if by_chance else ""
        asked = {
            "borrower": change["borrower"], "change": "reduce", "after_fen": change["after_fen"],
            "by_score": True,
            "reason": f"looked at anew: band {change['band']}, chance of default {change['pd_ppm'] / 10_000:.2f} %"
            + drawn,
        }  # fmt: skip
        reference = f"reassess:{change['borrower']}:{day}"
        act("limit.change", asked, day, reference, by, propose_only=True)
        done.append(reference)
    return done


def _show_lines(told: dict[str, Any], tried: "LinesTried") -> None:
    from afterloan.desk.keyboard.plain import money, table

    moves = f"{told['raised']:,} wider, {told['lowered']:,} narrower, {told['unchanged']:,} as before"
    print(f"{told['lines']:,} lines: {moves}")
    for name, words in (("", "limits"), ("expected_default_", "expected with who defaults")):
        print(f"{words}: {money(told[name + 'before_fen'])} before, {money(told[name + 'after_fen'])} after")
    if "default_share_before_ppm" in told:
        print(
            f"share of limit with who defaulted: {told['default_share_before_ppm'] / 10_000:.2f} % before, "
            f"{told['default_share_after_ppm'] / 10_000:.2f} % after ({told['change_ppm'] / 10_000:+.1f} %)"
        )
    print("held by: " + ", ".join(f"{name} {n:,}" for name, n in told["held_by"].items()))
    table(tried.changes()[:20], "lines that move")
    for reference in told.get("proposed", []):
        say(f"proposed: {reference}")

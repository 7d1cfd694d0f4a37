"""`afterloan risk choices`: what was chosen among the steps that the ladders allowed a day, for whom and why."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from afterloan.desk.keyboard.options import AsJson, On, book_day

if TYPE_CHECKING:
    from afterloan.enquiry.choices import ChoicesTold, ChoiceTold
    from afterloan.risk.choice_model import ChoicesJudged


def choices(
    borrower: Annotated[str, typer.Argument(help="One borrower; without it the whole day.")] = "",
    on: On = "",
    model: Annotated[
        str, typer.Option("--model", help="Judge this model of treatments by what was drawn since it learnt.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """What the night chose among the steps of a day; of one BORROWER: every option with its chance and worth."""
    from afterloan.enquiry.choices import choice_named, choices_told, judged_named
    from afterloan.store.server import open_store

    day = book_day(on)
    with open_store().connect() as connection:
        if model:
            told: Any = judged_named(connection, model, day)
            shown: Any = _show_judged
        elif borrower:
            told, shown = choice_named(connection, borrower, day), _show_one
        else:
            told, shown = choices_told(connection, day), _show_day
    if as_json:
        print(json.dumps(told.told(), ensure_ascii=False))
    else:
        shown(told)


def _show_day(day: "ChoicesTold") -> None:
    from afterloan.desk.keyboard.plain import table

    rows = [{"option": o, "asked by the ladder": asked, "given": given} for o, asked, given in day.options]
    table(rows, f"choices of {day.on}")
    by = f"model {day.model}" if day.model else "the ladder"
    print(
        f"{day.mode}: {day.borrowers:,} borrowers, {day.otherwise:,} otherwise than the ladder, "
        f"{day.drawn:,} drawn by chance; by {by}, rule {day.rule} ({day.status})"
    )


def _show_one(one: "ChoiceTold") -> None:
    from afterloan.desk.keyboard.plain import money, table

    how = "drawn by chance" if one.drawn else "worth most" if one.model else "as the ladder says"
    print(f"{one.borrower} on {one.on}: the ladder asked for {one.asked}; given: {one.given}, {how}")
    rows = [
        {
            "option": name,
            "chance": f"{chance / 10_000:.1f} %",
            "paid": "" if paid is None else f"{paid / 10_000:.1f} %",
            "worth": "" if worth is None else money(worth),
        }
        for name, chance, paid, worth in one.options
    ]
    table(rows, "options")


def _show_judged(judged: "ChoicesJudged") -> None:
    from afterloan.desk.keyboard.plain import money

    gain, low, high = (money(round(fen)) for fen in (judged.gain_fen, judged.low_fen, judged.high_fen))
    print(
        f"{judged.rows:,} rows of {judged.borrowers:,} borrowers on {judged.days:,} days since it learnt: "
        f"{gain} a row over the ladder ({low} to {high}), {judged.otherwise:,} chosen otherwise"
    )
    if judged.refused:
        print(f"not to be believed: {judged.refused}")

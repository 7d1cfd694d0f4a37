"""`afterloan risk treat`: what treatments did, by a log of arms drawn by chance, and whom to give which."""

import json
from pathlib import Path
from typing import Annotated

import typer

from afterloan.desk.keyboard.doing import Stop
from afterloan.desk.keyboard.options import AsJson

Named = Annotated[list[str] | None, typer.Option()]


def treat_played(
    borrowers: Annotated[int, typer.Option("--borrowers", min=1_000, max=200_000)] = 20_000,
    margin: Annotated[float, typer.Option("--margin", min=0, max=20, help="Percent that is drawn by chance.")] = 5.0,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 1,
    as_json: AsJson = False,
) -> None:
    """A made-up world whose true effects are known: what each order of treating would bring, side by side."""
    from afterloan.desk.keyboard.plain import table
    from afterloan.rehearsal.treated import treated

    told = treated(borrowers, seed, round(margin * 10_000))
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    best = told["brings"]["optimum"]
    rows = [{"order": n, "brings": f"{v:,.2f}", "of the optimum": f"{v / best:.1%}"} for n, v in told["brings"].items()]
    table(rows, f"{borrowers:,} made-up borrowers in arrears: what treating them brings over leaving all alone")
    j = told["judged"]
    print(
        f"the learnt choice by the log alone: {j['each']:,.2f} each ({j['low']:,.2f} to {j['high']:,.2f}; true "
        f"{j['true']:,.2f}), all left alone {j['alone']:,.2f}: " + ("let in" if j["let_in"] else "not let in")
    )


def treat(
    log: Annotated[Path, typer.Argument(help="A row a borrower: treatment, outcome, chance_NAME of each treatment.")],
    arm: Annotated[str, typer.Option("--arm", help="The column of the treatment that was given.")],
    label: Annotated[str, typer.Option("--label", help="The column that says whether it was paid (1).")],
    worth: Annotated[str, typer.Option("--worth", help="The column of what a cure brings.")],
    alone: Annotated[str, typer.Option("--alone", help="The treatment that is none.")] = "none",
    cost: Annotated[list[str] | None, typer.Option("--cost", help="NAME=COST of one, e.g. call=6.")] = None,
    capacity: Annotated[list[str] | None, typer.Option("--capacity", help="NAME=TIMES at most, of all rows.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 1,
    as_json: AsJson = False,
) -> None:
    """Learn effects from a randomised LOG on one half, assign treatments on the other, and judge that by the log."""
    from afterloan.intake.tables import read_table
    from afterloan.risk.table import columns_of_any
    from afterloan.risk.treat_log import log_of, weighed

    frame = read_table(log)
    if worth not in frame.columns:
        raise Stop(f"--worth {worth}: no such column; name what a cure of the row brings")
    read, names, _ = log_of(frame, arm, label, alone)
    brings = columns_of_any(frame.select(worth))[worth]
    if brings.dtype == object:
        raise Stop(f"--worth {worth}: holds words; name a column of amounts")
    told = weighed(
        read, names, brings, _by_name(cost, names), {k: int(v) for k, v in _by_name(capacity, names).items()}, seed
    )
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    for name, effect in told["treatments"].items():
        print(
            f"{name}: {effect['rows']:,} rows, {effect['cured']:.1%} paid, {effect['uplift']:+.1%} "
            f"({effect['low']:+.1%} to {effect['high']:+.1%}); given to {told['assigned'][name]:,}, "
            f"one more place is worth {told['price'][name]:,.2f}"
        )
    print(f"each row brought as logged {told['as_logged']:,.2f}")
    for name, j in told["judged"].items():
        print(
            f"{name}: {j['each']:,.2f} ({j['low']:,.2f} to {j['high']:,.2f}), by {j['rows']:,} rows' worth of the log"
        )


def _by_name(told: list[str] | None, names: list[str]) -> dict[str, float]:
    found = {}
    for text in told or []:
        name, _, value = text.partition("=")
        try:
            found[name] = float(value)
        except ValueError as error:
            raise Stop(f"{text}: write NAME=NUMBER, e.g. call=6") from error
        if name not in names:
            raise Stop(f"{text}: no treatment is called {name!r}; there are: {', '.join(names)}")
    return found

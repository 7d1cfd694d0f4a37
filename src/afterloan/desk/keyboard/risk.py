"""`afterloan risk`: models of who goes wrong, fitted on any table and assessed on any other."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from afterloan.desk.keyboard.doing import Stop, say
from afterloan.desk.keyboard.options import AsJson, group

if TYPE_CHECKING:
    from afterloan.risk.model import Assessed

Label = Annotated[str, typer.Option("--label", help="The column that says how it ended.")]
BadValue = Annotated[str, typer.Option("--bad", help="The label's value that is bad, where it does not say.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    risk = group("Models of who goes wrong: fit on a table, assess on another, look at the card.")
    risk.command()(fit)
    risk.command()(assess)
    risk.command()(card)
    app.add_typer(risk, name="risk")


def fit(
    table: Path,
    label: Label,
    out: Annotated[Path, typer.Option("--out", help="The new folder of the model.")],
    declare: Annotated[Path | None, typer.Option("--declare", help="Signs, special codes, groups … as YAML.")] = None,
    bad: BadValue = "",
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same model.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Fit a scorecard (champion) and boosted trees (challenger) on TABLE (CSV or Parquet)."""
    from afterloan.intake.tables import read_declaration, read_table
    from afterloan.risk.model import fit as fitted
    from afterloan.risk.model import parts
    from afterloan.store.models import refuse_taken, write_folder

    _needed()
    refuse_taken(out)
    declaration = read_declaration(declare)
    model = fitted(read_table(table), label, declaration, bad, seed)
    write_folder(out, parts(model))
    if as_json:
        print(json.dumps(model.card, ensure_ascii=False))
        return
    told = model.card
    for note in told["notes"]:
        say(note)
    print(f"{told['rows']:,} rows, {told['went_bad']:,} went bad, {len(told['columns'])} columns; model: {out}")
    print("on folds left out of the fitting:")
    _table({name: told["on_folds_left_out"][name] for name in ("champion", "challenger")})
    print(f"leads: {told['leads']}\nnext: afterloan risk assess {out} TABLE --label {label}")


def assess(
    model: Annotated[Path, typer.Argument(help="The folder that `risk fit` wrote.")],
    table: Path,
    label: Label,
    bad: BadValue = "",
    as_json: AsJson = False,
) -> None:
    """Measure MODEL on TABLE: discrimination with its interval, calibration, by declared group."""
    from afterloan.intake.tables import read_table
    from afterloan.risk.model import assess as assessed
    from afterloan.risk.model import of_parts
    from afterloan.store.models import read_folder

    _needed()
    told = assessed(of_parts(read_folder(model)), read_table(table), label, bad)
    print(json.dumps(told.told(), ensure_ascii=False)) if as_json else _show(told)


def card(model: Path, as_json: AsJson = False) -> None:
    """Show the card of MODEL and what its scorecard is made of: each column's bins and points."""
    from afterloan.risk.model import of_parts
    from afterloan.store.models import read_folder

    told = of_parts(read_folder(model))
    if as_json:
        lines = {
            name: {"weight": w, "spread": w * told.scorecard.bins[name].span()}
            for name, w in told.scorecard.weights.items()
        }
        print(json.dumps(told.card | {"scorecard": lines}, ensure_ascii=False))
        return
    for key in ("label", "rows", "went_bad", "leads", "seed", "table_sha256"):
        print(f"{key}: {told.card[key]}")
    _table(told.card["on_folds_left_out"])
    print("\nwhat the scorecard is made of, widest first (log odds between its best and its worst bin):")
    spans = {name: w * told.scorecard.bins[name].span() for name, w in told.scorecard.weights.items()}
    for name, span in sorted(spans.items(), key=lambda pair: -pair[1]):
        print(f"  {span:6.2f}  {name}")


def _needed() -> None:
    """Say what to install where the extra is not there."""
    from importlib.util import find_spec

    lost = [name for name in ("lightgbm", "scipy") if find_spec(name) is None]
    if lost:
        raise Stop(f"{' and '.join(lost)}: not installed; models need the extra: pip install 'afterloan[risk]'")


def _show(told: "Assessed") -> None:
    first = next(iter(told.models.values()))
    print(f"{first.rows:,} rows, {first.bad:,} went bad")
    _table({name: m.told() for name, m in told.models.items()})
    for column, values in told.groups.items():
        for value, each in values.items():
            print(f"\n{column} {value}:" + (" too few of one outcome to say" if each is None else ""))
            if each is not None:
                _table({name: m.told() for name, m in each.items()})


def _table(rows: dict[str, dict[str, Any]]) -> None:
    print(f"{'':12}{'AUC':>7}{'interval':>17}{'KS':>8}{'Brier':>8}{'ECE':>8}{'slope':>8}")
    for name, m in rows.items():
        interval = f"{m['auc_low']:.3f} to {m['auc_high']:.3f}"
        print(f"{name:12}{m['auc']:7.3f}{interval:>17}{m['ks']:8.3f}{m['brier']:8.3f}{m['ece']:8.3f}{m['slope']:8.2f}")

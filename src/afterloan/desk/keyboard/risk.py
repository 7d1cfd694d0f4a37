"""`afterloan risk`: models of who goes wrong, on any table or from the book: fitted, approved, used, explained."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from afterloan.desk.keyboard.doing import Stop, say
from afterloan.desk.keyboard.options import AsJson, On, book_day, day_of, group
from afterloan.desk.keyboard.risk_choices import choices
from afterloan.desk.keyboard.risk_forecast import forecast
from afterloan.desk.keyboard.risk_limits import limits
from afterloan.desk.keyboard.risk_report import report
from afterloan.desk.keyboard.risk_rings import rings
from afterloan.desk.keyboard.risk_treat import treat, treat_played

if TYPE_CHECKING:
    from afterloan.intake.flows import FlowsRead
    from afterloan.risk.model import Assessed

Label = Annotated[str, typer.Option("--label", help="The column that says how it ended.")]
BadValue = Annotated[str, typer.Option("--bad", help="The label's value that is bad, where it does not say.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    risk = group("Models of who goes wrong: on any table, or from the book's own past, approved, used and explained.")
    risk.command()(fit)
    risk.command()(assess)
    risk.command()(card)
    risk.command()(train)
    risk.command()(propose)
    risk.command()(approve)
    risk.command()(promote)
    risk.command()(retire)
    risk.command()(score)
    risk.command()(models)
    risk.command()(why)
    risk.command()(monitor)
    risk.command()(features)
    risk.command()(flows)
    risk.command()(bureau)
    risk.command()(limits)
    risk.command()(treat)
    risk.command("treat-played")(treat_played)
    risk.command()(choices)
    risk.command()(forecast)
    risk.command()(report)
    risk.command()(rings)
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
    for source, halves in told.get("switched", {}).items():
        for name, e in halves.items():
            print(
                f"source {source}, {name}: area {e['without']:.3f} without, {e['with']:.3f} with it "
                f"({e['low']:+.3f} to {e['high']:+.3f}); least over greatest share treated well, with and without: "
                f"{e['impact']}"
            )
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


def card(
    model: Path,
    sql: Annotated[str, typer.Option("--sql", help="Print the scorecard as one query over this table.")] = "",
    spark: Annotated[bool, typer.Option("--spark", help="With --sql: names as Spark quotes them.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the card of MODEL and what its scorecard is made of: each column's bins and points."""
    from afterloan.risk.model import of_parts
    from afterloan.store.models import read_folder

    told = of_parts(read_folder(model))
    if sql:
        from afterloan.risk.in_sql import SPARK, scorecard_sql

        print(scorecard_sql(told, sql, SPARK if spark else '"'))
        return
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


By = Annotated[str, typer.Option("--by", help="Who does it; whoever sits here unless given.")]
Name = Annotated[str, typer.Argument(help="The first 8 or more characters of the model's name.")]


def train(
    purpose: Annotated[str, typer.Argument(help="early_warning, cure, roll, limit or treatment")],
    out: Annotated[Path, typer.Option("--out", help="The new folder of the model.")],
    groups: Annotated[str, typer.Option("--groups", help="Groups of features, with commas between.")] = "own_history",
    through: Annotated[
        str, typer.Option("--through", help="The last day known; the last one closed unless given.")
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same model.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Fit a model of PURPOSE on the book's own past: features as then known, outcomes as they came."""
    from afterloan.desk.keyboard.options import day_of, last_day_closed
    from afterloan.enquiry.models import purpose_named, train_from_book
    from afterloan.risk.model import parts
    from afterloan.store.models import refuse_taken, write_folder
    from afterloan.store.server import open_store

    if purpose == "treatment":
        train_treatment(out, through, as_json)
        return
    _needed()
    refuse_taken(out)
    wanted = [name.strip() for name in groups.split(",") if name.strip()]
    model = train_from_book(
        open_store(), purpose_named(purpose), wanted, day_of(through) if through else last_day_closed(), seed
    )
    write_folder(out, parts(model))
    told = model.card
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    print(f"{purpose}: {told['outcome']}")
    print(
        f"learnt from {told['rows']:,} rows of {told['borrowers']:,} borrowers on {len(told['learnt_from'])} days, "
        f"{told['went_bad']:,} went bad; measured on {len(told['measured_on'])} later days:"
    )
    _table(told["out_of_time"])
    for watched in told["fairness"]:
        print(f"adverse impact by {watched['by']}: {watched['impact']} {watched['shares']}")
    print(f"leads: {told['leads']}\nnext: afterloan risk propose {out}")


def train_treatment(out: Path, through: str, as_json: bool) -> None:
    """Learn what the steps of ladders bring from the choices that the night drew and logged."""
    from afterloan.dates import date_of
    from afterloan.desk.keyboard.options import day_of, last_day_closed
    from afterloan.enquiry.choices import learn_from_book
    from afterloan.risk.choice_model import choice_parts
    from afterloan.store.models import refuse_taken, write_folder
    from afterloan.store.server import open_store

    refuse_taken(out)
    with open_store().connect() as connection:
        model = learn_from_book(connection, date_of(day_of(through) if through else last_day_closed()))
    write_folder(out, choice_parts(model))
    told = model.card
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    print(f"learnt from {told['rows']:,} choices for {told['borrowers']:,} borrowers, "
          f"{told['learnt_from']} to {told['trained_through']}:")  # fmt: skip
    for name, seen in told["options"].items():
        print(f"  {name}: given {seen['rows']:,} times, {seen['paid']:.1%} paid")
    print(f"next: afterloan risk propose {out}")


def propose(model: Path, on: On = "", by: By = "", reference: str = "", as_json: AsJson = False) -> None:
    """Propose the folder MODEL for use: it is kept as it is, and another person has to approve it."""
    from afterloan.desk.keyboard.doing import act, file_asked, show
    from afterloan.store.models import read_folder

    files = read_folder(model)
    content = json.dumps(files, ensure_ascii=False, sort_keys=True).encode()
    answer = act("model.propose", file_asked(content), book_day(on), reference, by)
    show(
        answer,
        as_json,
        lambda b: f"model {b['model']} for {b['purpose']} proposed; next: afterloan risk approve {b['model']}",
    )


def _act(verb: str, asked: dict[str, Any], on: str, by: str, reference: str, as_json: bool, told: str) -> None:
    """Do a verb of models and say what came of it; `told` is filled in with the answer."""
    from afterloan.desk.keyboard.doing import act, show

    show(act(verb, asked, book_day(on), reference, by), as_json, lambda body: told.format(**body))


def approve(
    model: Name,
    note: Annotated[str, typer.Option("--note", help="What was looked at.")],
    on: On = "",
    by: By = "",
    reference: str = "",
    as_json: AsJson = False,
) -> None:
    """Approve MODEL as a second person; from then on it scores beside the one in use."""
    told = "model {model} for {purpose} is approved; next: afterloan risk score"
    _act("model.approve", {"model": model, "note": note}, on, by, reference, as_json, told)


def promote(model: Name, on: On = "", by: By = "", reference: str = "", as_json: AsJson = False) -> None:
    """Use MODEL from now on, if it passes every gate on days that it did not learn from."""
    told = "model {model} is in use for {purpose}: gain {evidence[gain]}"  # of treatments: minor units a row
    _act("model.promote", {"model": model}, on, by, reference, as_json, told)


def retire(
    model: Name,
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    on: On = "",
    by: By = "",
    reference: str = "",
    as_json: AsJson = False,
) -> None:
    """Use MODEL no longer; what it scored stays on record."""
    told = "model {model} for {purpose} is retired"
    _act("model.retire", {"model": model, "reason": reason}, on, by, reference, as_json, told)


def score(
    purpose: Annotated[str, typer.Option("--purpose", help="Only models of this purpose.")] = "",
    on: On = "",
    by: By = "",
    reference: str = "",
    as_json: AsJson = False,
) -> None:
    """Score the book: models in use, and beside them those that are approved."""
    from afterloan.desk.keyboard.doing import act, show

    answer = act("model.score", {"purpose": purpose or None}, book_day(on), reference, by)
    show(
        answer,
        as_json,
        lambda b: (
            f"scored on {b['on']}: " + (", ".join(f"{n:,} by {m}" for m, n in b["scored"].items()) or "done before")
        ),
    )


def models(on: On = "", as_json: AsJson = False) -> None:
    """The models on record: purpose, state, who proposed, who decided last."""
    from afterloan.desk.keyboard.plain import table
    from afterloan.enquiry.models import listed_models
    from afterloan.store.server import open_store

    with open_store().connect() as connection:
        rows = listed_models(connection, book_day(on))
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        table([{k: v for k, v in row.items() if k != "sha256"} for row in rows], "models")


def why(
    borrower: str,
    on: On = "",
    language: Annotated[str, typer.Option("--language", help="en or zh.")] = "en",
    as_json: AsJson = False,
) -> None:
    """Why BORROWER has the score: reasons with their own figures, what would change it, what was read."""
    from afterloan.enquiry.models import why as asked
    from afterloan.store.server import open_store

    found = [w.told(language) for w in asked(open_store(), borrower, day_of(on))]
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for told in found:
        print(
            f"{told['purpose']}: band {told['band']}, {told['probability']:.2%} ({told['outcome']})"
            f"; model {told['model']} {told['state']}"
        )
        for reason in told["reasons"]:
            print(f"  {reason['cost']:6.2f}  {reason['words']}")
        for change in told["would_change_it"]:
            print(f"  would change it: {change['words']} ({change['probability']:.2%})")
        print("  read: " + "; ".join(f"{s['group']} (consent {s['consent']})" for s in told["sources"]))


def monitor(
    what: Annotated[str, typer.Argument(help="A table (CSV or Parquet), or a model of the book by its name.")],
    month: Annotated[str, typer.Option("--month", help="The table's column of the month.")] = "",
    oldest_first: Annotated[
        bool, typer.Option("--oldest-first", help="Numbered columns begin with the oldest month, not the latest.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="A new folder for tables, JSON and a page.")] = None,
    on: On = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Compare months of WHAT: status codes, figures, score, outcomes, fairness; a model's alarms become tasks."""
    from afterloan.desk.keyboard.doing import act
    from afterloan.enquiry.monitoring import monitor_model, monitor_table
    from afterloan.intake.tables import read_table
    from afterloan.report.monitor_page import monitor_page
    from afterloan.store.models import refuse_taken, write_folder
    from afterloan.store.server import open_store

    _needed()
    if out is not None:
        refuse_taken(out)
    if Path(what).is_file():
        found = monitor_table(read_table(Path(what)), month, oldest_first)
    else:
        day = book_day(on)
        found = monitor_model(open_store(), what, day)
        act("model.watch", {"model": what}, day, f"watch:{found.about['model']}:{day}", by)
    told = found.told()
    if out is not None:
        text = json.dumps(told, ensure_ascii=False, indent=1)
        tables = {f"{name}.csv": _csv(rows) for name, rows in told["tables"].items() if rows}
        write_folder(out, {"monitor.json": text, "monitor.html": monitor_page(told), **tables})
        say(f"page: {out / 'monitor.html'}")
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    for alarm in told["alarms"]:
        print(f"{alarm['kind']}: {alarm['where']} {alarm['month']}: {alarm['found']}")
    print(
        f"{len(told['alarms'])} to look at; compared: "
        + ", ".join(f"{len(r)} rows of {n}" for n, r in told["tables"].items())
    )


def features(
    movements: Annotated[Path, typer.Argument(help="Movements of accounts, CSV or Parquet.")],
    as_of: Annotated[Path, typer.Option("--as-of", help="A table with borrower, as_of; others are kept.")],
    out: Annotated[Path, typer.Option("--out", help="The new table, CSV.")],
    map_: Annotated[Path | None, typer.Option("--map", help="How the movements are read, as YAML.")] = None,
    network: Annotated[
        bool, typer.Option("--network", help="Also of transfers among the table's borrowers; it needs defaulted_on.")
    ] = False,
) -> None:
    """Features of account flows and spending for each row of a table as of its own day, for `risk fit`."""
    from afterloan.intake.flow_features import features_of_file

    told = features_of_file(movements, as_of, map_, network)
    if out.exists():
        raise Stop(f"{out}: is there already; name another file")
    told.frame.write_csv(out)
    for row in told.refused[:5]:
        say(f"{row.file} row {row.row}: {row.column} {row.value!r} {row.reason}")
    print(f"{len(told.frame):,} rows, {len(told.frame.columns)} columns: {out}; {len(told.refused)} movements refused")


def flows(
    file: Annotated[Path, typer.Argument(help="Movements, or with --consents the consents, CSV or Parquet.")],
    source: Annotated[str, typer.Option("--source", help="The name of the source, as consents name it.")] = "",
    map_: Annotated[Path | None, typer.Option("--map", help="How the movements are read, as YAML.")] = None,
    consents: Annotated[bool, typer.Option("--consents", help="FILE holds consents.")] = False,
    on: On = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Take account movements of a source into the book, of borrowers who agreed to it; refusals row by row."""
    from afterloan.desk.keyboard.doing import who_here
    from afterloan.intake.flows import bring_consents, bring_flows, read_flow_map
    from afterloan.store.server import open_store

    store = open_store()
    with store.connect() as connection:
        who = who_here(connection, by)
    if not consents and not source:
        raise Stop("--source: name the source of the movements, as the consents name it")
    day = book_day(on)
    told = (
        bring_consents(store, file, who, day)
        if consents
        else bring_flows(store, file, source, read_flow_map(map_), who, day)
    )
    _show_rows(told, as_json)


def bureau(
    file: Annotated[Path, typer.Argument(help="Accounts with other lenders, a row each, CSV or Parquet.")],
    source: Annotated[str, typer.Option("--source", help="The name of the bureau, as consents name it.")],
    on: On = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Take a bureau's reports into the book, of borrowers who agreed to it; refusals row by row."""
    from afterloan.desk.keyboard.doing import who_here
    from afterloan.intake.bureau_reports import bring_reports
    from afterloan.store.server import open_store

    store = open_store()
    with store.connect() as connection:
        who = who_here(connection, by)
    _show_rows(bring_reports(store, file, source, who, book_day(on)), as_json)


def _show_rows(told: "FlowsRead", as_json: bool) -> None:
    """What became of a file: the first refused rows with what to do, and the counts."""
    for row in told.refused[:20]:
        say(f"{row.file} row {row.row}: {row.column} {row.value!r} {row.reason}; {row.remedy}")
    if as_json:
        refused = [{"row": r.row, "column": r.column, "value": r.value, "reason": r.reason} for r in told.refused]
        print(json.dumps(told.told() | {"rows_refused": refused}, ensure_ascii=False))
    else:
        print(f"{told.read:,} read, {told.taken:,} taken, {told.known:,} known before, {len(told.refused):,} refused")


def _csv(rows: list[dict[str, Any]]) -> str:
    """Rows as CSV; what is not a plain value as JSON."""
    import csv
    import io

    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow(
            [json.dumps(v, ensure_ascii=False) if isinstance(v, dict) else v for v in (row.get(n, "") for n in names)]
        )
    return text.getvalue()


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

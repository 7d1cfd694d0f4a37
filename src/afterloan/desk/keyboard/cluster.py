"""The book on more than one machine: a snapshot of it as Parquet, and what Spark does with it or over the database."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from afterloan.desk.keyboard.options import (
    AsJson,
    FirstDay,
    LastDay,
    OtherContact,
    OtherGrace,
    TriedLadder,
    day_of,
    group,
    month_end_of,
)
from afterloan.expected import BadInput

if TYPE_CHECKING:
    from datetime import date

    from afterloan.store.server import Store

spark_app = group("Work on the whole book spread by Spark (pip install 'afterloan[spark]', Java 17): docs/spark.md.")

Snapshot = Annotated[str, typer.Argument(help="A snapshot, as Spark names it: a folder, s3a://…, hdfs://…")]
To = Annotated[str, typer.Argument(help="Where the rows are written as Parquet: a folder that is not there yet.")]
Master = Annotated[
    str,
    typer.Option("--master", help="spark://…, k8s://…, local[4]; spark-submit's unless given, else local[*]."),
]
Conf = Annotated[list[str] | None, typer.Option("--conf", help="A setting of Spark, key=value; may be told again.")]
Database = Annotated[
    str,
    typer.Option("--database", help="The book's PostgreSQL, as every machine reaches it; AFTERLOAN_DATABASE_URL else."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(snapshot)
    for command in (close, furnish, features, decide, trial):
        spark_app.command()(command)
    app.add_typer(spark_app, name="spark")


def snapshot(
    folder: Annotated[Path, typer.Argument(help="An empty folder, or one that is not there yet.")],
    as_of: Annotated[
        str, typer.Option("--as-of", help="With the journal up to this day's close; the last one unless given.")
    ] = "",
    known_on: Annotated[
        str, typer.Option("--known-on", help="Without what became known after this day; all of it unless given.")
    ] = "",
    check: Annotated[bool, typer.Option("--check", help="Only say whether a snapshot is as it was written.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the book to FOLDER as Parquet for other machines: contracts, facts, totals; no names, no phones."""
    from afterloan.enquiry.snapshot import SnapshotTaken, check_snapshot, take_snapshot
    from afterloan.store.server import open_store

    if check:
        taken = SnapshotTaken(folder, check_snapshot(folder))
    else:
        taken = take_snapshot(open_store(), folder, _day(as_of), _day(known_on))
    print(json.dumps(taken.manifest) if as_json else taken)


def _day(text: str) -> "date | None":
    from afterloan.dates import date_told

    return date_told(text) if text else None


def _print(done: Any, as_json: bool) -> None:
    from dataclasses import asdict

    print(json.dumps(asdict(done), default=str) if as_json else done)


def close(
    snapshot: Annotated[str, typer.Argument(help="A snapshot; leave it out with --database.")] = "",
    to: Annotated[str, typer.Argument(help="Where the rows are written as Parquet; left out with --database.")] = "",
    through: Annotated[str, typer.Option("--through", help="The last day; the next one unless given.")] = "",
    database: Database = "",
    master: Master = "",
    conf: Conf = None,
    as_json: AsJson = False,
) -> None:
    """Close days out of SNAPSHOT: entries, transitions, exceptions, closings, positions, written to TO; the book stays.

    With `--database` the book itself is closed, each shard by a task, as `afterloan close` does it.
    """
    from afterloan.cluster.session import spark_session, spread
    from afterloan.dates import day

    if bool(snapshot) == bool(database) or bool(snapshot) != bool(to):
        raise BadInput("name a SNAPSHOT and where TO write, or --database URL and --through DAY")
    if database and not through:
        raise BadInput("--through: name the last day to close")
    if database:
        from afterloan.close import close_through

        store = _on_a_server(database)
        with spark_session("close", master, conf or ()) as session:
            closed = close_through(store, day(through), workers=spread(session))
        _print(closed, as_json)
        raise typer.Exit(1 if closed.failed else 0)
    from afterloan.cluster.jobs import spark_close

    last = day(through) if through else None
    with spark_session("close", master, conf or ()) as session:
        _print(spark_close(session, snapshot, to, last), as_json)


def furnish(
    snapshot: Snapshot,
    to: To,
    month: Annotated[str, typer.Option("--month", help="YYYY-MM")],
    bureau: Annotated[str, typer.Option("--bureau", help="metro2, pboc or neutral")],
    known_on: Annotated[
        str, typer.Option("--known-on", help="As known at the end of that day; as the snapshot knows unless given.")
    ] = "",
    master: Master = "",
    conf: Conf = None,
    as_json: AsJson = False,
) -> None:
    """The reportable rows of a month, a row an account. Nothing is told: the file is `bureau furnish`'s to write."""
    from afterloan.cluster.jobs import spark_furnish
    from afterloan.cluster.session import spark_session

    end, known = month_end_of(month), _day(known_on)
    with spark_session("furnish", master, conf or ()) as session:
        _print(spark_furnish(session, snapshot, to, end, bureau, known), as_json)


def features(
    snapshot: Snapshot,
    to: To,
    as_of: Annotated[str, typer.Option("--as-of", help="As of this day, from what was known the evening before.")],
    purpose: Annotated[str, typer.Option("--purpose", help="early_warning, cure, roll or limit")] = "early_warning",
    master: Master = "",
    conf: Conf = None,
    as_json: AsJson = False,
) -> None:
    """Features of the borrowers whom a purpose asks about, out of their own history (group own_history)."""
    from afterloan.cluster.jobs import spark_features
    from afterloan.cluster.session import spark_session

    with spark_session("features", master, conf or ()) as session:
        _print(spark_features(session, snapshot, to, day_of(as_of), purpose), as_json)


def decide(
    day: Annotated[str, typer.Argument(help="The day to decide, YYYY-MM-DD.")],
    database: Database = "",
    master: Master = "",
    conf: Conf = None,
    as_json: AsJson = False,
) -> None:
    """Decide a day in the book itself: each shard is a task of Spark with a connection to the database of its own."""
    from afterloan.close.decide import decide as run
    from afterloan.cluster.session import spark_session, spread

    store = _on_a_server(database)
    with spark_session("decide", master, conf or ()) as session:
        done = run(store, day_of(day), spread(session))
    print(json.dumps(done.told()) if as_json else done)


def trial(
    ladder: TriedLadder,
    first: FirstDay,
    last: LastDay,
    grace: OtherGrace = None,
    contact: OtherContact = None,
    database: Database = "",
    master: Master = "",
    conf: Conf = None,
    as_json: AsJson = False,
) -> None:
    """Replay stored history under another LADDER, as `afterloan try` does, eight parts of it as tasks of Spark."""
    from afterloan.cluster.session import spark_session, spread
    from afterloan.desk.keyboard.strategy import show_trial, text_of_ladder
    from afterloan.rehearsal.trial import try_ladder

    store, text = _on_a_server(database), None if ladder == "-" else text_of_ladder(ladder)
    with spark_session("trial", master, conf or ()) as session:
        told = try_ladder(store, day_of(first), day_of(last), text, grace, contact, spread(session))
    show_trial(told, as_json)


def _on_a_server(url: str) -> "Store":
    """The book on a server that every machine can reach. Raises BadInput where only this machine's own is named."""
    import os

    from afterloan.store.server import URL, open_store

    if not (url or os.environ.get(URL)):
        raise BadInput(
            f"--database: name the book's PostgreSQL (or set {URL}): no task on another machine can reach a book "
            "that is embedded in a folder of this one"
        )
    return open_store(url or None)

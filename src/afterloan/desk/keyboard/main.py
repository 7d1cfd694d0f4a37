"""The command line: one command, one verb or one question.

Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 3 not allowed; 4 needs a second person; 5 the reference stands
for something else; 70 a mistake of ours, with a number.
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from afterloan.counting import counted
from afterloan.desk.keyboard.doing import Stop, exit_code, mistake_told, say
from afterloan.desk.keyboard.options import On, Whole, book_day, day_of, few_loans, group
from afterloan.desk.keyboard.plain import figure, in_currency, page, plain, speak_of
from afterloan.desk.keyboard.terminal import bar as _bar
from afterloan.expected import ExpectedFailure
from afterloan.tracing import begin_tracing

if TYPE_CHECKING:
    from afterloan.enquiry.portfolio import KeptPortfolio
    from afterloan.store.server import Store

app = typer.Typer(
    cls=Whole,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # reading what draws frames around the help takes longer than all the rest of it
    help="afterloan: what a consumer lender runs after the money has been paid out.",
    epilog="The book lives in AFTERLOAN_HOME (an embedded PostgreSQL), or where AFTERLOAN_DATABASE_URL points.",
)
journal_app = group("The double-entry journal.")
app.add_typer(journal_app, name="journal")
ROOMS = (
    "acts",
    "asking",
    "book",
    "bureau",
    "cluster",
    "day",
    "debit",
    "keys",
    "legal",
    "messages",
    "purge",
    "rebuilding",
    "relief",
    "risk",
    "running",
    "serve",
    "story",
    "strategy",
    "rooms",
)
for _room in ROOMS:
    import_module(f"afterloan.desk.keyboard.{_room}").register(app)

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]


def _day(text: str) -> int:
    from afterloan.dates import day

    return day(text)


def _store() -> "Store":
    from afterloan.store.server import open_store

    return open_store()


@app.command("import")
def import_(
    folder: Path,
    check: Annotated[bool, typer.Option("--check", help="Only say what it would do; keep nothing.")] = False,
    maps: Annotated[Path | None, typer.Option("--map", help="How the files of another system are read (YAML).")] = None,
    as_of: Annotated[
        str, typer.Option("--as-of", help="The day of the old system's figures; today unless given.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Bring a book in from FOLDER (CSV or Parquet: borrowers, contracts, disbursements, repayments …)."""
    from afterloan.desk.keyboard.bringing import check_folder, maps_in
    from afterloan.intake.book import REFUSALS, bring_in

    store = _store()
    if check:
        check_folder(store, folder, maps, as_of, as_json)
        return
    read_as = maps_in(maps) if maps is not None else None
    with _bar("import") as show:
        reports = bring_in(store, folder, show, told=read_as)
    if as_json:
        told = [
            {"file": r.file, "read": r.read, "loaded": r.loaded, "known": r.known, "refused": r.refused}
            for r in reports
        ]
        print(json.dumps(told))
    else:
        print(f"{'file':26}{'read':>12}{'loaded':>12}{'known':>12}{'refused':>12}{'rows/s':>12}")
        for r in reports:
            speed = r.read / r.seconds if r.seconds else 0
            print(f"{r.file:26}{r.read:12,}{r.loaded:12,}{r.known:12,}{r.refused:12,}{speed:12,.0f}")
            for name in r.ignored_columns:
                say(f"{r.file}: column {name} means nothing here and was left out")
    refused = sum(r.refused for r in reports)
    if refused:
        rows = counted(refused, "row")
        say(f"{rows} refused: see {folder / REFUSALS}, mend them and import again; what is in stays in")
        raise typer.Exit(1)


@app.command()
def export(
    folder: Path,
    form: Annotated[str, typer.Option("--format", help="csv or parquet")] = "csv",
    table: Annotated[list[str] | None, typer.Option("--table", help="Only this table; may be told again.")] = None,
    what: Annotated[str, typer.Option("--list", help="A list (`afterloan list`) instead of the book.")] = "",
    on: On = "",
    as_json: AsJson = False,
) -> None:
    """Write the whole book to FOLDER, in the form that `import` reads; or some tables of it, or a list."""
    from afterloan.enquiry.export import bring_out, list_out

    if what and table:
        raise typer.BadParameter("name tables, or one list")
    if what:
        done = [list_out(_store(), folder, what, book_day(on), form)]
    else:
        done = bring_out(_store(), folder, form, table or ())
    if as_json:
        print(json.dumps([{"file": written.file, "rows": written.rows} for written in done]))
        return
    for written in done:
        print(f"{written.file:26}{written.rows:12,}")


@app.command()
def close(
    on: Annotated[str, typer.Option("--on", help="Close this day (days before it must be closed).")] = "",
    through: Annotated[str, typer.Option("--through", help="Close all days up to this one.")] = "",
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Worker processes; all cores unless given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Close a day over the whole book: reckon, post, write transitions, prove."""
    from afterloan.close.workers import begin

    if bool(on) == bool(through):
        raise typer.BadParameter("name one of --on and --through")
    cores = begin(workers)
    store, day = _store(), _day(on or through)
    from afterloan.close import close_through

    with _bar("close") as show:
        report = close_through(
            store,
            day,
            only=bool(on),
            workers=cores,
            progress=lambda done, total: show("shard-days", done, total),
            waits=lambda: say("another close of this book is running: waiting for it to end"),
        )
    print(json.dumps(report.told()) if as_json else report)
    if report.failed:
        raise typer.Exit(1)


@app.command()
def report(
    on: On = "",
    known_on: Annotated[str, typer.Option("--known-on", help="As known at the end of that day.")] = "",
    csv_folder: Annotated[Path | None, typer.Option("--csv", help="Also write the tables there.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Also write one page with charts.")] = None,
    language: Annotated[str, typer.Option("--language", help="en or zh")] = "en",
    number: Annotated[int, typer.Option("--number", help="One that was made before, as it was made.")] = 0,
    listed: Annotated[bool, typer.Option("--list", help="Those that were made, the newest first.")] = False,
    as_json: AsJson = False,
) -> None:
    """The portfolio on a day: summary, ageing, roll rates, vintages, expected against received.

    Kept under a number as it was made; made anew where something came that belongs into it.
    """
    from afterloan.dates import date_of
    from afterloan.enquiry.portfolio import portfolio_kept

    store = _store()
    if listed:
        return _list_reports(store, as_json)
    known = date_of(_day(known_on)) if known_on else None
    found = _numbered(store, number) if number else portfolio_kept(store, date_of(day_of(on)), known)
    made, kept = found.report, found.kept
    if not as_json:
        say(f"report {kept.number}, made {kept.made_at:%Y-%m-%d %H:%M}, {kept.sha256[:12]}")
    if as_json:
        print(made.to_json())
    else:
        made.print(page(), language)
    if csv_folder:
        made.to_csv(csv_folder)
        say(f"tables: {csv_folder}")
    if html:
        from afterloan.report.page import write_page

        write_page(made, html)
        say(f"page: {html}")


def _numbered(store: "Store", number: int) -> "KeptPortfolio":
    """A report as it was made. Raises BadInput: none of that number."""
    from afterloan.enquiry.portfolio import portfolio_numbered
    from afterloan.expected import BadInput

    with store.connect() as connection:
        found = portfolio_numbered(connection, number)
    if found is None:
        raise BadInput(f"--number {number}: no report of that number; `afterloan report --list` has them")
    return found


def _list_reports(store: "Store", as_json: bool) -> None:
    from afterloan.enquiry.portfolio import PORTFOLIO
    from afterloan.store.reports import reports_told

    with store.connect() as connection:
        rows = reports_told(connection, 1_000, PORTFOLIO)
    if as_json:
        return print(json.dumps(rows, ensure_ascii=False))
    for row in rows:
        print(f"{row['report']:6}  {row['on']}  as known {row['known_on'] or 'when made':10}  "
              f"made {row['made_at'][:16].replace('T', ' ')}  {row['sha256'][:12]}")  # fmt: skip
    if not rows:
        say("no report was made yet: `afterloan report` makes one")


def _one(store: "Store", loan: str) -> tuple[Any, str]:
    from afterloan.enquiry.books import loan_and_product
    from afterloan.store.loans import ONE_LOAN, loans_now

    with store.connect() as connection:
        found = loan_and_product(connection, loan)
        if found is None:
            raise Stop(f"loan {loan!r}: no contract of that reference; `afterloan export` lists them in contracts.csv")
        number, product = found
        speak_of(connection, loan=loan)
        return loans_now(connection, ONE_LOAN, {"of": number}), product


@app.command()
def explain(
    loan: str,
    on: On = "",
    known_on: Annotated[str, typer.Option("--known-on", help="As known at the end of that day.")] = "",
    language: Annotated[str, typer.Option("--language", help="en or zh")] = "en",
    as_json: AsJson = False,
) -> None:
    """Tell LOAN's story line by line, with the working: why is this owed?"""
    few_loans()
    from afterloan.report.explain import explain as tell

    store = _store()
    book, product = _one(store, loan)
    story = tell(book, 0, product, day_of(on), _day(known_on) if known_on else None, language)
    if as_json:
        print(story.to_json())
    else:
        print(in_currency())
        story.print(page())


@app.command()
def repay(
    loan: str,
    amount: str,
    reference: Annotated[
        str, typer.Option(help="The message's own reference: the same again is answered, not booked.")
    ],
    on: On = "",
    known_on: Annotated[
        str, typer.Option("--known-on", help="The day on which we learnt of it; its day unless given.")
    ] = "",
    more_than_owed: Annotated[
        str, typer.Option("--more-than-owed", help="Why far more than is owed came; else such an amount is asked back.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Record a repayment of AMOUNT (e.g. 1200.00) for LOAN."""
    few_loans()
    from afterloan.dates import date_told
    from afterloan.desk.keyboard.doing import act, show
    from afterloan.money import parse_amount

    fen = parse_amount(amount)
    received = book_day(on)
    known = date_told(known_on) if known_on else received
    asked: dict[str, Any] = {"loan": loan, "amount_fen": fen, "received_on": received}
    asked |= {"more_than_owed": more_than_owed} if more_than_owed else {}
    answer = act("repayment.take", asked, known, reference)
    show(
        answer,
        as_json,
        lambda body: (
            f"repayment {reference} of {amount} for {loan} recorded, "
            f"{counted(body['entries'], 'entry', 'entries')} posted"
        ),
    )


@app.command("trial-balance")
def trial_balance(as_json: AsJson = False) -> None:
    """Debits and credits of every account; they sum to zero."""
    from afterloan.enquiry.books import sums_by_accounts
    from afterloan.journal.accounts import LINE
    from afterloan.journal.balances import trial_balance as balance

    with _store().connect() as connection:
        lines = balance(sums_by_accounts(connection))
    if as_json:
        told = [{"account": int(x.account), "debit_fen": x.debit_fen, "credit_fen": x.credit_fen} for x in lines]
        print(json.dumps(told))
        return
    print(f"{in_currency():36}{'debit':>20}{'credit':>20}")
    for line in lines:
        net = line.debit_fen - line.credit_fen
        left, right = (figure(net), "") if net >= 0 else ("", figure(-net))
        print(f"{line.account.value} {LINE[line.account].en:31}{left:>20}{right:>20}")
    print(f"{'':36}{'difference':>20}{figure(sum(x.debit_fen - x.credit_fen for x in lines)):>20}")


@app.command()
def products(as_json: AsJson = False) -> None:
    """The products that come with afterloan."""
    from afterloan.rules.products import builtin

    if as_json:
        rows = [{"product": x.code, "method": x.method.name.lower(), "name": x.name} for x in builtin().values()]
        print(json.dumps(rows, ensure_ascii=False))
        return
    for product in builtin().values():
        print(f"{product.code:24}{product.method.name.lower():20}{product.name.get('en', '')}")


@app.command()
def status(as_json: AsJson = False) -> None:
    """What is in the book and which day was closed last."""
    from afterloan.enquiry.counts import counts

    with _store().connect() as connection:
        told = counts(connection)
    if as_json:
        print(json.dumps(told))
    else:
        for name, value in told.items():
            shown = value if isinstance(value, str) else "-" if value is None else f"{value:,}"
            print(f"{name:16}{shown:>16}")


@app.command()
def stop() -> None:
    """Stop the embedded server now; it is kept a while after a command, so that the next one is quick."""
    from afterloan.store.embedded import stop as stop_server
    from afterloan.store.server import URL, home

    if os.environ.get(URL):
        raise Stop(f"the book lies on the server that {URL} names: stop it where it runs")
    if not stop_server(home() / "pg"):
        raise Stop(f"the server in {home() / 'pg'} is in use by another command: wait for it to end")
    print(f"no server runs in {home() / 'pg'}")


@app.command()
def demo(
    loans: Annotated[int, typer.Option(min=100)] = 5_000,
    months: Annotated[int, typer.Option(min=2, max=60)] = 24,
) -> None:
    """Generate a book (or take what is there), close its days, show the portfolio; play five borrowers' lives."""
    from afterloan.store.server import home

    store = _store()
    from afterloan.rehearsal.lives import LivesBeside

    beside = LivesBeside(store)  # their book is another: they are played while this one is made and closed
    last = demo_book(store, loans, months)
    from afterloan.enquiry.portfolio import portfolio
    from afterloan.report.page import write_page

    written = home() / "report.html"
    made = portfolio(store, last)
    made.print(page(), "en")
    write_page(made, written)
    print(f"\nreport: {written}", flush=True)
    from afterloan.desk.keyboard.story import demo_lives

    say("4. five lives, told through the whole machinery (kept for the next run)")
    print("\n".join(demo_lives(store, beside=beside)))
    print(f"\nreport: {written}")
    print("next: afterloan serve --demo   afterloan explain LOAN   afterloan lives --whole")


def demo_book(store: "Store", loans: int, months: int) -> int:
    """The book of the demonstration, made where there is none, every day closed; returns its last day."""
    from afterloan.dates import date_of, iso, months_later
    from afterloan.enquiry.counts import counts
    from afterloan.intake.book import bring_in
    from afterloan.store.server import home

    last = int(months_later(_day("2024-01-01"), months, 1)) - 1
    folder = home() / f"demo-{loans}-{months}"
    with store.connect() as connection:
        told = counts(connection)
    if not told["loans"]:
        from afterloan.generate import generate as make
        from afterloan.store.server import divide_for_show

        divide_for_show(store)
        say(f"1. generate {counted(loans, 'loan')} over {counted(months, 'month')} in {folder}")
        with _bar("generate") as show:
            make(loans, months, 1, folder, progress=lambda done, total: show("loans", done, total))
        say("2. import")
        with _bar("import") as show:
            bring_in(store, folder, show)
    if told["closed_through"] is None:
        from afterloan.rehearsal.lives import sign_played

        sign_played(store)
    if told["closed_through"] is None or told["closed_through"] < iso(last):
        from afterloan.close import close_through

        say(f"3. close every day through {iso(last)}")
        with _bar("close") as show:
            closed = close_through(
                store, last, workers=os.cpu_count() or 1, progress=lambda d, t: show("shard-days", d, t)
            )
        say(str(closed))
        if closed.failed:
            raise typer.Exit(1)
    if told["closed_through"] is None:
        from afterloan.rehearsal.sandbox import set_clock

        set_clock(store, date_of(last + 1))
    return last


@journal_app.command("export")
def journal_export(
    form: Annotated[str, typer.Option("--format", help="beancount or hledger")] = "beancount",
    out: Annotated[Path | None, typer.Option("--out", help="The file; standard output unless given.")] = None,
) -> None:
    """Write the journal as plain text, to a file or to standard output."""
    from afterloan.enquiry.books import export_lines, write_whole

    lines = export_lines(_store(), form)
    if out is None:
        for line in lines:
            print(line)
        return
    print(f"{out}: {write_whole(lines, out):,} transactions and directives")


def main() -> None:
    """Run a command. A refusal is one line on standard error; so is a mistake of ours, with a number to ask about."""
    try:
        begin_tracing(sys.argv[1] if sys.argv[1:] and sys.argv[1].isalpha() else "afterloan")
        app()
    except Stop as refusal:
        say(plain(f"afterloan: {refusal}"))
        raise SystemExit(exit_code(refusal)) from refusal
    except ExpectedFailure as refusal:
        say(plain(f"afterloan: {refusal}"))
        raise SystemExit(1) from refusal
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError) as refusal:
        why = (refusal.strerror or "cannot be used").lower()
        say(f"afterloan: {refusal.filename or refusal}: {why}; name a file that is there and may be read")
        raise SystemExit(1) from refusal
    except Exception as mistake:
        if os.environ.get("AFTERLOAN_TRACE"):
            raise
        say(mistake_told(mistake))
        raise SystemExit(70) from mistake


if __name__ == "__main__":
    main()

"""Commands of the book: make one up, turn records of others into one, and one loan's statement."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from afterloan.desk.keyboard.options import few_loans

if TYPE_CHECKING:
    from afterloan.report.statement import LoanStatement
    from afterloan.store.server import Store


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("generate")(generate)
    app.command("import-instalments")(import_instalments)
    app.command("statement")(statement)


def generate(
    folder: Annotated[Path, typer.Argument(help="Where to write the book.")] = Path("book"),
    loans: Annotated[int, typer.Option(min=1, max=20_000_000)] = 20_000,
    months: Annotated[int, typer.Option(min=1, max=120)] = 24,
    seed: int = 1,
    form: Annotated[str, typer.Option("--format", help="parquet or csv")] = "parquet",
    flows: Annotated[bool, typer.Option("--flows", help="Also account movements, and consents.")] = False,
) -> None:
    """Write a believable book to FOLDER: who pays, forgets, cannot, will not. The same seed, the same book."""
    from afterloan.desk.keyboard.terminal import bar
    from afterloan.generate import generate as make

    with bar("generate", f"{folder} is half written: empty it and begin again") as show:
        made = make(
            loans, months, seed, folder, format=form, with_flows=flows,
            progress=lambda done, total: show("loans", done, total),
        )  # fmt: skip
    print(made)
    print(f"book: {folder}; next: afterloan import {folder}", file=sys.stderr)


def import_instalments(
    folder: Path,
    out: Path,
    anchor: Annotated[str, typer.Option(help="The application date that the data count from.")] = "2018-06-30",
    unseen: Annotated[
        str, typer.Option(help="The part of an instalment that no row pays: left_out of the schedule, or owed.")
    ] = "left_out",
) -> None:
    """Turn a folder of relative-day instalment records (instalments.csv …) into a book in OUT, ready for `import`."""
    from afterloan.intake.instalments_csv import convert

    print(convert(folder, out, anchor, unseen))
    print(f"book: {out}; next: afterloan import {out}", file=sys.stderr)


def statement(
    loan: str,
    first: Annotated[
        str, typer.Option("--from", help="First day, YYYY-MM-DD; the loan's beginning unless given.")
    ] = "",
    last: Annotated[str, typer.Option("--to", help="Last day; the last one closed unless given.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Answer in CSV.")] = False,
) -> None:
    """The statement of LOAN: each movement, the principal it leaves, and on which closed day it was booked."""
    few_loans()
    from afterloan.desk.keyboard.plain import page
    from afterloan.store.server import open_store

    if as_json and as_csv:
        raise typer.BadParameter("name one of --json and --csv")
    made = _statement(open_store(), loan, first, last)
    if as_json:
        print(made.to_json())
    elif as_csv:
        print(made.to_csv(), end="")
    else:
        made.print(page())


def _statement(store: "Store", reference: str, first: str, last: str) -> "LoanStatement":
    from afterloan.enquiry.books import entries_of, loan_and_last_day
    from afterloan.report.statement import StatementRefused, loan_statement
    from afterloan.store.loans import ONE_LOAN, loans_now

    with store.connect() as connection:
        found = loan_and_last_day(connection, reference)
        if found is None:
            raise StatementRefused(
                f"loan {reference!r}: no contract of that reference; `afterloan export` lists them in contracts.csv"
            )
        number, last_told = found
        book = loans_now(connection, ONE_LOAN, {"of": number})
        entries, closed_on = entries_of(connection, number)
    end = _day(last or last_told)
    return loan_statement(book, 0, reference, entries, closed_on, _day(first) if first else None, end)


def _day(text: str) -> int:
    from afterloan.dates import day

    return day(text)

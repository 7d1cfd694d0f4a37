"""Commands that find and list: borrowers by what is at hand, one borrower's page, the lists that people go through."""

import json
from typing import Annotated

import typer

from afterloan.counting import counted
from afterloan.desk.keyboard.options import AsJson, On, book_day, few_loans


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("find")(find)
    app.command("borrower")(borrower_)
    app.command("list")(list_)


def find(words: str, as_json: AsJson = False) -> None:
    """Find borrowers by a part of a name, reference or loan, the last digits of a phone, or a number of identity."""
    few_loans()
    from afterloan.enquiry.find import find as ask
    from afterloan.store.server import open_store

    with open_store().connect() as connection:
        found = ask(connection, words)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for row in found:
        print(f"{row['borrower']:20}{row['name']:20}{row['phone']:20}{row['loans']}")
    print(f"{counted(len(found), 'borrower')}")


def borrower_(
    borrower: str,
    on: On = "",
    known_on: Annotated[str, typer.Option("--known-on", help="Details as known at the end of that day.")] = "",
    as_json: AsJson = False,
) -> None:
    """All of BORROWER: details on a day, loans, holds, disputes, notes, and who changed what and why."""
    few_loans()

    from afterloan.dates import date_told
    from afterloan.desk.keyboard.plain import heading, table, told
    from afterloan.enquiry.borrowers import borrower_page
    from afterloan.store.server import open_store

    day = book_day(on)
    with open_store().connect() as connection:
        page = borrower_page(connection, borrower, day, date_told(known_on) if known_on else max(day, book_day()))
    if as_json:
        print(json.dumps(page.told(), ensure_ascii=False))
        return
    print(f"{page.borrower}  {page.name}  on {page.on}")
    for name, value in page.attributes.items():
        print(f"  {heading(name):16}{told(name, value)}")
    table(page.loans, "loans")
    for title, rows in (("holds", page.holds), ("disputes", page.disputes), ("notes", page.notes)):
        if rows:
            table(rows, title)
    if page.changes:
        table(page.changes, "changes of details")


def list_(
    what: Annotated[str, typer.Argument(help="exceptions, findings, outbox, proposals, ended-proposals, disputes …")],
    borrower: Annotated[str, typer.Option(help="Only of this borrower.")] = "",
    on: On = "",
    most: Annotated[int, typer.Option(min=1, max=10_000, help="How many rows.")] = 100,
    as_json: AsJson = False,
) -> None:
    """One of the lists that people go through: WHAT as of a day."""

    from afterloan.desk.keyboard.plain import table
    from afterloan.enquiry.lists import LISTS, listed
    from afterloan.store.server import open_store

    with open_store().connect() as connection:
        rows = listed(connection, what, book_day(on), borrower, most)
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        table(rows, f"{what}: {LISTS[what][0]}")

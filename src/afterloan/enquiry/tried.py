"""Who would be treated otherwise by a trial, by name: as it is kept with the trial, and as a file."""

import csv
from io import StringIO
from typing import Any

import polars as pl
import psycopg

from afterloan.texts import plain_cell

MOST_KEPT = 2_000
"""People of a trial that are kept with it, those who change most; how many there are is kept too."""
FIELDS = ("borrower", "do", "stands", "tried")


def trial_kept(connection: psycopg.Connection[Any], otherwise: pl.DataFrame) -> dict[str, Any]:
    """`people`: how many borrowers would be treated otherwise; `otherwise`: rows of the first of them."""
    first = otherwise.head(MOST_KEPT)
    rows = connection.execute(
        "select borrower, reference from borrower where borrower = any(%s)", (first["number"].unique().to_list(),)
    ).fetchall()
    names = dict(rows)
    told = [
        {"borrower": names[number], "do": do, "stands": stands, "tried": tried}
        for number, do, stands, tried in first.select("number", "do", "stands", "tried").iter_rows()
    ]
    return {"people": otherwise["number"].n_unique(), "otherwise": told}


def as_csv(rows: list[dict[str, Any]]) -> str:
    """The people of a trial as CSV; a cell that a spreadsheet would reckon is written as text."""
    out = StringIO()
    writer = csv.DictWriter(out, FIELDS)
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, "borrower": plain_cell(str(row["borrower"]))})
    return out.getvalue()

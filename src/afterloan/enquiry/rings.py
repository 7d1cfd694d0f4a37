"""Groups of borrowers who exchange money, borrowed together and stopped together: shown to a person, and no more."""

from datetime import date
from typing import Any

import numpy as np
import polars as pl

from afterloan.dates import date_of, number_of
from afterloan.enquiry.panels import parts_of_book
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import Component
from afterloan.risk.network import edges_of, rings_of
from afterloan.store.connect import reader_to
from afterloan.store.server import Store

USE = "fraud"
STOPPED_DAYS = 30  # days past due from which a borrower has stopped
TRANSFERS = (
    "select f.borrower, o.borrower, f.on_day, f.known_on from flow f join borrower o on o.reference = f.counterparty "
    "join flow_consent c on c.borrower = f.borrower and c.source = f.source and %(use)s = any(c.uses) "
    "and c.on_day < %(on)s and coalesce(c.ended_on > %(on)s, true) where f.known_on < %(on)s "
    # both must have agreed: the other's account is read as much as one's own
    "and exists (select from flow_consent d where d.borrower = o.borrower and %(use)s = any(d.uses) "
    "and d.on_day < %(on)s and coalesce(d.ended_on > %(on)s, true))"
)


def rings_of_book(store: Store, on: date) -> list[dict[str, Any]]:
    """Each group as known before a day, the largest first: borrowers, when they borrowed and stopped, loans, owed.

    Read are movements whose source both agreed to for `fraud`. `owed_fen`: principal outstanding of all together.
    """
    with store.connect() as connection, reader_to(store.url) as reader:
        rows = connection.execute(TRANSFERS, {"on": on, "use": USE}).fetchall()
        if not rows:
            return []
        moved = pl.DataFrame(rows, schema=["payer", "payee", "on", "known_on"], orient="row")
        few = np.unique(np.concatenate([moved["payer"].to_numpy(), moved["payee"].to_numpy()]))
        loans = []
        for part in parts_of_book(connection, reader):
            here = np.isin(part.owners, few)
            positions = reckon_book(part.book, number_of(on), number_of(on) - 1)[here]
            days = positions["days_past_due"].astype(np.int64)
            told = {
                "borrower": part.owners[here], "signed": part.book.contracts["signed_on"][here].astype(np.int64),
                "late": days, "owed": positions["outstanding_fen"][:, int(Component.PRINCIPAL)].astype(np.int64),
            }  # fmt: skip
            loans.append(pl.DataFrame(told))
        names = dict(connection.execute(
            "select borrower, reference from borrower where borrower = any(%s)", (few.tolist(),)
        ).fetchall())  # fmt: skip
    return _told(pl.concat(loans), moved, names, on)


def _told(loans: pl.DataFrame, moved: pl.DataFrame, names: dict[int, str], on: date) -> list[dict[str, Any]]:
    each = loans.group_by("borrower").agg(pl.col("signed").max(), pl.col("late").max(), pl.col("owed").sum())
    first = number_of(on)
    stopped = pl.when(pl.col("late") >= STOPPED_DAYS).then(first - pl.col("late"))
    borrowed = each.select(
        "borrower", on=pl.col("signed").cast(pl.Int32).cast(pl.Date), stopped_on=stopped.cast(pl.Int32).cast(pl.Date)
    )
    owed = dict(zip(each["borrower"].to_list(), each["owed"].to_list(), strict=True))
    return [
        {
            "borrowers": sorted(names[b] for b in ring.borrowers),
            "borrowed": [str(d) for d in ring.borrowed], "stopped": [str(d) for d in ring.stopped],
            "transfers": ring.transfers, "owed_fen": sum(owed[b] for b in ring.borrowers),
        }
        for ring in rings_of(edges_of(moved, date_of(first)), borrowed)
    ]  # fmt: skip

"""All that a person wants to see of one borrower: details on a day, loans, holds, tasks to come, notes, changes."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import psycopg

from afterloan.dates import number_of
from afterloan.enquiry.lists import Rows, listed
from afterloan.enquiry.positions import date_or_none, state_of
from afterloan.loan.reckon import reckon_book
from afterloan.store.details import details_of
from afterloan.store.loans import ALL_OF_BORROWER, loans_now
from afterloan.store.purging import purged_on


@dataclass(frozen=True, slots=True)
class BorrowerTold:
    """A borrower on a day. `loans`: what each owes (minor units); `changes`: who told what of the details, and why;
    `purged_on`: the day on which what told of the person was purged, of whichever day is asked (else None).
    """

    borrower: str
    name: str
    on: str
    known_on: str
    attributes: dict[str, Any]
    loans: Rows
    holds: Rows
    disputes: Rows
    notes: Rows
    changes: Rows
    purged_on: str | None = None

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


def borrower_page(connection: psycopg.Connection[Any], borrower: str, on: date, known_on: date) -> BorrowerTold:
    """A borrower's details on a day as known on another, with loans as they stand on the day. Raises FactRefused."""
    details = details_of(connection, borrower, on, known_on)
    changes = [
        {"since": str(c.on), "known_on": str(c.known_on), "by": c.by, "reason": c.reason, "before": c.before,
         "after": c.after}
        for c in details.changes
    ]  # fmt: skip
    return BorrowerTold(
        borrower, details.name, on.isoformat(), known_on.isoformat(), details.attributes,
        loans_of_borrower(connection, borrower, on), listed(connection, "holds", on, borrower),
        listed(connection, "disputes", on, borrower), listed(connection, "notes", on, borrower), changes,
        None if details.name else _purged(connection, borrower),
    )  # fmt: skip


def _purged(connection: psycopg.Connection[Any], borrower: str) -> str | None:
    day = purged_on(connection, borrower)
    return day.isoformat() if day else None


def loans_of_borrower(connection: psycopg.Connection[Any], borrower: str, on: date) -> Rows:
    """The loans of a borrower as they stand on a day: state, days past due, arrears and payoff in minor units."""
    contracts = connection.execute(
        f"select c.reference, p.code, c.signed_on::text, c.principal_fen from contract c "
        f"join product p on p.number = c.product where {ALL_OF_BORROWER} order by c.loan",
        {"of": borrower},
    ).fetchall()
    if not contracts:
        return []
    day = number_of(on)
    positions = reckon_book(loans_now(connection, ALL_OF_BORROWER, {"of": borrower}), day, day)
    return [_loan(contract, position) for contract, position in zip(contracts, positions, strict=True)]


def _loan(contract: tuple[Any, ...], position: np.void) -> dict[str, Any]:
    reference, product, signed_on, principal_fen = contract
    next_due_on = date_or_none(position["next_due_on"])
    return {
        "loan": reference,
        "product": product,
        "signed_on": signed_on,
        "principal_fen": principal_fen,
        "state": state_of(position, "cannot be reckoned").replace("_", " "),
        "days_past_due": int(position["days_past_due"]),
        "arrears_fen": int(position["arrears_fen"].sum()),
        "payoff_fen": int(position["payoff_fen"]),
        "next_due_on": next_due_on.isoformat() if next_due_on else "",
        "next_due_fen": int(position["next_due_fen"]),
    }

"""The classes of a loan or of the whole book on a day, with expected loss, out of the store."""

from typing import Any

import numpy as np

from afterloan.dates import NEVER
from afterloan.loan.reckon import reckon_book
from afterloan.risk.classification import (
    TIERS,
    Classified,
    classify,
    cn_classes,
    counts,
    eu_defaulted,
    in_class,
    us_class,
)
from afterloan.risk.provision import expected_loss
from afterloan.risk.spells import spells_of
from afterloan.store.connect import reader_to
from afterloan.store.read import books
from afterloan.store.rebuilding import person_of_loan
from afterloan.store.server import Store


def classify_loan(store: Store, loan: str, on: int) -> Classified:
    """The class of a loan under the rules of its borrower's place."""
    person = person_of_loan(store, loan)
    return classify(person.book, person.row(loan), on, person.jurisdiction, on)


def classify_book(store: Store, on: int, jurisdiction: str) -> dict[str, Any]:
    """How many loans are in each class of a place, their outstanding, and the expected loss by IFRS 9 (minor units)."""
    names: list[str] = []
    owed = loss = 0
    with store.connect() as connection, reader_to(store.url) as reader:
        for book in books(connection, reader):
            now = reckon_book(book, on, on)
            live = (now["error"] == 0) & (now["disbursed_fen"] > 0) & (now["paid_off_on"] == NEVER)
            days = now["days_past_due"].astype(np.int64)[live]
            exposure = now["outstanding_fen"].sum(axis=1)[live]
            names.extend(_names(book, on, jurisdiction, now, live))
            owed += int(exposure.sum())
            left = now["instalments_left"].astype(np.int64)[live]
            loss += int(expected_loss(exposure, days, left).sum())
    return {"loans": len(names), "classes": counts(names), "outstanding_fen": owed, "expected_loss_fen": loss}


def _names(book: Any, on: int, jurisdiction: str, now: Any, live: Any) -> list[str]:
    days = now["days_past_due"].astype(np.int64)
    if jurisdiction == "CN":
        return [TIERS[k] for k in cn_classes(book, on, on, now)[live]]
    if jurisdiction in ("EU", "UK"):
        return ["default" if d else "performing" for d in eu_defaulted(book, on, on, now)[live]]
    if jurisdiction == "IN":
        unpaid = (now["arrears_fen"].sum(axis=1) + now["due_today_fen"].sum(axis=1)) > 0
        return in_class(days[live], unpaid[live], spells_of(book, on, on, now).worst_now[live])
    return us_class(days[live])

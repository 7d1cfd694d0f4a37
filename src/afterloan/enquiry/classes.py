"""The classes of a loan or of the whole book on a day, with expected loss, out of the store."""

from typing import Any

import numpy as np

from afterloan.loan.reckon import reckon_book
from afterloan.risk.by_place import classes, classify
from afterloan.risk.classification import Classified, counts, owed_in
from afterloan.risk.provision import expected_loss
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
            live = owed_in(now)
            days = now["days_past_due"].astype(np.int64)[live]
            exposure = now["outstanding_fen"].sum(axis=1)[live]
            names.extend(name for name in classes(book, on, jurisdiction, on, now) if name)
            owed += int(exposure.sum())
            left = now["instalments_left"].astype(np.int64)[live]
            loss += int(expected_loss(exposure, days, left).sum())
    return {"loans": len(names), "classes": counts(names), "outstanding_fen": owed, "expected_loss_fen": loss}

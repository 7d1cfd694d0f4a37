"""A borrower as known then against as known now: the two positions of each loan, and the facts that came between."""

import csv
import io
from datetime import date
from typing import Any

import psycopg

from afterloan.enquiry.furnished import borrower_told
from afterloan.enquiry.loans import LoansWanted, loans_page
from afterloan.facts import word_of_kind
from afterloan.texts import plain_cell

MOST = 200
BETWEEN = (
    "select f.reference, c.reference, f.kind, f.on_day, f.known_on, f.amount_fen, o.reference from fact f "
    "join contract c using (loan) left join fact o on o.fact = f.of_fact where c.borrower = %(of)s "
    "and f.on_day <= %(on)s and f.known_on > %(then)s and f.known_on <= %(now)s order by f.known_on, f.fact limit 500"
)


def then_and_now(connection: psycopg.Connection[Any], borrower: str, on: date, then: date, now: date) -> dict[str, Any]:
    """What was believed of a day at the end of `then`, what is believed now, and why they differ.

    A repayment of 10 March learnt on the 12th: asked of the 10th, then the 11th, the loan was late; now it is not, and
    the repayment stands between. Raises FactRefused (unknown).
    """
    number, _ = borrower_told(connection, borrower)
    pages = [loans_page(connection, LoansWanted(on, known, borrower, most=MOST)).rows for known in (then, now)]
    loans = [
        {"loan": was["loan"], "then": was, "now": is_, "differs": sorted(k for k in was if was[k] != is_[k])}
        for was, is_ in zip(*pages, strict=True)
    ]
    rows = connection.execute(BETWEEN, {"of": number, "on": on, "then": then, "now": now}).fetchall()
    return {"borrower": borrower, "then": then, "loans": loans, "facts_between": [_fact(row) for row in rows]}


CSV_COLUMNS = ("loan", "what", "then", "now", "differs")


def as_csv(told: dict[str, Any]) -> str:
    """Both positions of every loan, a field a row, and below them the facts between: amounts in minor units.

    A fact's `what` is its kind and reference, `then` the day from which it counts, `now` that on which it was learnt,
    `differs` its amount.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for one in told["loans"]:
        for name in one["then"]:
            if name != "loan":
                row = (one["loan"], name, one["then"][name], one["now"][name], "yes" if name in one["differs"] else "")
                writer.writerow([plain_cell(v) if isinstance(v, str) else v for v in row])
    for fact in told["facts_between"]:
        row = (fact["loan"], f"{fact['kind']} {fact['reference']}", fact["on"], fact["known_on"], fact["amount_fen"])
        writer.writerow([plain_cell(v) if isinstance(v, str) else v for v in row])
    return out.getvalue()


def _fact(row: tuple[Any, ...]) -> dict[str, Any]:
    reference, loan, kind, on, known_on, amount_fen, of = row
    return {"reference": reference, "loan": loan, "kind": word_of_kind(kind), "on": on, "known_on": known_on,
            "amount_fen": int(amount_fen), "of": of}  # fmt: skip

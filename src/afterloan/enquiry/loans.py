"""Loans as they stand on a day, as known on a day: one whole, or a window of a list, by conditions on what they owe."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import psycopg

from afterloan.dates import number_of
from afterloan.enquiry.positions import date_or_none, state_of
from afterloan.expected import BadInput
from afterloan.facts import FactRefused
from afterloan.journal.accounts import Account
from afterloan.journal.causes import cause_of
from afterloan.loan.book import Records
from afterloan.loan.reckon import reckon_book, reckon_loan
from afterloan.loan.terms import Component, Refusal, RowKind
from afterloan.report.explain import percent
from afterloan.store.loans import ONE_LOAN, loans_now
from afterloan.strategy.conditions import condition

COLUMNS: dict[str, Any] = {
    "loan": pl.String,
    "borrower": pl.String,
    "product": pl.String,
    "state": pl.String,
    "signed_on": pl.Date,
    "principal_fen": pl.Int64,
    "days_past_due": pl.Int64,
    "worst_days_past_due": pl.Int64,
    "bucket": pl.Int64,
    "arrears_fen": pl.Int64,
    "outstanding_principal_fen": pl.Int64,
    "payoff_fen": pl.Int64,
    "unapplied_fen": pl.Int64,
    "next_due_on": pl.Date,
    "next_due_fen": pl.Int64,
}
"""What a loan of a list tells, and what a condition over the list may speak of."""
WRONG = "cannot_be_reckoned"
"""The state of a loan that has an error."""
LONGEST_CONDITION = 500
AT_ONCE = 1_000
MOST_LOOKED_AT = 10_000
"""Loans that one page under a condition reckons at most; one that found fewer rows says where it stopped."""
WINDOW = (
    "select c.loan, c.reference, b.reference, p.code, c.signed_on, c.principal_fen from contract c "
    "join borrower b using (borrower) join product p on p.number = c.product where c.loan > %(after)s "
    "and (%(borrower)s = '' or b.reference = %(borrower)s) and (%(product)s = '' or p.code = %(product)s) "
    "order by c.loan limit %(most)s"
)
BACKWARDS = WINDOW.replace("c.loan > %(after)s", "c.loan < %(after)s").replace(
    "order by c.loan", "order by c.loan desc"
)
FIRST, LAST = 0, 1 << 62
"""Places before the first and after the last loan."""


@dataclass(frozen=True, slots=True)
class LoansWanted:
    """Which loans: as of a day as known on another, of a borrower, of a product, under a condition, a window.

    `after`: the place at which the page before ended (None: the first page); `newest`: the last signed first.
    """

    on: date
    known_on: date
    borrower: str = ""
    product: str = ""
    where: str = ""
    after: int | None = None
    most: int = 50
    newest: bool = False


@dataclass(frozen=True, slots=True)
class LoansPage:
    """Rows of a list (`COLUMNS`), and the place to go on after; None: there is no more."""

    rows: list[dict[str, Any]]
    ended_at: int | None


def loans_page(connection: psycopg.Connection[Any], asked: LoansWanted) -> LoansPage:
    """A page of loans, in the order in which they came into the book. Raises BadInput, ConditionRefused."""
    holds = _condition(asked.where)
    place = asked.after if asked.after is not None else LAST if asked.newest else FIRST
    found: list[dict[str, Any]] = []
    at_once = AT_ONCE if holds is not None else asked.most + 1
    for _ in range(MOST_LOOKED_AT // at_once if holds is not None else 1):
        numbers, rows = _window(connection, asked, place, at_once)
        kept = _kept(rows, holds)
        for k in kept[: asked.most - len(found)]:
            found.append(rows[k])
        if len(kept) and len(found) == asked.most:
            last = next(k for k in kept if rows[k] is found[-1])
            more = last < len(numbers) - 1 or len(numbers) == at_once
            return LoansPage(found, numbers[last] if more else None)
        if len(numbers) < at_once:
            return LoansPage(found, None)
        place = numbers[-1]
    return LoansPage(found, place)


def _condition(where: str) -> pl.Expr | None:
    if not where.strip():
        return None
    if len(where) > LONGEST_CONDITION:
        raise BadInput(f"the condition has {len(where)} characters; at most {LONGEST_CONDITION} are read")
    return condition(where, COLUMNS)


def _kept(rows: list[dict[str, Any]], holds: pl.Expr | None) -> list[int]:
    """The row numbers for which a condition holds."""
    if holds is None or not rows:
        return list(range(len(rows)))
    frame = pl.DataFrame(rows, schema=COLUMNS).with_row_index("row")
    return list(frame.filter(holds)["row"].to_list())


def _window(
    connection: psycopg.Connection[Any], asked: LoansWanted, place: int, most: int
) -> tuple[list[int], list[dict[str, Any]]]:
    told = {"after": place, "borrower": asked.borrower, "product": asked.product, "most": most}
    contracts = connection.execute(BACKWARDS if asked.newest else WINDOW, told).fetchall()
    if not contracts:
        return [], []
    numbers = [int(row[0]) for row in contracts]
    book = loans_now(connection, "c.loan = any(%(of)s)", {"of": numbers})
    positions = reckon_book(book, number_of(asked.on), number_of(asked.known_on))
    by_number = {int(loan): position for loan, position in zip(book.contracts["loan"], positions, strict=True)}
    return numbers, [_row(contract, by_number[contract[0]]) for contract in contracts]


def _row(contract: tuple[Any, ...], position: np.void) -> dict[str, Any]:
    _, loan, borrower, product, signed_on, principal_fen = contract
    return {
        "loan": loan,
        "borrower": borrower,
        "product": product,
        "state": state_of(position, WRONG),
        "signed_on": signed_on,
        "principal_fen": int(principal_fen),
        "days_past_due": int(position["days_past_due"]),
        "worst_days_past_due": int(position["worst_days_past_due"]),
        "bucket": int(position["bucket"]),
        "arrears_fen": int(position["arrears_fen"].sum()),
        "outstanding_principal_fen": int(position["outstanding_fen"][Component.PRINCIPAL]),
        "payoff_fen": int(position["payoff_fen"]),
        "unapplied_fen": int(position["unapplied_fen"]),
        "next_due_on": date_or_none(position["next_due_on"]),
        "next_due_fen": int(position["next_due_fen"]),
    }


def loans_counted(
    connection: psycopg.Connection[Any], borrower: str = "", product: str = "", exact: bool = True
) -> int:
    """How many loans a list has; not `exact`: as the database last estimated the whole, which costs nothing."""
    if not exact and not borrower and not product:
        row = connection.execute("select greatest(reltuples, 0)::bigint from pg_class where relname = 'contract'")
    else:
        row = connection.execute(
            "select count(*) from contract c join borrower b using (borrower) join product p on p.number = c.product "
            "where (%(borrower)s = '' or b.reference = %(borrower)s) and (%(product)s = '' or p.code = %(product)s)",
            {"borrower": borrower, "product": product},
        )
    found = row.fetchone()
    assert found is not None
    return int(found[0])


BY_PART = ("outstanding_fen", "arrears_fen", "due_today_fen", "paid_fen", "waived_fen")
DAYS = ("oldest_unpaid_on", "next_due_on", "last_repaid_on", "paid_off_on", "charged_off_on", "written_off_on",
        "accelerated_on", "judged_on")  # fmt: skip
NUMBERS = ("days_past_due", "grace_days_past_due", "worst_days_past_due", "bucket", "next_due_fen", "disbursed_fen",
           "accrued_interest_fen", "accrued_penalty_fen", "repaid_fen", "unapplied_fen", "refunded_fen", "payoff_fen",
           "instalments_paid", "instalments_left", "claim_fen")  # fmt: skip
CONTRACT = (
    "select c.loan, b.reference as borrower, p.code as product, c.principal_fen, c.rate, c.signed_on, c.first_due_on, "
    "c.instalments, c.known_on, (p.terms->>'per') as rate_per, coalesce(b.clear->>'currency', 'CNY') as currency "
    "from contract c join borrower b using (borrower) join product p on p.number = c.product where c.reference = %s"
)


def contract_told(connection: psycopg.Connection[Any], loan: str) -> dict[str, Any]:
    """A contract as it was signed; the rate in percent as text with its unit. Raises FactRefused (unknown)."""
    cursor = connection.execute(CONTRACT, (loan,))
    row = cursor.fetchone()
    if row is None:
        raise FactRefused("loan", loan, "no contract of that reference", "`afterloan find` looks for it", "unknown")
    told = dict(zip((column.name for column in cursor.description or ()), row, strict=True))
    return {**told, "rate_percent": percent(told.pop("rate"))}


def loan_told(connection: psycopg.Connection[Any], loan: str, on: date, known_on: date) -> dict[str, Any]:
    """A loan whole, as it stands at the end of a day as known at the end of another: contract and position.

    Amounts in minor units, `*_by_part` of them by penalty, fee, interest, principal. Raises FactRefused (unknown).
    """
    contract = contract_told(connection, loan)
    book = loans_now(connection, ONE_LOAN, {"of": contract.pop("loan")})
    position = reckon_book(book, number_of(on), number_of(known_on))[0]
    told: dict[str, Any] = {"loan": loan, **contract, "state": state_of(position, WRONG)}
    if position["error"]:
        return {**told, "error": Refusal(int(position["error"])).name.lower()}
    told |= {name: int(position[name]) for name in NUMBERS}
    told |= {name: date_or_none(position[name]) for name in DAYS}
    told |= {name: int(position[name].sum()) for name in BY_PART}
    return told | {f"{name.removesuffix('_fen')}_by_part": _parts(position[name]) for name in BY_PART}


def _parts(amounts: Records) -> dict[str, int]:
    return {part.name.lower(): int(amounts[part]) for part in Component}


def schedule_told(connection: psycopg.Connection[Any], loan: str, on: date, known_on: date) -> list[dict[str, Any]]:
    """The payments of a loan: when each falls due, what of, what met it, since when nothing of it is unpaid."""
    number = contract_told(connection, loan)["loan"]
    book = loans_now(connection, ONE_LOAN, {"of": number})
    rows = reckon_loan(book, 0, number_of(on), number_of(known_on)).instalments
    return [
        {
            "number": int(row["number"]), "kind": RowKind(int(row["row_kind"])).name.lower(),
            "from_on": date_or_none(row["from_on"]), "due_on": date_or_none(row["due_on"]),
            "due_fen": int(row["due_fen"].sum()),
            "due_by_part": _parts(row["due_fen"]), "paid_fen": int(row["paid_fen"].sum()),
            "paid_by_part": _parts(row["paid_fen"]), "waived_fen": int(row["waived_fen"].sum()),
            "balance_fen": int(row["balance_fen"]), "final": bool(row["fell_due"]),
            "cleared_on": date_or_none(row["cleared_on"]),
        }
        for row in rows
    ]  # fmt: skip


FINDINGS = (
    "select f.finding, f.decided_on, f.about, f.rule, f.outcome, f.inputs from finding f where f.loan = %(loan)s "
    "and f.decided_on <= %(on)s and f.finding < %(before)s order by f.finding desc limit %(most)s"
)


def findings_of(
    connection: psycopg.Connection[Any], loan: str, on: date, before: int = LAST, most: int = 50
) -> list[dict[str, Any]]:
    """What rules found of a loan up to a day, the newest first."""
    number = contract_told(connection, loan)["loan"]
    cursor = connection.execute(FINDINGS, {"loan": number, "on": on, "before": before, "most": most})
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


ENTRIES = (
    "select e.entry, e.closed_on, c.reference, p.code, e.cause, e.debit, e.credit, e.amount_fen from entry e "
    "left join contract c on c.loan = e.loan left join product p on p.number = e.product "
    "where e.entry > %(after)s and e.closed_on <= %(on)s and (%(loan)s = '' or c.reference = %(loan)s) "
    "order by e.entry limit %(most)s"
)


def entries_told(
    connection: psycopg.Connection[Any], on: date, loan: str = "", after: int = 0, most: int = 50
) -> list[dict[str, Any]]:
    """Entries of the journal in the order of posting, of a loan or all: each from `credit` to `debit`."""
    if loan:
        contract_told(connection, loan)
    told = {"after": after, "on": on, "loan": loan, "most": most}
    return list(_entries(connection.execute(ENTRIES, told).fetchall()))


def _entries(rows: list[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    for entry, closed_on, loan, product, cause, debit, credit, amount_fen in rows:
        yield {
            "entry": int(entry), "closed_on": closed_on, "loan": loan, "product": product,
            "cause": cause_of(cause).name.lower(), "debit": int(debit), "debit_name": Account(debit).name.lower(),
            "credit": int(credit), "credit_name": Account(credit).name.lower(), "amount_fen": int(amount_fen),
        }  # fmt: skip


def columns_told() -> Mapping[str, str]:
    """The columns of a list of loans and their types, for whoever writes a condition."""
    return {name: str(kind) for name, kind in COLUMNS.items()}

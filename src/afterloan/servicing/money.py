"""Money from outside becomes facts, reckoning and entries: results of debits, lines of statements, refunds."""

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import psycopg

from afterloan.banks.words import Line, Result, Results, RowRefused, Statement, Status
from afterloan.dates import day
from afterloan.facts import FactRefused, Repaid
from afterloan.loan.reckon import reckon_book
from afterloan.servicing.booking import take
from afterloan.servicing.debits import Settled, take_result
from afterloan.servicing.matching import Claim, Match, match_line, tokens
from afterloan.store.connect import reader_to
from afterloan.store.debits import attempt_of
from afterloan.store.ids import one_of
from afterloan.store.read import read_loans
from afterloan.store.server import Store
from afterloan.store.statements import (
    is_matched,
    line_of,
    loans_named,
    loans_of_name,
    loans_of_named,
    loans_with_outside_money,
    put_line,
    put_match,
)


@dataclass(slots=True)
class TakenIn:
    """What taking a file of results in came to; figures by status, rows refused with place and remedy."""

    read: int = 0
    known: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    taken_fen: int = 0
    surplus: list[Settled] = field(default_factory=list)
    contradictions: list[Settled] = field(default_factory=list)
    refused: list[RowRefused] = field(default_factory=list)


def take_results(connection: psycopg.Connection[Any], results: Results, known_on: date) -> TakenIn:
    """Take a file of results in, row by row in the caller's transaction: a row refused holds no other up."""
    done = TakenIn(refused=list(results.refused))
    for k, result in enumerate(results.results, 1):
        done.read += 1
        try:
            with connection.transaction():
                settled = take_result(connection, result, known_on)
        except FactRefused as bad:
            place = f"result {k} ({result.end_to_end})"
            done.refused.append(RowRefused(place, bad.column, str(bad.value), bad.reason, bad.remedy))
            continue
        count_settled(done, settled, result)
    return done


def count_settled(done: TakenIn, settled: Settled, result: Result) -> None:
    """Count one result in: by status, what was taken, what found no debt, what contradicts."""
    if settled.known:
        done.known += 1
        return
    done.counts[result.status] = done.counts.get(result.status, 0) + 1
    if result.status == "succeeded":
        done.taken_fen += result.amount_fen
    if settled.unapplied_fen:
        done.surplus.append(settled)
    if settled.contradicts:
        done.contradictions.append(settled)


# -- statements ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Imported:
    """What importing a statement came to."""

    account: str
    lines: int = 0
    known: int = 0
    matched: dict[str, int] = field(default_factory=dict)
    matched_fen: int = 0
    unmatched: list[tuple[str, Match]] = field(default_factory=list)
    refused: list[RowRefused] = field(default_factory=list)


@contextmanager
def reader_of(store: Store) -> Any:
    """An Arrow connection to the same database."""
    with reader_to(store.url) as reader:
        yield reader


def import_statement(store: Store, statement: Statement, file: str, known_on: date) -> Imported:
    """Take a statement in: each line once by the bank's reference, matched where the line itself says to which loan.

    One transaction for each line, so that the next line sees what the one before paid; killed and run again it ends
    the same. Lines refused or unmatched hold no other up.
    """
    done = Imported(statement.account, refused=list(statement.refused))
    with reader_of(store) as reader:
        for line in statement.lines:
            done.lines += 1
            try:
                with store.connect() as connection:
                    _take_line(connection, reader, statement, line, file, known_on, done)
            except FactRefused as bad:
                done.refused.append(RowRefused(line.bank_reference, bad.column, str(bad.value), bad.reason, bad.remedy))
    return done


def _take_line(
    connection: psycopg.Connection[Any],
    reader: adbc.Connection,
    statement: Statement,
    line: Line,
    file: str,
    known_on: date,
    done: Imported,
) -> None:
    known_on = max(known_on, line.booked_on)
    number, known = put_line(connection, _values(statement, line, file, known_on))
    if known and is_matched(connection, number):
        done.known += 1
        return
    try:
        with connection.transaction():
            how = _apply(connection, reader, number, statement.account, line, known_on)
    except FactRefused as bad:
        how = Match(f"{bad.column} {bad.value!r}: {bad.reason}")
    if how.loan is None:
        done.unmatched.append((line.bank_reference, how))
        return
    done.matched[how.how] = done.matched.get(how.how, 0) + 1
    done.matched_fen += line.amount_fen


def _values(statement: Statement, line: Line, file: str, known_on: date) -> tuple[Any, ...]:
    return (
        statement.account,
        line.bank_reference,
        line.booked_on,
        line.amount_fen,
        statement.currency,
        line.end_to_end,
        line.mandate,
        line.name,
        line.account,
        line.text,
        line.code,
        file,
        known_on,
    )


def _apply(
    connection: psycopg.Connection[Any], reader: adbc.Connection, number: int, account: str, line: Line, known_on: date
) -> Match:
    """Give a line to its debit or its loan; or say why it waits."""
    if line.doubt:
        return Match(line.doubt)
    if _is_debit(connection, line.end_to_end):
        status: Status = "succeeded" if line.amount_fen > 0 else "returned"
        result = Result(
            line.end_to_end, status, line.booked_on, abs(line.amount_fen), line.code, "iso20022", line.bank_reference
        )
        take_result(connection, result, known_on)
        loan = attempt_of(connection, line.end_to_end).parts[0].loan
        put_match(connection, number, "debit", loan, f"{line.end_to_end}:{status}", "afterloan", known_on)
        return Match("debit", loan)
    match = propose(connection, reader, line, known_on)
    if match.loan is not None:
        _repay(connection, number, account, line, match.loan, match.how, "afterloan", known_on)
    return match


def _is_debit(connection: psycopg.Connection[Any], reference: str) -> bool:
    try:
        attempt_of(connection, reference)
    except FactRefused:
        return False
    return True


def _repay(
    connection: psycopg.Connection[Any],
    number: int,
    account: str,
    line: Line,
    loan: str,
    how: str,
    by: str,
    known_on: date,
    note: str = "",
) -> None:
    name = f"bank:{account}:{line.bank_reference}"
    on, known = day(line.booked_on.isoformat()), day(max(known_on, line.booked_on).isoformat())
    take(connection, Repaid(loan, name, on, known, line.amount_fen))
    put_match(connection, number, how, loan, name, by, known_on, note)


def propose(connection: psycopg.Connection[Any], reader: adbc.Connection, line: Line, on: date) -> Match:
    """To which loan a line that names no debit belongs, or among which a person may choose."""
    words = tokens(line)
    named = loans_named(connection, words)
    of_borrower = loans_of_named(connection, words, line.mandate) if not named else []
    of_name = loans_of_name(connection, line.name) if not named and not of_borrower else []
    claims = _claims(connection, reader, [*named, *of_borrower, *of_name], on, bool(named))
    parts = [[claims[n] for n in numbers if n in claims] for numbers in (named, of_borrower, of_name)]
    return match_line(line, parts[0], parts[1], parts[2])


def _claims(
    connection: psycopg.Connection[Any], reader: adbc.Connection, loans: Sequence[int], on: date, ended_too: bool
) -> dict[int, Claim]:
    """Live loans (`ended_too`: also those that are paid) with what they ask for on a day."""
    if not loans:
        return {}
    book = read_loans(connection, reader, one_of("c.loan", loans))
    rows = connection.execute(
        "select c.loan, c.reference, b.reference, b.name from contract c join borrower b using (borrower) "
        "where c.loan = any(%s)",
        (list(loans),),
    ).fetchall()
    names = {loan: told for loan, *told in rows}
    as_of = day(on.isoformat())
    found: dict[int, Claim] = {}
    for p in reckon_book(book, as_of, as_of):
        if p["error"] or not (ended_too or p["payoff_fen"] > 0):
            continue
        due = int(p["arrears_fen"].sum() + p["due_today_fen"].sum()) or int(p["next_due_fen"])
        loan, borrower, name = names[int(p["loan"])]
        found[int(p["loan"])] = Claim(loan, borrower, name, due, int(p["payoff_fen"]))
    return found


def assign(
    connection: psycopg.Connection[Any],
    bank_reference: str,
    loan: str | None,
    by: str,
    on: date,
    account: str | None = None,
    note: str = "",
) -> str:
    """A person gives an unmatched line to a loan, or (`loan` None) sets it aside with a note. Raises FactRefused.

    The same again is known. Returns what was done, in words.
    """
    told = line_of(connection, bank_reference, account)
    if told["how"] is not None:
        fact = f"bank:{told['account']}:{bank_reference}"
        same = connection.execute(
            "select 1 from fact f join contract c using (loan) where f.reference = %s and c.reference = %s",
            (fact, loan),
        ).fetchone()
        if same is not None or (loan is None and told["how"] == "set aside"):
            return f"{bank_reference} was given to {loan or 'nobody'} before; nothing was added"
        raise FactRefused(
            "bank_reference",
            bank_reference,
            f"is matched already ({told['how']}, {told['fact']})",
            "reverse that fact first",
        )
    if loan is None:
        if not note:
            raise FactRefused("note", note, "a line set aside needs a reason", "say with --note what it is")
        put_match(connection, told["line"], "set aside", None, "", by, on, note)
        return f"{bank_reference} is set aside: {note}"
    if told["amount_fen"] < 0:
        raise FactRefused(
            "bank_reference",
            bank_reference,
            "is money that went out",
            "reverse the repayment it takes back, then set aside",
        )
    line = Line(bank_reference, told["booked_on"], told["amount_fen"])
    _repay(connection, told["line"], told["account"], line, loan, "person", by, on, note)
    return f"{bank_reference} is given to {loan}: {told['amount_fen']} minor units"


@dataclass(frozen=True, slots=True)
class Surplus:
    """A loan that is paid and holds money of the borrower."""

    loan: str
    borrower: str
    name: str
    amount_fen: int


def refunds_due(store: Store, on: date) -> list[Surplus]:
    """Paid loans with money left on them that came by debit or statement: to be given back or used with consent."""
    with store.connect() as connection, reader_of(store) as reader:
        loans = loans_with_outside_money(connection)
        if not loans:
            return []
        book = read_loans(connection, reader, one_of("c.loan", loans))
        as_of = day(on.isoformat())
        positions = reckon_book(book, as_of, as_of)
        over = {
            int(p["loan"]): int(p["unapplied_fen"])
            for p in positions
            if not p["error"] and p["payoff_fen"] == 0 and p["unapplied_fen"] > 0
        }
        rows = connection.execute(
            "select c.loan, c.reference, b.reference, b.name from contract c join borrower b using (borrower) "
            "where c.loan = any(%s) order by c.reference",
            (list(over),),
        ).fetchall()
    return [Surplus(loan, borrower, name, over[number]) for number, loan, borrower, name in rows]

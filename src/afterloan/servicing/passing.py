"""Money that leaves a loan: refunded, come back, passed on to another loan, or moved to the loan it was meant for."""

from dataclasses import dataclass
from typing import Any

import psycopg

from afterloan.facts import (
    FactRefused,
    Refunded,
    RefundReturned,
    Repaid,
    Reversed,
    TransferredIn,
    TransferredOut,
)
from afterloan.loan.terms import FactKind
from afterloan.servicing.booking import FactTaken, book_of, take
from afterloan.store.locks import lock_borrowers
from afterloan.strategy.passing import why_not_back, why_not_in, why_not_out

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Passed:
    """What passing money on came to: both loans afterwards."""

    out: FactTaken
    into: FactTaken


def refund(connection: Connection, fact: Refunded) -> FactTaken:
    """Record that money which waited was given back. Raises FactRefused when less waits."""
    if not _known(connection, fact.reference, fact.loan):
        _refuse(
            why_not_out(book_of(connection, fact.loan), fact.on, fact.known_on, fact.amount_fen),
            "amount_fen", fact.amount_fen, "refund no more than waits; a repayment that met debt is reversed instead",
        )  # fmt: skip
    return take(connection, fact)


def refund_returned(connection: Connection, fact: RefundReturned) -> FactTaken:
    """Record that a refund came back: it waits again, or meets what is due. Raises FactRefused beyond what was given.

    For a refund that was never made at all, reverse its fact instead: then the money had waited all along.
    """
    if not _known(connection, fact.reference, fact.loan):
        _refuse(
            why_not_back(book_of(connection, fact.loan), fact.on, fact.known_on, fact.amount_fen),
            "amount_fen", fact.amount_fen, "name the refund that came back; other money is a repayment",
        )  # fmt: skip
    return take(connection, fact)


def transfer(
    connection: Connection, source: str, target: str, reference: str, on: int, known_on: int, amount_fen: int
) -> Passed:
    """Pass money that waits on loan `source` on to loan `target` of the same borrower, under one reference.

    Two facts, `reference:out` and `reference:in`, in the caller's transaction. Raises FactRefused: loans of two
    borrowers, less money waiting, or more than ends the target.
    """
    out = TransferredOut(source, f"{reference}:out", on, known_on, amount_fen)
    into = TransferredIn(target, f"{reference}:in", on, known_on, amount_fen)
    if not _known(connection, out.reference, source, target):
        _one_borrower(connection, source, target)
        why = why_not_out(book_of(connection, source), on, known_on, amount_fen)
        _refuse(why, "amount_fen", amount_fen, "pass on no more than waits")
        why = why_not_in(book_of(connection, target), on, known_on, amount_fen)
        _refuse(why, "amount_fen", amount_fen, "pass on what that loan owes; refund the rest")
    return Passed(take(connection, out), take(connection, into))


def take_back_transfer(connection: Connection, reference: str, taken_back: str, known_on: int) -> Passed:
    """Take a transfer back on both loans: it was never there. `taken_back`: the reference of the taking back."""
    legs = [Reversed("-", f"{taken_back}:{leg}", known_on, known_on, of=f"{reference}:{leg}") for leg in ("out", "in")]
    return Passed(take(connection, legs[0]), take(connection, legs[1]))


def move_repayment(
    connection: Connection, of: str, target: str, reference: str, known_on: int, amount_fen: int | None = None
) -> Passed:
    """Move a repayment (its reference `of`), or a part of it, to the loan it was meant for, of whichever borrower.

    A reversal of it and a repayment of the same day on `target`, both known on `known_on`, in the caller's
    transaction: `reference:off`, `reference:on`, and `reference:rest` for a part that stays. 400.00 received on
    10 February and moved on 1 March: the one loan never had it, the other was paid on 10 February.
    Raises FactRefused: no such repayment, taken back before, the same loan, or more than was received.
    """
    loan, on, received = _repayment(connection, of)
    amount = received if amount_fen is None else amount_fen
    if loan == target:
        raise FactRefused("loan", target, "is the loan on which it stands", "name the loan it was meant for")
    if not 0 < amount <= received:
        raise FactRefused("amount_fen", amount, f"not between 1 and {received}, what was received", "correct it")
    out = take(connection, Reversed("-", f"{reference}:off", known_on, known_on, of=of))
    if amount < received:
        out = take(connection, Repaid(loan, f"{reference}:rest", on, known_on, received - amount))
    into = Repaid(target, f"{reference}:on", on, known_on, amount)
    return Passed(out, take(connection, into))


def _repayment(connection: Connection, of: str) -> tuple[str, int, int]:
    """The loan, day and amount of a repayment."""
    row = connection.execute(
        "select c.reference, f.on_day - date '1970-01-01', f.amount_fen, f.kind from fact f "
        "join contract c using (loan) where f.reference = %s",
        (of,),
    ).fetchone()
    if row is None or row[3] != FactKind.REPAID:
        raise FactRefused(
            "of", of, "no repayment of that reference", "`afterloan explain LOAN` shows what was received"
        )
    return str(row[0]), int(row[1]), int(row[2])


def _one_borrower(connection: Connection, source: str, target: str) -> None:
    rows = connection.execute(
        "select reference, borrower from contract where reference = any(%s)", ([source, target],)
    ).fetchall()
    owner = {str(reference): borrower for reference, borrower in rows}
    for loan in (source, target):
        if loan not in owner:
            raise FactRefused("loan", loan, "no contract of that reference", "import the contract first")
    if source == target or owner[source] != owner[target]:
        raise FactRefused("loan", target, f"is not another loan of the borrower of {source}", "name one of theirs")


def _known(connection: Connection, reference: str, *loans: str) -> bool:
    """Whether a reference is in the books already, asked once nobody else acts for the borrowers of `loans`.

    Two refunds at one moment must not both find the same money waiting.
    """
    rows = connection.execute("select borrower from contract where reference = any(%s)", (list(loans),)).fetchall()
    lock_borrowers(connection, [row[0] for row in rows])
    return connection.execute("select from fact where reference = %s", (reference,)).fetchone() is not None


def _refuse(why: str, column: str, value: object, remedy: str) -> None:
    if why:
        raise FactRefused(column, value, why, remedy)

"""Verbs of money on our bank account: a statement taken in, its lines given to loans by people, taken off, moved."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
from pydantic import Field

from afterloan.banks.words import BankRowRefused, BankStatement
from afterloan.facts import FactRefused
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.servicing.money import MOST_PARTS, PART, TurnedLine, import_lines, lines_in_turn, lock_named, source_of
from afterloan.servicing.money import give_line as give
from afterloan.servicing.money import move_line as move
from afterloan.servicing.money import split_line as split
from afterloan.servicing.money import take_line_off as take_off
from afterloan.servicing.verbs import borrower_of_loan
from afterloan.store.locks import lock_account, lock_bank_files
from afterloan.store.statements import finish_refusal, line_of


class TakeStatement(Asked):
    """Lines of a statement (`source`: the bank's name of it) of our `account`, and rows that could not be read."""

    account: str
    source: str
    currency: str
    file: str
    lines: tuple[TurnedLine, ...]
    refused: tuple[BankRowRefused, ...] = ()


def statement_in_parts(statement: BankStatement, file: str) -> Iterator[TakeStatement]:
    """A statement as askings of at most `PART` lines each; the rows that could not be read are in the first."""
    lines = tuple(lines_in_turn(statement))
    told = {"account": statement.account, "source": source_of(statement), "currency": statement.currency, "file": file}
    for begin in range(0, max(len(lines), 1), PART):
        refused = statement.refused if begin == 0 else ()
        yield TakeStatement(**told, lines=lines[begin : begin + PART], refused=refused)


def take_statement(desk: Desk, asked: TakeStatement, on: date) -> dict[str, Any]:
    """Take lines in, each once; money goes to a loan only by what the line says, the rest waits for a person.

    `matched`: how many by which sign; `known_before`: lines that had their loan; `unmatched`: those that wait, and why.
    """
    lock_bank_files(desk.connection)
    lock_named(desk.connection, asked.account, asked.lines)
    done = import_lines(
        desk.connection, asked.account, asked.source, asked.currency, asked.lines, asked.refused, asked.file, on
    )
    desk.lock(*sorted(done.borrowers))
    waits = [{"line": r, "why": m.how, "candidates": list(m.candidates)} for r, m in done.unmatched]
    return {
        "account": done.account,
        "lines": done.lines,
        "known_before": done.known,
        "matched": dict(sorted(done.matched.items())),
        "matched_fen": done.matched_fen,
        "unmatched": waits,
        "refused": [str(row) for row in done.refused],
    }


class _OfLine(Asked):
    """A line by the bank's reference or its number as `#12`; `account` where several of ours have that reference."""

    line: str
    account: str | None = None

    def _owners(self, connection: psycopg.Connection[Any], *loans: str) -> list[str]:
        """The borrowers of the line's loans and of others; the account is locked first, as by statements."""
        lock_account(connection, line_of(connection, self.line, self.account)["account"])
        has = [part["loan"] for part in line_of(connection, self.line, self.account)["parts"]]
        return sorted({borrower_of_loan(connection, loan) for loan in (*has, *loans) if loan})


class GiveLine(_OfLine):
    """The line is for `loan`; `note` says how we know."""

    loan: str
    note: str = Field(default="", max_length=2_000)

    def borrowers(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Whose loan it is given to."""
        return self._owners(connection, self.loan)


def give_line(desk: Desk, asked: GiveLine, on: date) -> dict[str, Any]:
    """A person gives a line that waits to a loan: a repayment of the day on which it was booked."""
    done = give(desk.connection, asked.line, asked.loan, desk.who.name, on, asked.account, asked.note)
    return {
        "line": done.line,
        "name": done.name,
        "loan": asked.loan,
        "amount_fen": done.amount_fen,
        "repayment": done.fact,
        "known_before": done.known,
    }


class LinePart(Asked):
    """`amount_fen` of a line is for `loan`."""

    loan: str
    amount_fen: int = Field(gt=0)


class SplitLine(_OfLine):
    """The line is for several loans: `parts` say how much is for each, all of it together; `note` says how we know."""

    parts: tuple[LinePart, ...] = Field(min_length=2, max_length=MOST_PARTS)
    note: str = Field(default="", max_length=2_000)

    def borrowers(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Whose loans it is given to."""
        return self._owners(connection, *(part.loan for part in self.parts))


def split_line(desk: Desk, asked: SplitLine, on: date) -> dict[str, Any]:
    """A person gives a line that waits to several loans: a repayment on each, of the day on which it was booked."""
    parts = [(part.loan, part.amount_fen) for part in asked.parts]
    done = split(desk.connection, asked.line, parts, desk.who.name, on, asked.account, asked.note)
    return {
        "line": done[0].line,
        "name": done[0].name,
        "amount_fen": sum(one.amount_fen for one in done),
        "parts": [{"loan": one.loan, "amount_fen": one.amount_fen, "repayment": one.fact} for one in done],
        "known_before": all(one.known for one in done),
    }


class SetLineAside(_OfLine):
    """The line is for no loan; `note` says what it is."""

    note: str = Field(min_length=1, max_length=2_000)

    def borrowers(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Nobody's."""
        return self._owners(connection)


def set_line_aside(desk: Desk, asked: SetLineAside, on: date) -> dict[str, Any]:
    """A person says of a line what it is instead of money for a loan: a fee of the account, a transfer of our own."""
    done = give(desk.connection, asked.line, None, desk.who.name, on, asked.account, asked.note)
    return {"line": done.line, "name": done.name, "known_before": done.known, "note": asked.note}


class SendLineBack(_OfLine):
    """The line's money goes back to whoever paid it, to `account`; `note` says why. It was for no loan of ours."""

    to: str = Field(min_length=1, max_length=100)
    note: str = Field(min_length=1, max_length=2_000)

    def borrowers(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Nobody's."""
        return self._owners(connection)


def send_line_back(desk: Desk, asked: SendLineBack, on: date) -> dict[str, Any]:
    """Send a line's money back to its payer: it waits no more, and that evening's books pay it out of unmatched money.

    Raises FactRefused: it stands on a loan, was decided before, or went out. Should it come back, take the line off.
    """
    told = line_of(desk.connection, asked.line, asked.account)
    if told["amount_fen"] < 0:
        raise FactRefused("line", asked.line, "is money that went out", "set it aside with what it is")
    note = f"sent back to {asked.to}: {asked.note}"
    done = give(desk.connection, asked.line, None, desk.who.name, on, asked.account, note)
    if done.known and done.note != note:
        raise FactRefused("line", asked.line, f"was set aside: {done.note}", "take it off first", "conflict")
    return {"line": done.line, "name": done.name, "known_before": done.known, "amount_fen": done.amount_fen,
            "to": asked.to, "note": asked.note}  # fmt: skip


class TakeLineOff(_OfLine):
    """The line is not for the loan it was given to; `note` says why."""

    note: str = Field(default="", max_length=2_000)

    def borrowers(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Whose loan has it."""
        return self._owners(connection)


def take_line_off(desk: Desk, asked: TakeLineOff, on: date) -> dict[str, Any]:
    """A person takes a line off its loan: the repayment never was, and the line waits again."""
    off = take_off(desk.connection, asked.line, desk.who.name, on, asked.account, asked.note)
    return {"line": off.line, "name": off.name, "loan": off.loan, "repayment": off.fact, "reversal": off.reversal}


class MoveLine(GiveLine):
    """The line was given to the wrong loan: it is for `loan`; `note` says how we know."""


def move_line(desk: Desk, asked: MoveLine, on: date) -> dict[str, Any]:
    """A person takes a line off the wrong loan and gives it to the right one."""
    done = move(desk.connection, asked.line, asked.loan, desk.who.name, on, asked.account, asked.note)
    return {
        "line": done.off.line,
        "name": done.off.name,
        "was": done.off.loan,
        "loan": asked.loan,
        "amount_fen": done.given.amount_fen,
        "reversal": done.off.reversal,
        "repayment": done.given.fact,
    }


class FinishRow(Asked):
    """The refused row `number` of a bank's file is done with; `how` says what became of it."""

    number: int
    how: str = Field(min_length=1, max_length=2_000)


def finish_row(desk: Desk, asked: FinishRow, on: date) -> dict[str, Any]:
    """A person has done with a row that could not be taken. `known_before`: somebody had before."""
    done = finish_refusal(desk.connection, asked.number, desk.who.name, asked.how, on)
    return {"row": asked.number, "known_before": not done}

"""A loan statement for people, tables and machines: the movements of a period and what the journal still lacks."""

import csv
import io
import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from afterloan.dates import NEVER, iso
from afterloan.expected import ExpectedFailure
from afterloan.journal.statement import JournalStatement, StatementRow, statement
from afterloan.loan.book import Book, Records
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.suppose import ends_debt

COLUMNS = ("on", "instalment", "words", "amount_fen", "principal_fen", "booked_on")


class StatementRefused(ExpectedFailure, ValueError):
    """No statement can be made: says why and what to do."""


@dataclass(frozen=True, slots=True)
class LoanStatement:
    """The statement of `loan` from `first` to `last` (days); `opening_fen` is the principal left before `first`."""

    loan: str
    first: int
    last: int
    opening_fen: int
    closing_fen: int
    lines: list[StatementRow]
    unposted: dict[str, int]
    owed_fen: int = 0
    """What ends the debt at the end of `last`."""
    claim_fen: int = 0
    """The part of it that was written off and is still owed."""

    def rows(self) -> list[dict[str, Any]]:
        """The lines with days as YYYY-MM-DD; `booked_on` is empty while the journal lacks the line."""
        return [
            asdict(line) | {"on": iso(line.on), "booked_on": iso(line.booked_on) if line.booked_on < NEVER else ""}
            for line in self.lines
        ]

    def to_json(self) -> str:
        """For machines; amounts in minor units."""
        head = {"loan": self.loan, "from": iso(self.first), "to": iso(self.last)}
        sums = {"opening_fen": self.opening_fen, "closing_fen": self.closing_fen, "unposted": self.unposted}
        sums |= {"owed_fen": self.owed_fen, "claim_fen": self.claim_fen}
        return json.dumps(head | sums | {"lines": self.rows()}, ensure_ascii=False)

    def to_csv(self) -> str:
        """One row a movement; amounts in minor units."""
        out = io.StringIO()
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows())
        return out.getvalue()

    def print(self, console: Any) -> None:
        """On a terminal: the period, a line a movement, principal before and after."""
        from rich.table import Table

        table = Table(title=f"{self.loan}: {iso(self.first)} to {iso(self.last)}", box=None, title_justify="left")
        for name in ("on", "no."):
            table.add_column(name)
        table.add_column("what")
        for name in ("amount", "principal left", "booked on"):
            table.add_column(name, justify="right")
        table.add_row("", "", "brought forward", "", money(self.opening_fen), "")
        for line, row in zip(self.lines, self.rows(), strict=True):
            number = str(line.instalment) if line.instalment > 0 else ""
            booked = str(row["booked_on"]) or "not yet"
            amounts = money(line.amount_fen), money(line.principal_fen)
            table.add_row(str(row["on"]), number, line.words, *amounts, booked)
        console.print(table)
        console.print(f"to end the debt on {iso(self.last)}: {money(self.owed_fen)}", highlight=False)
        if self.claim_fen:
            console.print(f"written off in the books, still owed: {money(self.claim_fen)}", highlight=False)
        for words, amount in self.unposted.items():
            console.print(f"not in the journal yet: {money(amount)} {words}", highlight=False)


def money(fen: int) -> str:
    """`money(-5) == "-0.05"`: whole minor units as text, without a binary fraction."""
    whole, cents = divmod(abs(int(fen)), 100)
    return f"{'-' if fen < 0 else ''}{whole:,}.{cents:02d}"


def loan_statement(
    book: Book, i: int, loan: str, entries: Records, closed_on: list[int], first: int | None, last: int
) -> LoanStatement:
    """The statement of loan `i` of `book` from `first` (None: from its beginning) to `last`, as known today.

    `entries` ENTRY [e] are all that the journal holds for the loan, entry j posted on `closed_on[j]`.
    Raises StatementRefused for a period that ends before it begins and for a loan that cannot be reckoned.
    """
    begin = int(book.contracts["signed_on"][i]) if first is None else first
    if begin > last:
        raise StatementRefused(f"the period {iso(begin)} to {iso(last)} ends before it begins: give --to a later day")
    reckoned = reckon_loan(book, i, last)
    if reckoned.position["error"]:
        raise StatementRefused(f"loan {loan!r} cannot be reckoned: `afterloan explain {loan}` says why")
    made = statement(reckoned.movements, entries, closed_on)
    before = [line for line in made.lines if line.on < begin]
    cut = _cut(made, loan, begin, last, before[-1].principal_fen if before else 0)
    return replace(cut, owed_fen=ends_debt(reckoned.position), claim_fen=int(reckoned.position["claim_fen"]))


def _cut(made: JournalStatement, loan: str, first: int, last: int, opening_fen: int) -> LoanStatement:
    lines = [line for line in made.lines if line.amount_fen and first <= line.on <= last]
    closing = lines[-1].principal_fen if lines else opening_fen
    return LoanStatement(loan, first, last, opening_fen, closing, lines, made.unposted)

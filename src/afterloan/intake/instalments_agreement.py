"""How far the reckoning agrees with what the source of `instalments_csv` says itself about lateness.

Two independent measures: each payment's own days late against the day the reckoning clears that
instalment, and the monthly days past due of `pos_cash_balance.csv` against the reckoned position.
"""

import csv
import sys
from calendar import monthrange
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np

from afterloan.dates import NEVER, date_of, day, number_of
from afterloan.intake.instalments_csv import LEFT_OUT, Instalment, Loan, SourcePart, read_source
from afterloan.loan.book import Book
from afterloan.loan.reckon import Reckoned, reckon_book, reckon_loan
from afterloan.loan.terms import CONTRACT, FACT, PROMISED, Cause, FactKind
from afterloan.rules.products import builtin

DAYS_OF_DOUBT = 31
NO_CALENDAR = np.zeros((0, 0), np.bool_)


@dataclass(slots=True)
class Agreement:
    """`agree` of `of`, and why the rest differs: `because` counts by cause and adds up to `of - agree`."""

    name: str
    agree: int = 0
    of: int = 0
    because: Counter[str] = field(default_factory=Counter)

    def note(self, same: bool, cause: str) -> None:
        """Count one comparison."""
        self.of += 1
        self.agree += same
        if not same:
            self.because[cause] += 1

    def lines(self) -> list[str]:
        """`payments: agree 7,100 of 7,347`, then a line a cause."""
        causes = [f"  {count:,} {cause}" for cause, count in self.because.most_common()]
        return [f"{self.name}: agree {self.agree:,} of {self.of:,}", *causes]


def book_of(loans: list[Loan], anchor: int) -> Book:
    """The loans as a book in memory, the same facts that the import files tell."""
    contracts = np.zeros(len(loans), CONTRACT)
    contracts["loan"] = [loan.loan for loan in loans]
    contracts["principal_fen"] = [loan.principal_fen for loan in loans]
    contracts["instalments"] = [len(loan.instalments) for loan in loans]
    contracts["signed_on"] = [anchor + loan.start for loan in loans]
    promised = [(anchor + i.due, i.amount_fen, 0, 0) for loan in loans for i in loan.instalments]
    facts: list[tuple[int, ...]] = []
    ends = [0]
    for loan in loans:
        facts.append(_fact(FactKind.DISBURSED, anchor + loan.start, loan.principal_fen))
        facts += [_fact(FactKind.REPAID, anchor + part.paid, part.amount_fen) for _, part in receipts_of(loan)]
        ends.append(len(facts))
    rows = np.cumsum([0] + [len(loan.instalments) for loan in loans])
    products = np.array([builtin()["imported"].record()])
    return Book(
        products,
        contracts,
        np.array(promised, PROMISED),
        rows.astype(np.int64),
        np.array(facts, FACT),
        np.array(ends, np.int64),
        NO_CALENDAR,
    )


def _fact(kind: FactKind, on: int, amount_fen: int) -> tuple[int, ...]:
    return (int(kind), on, on, NEVER, amount_fen, 0, 0, 0, 0, 0, 0, 0)


def receipts_of(loan: Loan) -> list[tuple[int, SourcePart]]:
    """What was received, in the order the book has it, with the place of its instalment in the schedule."""
    told = [(k, part) for k, instalment in enumerate(loan.instalments) for part in instalment.parts]
    return sorted(told, key=lambda each: (each[1].paid, loan.instalments[each[0]].number, each[1].rows[0]))


def payments_agree(loans: list[Loan], book: Book, anchor: int, as_of: int) -> Agreement:
    """Each payment's own lateness against `cleared_on - due_on` of its instalment, one comparison a source row."""
    told = Agreement("payments' own lateness")
    for i, loan in enumerate(loans):
        reckoned = reckon_loan(book, i, as_of)
        for k, instalment in enumerate(loan.instalments):
            cleared = int(reckoned.instalments[k]["cleared_on"])
            last = max((part.paid for part in instalment.parts), default=0)
            for part in instalment.parts:
                same = (
                    cleared < NEVER and cleared - int(reckoned.instalments[k]["due_on"]) == part.paid - instalment.due
                )
                for _ in part.rows:
                    told.note(same, "" if same else _cause(loan, k, instalment, part, last, reckoned))
    return told


def _cause(loan: Loan, k: int, instalment: Instalment, part: SourcePart, last: int, reckoned: Reckoned) -> str:
    """Why a payment's lateness and its instalment's differ."""
    cleared = int(reckoned.instalments[k]["cleared_on"])
    if part.paid < last and cleared < NEVER:
        return "an earlier part of an instalment that a later payment completes"
    if sum(p.amount_fen for p in instalment.parts) < instalment.amount_fen:
        return "the rest of the instalment is not in the sample"
    if _met_another(loan, k, reckoned):
        return "the money met another instalment of the loan that was still unpaid"
    return "not explained"


def _met_another(loan: Loan, k: int, reckoned: Reckoned) -> bool:
    """Whether a payment made for instalment k went, in part, to another row, or another's to it."""
    receipts = receipts_of(loan)
    moves = reckoned.movements[reckoned.movements["cause"] == int(Cause.REPAID)]
    for move in moves:
        if move["instalment"] > 0 and move["fact"] > 0:
            meant = receipts[int(move["fact"]) - 1][0]
            if (meant == k) != (int(move["instalment"]) - 1 == k):
                return True
    return False


def month_end(anchor: int, months: int) -> int:
    """The last day of the month `months` (negative) from the anchor's: anchor 30 June 2018, -1: 31 May 2018."""
    on = date_of(anchor)
    years, month = divmod(on.year * 12 + on.month - 1 + months, 12)
    return number_of(date(years, month + 1, monthrange(years, month + 1)[1]))


def months_agree(folder: Path, loans: list[Loan], book: Book, anchor: int) -> Agreement:
    """`SK_DPD` of each month of each loan against the reckoned days past due at that month's end."""
    told = Agreement("days past due at month ends")
    place = {loan.loan: i for i, loan in enumerate(loans)}
    positions = {}
    with (folder / "pos_cash_balance.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            i = place.get(int(row["SK_ID_PREV"]))
            if i is None:
                continue
            on = month_end(anchor, int(row["MONTHS_BALANCE"]))
            if on not in positions:
                positions[on] = reckon_book(book, on)["days_past_due"]
            ours, theirs = int(positions[on][i]), int(row["SK_DPD"])
            told.note(ours == theirs, "" if ours == theirs else _month_cause(book, i, on, theirs))
    return told


def _month_cause(book: Book, i: int, on: int, theirs: int) -> str:
    """Why a month's days past due differ; the source does not tell on which day of the month it looked."""
    days = range(on - DAYS_OF_DOUBT, on + DAYS_OF_DOUBT + 1)
    if any(int(reckon_loan(book, i, each).position["days_past_due"]) == theirs for each in days):
        return f"agrees on another day within {DAYS_OF_DOUBT}: the source does not say which day of the month it means"
    if theirs > 365:
        return "theirs counts on for years after the loan was completed"
    if theirs > 0:
        return "theirs in arrears with an instalment, or a part of one, that is not in the sample"
    return "ours in arrears with a part of an instalment whose payment is not in the sample"


def spells(loans: list[Loan], anchor: int) -> list[tuple[str, int, int]]:
    """Spells of arrears as the payments tell them: loan, first day and first day after, seen at the ends of days.

    What fell due on the 1st and was paid on the 4th is in arrears at the end of the 2nd and the 3rd; what was paid
    on the 2nd never is. No waterfall, no engine: each instalment with its own payments.
    """
    found = []
    for loan in loans:
        late = {
            on for i in loan.instalments for on in range(i.due + 1, max((part.paid for part in i.parts), default=i.due))
        }
        starts = sorted(on for on in late if on - 1 not in late)
        ends = sorted(on + 1 for on in late if on + 1 not in late)
        found += [(f"loan-{loan.loan}", anchor + a, anchor + b) for a, b in zip(starts, ends, strict=True)]
    return found


def spells_agree(told: list[tuple[str, int, int]], closed: list[tuple[str, int, int]]) -> Agreement:
    """Spells that payments tell against spells that closed days left as transitions, of either's loans."""
    agreement = Agreement("spells of arrears")
    theirs, ours = set(told), set(closed)
    for spell in sorted(theirs | ours):
        near = any(other[0] == spell[0] for other in (theirs ^ ours) - {spell})
        cause = "the same loan by other days: its money met another instalment first" if near else "in one list only"
        agreement.note(spell in theirs and spell in ours, cause)
    return agreement


def measure(folder: Path, anchor: str = "2018-06-30", unseen: str = LEFT_OUT) -> list[Agreement]:
    """Both measures for a folder; `pos_cash_balance.csv` only where it is there."""
    loans = read_source(folder, unseen).loans
    start = day(anchor)
    book = book_of(loans, start)
    told = [payments_agree(loans, book, start, start)]
    if (folder / "pos_cash_balance.csv").exists():
        told.append(months_agree(folder, loans, book, start))
    return told


def main(folder: str) -> None:
    """Print both measures, with the unseen parts left out and owed."""
    for unseen in ("left_out", "owed"):
        print(f"unseen parts {unseen.replace('_', ' ')}:")
        for agreement in measure(Path(folder), unseen=unseen):
            print("\n".join("  " + line for line in agreement.lines()))


if __name__ == "__main__":
    main(sys.argv[1])

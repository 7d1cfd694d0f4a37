"""Bring payment records of the Home Credit form into the files of a book: schedules, disbursements, repayments.

Source: `instalments.csv`, one row a payment of one instalment, with days counted from a client's
application, and `previous_loans.csv`, where the day a loan was decided is found. What becomes of each
oddity, with counts, is in `docs/importing-instalments.md`.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from itertools import groupby, pairwise
from pathlib import Path

import polars as pl

from afterloan.counting import counted
from afterloan.dates import day, iso
from afterloan.expected import ExpectedFailure
from afterloan.loan.terms import MAX_INSTALMENTS, MAX_PRINCIPAL_FEN

COLUMNS = (
    "SK_ID_PREV",
    "SK_ID_CURR",
    "NUM_INSTALMENT_VERSION",
    "NUM_INSTALMENT_NUMBER",
    "DAYS_INSTALMENT",
    "DAYS_ENTRY_PAYMENT",
    "AMT_INSTALMENT",
    "AMT_PAYMENT",
)
LONGEST_AGO = 4_000  # days before the application; the source keeps about eight years
DAYS_TO_FIRST_DUE = 30  # for a loan whose day of decision is not told
LEFT_OUT, OWED = "left_out", "owed"
NOT_TAKEN = "not_taken.csv"


class SourceRefused(ExpectedFailure, ValueError):
    """A folder or an argument that cannot be worked with at all."""


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A row of the source that became no fact. `row` counts from 1, the header not counted."""

    file: str
    row: int
    column: str
    value: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Payment:
    """One row of the source. Days count from the application; amounts are as written, to a tenth of a cent."""

    row: int
    loan: int
    client: int
    version: int
    number: int
    due: int
    paid: int
    amount_due: Decimal
    amount_paid: Decimal

    @property
    def late(self) -> int:
        """Days from the due day to the day of payment; negative when early."""
        return self.paid - self.due


@dataclass(frozen=True, slots=True)
class SourcePart:
    """Money received for one instalment: the day, whole cents, and the source rows that told of it."""

    paid: int
    amount_fen: int
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Instalment:
    """One instalment as the book will have it."""

    number: int  # of the source
    due: int
    amount_fen: int
    parts: tuple[SourcePart, ...]


@dataclass(frozen=True, slots=True)
class Loan:
    """One loan of the source: instalments in order of due day."""

    loan: int
    client: int
    start: int
    instalments: tuple[Instalment, ...]

    @property
    def principal_fen(self) -> int:
        """All that its instalments promise."""
        return sum(i.amount_fen for i in self.instalments)


@dataclass(slots=True)
class Source:
    """What was read: loans, the rows that became nothing, and how often each oddity was met."""

    loans: list[Loan] = field(default_factory=list)
    not_taken: list[NotTaken] = field(default_factory=list)
    oddities: Counter[str] = field(default_factory=Counter)
    payments: int = 0

    def __str__(self) -> str:
        """For people: rows read, loans made, oddities met."""
        oddities = [f"  {count:,} {name}" for name, count in self.oddities.most_common() if count]
        not_taken = f"{counted(len(self.not_taken), 'row')} not taken ({NOT_TAKEN})"
        first = f"{counted(self.payments, 'payment')} of {counted(len(self.loans), 'loan')}; {not_taken}"
        return "\n".join([first, "oddities:", *oddities])


def _whole(text: str) -> int:
    """A whole number also where it is written 12.0, as tables with gaps are."""
    value = _amount(text)
    if value != value.to_integral_value():
        raise InvalidOperation
    return int(value)


def _amount(text: str) -> Decimal:
    """A number as tables write it, no longer than any amount: `1E+999999` would fill the memory."""
    value = Decimal(text)
    if not value.is_finite() or not -20 < value.adjusted() < 20 or len(text) > 60:
        raise InvalidOperation
    return value


def _bad_value(payment: Payment) -> tuple[str, str, str] | None:
    """Column, reason and remedy where a row can be read but not used."""
    if not -LONGEST_AGO <= payment.due <= 0:
        return "DAYS_INSTALMENT", f"is no day from {-LONGEST_AGO} to 0", "correct it, or leave the row out"
    if not -LONGEST_AGO <= payment.paid <= 0:
        return "DAYS_ENTRY_PAYMENT", f"is no day from {-LONGEST_AGO} to 0", "correct it, or leave the row out"
    if not 0 <= payment.amount_due * 100 <= MAX_PRINCIPAL_FEN:
        return "AMT_INSTALMENT", f"is no amount from 0 to {MAX_PRINCIPAL_FEN // 100}", "correct the amount"
    if not 0 <= payment.amount_paid * 100 <= MAX_PRINCIPAL_FEN:
        return "AMT_PAYMENT", f"is no amount from 0 to {MAX_PRINCIPAL_FEN // 100}", "correct the amount"
    return None


def read_row(row: int, told: dict[str, str | None]) -> Payment | NotTaken:
    """One row as a payment, or the reason why not: an instalment without a day or an amount was never paid."""
    values = []
    for column in COLUMNS:
        text = (told.get(column) or "").strip()
        if not text:
            remedy = "nothing to do: an instalment that was not paid" if "PAYMENT" in column else "fill it in"
            return NotTaken("instalments.csv", row, column, text, "is empty", remedy)
        try:
            values.append(_amount(text) if column.startswith("AMT") else _whole(text))
        except InvalidOperation:
            return NotTaken("instalments.csv", row, column, text, "is no number", "write a number without separators")
    loan, client, version, number, due, paid = (int(v) for v in values[:6])
    payment = Payment(row, loan, client, version, number, due, paid, Decimal(values[6]), Decimal(values[7]))
    bad = _bad_value(payment)
    if bad is not None:
        return NotTaken("instalments.csv", row, bad[0], str(told[bad[0]]), bad[1], bad[2])
    return payment


def read_rows(path: Path) -> Iterator[Payment | NotTaken]:
    """The rows of `instalments.csv`, one at a time. Raises SourceRefused when a column is missing."""
    with _opened(path) as reader:
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise SourceRefused(f"{path.name}: no column {missing[0]}; it needs {', '.join(COLUMNS)}")
        for row, told in enumerate(reader, 1):
            yield read_row(row, told)


@contextmanager
def _opened(path: Path) -> Iterator["csv.DictReader[str]"]:
    """A file of the source, row by row: it may be larger than memory. Raises SourceRefused where it is no text."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            yield csv.DictReader(file)
        except UnicodeDecodeError:
            raise SourceRefused(f"{path.name}: is not UTF-8; save it as UTF-8") from None
        except csv.Error as error:
            raise SourceRefused(f"{path.name}: is no CSV ({error}); save it as CSV") from None


def decided_days(path: Path) -> dict[int, int]:
    """The day each loan was decided, from `previous_loans.csv`; empty when the file is not there."""
    if not path.exists():
        return {}
    found: dict[int, int] = {}
    with _opened(path) as rows:
        for number, row in enumerate(rows, 1):
            if not row.get("DAYS_DECISION"):
                continue
            try:
                found[_whole(row.get("SK_ID_PREV") or "")] = _whole(row["DAYS_DECISION"])
            except InvalidOperation:
                told = f"{row.get('SK_ID_PREV')!r} decided {row['DAYS_DECISION']!r}"
                raise SourceRefused(f"{path.name} row {number}: {told}: is no number; correct the row") from None
    return found


def _fen(amount: Decimal) -> int:
    """Whole cents, half to even: 4,501.125 is 450112."""
    return int((amount * 100).to_integral_value(ROUND_HALF_EVEN))


def _parts(payments: list[Payment]) -> Iterator[SourcePart]:
    """Payments of one instalment as whole cents that add up to the rounded sum, whatever each would round to."""
    before = Decimal(0)
    for payment in sorted(payments, key=lambda p: (p.paid, p.row)):
        cents = _fen(before + payment.amount_paid) - _fen(before)
        before += payment.amount_paid
        yield SourcePart(payment.paid, cents, (payment.row,))


def _told_once(payments: list[Payment]) -> Iterator[SourcePart]:
    """Payments of one instalment told in several versions: rows with the same day and amount are one payment."""
    before = Decimal(0)
    ordered = sorted(payments, key=lambda p: (p.paid, p.amount_paid, p.row))
    for (paid, amount), same in groupby(ordered, key=lambda p: (p.paid, p.amount_paid)):
        cents = _fen(before + amount) - _fen(before)
        before += amount
        yield SourcePart(paid, cents, tuple(p.row for p in same))


def _one_instalment(payments: list[Payment], unseen: str, oddities: Counter[str]) -> Instalment:
    """The rows of one instalment of one loan as one promise with its money."""
    versions = {p.version: p.amount_due for p in payments}
    split = len(versions) > 1
    amount = _fen(sum(versions.values(), Decimal(0)))
    parts = tuple(_told_once(payments) if split else _parts(payments))
    received = sum(part.amount_fen for part in parts)
    oddities["instalment told in two versions with one payment"] += split
    oddities["instalment paid in several payments"] += len(parts) > 1
    oddities["payment of nothing"] += sum(part.amount_fen == 0 for part in parts)
    oddities["instalment of nothing"] += amount == 0
    if amount == 0:  # the money was received, so something was asked for
        amount = received
    if received > amount:
        oddities["instalment paid more than is due"] += 1
    if received < amount:
        oddities["instalment whose payments in the sample are short of it"] += 1
        if unseen == LEFT_OUT:
            amount = received
    due = min(p.due for p in payments)
    return Instalment(payments[0].number, due, amount, tuple(part for part in parts if part.amount_fen > 0))


def _one_loan(payments: list[Payment], decided: dict[int, int], unseen: str, oddities: Counter[str]) -> Loan:
    """All rows of one loan, instalments by due day; it starts on the day it was decided."""
    payments.sort(key=lambda p: (p.number, p.due))
    groups = [list(rows) for _, rows in groupby(payments, key=lambda p: (p.number, p.due))]
    made = [_one_instalment(rows, unseen, oddities) for rows in groups]
    oddities["due days not in the order of instalment numbers"] += sum(
        later.due < earlier.due for earlier, later in pairwise(made)
    )
    made = sorted((i for i in made if i.amount_fen > 0), key=lambda i: (i.due, i.number))
    first = min(p.paid for p in payments)
    earliest = min(first, min(p.due for p in payments))
    start = decided.get(payments[0].loan, earliest - DAYS_TO_FIRST_DUE)
    oddities["loan without a day of decision"] += payments[0].loan not in decided
    oddities["payment before the day of decision"] += sum(p.paid < start for p in payments)
    _count_gaps(payments, oddities)
    return Loan(payments[0].loan, payments[0].client, min(start, earliest), tuple(made))


def _count_gaps(payments: list[Payment], oddities: Counter[str]) -> None:
    numbers = {p.number for p in payments}
    oddities["loan with a gap in its instalment numbers"] += len(numbers) < max(numbers) - min(numbers) + 1
    oddities["loan that does not begin with instalment 1"] += min(numbers) != 1
    oddities["loan of version 0, a card"] += payments[0].version == 0
    oddities["loan whose version changes"] += len({p.version for p in payments}) > 1


def read_source(folder: Path, unseen: str = LEFT_OUT) -> Source:
    """All loans of a folder. `unseen` says what becomes of the part of an instalment that no row pays:

    `left_out` of the schedule, as instalments without a row are (the source is a sample), or `owed`.
    Raises SourceRefused when the folder or the choice is not usable.
    """
    if unseen not in (LEFT_OUT, OWED):
        raise SourceRefused(f"unseen {unseen!r}: write {LEFT_OUT} or {OWED}")
    if not (folder / "instalments.csv").exists():
        raise SourceRefused(f"{folder}: holds no instalments.csv; name the folder of the payment records")
    source = Source()
    by_loan: dict[int, list[Payment]] = {}
    for told in read_rows(folder / "instalments.csv"):
        if isinstance(told, NotTaken):
            source.not_taken.append(told)
        else:
            by_loan.setdefault(told.loan, []).append(told)
            source.payments += 1
            if told.amount_paid == 0:
                source.not_taken.append(_paid_nothing(told))
    decided = decided_days(folder / "previous_loans.csv")
    for payments in (by_loan[loan] for loan in sorted(by_loan)):
        loan = _one_loan(payments, decided, unseen, source.oddities)
        refused = _loan_refused(loan, payments)
        if refused:
            source.not_taken += refused
        else:
            source.loans.append(loan)
    return source


def _paid_nothing(payment: Payment) -> NotTaken:
    remedy = "nothing to do: it is no repayment; its instalment is owed or left out as chosen"
    return NotTaken("instalments.csv", payment.row, "AMT_PAYMENT", str(payment.amount_paid), "is nothing", remedy)


def _loan_refused(loan: Loan, payments: list[Payment]) -> list[NotTaken]:
    """A loan that no schedule can be made of: every row of it is told."""
    if not loan.instalments:
        reason, remedy = "belongs to a loan of which nothing was paid in the sample", "nothing to do"
    elif len(loan.instalments) > MAX_INSTALMENTS:
        reason, remedy = (
            f"belongs to a loan of more than {counted(MAX_INSTALMENTS, 'instalment')}",
            "split the loan in two",
        )
    elif loan.principal_fen > MAX_PRINCIPAL_FEN:
        reason, remedy = (
            f"belongs to a loan above {MAX_PRINCIPAL_FEN // 100}",
            "check the unit of its amounts",
        )
    else:
        return []
    return [NotTaken("instalments.csv", p.row, "SK_ID_PREV", str(p.loan), reason, remedy) for p in payments]


def _day(anchor: int, days: int) -> str:
    return iso(anchor + days)


def tables(loans: Iterable[Loan], anchor: int) -> dict[str, list[dict[str, str | int]]]:
    """The rows of a book's files. Principal is all that is promised: the source does not tell interest apart."""
    made: dict[str, list[dict[str, str | int]]] = {
        name: [] for name in ("borrowers", "contracts", "instalments", "disbursements", "repayments")
    }
    clients: dict[int, int] = {}
    for loan in loans:
        clients[loan.client] = min(loan.start, clients.get(loan.client, 0))
        name, start = f"loan-{loan.loan}", _day(anchor, loan.start)
        made["contracts"].append(_contract(loan, name, start))
        made["disbursements"].append(
            {"reference": f"out-{loan.loan}", "contract": name, "on": start, "amount_fen": loan.principal_fen}
        )
        for k, instalment in enumerate(loan.instalments, 1):
            due = _day(anchor, instalment.due)
            made["instalments"].append(
                {"contract": name, "number": k, "due_on": due, "principal_fen": instalment.amount_fen}
            )
            made["repayments"] += _repayments(loan, instalment, name, anchor)
    made["borrowers"] = [
        {"reference": f"client-{client}", "known_on": _day(anchor, first)} for client, first in sorted(clients.items())
    ]
    return made


def _contract(loan: Loan, name: str, start: str) -> dict[str, str | int]:
    return {
        "reference": name,
        "borrower": f"client-{loan.client}",
        "product": "imported",
        "principal_fen": loan.principal_fen,
        "rate_percent": "0",
        "signed_on": start,
        "instalments": len(loan.instalments),
    }


def _repayments(loan: Loan, instalment: Instalment, name: str, anchor: int) -> Iterator[dict[str, str | int]]:
    """Named after the first row of the source that tells of each, so that the way back is short."""
    for part in instalment.parts:
        yield {
            "reference": f"paid-{loan.loan}-{instalment.number:03d}-{part.rows[0]:08d}",
            "contract": name,
            "on": _day(anchor, part.paid),
            "amount_fen": part.amount_fen,
        }


def convert(folder: Path, out: Path, anchor: str = "2018-06-30", unseen: str = LEFT_OUT) -> Source:
    """Write the book of `folder` into the new folder `out`, as CSV in the import form; returns what was read.

    `anchor` is the day that stands for every client's application (day 0). Rows that became nothing are
    listed in `not_taken.csv`.
    """
    if out.exists() and any(out.iterdir()):
        raise SourceRefused(f"{out}: is there already and not empty; name a new folder or empty this one")
    source = read_source(folder, unseen)
    out.mkdir(parents=True, exist_ok=True)
    for name, rows in tables(source.loans, day(anchor)).items():
        pl.DataFrame(rows).write_csv(out / f"{name}.csv")
    with (out / NOT_TAKEN).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(NotTaken.__dataclass_fields__)
        for row in source.not_taken:
            writer.writerow([getattr(row, name) for name in NotTaken.__dataclass_fields__])
    return source

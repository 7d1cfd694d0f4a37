"""The journal as plain text: Beancount and hledger, streamed, every amount an exact decimal."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from afterloan.dates import iso
from afterloan.journal.accounts import CHART, LINE, Account
from afterloan.journal.causes import AnyCause, BookCause, cause_of
from afterloan.journal.postings import POSTINGS
from afterloan.loan.terms import Cause


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One entry as read from the store; `loan` and `product` are references, loan None when booked in one sum."""

    closed_on: int
    loan: str | None
    product: str
    cause: int
    debit: int
    credit: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Booking:
    """What one transaction books: `postings` (account, minor units, debits positive) sum to zero."""

    on: int
    words: str
    about: str  # the loan, or the product that a sum is of
    by_loan: bool
    postings: tuple[tuple[Account, int], ...]


CAUSE_WORDS: dict[AnyCause, str] = {
    Cause.DISBURSED: "Disbursement",
    Cause.FELL_DUE: "Interest fell due",
    Cause.ACCRUED: "Accrual",
    Cause.CHARGED: "Charge",
    Cause.REPAID: "Repayment",
    Cause.UNAPPLIED: "Unapplied",
    Cause.WAIVED: "Waiver",
    Cause.CAPITALISED: "Capitalisation",
    Cause.WRITTEN_OFF: "Write-off",
    Cause.RECOVERED: "Recovery",
    Cause.SOLD: "Sale",
    Cause.REFUNDED: "Refund",
    Cause.TRANSFERRED_IN: "Transfer from another loan",
    Cause.TRANSFERRED_OUT: "Transfer to another loan",
    BookCause.NON_ACCRUAL: "Non-accrual",
    BookCause.NON_ACCRUAL_NOT_DUE: "Non-accrual, not due",
    BookCause.NON_ACCRUAL_WRITTEN_OFF: "Non-accrual written off",
    BookCause.NON_ACCRUAL_SOLD: "Non-accrual sold",
    BookCause.MEMORANDUM: "Memorandum of interest",
    BookCause.CLAIM_KEPT: "Claim written off",
    BookCause.REFUND_DUE: "Refund due",
    BookCause.PROVIDED: "Provision",
    BookCause.UNMATCHED: "Unmatched money",
}

assert all(posting.cause in CAUSE_WORDS for posting in POSTINGS)


def bookings(entries: Iterable[EntryLine]) -> Iterator[Booking]:
    """One booking for each (day, loan, cause), sums one for each (day, product, cause), in order of arrival.

    `entries` must come sorted so that entries of one booking are neighbours. What cancels within a
    booking is left out: 1,020.00 received of which 1,020.00 meets debt does not show unapplied.
    """

    def key(entry: EntryLine) -> tuple[int, bool, str, int]:
        by_loan = entry.loan is not None
        return entry.closed_on, by_loan, entry.loan if entry.loan is not None else entry.product, entry.cause

    for (on, by_loan, about, cause), group in groupby(entries, key):
        net: dict[Account, int] = {}
        for entry in group:
            net[Account(entry.debit)] = net.get(Account(entry.debit), 0) + entry.amount_fen
            net[Account(entry.credit)] = net.get(Account(entry.credit), 0) - entry.amount_fen
        postings = tuple(sorted((account, amount) for account, amount in net.items() if amount != 0))
        if postings:
            yield Booking(on, CAUSE_WORDS[cause_of(cause)], about, by_loan, postings)


def amount_text(minor: int, digits: int = 2) -> str:
    """Minor units as an exact decimal: `amount_text(-5) == "-0.05"`, `amount_text(120, 0) == "120"`."""
    if digits == 0:
        return str(minor)
    whole, part = divmod(abs(minor), 10**digits)
    return f"{'-' if minor < 0 else ''}{whole}.{part:0{digits}d}"


def beancount(entries: Iterable[EntryLine], currency: str = "CNY", digits: int = 2) -> Iterator[str]:
    """Beancount text, a transaction at a time: `open` lines before the first, `balance` lines after the last.

    The balance lines state what the journal itself adds up to on the day after its last booking, so
    `bean-check` fails on a truncated file. Nothing at all comes out of no entries.
    """
    total = {line.account: 0 for line in CHART}
    last = None
    for booking in bookings(entries):
        if last is None:
            yield from _beancount_opening(booking.on, currency)
        last = booking.on
        yield _beancount_transaction(booking, currency, digits)
        for account, amount in booking.postings:
            total[account] += amount
    if last is not None:
        yield "\n"
        for line in CHART:
            balance = amount_text(total[line.account], digits)
            yield f"{iso(last + 1)} balance {line.ledger} {balance} {currency}\n"


def _beancount_opening(on: int, currency: str) -> Iterator[str]:
    yield f'option "title" "Loan book"\noption "operating_currency" "{currency}"\n\n'
    for line in CHART:
        yield f'{iso(on)} open {line.ledger} {currency}\n  code: "{int(line.account)}"\n  zh: "{line.zh}"\n'


def _beancount_transaction(booking: Booking, currency: str, digits: int) -> str:
    about = booking.about.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    key = "loan" if booking.by_loan else "product"
    lines = [f'\n{iso(booking.on)} * "{booking.words}"\n  {key}: "{about}"\n']
    for account, amount in booking.postings:
        lines.append(f"  {LINE[account].ledger}  {amount_text(amount, digits)} {currency}\n")
    return "".join(lines)


def hledger(entries: Iterable[EntryLine], currency: str = "CNY", digits: int = 2) -> Iterator[str]:
    """hledger text, a transaction at a time; account directives carry the type, so reports need no set-up."""
    kinds = {"Assets": "A", "Liabilities": "L", "Income": "R", "Expenses": "X", "Equity": "E"}
    yield f"commodity {amount_text(1000 * 10**digits, digits)} {currency}\n"
    for line in CHART:
        yield f"account {line.ledger}  ; type:{kinds[line.kind]}, code:{int(line.account)}\n"
    for booking in bookings(entries):
        yield _hledger_transaction(booking, currency, digits)


def _hledger_transaction(booking: Booking, currency: str, digits: int) -> str:
    about = "".join(" " if letter in ";,\n|" else letter for letter in booking.about)
    key = "loan" if booking.by_loan else "product"
    lines = [f"\n{iso(booking.on)} * {booking.words}  ; {key}:{about}\n"]
    for account, amount in booking.postings:
        lines.append(f"    {LINE[account].ledger}  {amount_text(amount, digits)} {currency}\n")
    return "".join(lines)

"""Whether money may leave a loan, given back or passed on to another one: what is wrong with it, in words. Pure."""

from afterloan.dates import iso
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.suppose import ends_debt


def waiting(book: Book, on: int, today: int) -> int:
    """What of loan 0's money waited on the day `on` and, for all that is known `today`, waits still; minor units.

    100.00 waited on 1 March and 60.00 of it met the instalment of 10 March: on 12 March 40.00 can leave, whatever day
    it is dated.
    """
    then = int(reckon_loan(book, 0, on, today).position["unapplied_fen"])
    now = int(reckon_loan(book, 0, max(on, today), today).position["unapplied_fen"])
    return max(min(then, now), 0)


def why_not_out(book: Book, on: int, today: int, amount_fen: int) -> str:
    """Why `amount_fen` may not leave loan 0 of a book on a day; empty when it may."""
    free = waiting(book, on, today)
    if amount_fen <= free:
        return ""
    return f"{free} minor units wait on the loan on {iso(on)}, not {amount_fen}"


def why_not_in(book: Book, on: int, today: int, amount_fen: int) -> str:
    """Why `amount_fen` of another loan may not come to loan 0 of a book; empty when it may: it must meet debt there."""
    position = reckon_loan(book, 0, on, today).position
    if position["error"] or not position["disbursed_fen"]:
        return f"nothing has been paid out on that loan by {iso(on)}"
    payoff = ends_debt(position)
    return "" if amount_fen <= payoff else f"{payoff} minor units end that loan on {iso(on)}, less than {amount_fen}"


def why_not_back(book: Book, on: int, today: int, amount_fen: int) -> str:
    """Why a refund of `amount_fen` cannot have come back to loan 0 of a book; empty when it can."""
    given = max(int(reckon_loan(book, 0, on, today).position["refunded_fen"]), 0)
    return "" if amount_fen <= given else f"{given} minor units were given back by {iso(on)}, less than {amount_fen}"

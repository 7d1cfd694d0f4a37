"""Money that is owed back to borrowers: on which ended loans it waits, how much, and since when."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from afterloan.dates import date_of, number_of
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_book, reckon_loan
from afterloan.store.connect import reader_to
from afterloan.store.read import read_loans
from afterloan.store.server import Store


@dataclass(frozen=True, slots=True)
class RefundDue:
    """A loan that asks for nothing and holds money: `amount_fen`, without a break `since` a day, `days` ago."""

    loan: str
    borrower: str
    name: str
    amount_fen: int
    since: date
    days: int

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return {"loan": self.loan, "borrower": self.borrower, "name": self.name, "amount_fen": self.amount_fen,
                "since": self.since.isoformat(), "days": self.days}  # fmt: skip


def refunds_due(store: Store, on: date) -> list[RefundDue]:
    """Ended loans (paid, written off, sold) that hold money, whichever door it came by, those that wait longest on top.

    To be given back, or used with the borrower's consent. What was given back is not there any more; what came back
    from a refund is there again, since the day on which it did.
    """
    over: dict[int, tuple[int, date]] = {}
    day = number_of(on)
    with store.connect() as connection, reader_to(store.url) as reader:
        for (shard,) in connection.execute("select distinct shard from contract order by shard").fetchall():
            book = read_loans(connection, reader, f"c.shard = {int(shard)}")
            for k, p in enumerate(reckon_book(book, day, day)):
                if not p["error"] and p["payoff_fen"] == 0 and p["unapplied_fen"] > 0:
                    over[int(p["loan"])] = int(p["unapplied_fen"]), date_of(_since(book, k, day))
        rows = connection.execute(
            "select c.loan, c.reference, b.reference, b.name from contract c join borrower b using (borrower) "
            "where c.loan = any(%s)",
            (list(over),),
        ).fetchall()
    found = [
        RefundDue(loan, borrower, name, amount, since, (on - since).days)
        for number, loan, borrower, name in rows
        for amount, since in (over[number],)
    ]
    return sorted(found, key=lambda r: (r.since, r.loan))


def _since(book: Book, k: int, day: int) -> int:
    """The first day of those, without a break until `day`, on whose evening loan `k` was paid and held money.

    It can only have begun on a day of one of its facts.
    """
    facts = book.facts[book.fact_at[k] : book.fact_at[k + 1]]
    days = {int(on) for on in facts["on"][(facts["known_on"] <= day) & (facts["gone_on"] > day)] if on <= day}
    since = day
    for fact in sorted(days, reverse=True):
        p = reckon_loan(book, k, fact, day).position
        if p["payoff_fen"] != 0 or p["unapplied_fen"] <= 0:
            break
        since = fact
    return since

"""The statement tells what happened and when it was booked."""

import numpy as np

from afterloan.dates import NEVER, day, iso
from afterloan.journal.difference import entries_to_reach
from afterloan.journal.statement import statement
from afterloan.journal.totals import totals_of
from afterloan.loan.reckon import reckon_book, reckon_loan
from tests.journal.books import Loan, book_of


def booked(book, days):
    """The entries of loan 0 when the book is closed on each of the days."""
    loans, products = np.array([1]), np.array([0])
    posted = np.zeros_like(totals_of(reckon_book(book, days[0], 0)))
    entries, closed_on = [], []
    for on in days:
        totals = totals_of(reckon_book(book, on, on))
        new = entries_to_reach(totals, posted, loans, products)
        entries.append(new)
        closed_on += [on] * len(new)
        posted = totals
    return np.concatenate(entries), closed_on


def test_late_news_stands_on_its_day_and_says_when_it_was_booked():
    # First instalment due 10 February; 500.00 of 5 March became known on 9 March.
    loan = Loan().disbursed().repaid("2026-02-10", 120_000).repaid("2026-03-05", 50_000, known="2026-03-09")
    book = book_of([loan])
    days = [day(text) for text in ("2026-01-10", "2026-02-10", "2026-03-05", "2026-03-09")]
    entries, closed_on = booked(book, days)
    told = statement(reckon_loan(book, 0, days[-1], days[-1]).movements, entries, closed_on)
    by_day = {(iso(line.on), line.words): line for line in told.lines}
    assert iso(by_day["2026-01-10", "money paid out"].booked_on) == "2026-01-10"
    assert by_day["2026-01-10", "money paid out"].principal_fen == 1_200_000
    assert iso(by_day["2026-02-10", "interest fell due"].booked_on) == "2026-02-10"
    late = [line for line in told.lines if iso(line.on) == "2026-03-05" and line.words.startswith("money received")]
    assert late and {iso(line.booked_on) for line in late} == {"2026-03-09"}
    # principal of the last line = lent less all principal paid
    paid = sum(line.amount_fen for line in told.lines if line.words == "money received meets principal")
    assert told.lines[-1].principal_fen == 1_200_000 - paid


def test_what_the_journal_lacks_is_said():
    book = book_of([Loan().disbursed()])
    entries, closed_on = booked(book, [day("2026-01-09")])
    told = statement(reckon_loan(book, 0, day("2026-01-10")).movements, entries, closed_on)
    assert told.unposted == {"money paid out": 1_200_000}
    assert told.lines[0].booked_on == NEVER

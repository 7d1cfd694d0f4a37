"""The statement of a period: what was brought forward, what happened, what the journal lacks."""

import json

import numpy as np
import pytest

from afterloan.dates import day
from afterloan.journal.difference import ENTRY
from afterloan.report.statement import StatementRefused, loan_statement, money
from tests.journal.books import Loan, book_of

NOTHING = np.zeros(0, ENTRY)


def test_a_period_brings_forward_the_principal_and_says_what_is_not_booked() -> None:
    # 12,000.00 lent on 10 January; 1,200.00 on 10 February and 500.00 on 5 March
    loan = Loan().disbursed().repaid("2026-02-10", 120_000).repaid("2026-03-05", 50_000)
    book = book_of([loan])
    lent = int(book.facts["amount_fen"][0])
    whole = loan_statement(book, 0, "L", NOTHING, [], None, day("2026-03-05"))
    march = loan_statement(book, 0, "L", NOTHING, [], day("2026-03-01"), day("2026-03-05"))
    assert (whole.opening_fen, whole.lines[0].amount_fen) == (0, lent)
    repaid = sum(line.amount_fen for line in whole.lines if line.words.endswith("meets principal"))
    assert whole.closing_fen == lent - repaid == march.closing_fen
    february = [line for line in whole.lines if line.on < day("2026-03-01")]
    assert march.opening_fen == february[-1].principal_fen
    assert sum(line.amount_fen for line in march.lines if "meets" in line.words) == 50_000
    assert sum(v for words, v in march.unposted.items() if "meets" in words) == 170_000
    told = json.loads(march.to_json())
    assert told["from"] == "2026-03-01" and told["lines"][0]["booked_on"] == ""
    assert len(march.to_csv().splitlines()) == len(march.lines) + 1


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    book = book_of([Loan().disbursed()])
    with pytest.raises(StatementRefused, match="ends before it begins: give --to a later day"):
        loan_statement(book, 0, "L", NOTHING, [], day("2026-03-01"), day("2026-02-01"))


def test_money_is_text_of_whole_minor_units() -> None:
    assert [money(fen) for fen in (0, 5, -5, 123_456_789)] == ["0.00", "0.05", "-0.05", "1,234,567.89"]

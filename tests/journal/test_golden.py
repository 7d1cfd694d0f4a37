"""Books by hand: a loan told by date, closed day by day, and the balance of each account as it must be."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from afterloan.close.booking_day import book_day
from afterloan.journal.accounts import Account
from afterloan.journal.balances import balances, disagreements
from afterloan.journal.postings import SLOTS
from afterloan.loan.reckon import reckon_book
from tests.loan.golden import Words, book_of, number

STORIES = sorted((Path(__file__).parent.parent / "golden" / "journal").glob("*.yaml"))


def amount(minor: int) -> str:
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02}"


@pytest.mark.parametrize("path", STORIES, ids=lambda p: p.stem)
def test_the_books_are_those_of_the_story(path: Path) -> None:
    story = yaml.load(path.read_text(encoding="utf-8"), Words)
    book = book_of(story)
    first, last = int(book.facts["on"].min()), number(story["then"][-1]["on"])
    claims = {number(claim.pop("on")): claim for claim in story["then"]}
    posted, sums = np.zeros((1, SLOTS), np.int64), np.zeros((len(book.products), SLOTS), np.int64)
    ledger = dict.fromkeys(Account, 0)
    for day in range(first, last + 1):
        booked = book_day(book, day, reckon_book(book, day, day), posted, sums, story["place"])
        for account, change in balances(
            (int(e["debit"]), int(e["credit"]), int(e["amount_fen"])) for e in booked.entries
        ).items():
            ledger[account] += change
        assert sum(ledger.values()) == 0
        assert not disagreements(ledger, {Account(int(a)): v for a, v in booked.control.items()}), day
        again = book_day(book, day, reckon_book(book, day, day), booked.totals, booked.sums, story["place"])
        assert not len(again.entries)
        posted, sums = booked.totals, booked.sums
        if day in claims:
            want = claims[day]
            shown = {a.name.lower(): amount(v) for a, v in ledger.items() if v or a.name.lower() in want}
            if "cash_clearing" not in want:  # a story that looks at some accounts only
                shown = {name: shown[name] for name in want}
            assert shown == want, f"{path.stem} on day {day}"
    assert not set(claims) - set(range(first, last + 1))

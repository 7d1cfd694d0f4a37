"""What a message says of money: the parts sum to the whole, and the whole is what the engine says is owed that day.

L1 and L2 of 12,000.00 at 0.05 % a day, twelve instalments of 1,101.15 (see tests/golden/lives/0001), signed on 10 and
20 January 2025. Nothing is paid. On 20 February L1 is 10 days overdue: 1,101.15 and a penalty of
915.15 × 0.06575 % × 10 days = 6.02; L2's first instalment falls due.
"""

import re
from datetime import date
from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest

from afterloan.dates import date_of, day
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import FactKind
from afterloan.sending.channels import LENDER
from afterloan.sending.templates import LANGUAGES, render, template_of, templates
from afterloan.strategy.figures import Figures, figures_of, values_of
from afterloan.strategy.frame import loan_frame
from tests.strategy.loans import loan, repaid, told


def rows_of(books: dict[str, Any], on: int) -> tuple[list[dict[str, Any]], int, int]:
    """The loans' rows on a day; what the engine says is owed, and what of it is penalty."""
    rows, owed, penalty = [], 0, 0
    for k, (name, book) in enumerate(books.items()):
        positions = reckon_book(book, on, on)
        frame = loan_frame(positions, np.array([1]), book.products, np.array([0]), on)
        rows += frame.with_columns(reference=pl.lit(name), loan=k).to_dicts()
        owed += int(positions["arrears_fen"].sum() + positions["due_today_fen"].sum())
        penalty += int(positions["arrears_fen"][0][0] + positions["due_today_fen"][0][0])
    return rows, owed, penalty


TWO = {
    "L1": loan("12000.00", "0.05", "2025-01-10", 12, []),
    "L2": loan("12000.00", "0.05", "2025-01-20", 12, []),
}


def test_due_today_is_not_what_is_in_arrears() -> None:
    on = day("2025-02-20")
    owed = figures_of(rows_of(TWO, on)[0], on)
    assert owed == Figures(
        due_on=on, due_fen=110_115, due_today_fen=110_115, arrears_fen=110_717, penalty_fen=602,
        since_on=day("2025-02-10"), days_past_due=10, days_to_due=0, payoff_fen=owed.payoff_fen,
        due_loans=("L2",), late_loans=("L1",),
    )  # fmt: skip
    assert owed.owed_fen == 220_832


def test_the_reminder_of_a_late_borrower_to_the_letter() -> None:
    on = day("2025-02-20")
    values = values_of(figures_of(rows_of(TWO, on)[0], on), reminds=True)
    chinese = render(template_of("reminder-due-today", date(2025, 2, 20)), "zh", values, LENDER, on=date(2025, 2, 20))
    assert chinese.body.split("\n")[2] == (
        "今天是您借款（L2）的应还日，应还1,101.15元。另有1,107.17元此前已到期未还"
        "（自2025年2月10日起，其中罚息6.02元），两项合计2,208.32元。如已还款，请忽略本消息。"
    )
    before = values_of(figures_of(rows_of(TWO, on - 3)[0], on - 3), reminds=True)
    english = render(template_of("reminder-before-due", date(2025, 2, 17)), "en", before, LENDER, on=date(2025, 2, 17))
    # 915.15 × 0.06575 % × 7 days = 4.21
    assert english.body.split("\n")[2:5] == [
        "CNY 1,101.15 on your loan (L2) is due on 20 February 2025. Please have the money ready by then: if you have "
        "authorised debits, we will collect it that day; you can also repay at any time before.",
        "",
        "Besides, CNY 1,105.36 fell due earlier and is unpaid (since 10 February 2025; CNY 4.21 of it is penalty "
        "interest). It is not part of the amount above.",
    ]


def test_where_collection_is_held_the_reminder_keeps_to_its_instalment() -> None:
    on = day("2025-02-20")
    values = values_of(figures_of(rows_of(TWO, on)[0], on), reminds=True, tells_arrears=False)
    text = render(template_of("reminder-due-today", date(2025, 2, 20)), "en", values, LENDER, on=date(2025, 2, 20))
    assert text.body.split("\n")[2] == (
        "CNY 1,101.15 on your loan (L2) is due today. If you have paid already, please ignore this message."
    )


BOOKS = {
    "nothing paid": TWO,
    "one late, one current": {**TWO, "L2": loan("5000.00", "0.04", "2025-01-28", 6, [repaid("2025-02-28", "2000.00")])},
    "called due": {
        **TWO, "L3": loan("3000.00", "0.05", "2025-01-05", 12, [told(FactKind.ACCELERATED, "2025-04-01")])
    },
    "paid in part": {
        "L1": loan("12000.00", "0.05", "2025-01-10", 12, [repaid("2025-02-15", "300.00"), repaid("2025-03-20", "9.99")])
    },
    "end of months": {
        "L1": loan("9000.00", "0.03", "2025-01-31", 12, []), "L2": loan("800.00", "0", "2025-02-28", 3, [])
    },
}  # fmt: skip
AMOUNT = re.compile(r"CNY ([\d,]+\.\d\d)|([\d,]+\.\d\d)元")
ABOUT_MONEY = [
    name for name, versions in templates().items()
    if versions[0].purpose in ("reminder", "collection") and {"arrears_fen", "amount_fen"} & set(versions[0].needs)
    and not {"promise_on", "last_on"} & set(versions[0].needs)
]  # fmt: skip


def amounts(text: str) -> list[int]:
    return [int((a or b).replace(",", "").replace(".", "")) for a, b in AMOUNT.findall(text)]


@pytest.mark.parametrize("name", BOOKS)
def test_the_parts_sum_to_what_the_engine_says_is_owed_every_day(name: str) -> None:
    for on in range(day("2025-02-01"), day("2025-08-15")):
        rows, owed, penalty = rows_of(BOOKS[name], on)
        told_ = figures_of(rows, on)
        assert told_.owed_fen == told_.due_today_fen + told_.arrears_fen == owed, date_of(on)
        assert 0 <= told_.penalty_fen <= told_.arrears_fen and told_.penalty_fen == penalty, date_of(on)
        assert (told_.due_fen > 0) == (told_.due_on is not None)
        if told_.days_past_due:
            assert told_.since_on is not None and on - told_.since_on == told_.days_past_due, date_of(on)
        hushed = values_of(told_, reminds=True, tells_arrears=False)
        assert hushed["amount_fen"] == told_.due_fen and not hushed["arrears_fen"]


@pytest.mark.parametrize("name", BOOKS)
def test_no_text_shows_an_amount_that_is_not_one_of_the_figures(name: str) -> None:
    """Whatever a text calls the whole is the engine's, and penalty stands after the arrears that hold it."""
    for on in range(day("2025-02-01"), day("2025-08-15"), 3):
        rows, owed, _ = rows_of(BOOKS[name], on)
        figures, today = figures_of(rows, on), date_of(on)
        for template, language in product(ABOUT_MONEY, LANGUAGES):
            reminds = template_of(template, today).purpose == "reminder"
            values = values_of(figures, reminds)
            if (values["due_on"] is None and "due_on" in template_of(template, today).needs) or not figures.owed_fen:
                continue
            shown = amounts(render(template_of(template, today), language, values, LENDER, on=today).body)
            allowed = {owed, figures.arrears_fen, figures.due_fen, figures.due_today_fen, figures.penalty_fen}
            assert set(shown) <= allowed | {figures.payoff_fen}, (template, today)
            first = figures.due_fen if reminds else figures.arrears_fen
            assert shown[:1] == [first] or template == "demand-letter", (template, today)

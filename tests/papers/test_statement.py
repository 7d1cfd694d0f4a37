"""The statement of a loan as PDF: what stands in it, in both languages, and the same bytes for the same values."""

from datetime import date

import pytest

from afterloan.dates import NEVER, day
from afterloan.journal.statement import StatementRow
from afterloan.papers.moves import move_words
from afterloan.papers.statement import _sums, statement_paper
from afterloan.report.statement import LoanStatement

LENDER = {"name": "示例消费金融有限公司", "address": "上海市示例路1号", "contact": "400-000-0000"}
ROWS = [
    StatementRow(day("2025-01-10"), 0, "money paid out", 1_200_000, 1_200_000, day("2025-01-10")),
    StatementRow(day("2025-02-10"), 1, "money received meets principal", 91_515, 1_108_485, NEVER),
]
MADE = LoanStatement("L1", day("2025-01-10"), day("2025-02-28"), 0, 1_108_485, ROWS, {}, 1_118_000, 0)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_same_values_make_the_same_pdf_and_every_line_has_its_place(language: str) -> None:
    made = statement_paper(MADE, "周小满", "CNY", LENDER, language, date(2025, 3, 1))
    again = statement_paper(MADE, "周小满", "CNY", LENDER, language, date(2025, 3, 1))
    assert made.startswith(b"%PDF-") and made == again
    long = LoanStatement("L1", MADE.first, MADE.last, 0, 0, ROWS * 60, {}, 0, 0)
    many = statement_paper(long, "周小满", "CNY", LENDER, language, date(2025, 3, 1))
    assert len(many) > len(made) + 4_000, "a hundred and twenty lines, on further pages"


def test_the_sums_on_top_and_what_was_written_off_only_where_it_is() -> None:
    assert _sums(MADE, 0) == [
        ["Principal brought forward", "0.00"], ["Principal left at the end", "11,084.85"],
        ["To end the debt on the last day", "11,180.00"],
    ]  # fmt: skip
    off = LoanStatement("L1", MADE.first, MADE.last, 0, 0, [], {}, 500, 500)
    assert _sums(off, 1)[-1] == ["已核销、仍应偿还", "5.00"]


def test_a_movement_in_chinese() -> None:
    assert move_words("money received meets principal", 1) == "还款冲抵本金"
    assert (
        move_words("interest fell due", 1) == "利息到期" and move_words("interest fell due", 0) == "interest fell due"
    )

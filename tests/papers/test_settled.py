"""The confirmation of settlement: what stands in it, in both languages, and none for a loan that still owes."""

from datetime import date

import pytest

from afterloan.papers.settled import certificate
from afterloan.report.settled import SettledLoan

LOAN = SettledLoan("L1", "B1", "周小满", date(2025, 1, 10), date(2025, 3, 20), 1_200_000, 1_239_188, 0)
LENDER = {"name": "示例消费金融有限公司", "address": "上海市示例路1号", "contact": "400-000-0000"}


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_same_values_make_the_same_pdf(language: str) -> None:
    made = certificate(LOAN, LENDER, language, date(2025, 3, 21))
    assert made.startswith(b"%PDF-") and len(made) > 5_000
    assert made == certificate(LOAN, LENDER, language, date(2025, 3, 21))
    assert made != certificate(LOAN, LENDER, language, date(2025, 3, 22))

"""The confirmation that a loan was settled (结清证明) as PDF, in Chinese or English."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from afterloan.papers.documents import render
from afterloan.report.settled import SettledLoan
from afterloan.strategy.story import money

SUBJECT = ("结清证明", "Confirmation of settlement")
NOTHING = (
    "截至下列结清日，该笔借款的本金、利息、罚息及费用均已结清，不再有任何应付金额。",
    "As of the day of settlement below nothing more is payable on this loan: neither principal nor interest, penalties "
    "or fees.",
)
REPORTED = (
    "我们向征信机构报送的信息将如实反映该笔借款已结清；此前的还款记录不因结清而改写。",
    "What we report to the credit bureau says that the loan is settled; the record of earlier payments is not "
    "rewritten.",
)


def certificate(settled: SettledLoan, lender: Mapping[str, str], language: str, on: date) -> bytes:
    """The PDF: who, which loan, what was lent, paid and waived, since when nothing is owed. `on`: the day it is made.

    `lender`: name, address and contact in the language. The same values make the same bytes.
    """
    k = 0 if language.startswith("zh") else 1
    words = (
        f"兹证明：{settled.name}（借款人编号 {settled.borrower}）与我公司签订的借款合同"
        f"（编号 {settled.loan}）已全部结清。",
        f"This is to confirm that the loan contract {settled.loan} between {settled.name} "
        f"(borrower {settled.borrower}) and us has been settled in full.",
    )
    values: dict[str, Any] = {
        "sender": dict(lender), "to": {"name": settled.name}, "reference": settled.loan, "on": _day(on, k),
        "subject": SUBJECT[k], "currency": settled.currency, "rows": _rows(settled, k),
        "words": [words[k], NOTHING[k], REPORTED[k]], "lines": [],
    }  # fmt: skip
    return render("settled", language, values)


def _rows(settled: SettledLoan, k: int) -> list[list[str]]:
    rows = [
        (("合同签订日", "Contract signed on"), _day(settled.signed_on, k)),
        (("发放金额", "Amount lent"), _amount(settled.lent_fen, settled.currency, k)),
        (("累计支付", "Paid in all"), _amount(settled.paid_fen, settled.currency, k)),
        (("减免金额", "Waived"), _amount(settled.waived_fen, settled.currency, k) if settled.waived_fen else ""),
        (("结清日", "Settled on"), _day(settled.settled_on, k)),
    ]
    return [[name[k], told] for name, told in rows if told]


def _day(on: date, k: int) -> str:
    return f"{on.year}年{on.month}月{on.day}日" if k == 0 else f"{on.day} {on:%B} {on.year}"


def _amount(fen: int, currency: str, k: int) -> str:
    return f"{money(fen)}元" if k == 0 and currency == "CNY" else f"{currency} {money(fen)}"

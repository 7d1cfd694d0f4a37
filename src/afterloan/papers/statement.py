"""The statement of a loan (对账单) as PDF, in Chinese or English: every movement, and what is left after it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from afterloan.dates import NEVER, date_of
from afterloan.papers.documents import render
from afterloan.papers.moves import move_words
from afterloan.report.statement import LoanStatement
from afterloan.strategy.story import money

TITLE = ("Statement of your loan", "借款对账单")
HEAD = (("Day", "日期"), ("No.", "期次"), ("What", "事项"), ("Amount", "金额"), ("Principal left", "剩余本金"),
        ("Booked on", "入账日"))  # fmt: skip
NOT_YET = ("not yet", "待入账")
NOTE = (
    "As known on the day above. A day on which something was booked may be later than the day on which it counts. If a "
    "line is not as you know it, tell us: we look at it and answer.",
    "本对账单按上述日期所知编制；入账日可能晚于事项生效日。如您对任何一行有异议，请告知我们，我们将核查并答复。",
)


def statement_paper(
    made: LoanStatement, name: str, currency: str, lender: Mapping[str, str], language: str, on: date
) -> bytes:
    """The PDF of a statement for the borrower `name`. `lender`: name, address, contact in the language; `on`: its day.

    The same values make the same bytes.
    """
    k = 1 if language.startswith("zh") else 0
    words = f"{date_of(made.first)} – {date_of(made.last)}"
    values: dict[str, Any] = {
        "sender": dict(lender), "to": {"name": name}, "reference": made.loan, "on": on.isoformat(),
        "currency": currency,
        "subject": TITLE[k], "period": words, "sums": _sums(made, k), "head": [one[k] for one in HEAD],
        "rows": [
            [date_of(line.on).isoformat(), str(line.instalment) if line.instalment > 0 else "",
             move_words(line.words, k), money(line.amount_fen), money(line.principal_fen),
             date_of(line.booked_on).isoformat() if line.booked_on < NEVER else NOT_YET[k]]
            for line in made.lines
        ],
        "note": NOTE[k],
    }  # fmt: skip
    return render("statement", language, values)


def _sums(made: LoanStatement, k: int) -> list[list[str]]:
    """What stands on top: principal before and after, what ends the debt; written off and still owed where it is."""
    rows = [
        (("Principal brought forward", "期初剩余本金"), made.opening_fen),
        (("Principal left at the end", "期末剩余本金"), made.closing_fen),
        (("To end the debt on the last day", "期末日结清金额"), made.owed_fen),
    ]
    rows += [(("Written off in the books, still owed", "已核销、仍应偿还"), made.claim_fen)] if made.claim_fen else []
    return [[name[k], money(fen)] for name, fen in rows]

"""What is asked back before money is believed: far more than is owed, on a loan not paid out, on a day far ahead."""

from datetime import date
from typing import Any

import psycopg

from afterloan.counting import counted
from afterloan.facts import FactRefused
from afterloan.loan.reckon import Reckoned
from afterloan.money import show_amount
from afterloan.store.believed import asked_back_limits, last_day_believed


def refuse_too_much(reckoned: Reckoned, amount_fen: int) -> None:
    """Refuse a repayment, already reckoned in, that is far more than its loan owed. Raises FactRefused.

    999,999.00 on a loan that owed 6,000.00: 993,999.00 would wait, more than twice what was owed. A last instalment of
    743.20 paid with 750.00 passes.
    """
    p, limits = reckoned.position, asked_back_limits()
    surplus = min(max(int(p["unapplied_fen"]), 0), amount_fen) if int(p["payoff_fen"]) == 0 else 0
    owed = amount_fen - surplus
    if surplus >= limits["least_fen"] and amount_fen > limits["times"] * owed:
        raise FactRefused(
            "amount", show_amount(amount_fen), f"the loan owed {show_amount(owed)}: {show_amount(surplus)} would wait",
            "correct the amount; if so much came, say why: --more-than-owed REASON", "invalid",
        )  # fmt: skip


def refuse_not_paid_out(reckoned: Reckoned, loan: str) -> None:
    """Refuse money for a loan of which nothing was paid out yet: whose it is must be seen first. Raises FactRefused."""
    if int(reckoned.position["disbursed_fen"]) == 0:
        raise FactRefused(
            "loan", loan, "nothing was paid out on it yet, so nothing can be repaid",
            "record the payout first; until then the money waits among the unmatched lines (`afterloan unmatched`)",
            "too_early",
        )  # fmt: skip


def refuse_far_ahead(connection: psycopg.Connection[Any], on: date) -> None:
    """Refuse an act of a day far ahead of today and of the last day closed. Raises FactRefused.

    The last day closed counts because a book may be played ahead of the calendar, day by day.
    """
    if on > last_day_believed(connection):
        ahead = asked_back_limits()["days_ahead"]
        raise FactRefused("on", on, f"is more than {counted(ahead, 'day')} ahead", "correct the day", "too_early")

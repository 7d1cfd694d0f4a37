"""Worklists: what a case is worth working on, and in which order."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from afterloan.rules.packs import in_force, rules_of

TASK_QUEUES = ("bureau-notice", "bureau-refused", "bureau-rejected", "bureau-dispute", "legal", "sending-in-doubt")
"""Queues of people's tasks that older versions put among the collectors' cases: `enquiry/tasks.py` shows them."""


@cache
def worth_rule(on: date) -> dict[str, Any]:
    """The parameters of the rule of expected value on a day: `lift_permille`, `broken_halves_up_to`, `cost_fen`."""
    return in_force(rules_of("worklists"), "ANY", on)[0].parameters


def priority_fen(row: Mapping[str, Any], told: Mapping[str, Any]) -> int:
    """What working a case once is expected to bring, in minor units, for sorting; never below 0.

    arrears × lift(days past due) / 1000, halved for each broken promise up to the rule's number, less the cost;
    whole minor units, rounded down. Arrears 1,000.00 at 10 days: 1,000.00 × 250 / 1000 = 250.00, less 6.00: 244.00.
    """
    days = row["days_past_due"]
    lift = next(share for last, share in told["lift_permille"] if last is None or days <= last)
    worth = int(row["arrears_fen"]) * int(lift) // 1_000
    worth >>= min(int(row.get("promises_broken", 0)), int(told["broken_halves_up_to"]))
    return max(worth - int(told["cost_fen"]), 0)

"""Worklists: what a case is worth working on, and in which order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import polars as pl

from afterloan.dates import date_of
from afterloan.rules.packs import in_force, rules_of
from afterloan.strategy.columns import UNSCORED

MILLION = 1_000_000

TASK_QUEUES = ("bureau-notice", "bureau-refused", "bureau-rejected", "bureau-dispute", "legal", "sending-in-doubt")
"""Queues of people's tasks that older versions put among the collectors' cases: `enquiry/tasks.py` shows them."""

KEPT_DAYS = 200
"""How far back the step is looked for that put a case into its queue."""


@cache
def worth_rule(on: date) -> dict[str, Any]:
    """The parameters of the rule of expected value on a day: `lift_permille`, `broken_halves_up_to`, `cost_fen`."""
    return in_force(rules_of("worklists"), "ANY", on)[0].parameters


def priority_fen(row: Mapping[str, Any], told: Mapping[str, Any]) -> int:
    """What working a case once is expected to bring, in minor units, for sorting; never below 0.

    arrears × lift(days past due) / 1000, halved for each broken promise up to the rule's number, less the cost;
    whole minor units, rounded down. Arrears 1,000.00 at 10 days: 1,000.00 × 250 / 1000 = 250.00, less 6.00: 244.00.

    Where a model of cures is in use, `alone_permille` of the chance to come back untreated is taken off: who pays
    anyhow needs no call. With 60 % of coming back and 500 per mille: 250.00 × (1 − .3) = 175.00, less 6.00: 169.00.
    """
    days = row["days_past_due"]
    lift = next(share for last, share in told["lift_permille"] if last is None or days <= last)
    worth = int(row["arrears_fen"]) * int(lift) // 1_000
    worth >>= min(int(row.get("promises_broken", 0)), int(told["broken_halves_up_to"]))
    not_cured = int(row.get("not_cured_ppm", UNSCORED))
    if not_cured != UNSCORED:
        worth -= worth * (MILLION - not_cured) * int(told.get("alone_permille", 0)) // (1_000 * MILLION)
    return max(worth - int(told["cost_fen"]), 0)


@dataclass(frozen=True, slots=True)
class Queued:
    """A borrower (store number) whom a step of a ladder put into a queue."""

    borrower: int
    queue: str
    ladder: str = ""
    step: str = ""


@dataclass(frozen=True, slots=True)
class EveningCase:
    """A case open on the evening before a day: what it is worth working once, and which step put it there.

    `opened_on`: the first day beyond grace; `loans`: references of the late loans, in order, a blank between.
    """

    borrower: int
    queue: str
    opened_on: date
    days_past_due: int
    arrears_fen: int
    worth_fen: int
    promises_broken: int
    ladder: str
    step: str
    loans: str


def evening_cases(queued: Iterable[Queued], frame: pl.DataFrame, loans: pl.DataFrame, on: date) -> list[EveningCase]:
    """The open cases of a day: who is in a queue and has a loan overdue beyond its grace, the most worth first.

    `frame`: a row a borrower with `arrears_fen`, `days_past_due`, `promises_broken`; `loans`: `loan_frame` with
    `reference`. A loan due on 10 May with three days of grace opens its case on 14 May.
    """
    queued = list(queued)
    if not queued:
        return []
    theirs = pl.col("borrower").is_in([it.borrower for it in queued])  # few of those who are late
    late = loans.filter(theirs & (pl.col("days_past_due") > pl.col("grace_days")))
    opened = late.group_by("borrower").agg(
        (pl.col("due_on") + pl.col("grace_days") + 1).min().alias("opened_on"),
        pl.col("reference").sort().str.join(" ").alias("loans"),
    )
    columns = ("borrower", "arrears_fen", "days_past_due", "promises_broken", "not_cured_ppm")
    owed = {row["borrower"]: row for row in frame.select(columns).join(opened, on="borrower").iter_rows(named=True)}
    rule = worth_rule(on)
    found = [
        EveningCase(
            it.borrower, it.queue, date_of(row["opened_on"]), row["days_past_due"], row["arrears_fen"],
            priority_fen(row, rule), row["promises_broken"], it.ladder, it.step, row["loans"],
        )
        for it in queued
        if (row := owed.get(it.borrower)) is not None
    ]  # fmt: skip
    return sorted(found, key=lambda case: (-case.worth_fen, case.borrower, case.queue))

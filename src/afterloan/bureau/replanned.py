"""How late an account is whose arrears a plan has put off: by the contract, until the condition of the pack is met.

A signature alone makes nobody current. Until the condition of the pack (`cn.pboc.plan`, `us.metro2.plan`) is met, the
account is told as the contract before the plan has it: reckoned without the plan, with all money that came.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from afterloan.bureau.packs import rule
from afterloan.dates import NEVER
from afterloan.loan.book import Book, Records, part
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.terms import FactKind, JudgedPart, State

PLANS = tuple(
    int(FactKind[name]) for name in ("DEFERRED", "INTEREST_ONLY", "EXTENDED", "REINSTALLED", "SETTLEMENT_AGREED")
)
ENDED = (int(State.PAID_OFF), int(State.WRITTEN_OFF), int(State.SOLD))
RULES = {"metro2": "us.metro2.plan", "pboc": "cn.pboc.plan", "neutral": "cn.pboc.plan"}
"""The rule by which each bureau's status follows a plan."""
AT_ONCE, WHEN_KEPT, WHEN_COLLECTED = "at_once", "when_kept", "when_collected"
Rows = npt.NDArray[np.int64]


def before_the_plan(book: Book, now: Records, at: int, known_on: int, bureau: str) -> tuple[Rows, Book]:
    """Rows of loans whose plan does not count yet for a bureau, and these loans without their plans, as a book.

    `now`: their positions on day `at`. Six instalments unpaid, set anew on 15 May, nothing paid by 31 May: the row is
    there, and without its plan the loan is late by its oldest due date. Two of the new instalments paid in time: gone.
    """
    p = rule(RULES[bureau]).parameters
    if p["reading"] == AT_ONCE:
        return np.zeros(0, np.int64), part(book, np.zeros(0, np.int64))
    put_off = (now["error"] == 0) & (now["oldest_due_on"] < NEVER) & ~np.isin(now["state"], ENDED)
    put_off &= at - now["oldest_due_on"] > now["days_past_due"]
    found = []
    for row in np.flatnonzero(put_off).tolist():
        plans = _plan_days(book, row, int(now["oldest_due_on"][row]), at, known_on)
        if len(plans) and not (p["reading"] == WHEN_KEPT and _kept(book, row, plans[-1], at, known_on, p["periods"])):
            found.append(row)
    rows = np.array(found, np.int64)
    return rows, _without_plans(part(book, rows), now["oldest_due_on"][rows].astype(np.int64), at)


def _plan_days(book: Book, row: int, since: int, at: int, known_on: int) -> list[int]:
    """Days on which plans were agreed after `since`, in order, as known by a day."""
    facts = book.facts[book.fact_at[row] : book.fact_at[row + 1]]
    known = min(known_on, NEVER - 1)
    stands = (facts["known_on"] <= known) & (facts["gone_on"] > known) & (facts["on"] > since) & (facts["on"] <= at)
    return [int(day) for day in np.unique(facts["on"][stands & _puts_off(facts)])]


def _puts_off(facts: Records) -> npt.NDArray[np.bool_]:
    """Facts that put arrears off: plans agreed, and the parts in which a court lets the debtor pay."""
    parts = (facts["kind"] == FactKind.JUDGED) & (facts["component"] == JudgedPart.INSTALMENT)
    return np.asarray(np.isin(facts["kind"], PLANS) | parts, np.bool_)


def _kept(book: Book, row: int, plan_on: int, at: int, known_on: int, periods: int) -> bool:
    """Whether so many instalments in a row that fell due after the plan were each paid by their day."""
    rows = reckon_loan(book, row, at, known_on).instalments
    asked = (rows["due_on"] > plan_on) & (rows["due_on"] <= at) & (rows["due_fen"].sum(axis=1) > 0)
    rows = rows[asked & (rows["row_kind"] == 0)]
    run = 0
    for in_time in (rows["cleared_on"] <= rows["due_on"]).tolist():
        run = run + 1 if in_time else 0
        if run >= periods:
            return True
    return False


def _without_plans(book: Book, since: Rows, at: int) -> Book:
    """The loans as if no plan had been agreed after the day `since` of each, up to `at`."""
    owner = np.repeat(np.arange(len(book)), np.diff(book.fact_at))
    facts = book.facts
    out = _puts_off(facts) & (facts["on"] > since[owner]) & (facts["on"] <= at)
    count = np.bincount(owner[~out], minlength=len(book))
    return replace(book, facts=facts[~out], fact_at=np.concatenate([[0], np.cumsum(count)]).astype(np.int64))

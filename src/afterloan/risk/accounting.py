"""What the rules of accounting say of loans on a day: whose interest is no income, and how much is set aside."""

from functools import cache

import numpy as np
import numpy.typing as npt

from afterloan.journal.beside import Beside
from afterloan.loan.book import Book, Records, part
from afterloan.loan.terms import Component, State
from afterloan.risk.by_place import class_numbers, names_of
from afterloan.risk.classification import days_without_trifles
from afterloan.risk.provision import expected_loss
from afterloan.risk.spells import spells_of
from afterloan.rules.packs import Rule, rules_of
from afterloan.rules.trifles import trifles_fen

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
INTEREST, PENALTY = int(Component.INTEREST), int(Component.PENALTY)
ENDED = (int(State.PAID_OFF), int(State.WRITTEN_OFF), int(State.SOLD))
LOST = (int(State.WRITTEN_OFF), int(State.SOLD))
ONE = 1_000_000


@cache
def accounting_rule(name: str, jurisdiction: str) -> Rule:
    """The rule of accounting of a lender's place, else the one for ANY: `accounting_rule("non-accrual", "CN")`."""
    found = {r.jurisdiction: r for r in rules_of("accounting") if r.id.endswith(f".accounting.{name}")}
    return found.get(jurisdiction, found["ANY"])


def non_accrual(book: Book, on: int, known_on: int, positions: Records, rule: Rule) -> Mask:
    """Whose interest [n] is no income on a day: late beyond the rule's days, and until the arrears are wholly paid.

    A plan that put arrears off does not start it again: days count from the contract's due date until they are
    collected. Paid in part from 95 days down to 65: still not, where the rule says `until: arrears_paid`.
    """
    p = rule.parameters
    live = (positions["error"] == 0) & ~np.isin(positions["state"], ENDED)
    put_off = positions["oldest_due_on"] < np.minimum(positions["oldest_unpaid_on"], on)
    by_contract = np.where(put_off, on - positions["oldest_due_on"], 0)
    days = np.maximum(by_contract, days_without_trifles(positions, rule.jurisdiction))
    stops = live & (days > p["after_days"])
    if p["until"] == "arrears_paid":
        doubt = np.flatnonzero(live & ~stops & (days > 0) & (positions["worst_days_past_due"] > p["after_days"]))
        if len(doubt):
            trifles = trifles_fen(rule.jurisdiction)
            few = spells_of(part(book, doubt), on, known_on, positions[doubt], int(p["after_days"]) + 1, trifles)
            stops[doubt] = few.worst_now > p["after_days"]
    return np.asarray(stops)


def lost_in_non_accrual(positions: Records, rule: Rule) -> Mask:
    """Loans [n] written off or sold whose interest was no income by then: they had been late beyond the rule's days."""
    lost = (positions["error"] == 0) & np.isin(positions["state"], LOST)
    return np.asarray(lost & (positions["worst_days_past_due"] > rule.parameters["after_days"]))


def exposure(positions: Records, stops: Mask) -> Ints:
    """What stands on the balance sheet [n] for each loan: all that is owed and earned, less what is not income."""
    owed = positions["outstanding_fen"]
    whole = owed.sum(axis=1) + positions["accrued_interest_fen"]
    off = owed[:, INTEREST] + owed[:, PENALTY] + positions["accrued_interest_fen"]
    fine = (positions["error"] == 0) & ~np.isin(positions["state"], ENDED)
    return np.where(fine, np.maximum(whole - np.where(stops, off, 0), 0), 0).astype(np.int64)


def allowance(book: Book, on: int, known_on: int, positions: Records, stops: Mask, jurisdiction: str) -> Ints:
    """What is set aside [n] for losses, minor units: by class, or expected loss, as the rule says; rounded half up.

    10,000.00 of principal, substandard, at 25 %: 2,500.00.
    """
    p = accounting_rule("provision", jurisdiction).parameters
    amounts = exposure(positions, stops)
    if p["method"] == "expected_loss":
        days = positions["days_past_due"].astype(np.int64)
        return expected_loss(amounts, days, positions["instalments_left"].astype(np.int64))
    numbers = class_numbers(book, on, jurisdiction, known_on, positions)
    ppm = np.array([*(int(p["ppm"][name]) for name in names_of(jurisdiction)), 0], np.int64)  # the last is −1: no class
    return np.asarray((amounts * ppm[numbers] * 2 + ONE) // (2 * ONE))  # 10^9 fen × 10^6 × 2 < 2^63


def judged(book: Book, on: int, known_on: int, positions: Records, jurisdiction: str, month_end: bool) -> Beside:
    """What the rules of the lender's place say of the loans of a book on a day; the allowance at month ends only."""
    rule = accounting_rule("non-accrual", jurisdiction)
    stops = non_accrual(book, on, known_on, positions, rule)
    aside = allowance(book, on, known_on, positions, stops, jurisdiction) if month_end else None
    return Beside(stops, lost_in_non_accrual(positions, rule), aside)


def is_month_end(day: int) -> bool:
    """Whether the next day is the first of a month: 2026-02-28 is one."""
    this, after = (np.int64(d).astype("datetime64[D]").astype("datetime64[M]") for d in (day, day + 1))
    return bool(this != after)

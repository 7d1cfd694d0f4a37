"""The loan statement: what happened to one loan, when, and on which closed day it was booked."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from afterloan.dates import NEVER
from afterloan.journal.postings import NO_COMPONENT, POSTINGS, SLOT
from afterloan.loan.book import Records
from afterloan.loan.terms import Cause, Component

LEAVES = (Cause.REPAID, Cause.WAIVED, Cause.WRITTEN_OFF, Cause.SOLD)
"""Causes by which principal leaves the loan."""


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One movement. `principal_fen` is the principal left after it; `booked_on` NEVER when not posted yet."""

    on: int
    instalment: int
    words: str
    amount_fen: int
    principal_fen: int
    booked_on: int


@dataclass(frozen=True, slots=True)
class JournalStatement:
    """`lines` in order of time; `unposted` what the journal still lacks, by the words of the posting."""

    lines: list[StatementRow]
    unposted: dict[str, int]


def statement(movements: Records, entries: Records, closed_on: list[int]) -> JournalStatement:
    """The statement of one loan from MOVEMENT [m] and its ENTRY [e], entry j posted on `closed_on[j]`.

    A movement is booked on the first day on which the journal's running total covers it: news of a
    repayment of 5 March that came on 9 March is a line of 5 March, booked 9 March.
    """
    booked = _Booked(entries, closed_on)
    lines = []
    principal = 0
    for movement in movements:
        cause, component = Cause(int(movement["cause"])), int(movement["component"])
        amount = int(movement["amount_fen"])
        principal += _principal_change(cause, component, amount)
        day = booked.on(SLOT.get((cause, component)), amount)
        words = movement_words(cause, component)
        lines.append(StatementRow(int(movement["on"]), int(movement["instalment"]), words, amount, principal, day))
    return JournalStatement(lines, dict(booked.unposted()))


def movement_words(cause: Cause, component: int) -> str:
    """A movement in words: the posting's, or what has no posting of its own."""
    slot = SLOT.get((cause, component))
    if slot is not None:
        return POSTINGS[slot].words
    if cause is Cause.FELL_DUE:
        return f"{Component(component).name.lower()} fell due"
    if cause is Cause.RE_INSTALLED:
        return f"{Component(component).name.lower()} moved into a plan"
    if cause is Cause.ACCELERATED:
        return "the rest of the principal called due at once"
    if cause is Cause.JUDGED:
        return f"{Component(component).name.lower()} fixed by a court"
    if cause is Cause.UNAPPLIED:
        return "kept as unapplied"
    return cause.name.lower() if component == NO_COMPONENT else f"{cause.name.lower()} {Component(component).name}"


def _principal_change(cause: Cause, component: int, amount: int) -> int:
    if cause is Cause.CAPITALISED:
        return amount
    if component != Component.PRINCIPAL:
        return 0
    return amount if cause is Cause.DISBURSED else -amount if cause in LEAVES else 0


class _Booked:
    """Running totals of the journal by slot, against running totals of the movements seen so far."""

    def __init__(self, entries: Records, closed_on: list[int]) -> None:
        self.steps: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.seen: dict[int, int] = defaultdict(int)
        total: dict[int, int] = defaultdict(int)
        for entry, day in sorted(zip(entries, closed_on, strict=True), key=lambda pair: pair[1]):
            slot = SLOT[int(entry["cause"]), int(entry["component"])]
            sign = 1 if entry["debit"] == POSTINGS[slot].debit else -1
            total[slot] += sign * int(entry["amount_fen"])
            self.steps[slot].append((day, total[slot]))

    def on(self, slot: int | None, amount: int) -> int:
        """The first day whose running total covers all movements of the slot up to this one."""
        if slot is None:
            return NEVER
        self.seen[slot] += amount
        return next((day for day, total in self.steps[slot] if total >= self.seen[slot]), NEVER)

    def unposted(self) -> Iterator[tuple[str, int]]:
        """Slots in which movements and journal differ, and by how much."""
        for slot, seen in self.seen.items():
            posted = self.steps[slot][-1][1] if self.steps[slot] else 0
            if seen != posted:
                yield POSTINGS[slot].words, seen - posted

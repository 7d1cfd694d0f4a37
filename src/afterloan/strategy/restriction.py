"""Internal risk control: a borrower's credit line, what the rules change in it, whether it may be drawn on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Any, NamedTuple

import polars as pl

from afterloan.counting import counted
from afterloan.facts.events import Event
from afterloan.facts.limit import (
    BarLifted,
    BorrowingBarred,
    LimitFrozen,
    LimitReduced,
    LimitRestored,
    LimitSet,
    LineChanged,
)
from afterloan.rules.packs import PackRefused, Rule, in_force, rules_of
from afterloan.strategy.conditions import ConditionRefused, condition

ANY = "ANY"


@dataclass(frozen=True, slots=True)
class CreditLine:
    """A credit line on a day. `granted_fen`: as last granted; `bars`: names of the bars on new borrowing."""

    limit_fen: int = 0
    granted_fen: int = 0
    frozen: bool = False
    bars: tuple[str, ...] = ()
    known: bool = False


class LineStep(NamedTuple):
    """A change of a line: its kind of event, the day, the limit afterwards, the bar's name."""

    kind: str
    on: date
    after_fen: int
    bar: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One change that a rule asks for: `kind` of fact, before and after, why, by which rule, the bar's name."""

    kind: type[LineChanged]
    before_fen: int
    after_fen: int
    rule: str
    reason: str
    bar: str = ""
    notice: str | None = None


@dataclass(frozen=True, slots=True)
class DrawAnswer:
    """Whether an amount may be drawn: if not, all reasons; what the limit is and what of it is left."""

    allowed: bool
    reasons: tuple[str, ...]
    limit_fen: int
    available_fen: int


def line_of(events: Iterable[Event], on: date) -> CreditLine:
    """The line that the facts of limits (in order) leave on a day."""
    changes = (e for e in events if isinstance(e, LineChanged))
    return line_after((LineStep(e.KIND, e.on, e.after_fen, getattr(e, "bar", "")) for e in changes), on)


def line_after(changes: Iterable[LineStep], on: date) -> CreditLine:
    """The same of changes (in order) as they stand in the store: there are as many as borrowers."""
    limit = granted = 0
    frozen = known = False
    bars: dict[str, None] = {}
    for kind, changed_on, after_fen, bar in changes:
        if changed_on > on:
            continue
        known = True
        if kind == LimitSet.KIND:
            limit = granted = after_fen
        elif kind == LimitReduced.KIND:
            limit = after_fen
        elif kind == LimitFrozen.KIND:
            frozen = True
        elif kind == LimitRestored.KIND:
            limit, frozen = after_fen, False
        elif kind == BorrowingBarred.KIND:
            bars[bar] = None
        elif kind == BarLifted.KIND:
            bars.pop(bar, None)
    return CreditLine(limit, granted, frozen, tuple(bars), known)


def limit_rules(jurisdiction: str, on: date) -> list[tuple[Rule, pl.Expr]]:
    """The rules of limits that bind on a day, with their conditions. Raises PackRefused."""
    found = []
    for rule in in_force(rules_of("limits"), jurisdiction, on) + in_force(rules_of("limits"), ANY, on):
        if "do" not in rule.parameters:
            continue
        if rule.parameters["do"] not in DOES:
            raise PackRefused(
                f"limits: rule {rule.id}: does {rule.parameters['do']!r}; there are: {', '.join(sorted(DOES))}"
            )
        try:
            found.append((rule, _condition(rule.parameters["when"]).fill_null(False)))
        except ConditionRefused as error:
            raise PackRefused(f"limits: rule {rule.id}: when: {error}") from error
    return found


_condition = lru_cache(256)(condition)
"""Read once: a rule is asked again for each shard of a night."""


@cache
def columns_of_limits() -> frozenset[str]:
    """The columns that rules of limits speak of, at any place and day."""
    told = [r.parameters["when"] for r in rules_of("limits") if "when" in r.parameters]
    return frozenset(name for text in told for name in condition(text).meta.root_names())


def _freeze(line: CreditLine, told: dict[str, Any]) -> tuple[type[LineChanged], int] | None:
    return (LimitFrozen, line.limit_fen) if line.known and not line.frozen else None


def _reduce(line: CreditLine, told: dict[str, Any]) -> tuple[type[LineChanged], int] | None:
    target = line.granted_fen * int(told["to_permille"]) // 1_000  # whole fen, rounded down
    return (LimitReduced, target) if target < line.limit_fen else None


def _bar(line: CreditLine, told: dict[str, Any]) -> tuple[type[LineChanged], int] | None:
    return (BorrowingBarred, line.limit_fen) if told["bar"] not in line.bars else None


def _restore(line: CreditLine, told: dict[str, Any]) -> tuple[type[LineChanged], int] | None:
    target = max(line.limit_fen, line.granted_fen * int(told.get("to_permille", 0)) // 1_000)
    return (LimitRestored, target) if line.frozen or target > line.limit_fen else None


def _lift(line: CreditLine, told: dict[str, Any]) -> tuple[type[LineChanged], int] | None:
    return (BarLifted, line.limit_fen) if told["bar"] in line.bars else None


DOES = {"freeze": _freeze, "reduce": _reduce, "bar": _bar, "restore": _restore, "lift": _lift}


def wanted_change(line: CreditLine, do: str, told: dict[str, Any], rule: str, reason: str) -> Change | None:
    """The change that one rule or step asks for; None when the line is so already.

    A line of 10,000.00 granted, `reduce` to 500 per mille: LimitReduced 10,000.00 → 5,000.00; asked again: None.
    """
    made = DOES[do](line, told)
    if made is None:
        return None
    kind, after = made
    bar = str(told.get("bar", "")) if kind in (BorrowingBarred, BarLifted) else ""
    return Change(kind, line.limit_fen, after, rule, reason, bar, told.get("notice"))


def after_change(line: CreditLine, change: Change) -> CreditLine:
    """The line once a change is made."""
    frozen = (line.frozen or change.kind is LimitFrozen) and change.kind is not LimitRestored
    bars = tuple(b for b in line.bars if b != change.bar)
    if change.kind is BorrowingBarred:
        bars = (*bars, change.bar)
    return CreditLine(change.after_fen, line.granted_fen, frozen, bars, True)


def may_draw(
    line: CreditLine,
    amount_fen: int,
    outstanding_fen: int,
    arrears_fen: int,
    days_past_due: int,
    stops: Sequence[str],
    lost: bool = False,
) -> DrawAnswer:
    """Whether `amount_fen` may be drawn on a line of which `outstanding_fen` of principal is used.

    All loans count: arrears on one, beyond its days of grace, bar every draw. `stops`: holds that stop new borrowing;
    `lost`: a loan of the borrower was charged off, written off or sold. A limit of 10,000.00
    with 7,000.00 outstanding leaves 3,000.00: a draw of 3,000.01 is refused.
    """
    available = max(line.limit_fen - outstanding_fen, 0)
    reasons = []
    if not line.known or not line.limit_fen:
        reasons.append("no limit has been granted")
    if line.frozen:
        reasons.append("the limit is frozen")
    reasons.extend(f"new borrowing is barred: {bar}" for bar in line.bars)
    if arrears_fen:
        reasons.append(f"{arrears_fen} minor units are overdue, the oldest for {counted(days_past_due, 'day')}")
    if lost:
        reasons.append("a loan was charged off, written off or sold")
    reasons.extend(f"hold: {stop.replace('_', ' ')}" for stop in stops)
    if line.limit_fen and amount_fen > available:
        reasons.append(f"{available} minor units of the limit are left")
    return DrawAnswer(not reasons, tuple(reasons), line.limit_fen, 0 if line.frozen or line.bars else available)

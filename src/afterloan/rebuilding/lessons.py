"""Lessons: chosen by what just happened to a borrower, with the engine's numbers, measured by a hold-out."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from afterloan.bureau.cells import month_end, reckon_cells
from afterloan.bureau.packs import rule as bureau_rule
from afterloan.bureau.status import pboc_status
from afterloan.dates import NEVER, date_of, iso
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_book, reckon_loan
from afterloan.loan.suppose import alone, due_now, ends_debt, keeping, repaid, suppose
from afterloan.rebuilding.words import money
from afterloan.rules.packs import PackRefused

LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson: when it is chosen (`because`), its text and check of understanding in each language."""

    name: str
    because: tuple[str, ...]
    text: Mapping[str, str]
    question: Mapping[str, str]
    answers: Mapping[str, tuple[str, ...]]
    right: int


@cache
def lessons() -> dict[str, Lesson]:
    """The lessons that come with afterloan, by name. Raises PackRefused for one that lacks a language or its check."""
    folder = resources.files("afterloan.rules") / "packs" / "lessons"
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        name, _, rest = file.name.partition(".")
        if rest in ("en.md", "zh.md"):
            _, head, text = file.read_text(encoding="utf-8").split("---\n", 2)
            found.setdefault(name, {})[rest[:2]] = (yaml.safe_load(head), text.strip())
    made = {}
    for name, told in found.items():
        if set(told) != set(LANGUAGES):
            raise PackRefused(f"lessons/{name}: is there in {', '.join(told)}; write it in {', '.join(LANGUAGES)}")
        heads = {language: head for language, (head, _) in told.items()}
        made[name] = Lesson(
            name, tuple(heads["en"]["because"]), {k: t for k, (_, t) in told.items()},
            {k: h["question"] for k, h in heads.items()}, {k: tuple(h["answers"]) for k, h in heads.items()},
            int(heads["en"]["right"]),
        )  # fmt: skip
    return made


# --- what just happened, and which lesson follows


def happened(book: Book, i: int, on: int, known_on: int = NEVER) -> str:
    """What just happened to a borrower on a loan: late_new, late_deep, cured, paid_early, due_soon or nothing."""
    base = alone(book, i, min(known_on, NEVER - 1))
    now, before = reckon_book(base, on)[0], reckon_book(base, on - 7)[0]
    days = int(now["days_past_due"])
    if now["error"]:
        return "nothing"
    if days > 30:
        return "late_deep"
    if days > 0:
        return "late_new"
    if int(before["days_past_due"]) > 0:
        return "cured"
    if now["paid_off_on"] != NEVER:
        return "paid_off" if before["paid_off_on"] == NEVER else "nothing"
    if int(now["next_due_on"]) - on <= 7:
        return "due_soon"
    return "nothing"


def chosen(because: str, given: Sequence[str] = ()) -> Lesson | None:
    """The lesson that follows: the first for what happened that was not given before."""
    for lesson in lessons().values():
        if because in lesson.because and lesson.name not in given:
            return lesson
    return None


# --- calculators: the borrower's own numbers


@dataclass(frozen=True, slots=True)
class Delay:
    """What paying so many days late comes to: penalties and further interest, the month's mark, until when it shows."""

    days: int
    cost_fen: int
    mark: str
    shown_until: str


def delay(book: Book, i: int, due_on: int, days: int) -> Delay:
    """What it costs to pay what falls due on `due_on` so many days late, all else on time, reckoned by the engine.

    800.00 of principal overdue at 0.05 % × 1.5 for 10 days: 6.00 of penalty.
    """
    base = alone(book, i, NEVER - 1)
    base = suppose(_until(base, due_on), [])
    paid_on = due_on + days
    first = due_now(reckon_loan(base, 0, due_on).position)
    timely = suppose(base, [repaid(due_on, first)]) if first else base
    others = [f for f in keeping(timely, due_on) if int(f["on"][0]) < paid_on]
    late = suppose(base, [f for f in others if int(f["on"][0]) >= due_on])
    owed = due_now(reckon_loan(late, 0, paid_on).position)
    kept = suppose(late, [repaid(paid_on, owed)]) if owed else late
    cost = _charges(kept, paid_on) - _charges(suppose(timely, others), paid_on)
    code = pboc_status(reckon_cells(kept if paid_on <= month_end(due_on) else late, month_end(due_on)))[0].decode()
    adverse = code in bureau_rule("cn.pboc.status").parameters["adverse"]
    until = _five_years(paid_on) if adverse else ""
    return Delay(days, max(cost, 0), code if adverse else "", until)


def _until(base: Book, day: int) -> Book:
    """A loan with the facts before a day only."""
    facts = base.facts[base.facts["on"] < day]
    import numpy as np

    at = np.array([0, len(facts)], np.int64)
    return Book(base.products, base.contracts, base.promised, base.promised_at, facts, at, base.calendars)


def _charges(book: Book, on: int) -> int:
    position = reckon_book(book, on)[0]
    return int(position["penalty_income_fen"] + position["charged_fen"][1] + position["interest_income_fen"])


def _five_years(day: int) -> str:

    from afterloan.bureau.overlay import shown_until

    return str(shown_until(date_of(day)))


def numbers(book: Book, i: int, on: int) -> dict[str, str]:
    """The numbers that fill a lesson for loan `i` on a day: its own arrears, next instalment, and what delays cost."""
    base = alone(book, i, on)
    now = reckon_loan(base, 0, on)
    rows = now.instalments
    due = int(now.position["oldest_unpaid_on"])
    if due == NEVER:
        later = rows["due_on"][rows["due_on"] >= on]
        due = int(later.min()) if len(later) else int(rows["due_on"].max())
    short, long = delay(base, 0, due, 3), delay(base, 0, due, 31)
    return {
        "due_on": iso(due), "arrears": money(due_now(now.position)), "days": str(int(now.position["days_past_due"])),
        "next_amount": money(int(now.position["next_due_fen"])), "payoff": money(ends_debt(now.position)),
        "short_days": "3", "short_cost": money(short.cost_fen), "short_mark": short.mark or "-",
        "long_days": "31", "long_cost": money(long.cost_fen), "long_mark": long.mark or "-",
        "long_until": long.shown_until or "-",
    }  # fmt: skip


def filled(lesson: Lesson, language: str, told: Mapping[str, str]) -> str:
    """The text of a lesson with its numbers. A lesson that names a number nobody gave is our own mistake: KeyError."""
    return lesson.text[language.split("-")[0] if language.split("-")[0] in LANGUAGES else "en"].format_map(dict(told))


# --- measured against a hold-out


def arm_of(lesson: str, borrower: str, held_out_permille: int = 100) -> str:
    """Shown or held out: by a digest of both names, so that the same borrower always falls the same way."""
    digest = hashlib.sha256(f"{lesson}|{borrower}".encode()).digest()
    return "held_out" if int.from_bytes(digest[:8], "big") % 1_000 < held_out_permille else "shown"


@dataclass(frozen=True, slots=True)
class Effect:
    """Good ends of shown less those of held out in parts per million, with the interval of 95 %."""

    shown: int
    held_out: int
    difference_ppm: int
    low_ppm: int
    high_ppm: int

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out no effect."""
        return self.low_ppm > 0 or self.high_ppm < 0


def effect(shown_good: int, shown: int, held_good: int, held: int) -> Effect:
    """The effect of a lesson: shares of good ends compared (normal interval, 1.96 standard errors).

    900 of 1,000 against 80 of 100: 10 points, standard error √(0.9·0.1/1000 + 0.8·0.2/100) = 4.11 points,
    interval 1.94 to 18.06 points. Raises ValueError for an empty arm.
    """
    if not shown or not held:
        raise ValueError(f"an arm is empty ({shown} shown, {held} held out); wait until both have ended")
    one, other = shown_good * 10**9 // shown, held_good * 10**9 // held
    variance = one * (10**9 - one) // shown + other * (10**9 - other) // held  # on 10^18
    error = _root(variance)
    difference = one - other
    reach = error * 196 // 100
    return Effect(shown, held, *((v + 500) // 1_000 for v in (difference, difference - reach, difference + reach)))


def _root(value: int) -> int:
    """The whole square root: ⌊√value⌋."""
    import math

    return math.isqrt(value)

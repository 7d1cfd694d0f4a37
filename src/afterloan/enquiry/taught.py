"""Lessons that borrowers look up, with the numbers of their own loan out of the same calculators as everything else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import psycopg
import yaml

from afterloan.bureau.places import bureau_of_place
from afterloan.dates import NEVER, date_of, number_of
from afterloan.enquiry.furnished import borrower_told
from afterloan.enquiry.mine import Mine, own_loan
from afterloan.facts import FactRefused
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.suppose import daily_rate, due_now, keeping, repaid, suppose
from afterloan.loan.terms import RATE_SCALE, Component
from afterloan.money import show_amount
from afterloan.rebuilding.lessons import delay
from afterloan.report.explain import percent
from afterloan.store.contacts import place_in
from afterloan.strategy.quote import Want, quote

WEEK, MONTH = 7, 31
"""Days of delay that lessons tell of."""
INTEREST, PRINCIPAL = int(Component.INTEREST), int(Component.PRINCIPAL)
Numbers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Taught:
    """A lesson in one language, filled: `text` by paragraphs, one question, its answers, which of them is right."""

    lesson: str
    title: str
    text: tuple[str, ...]
    question: str
    answers: tuple[str, ...]
    right: int


@cache
def _lessons() -> list[dict[str, Any]]:
    file = resources.files("afterloan.rules") / "packs" / "lessons" / "own.yaml"
    told: list[dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return told


def taught(connection: psycopg.Connection[Any], borrower: str, loan: str, on: int, language: str) -> tuple[Taught, ...]:
    """The lessons that a loan has numbers for, on a day. Raises FactRefused (unknown) for a loan that is not theirs."""
    book = own_loan(connection, borrower, loan)
    place = place_in(connection, borrower_told(connection, borrower)[1]).jurisdiction
    numbers = own_numbers(book, on, place)
    return tuple(_filled(lesson, language, numbers) for lesson in _lessons() if _has(lesson, language, numbers))


def _has(lesson: Mapping[str, Any], language: str, numbers: Numbers) -> bool:
    """Whether a loan has every number that a lesson names."""
    try:
        _filled(lesson, language, numbers)
    except KeyError:
        return False
    return True


def _filled(lesson: Mapping[str, Any], language: str, numbers: Numbers) -> Taught:
    words = lesson[language]
    text, answers = (tuple(line.format_map(numbers) for line in words[name]) for name in ("text", "answers"))
    right, question = int(lesson["right"]), words["question"].format_map(numbers)
    if len(set(answers)) < len(answers) or answers[right] == _money(0):  # two would be right: nothing is asked
        question, answers = "", ()
    return Taught(lesson["name"], words["title"].format_map(numbers), text, question, answers, right)


def own_numbers(book: Book, on: int, place: str) -> Numbers:
    """The numbers of a loan (`alone`, as known on the day), as text; groups of which it has none are left out.

    12,000.00 lent on 10 January at 0.05 % a day and due on 10 February: 12,000.00 × 31 × 0.05 % = 186.00.
    """
    found: Numbers = {}
    for group in (_of_delays(book, on, place), _of_interest(book, on), _of_ending(book, on, place)):
        found |= dict(group)
    return found


def next_due(book: Book, on: int) -> int:
    """The oldest unpaid due day of a loan, else the next one; NEVER where nothing is due any more."""
    position = reckon_loan(book, 0, on).position
    oldest = int(position["oldest_unpaid_on"])
    return oldest if oldest != NEVER else int(position["next_due_on"])


def _of_delays(book: Book, on: int, place: str) -> Iterator[tuple[str, str]]:
    due = next_due(book, on)
    if due == NEVER:
        return
    # what falls due on that day, were all before it paid in time
    owed = due_now(reckon_loan(book, 0, max(due, on)).position)
    week, month = delay(book, 0, due, WEEK), delay(book, 0, due, MONTH)
    yield from (
        ("due_on", date_of(due).isoformat()),
        ("what", _money(owed)),
        ("week", str(WEEK)),
        ("month", str(MONTH)),
    )
    yield from (("week_cost", _money(week.cost_fen)), ("month_cost", _money(month.cost_fen)))
    if bureau_of_place(place) == "pboc" and month.shown_until:
        yield from (("week_mark", week.mark or "N"), ("month_mark", month.mark), ("until", month.shown_until))


def _of_interest(book: Book, on: int) -> Iterator[tuple[str, str]]:
    """Days, balance and interest of the instalment that runs; only where they multiply to it, so that all can check."""
    due = int(reckon_loan(book, 0, on).position["next_due_on"])
    if due == NEVER:
        return
    owed = due_now(reckon_loan(book, 0, on).position)
    kept = suppose(book, [repaid(on, owed)]) if owed else book
    rows = reckon_loan(suppose(kept, keeping(kept, on)), 0, due).instalments
    row = rows[rows["due_on"] == due][0]
    days, interest = due - int(row["from_on"]), int(row["due_fen"][INTEREST])
    balance = int(row["balance_fen"] + row["due_fen"][PRINCIPAL])
    rate, per = daily_rate(book)
    scale = RATE_SCALE * per
    if per != 1 or not interest or (balance * days * rate * 2 + scale) // (2 * scale) != interest:
        return
    yield from (("rate", percent(rate)), ("from_on", date_of(int(row["from_on"])).isoformat()), ("days", str(days)))
    yield from (("until_on", date_of(due).isoformat()), ("balance", _money(balance)), ("interest", _money(interest)))
    yield "one_day", _money(interest // days)


def _of_ending(book: Book, on: int, place: str) -> Iterator[tuple[str, str]]:
    try:
        ended = quote(book, Want("full"), on, on, place)
    except FactRefused:  # nothing is left to repay early
        return
    if ended.saves_fen > 0:
        yield from (("pay", _money(ended.pay_fen)), ("saves", _money(ended.saves_fen)), ("fee", _money(ended.fee_fen)))


def _money(fen: int) -> str:
    return show_amount(fen, group=",")


@dataclass(frozen=True, slots=True)
class Later:
    """What paying on the first day after the days of grace comes to more than paying within them."""

    on: Any
    cost_fen: int


def paying_later(connection: psycopg.Connection[Any], it: Mine) -> Later | None:
    """What paying a day too late would cost, of all loans in their days of grace; None where none is.

    Due on 8 December with three days of grace: paid on the 12th instead.
    """
    within = [loan for loan in it.loans if loan.grace_until and loan.since and loan.due_fen]
    if it.grace_until is None or not within:
        return None
    cost = 0
    for loan in within:
        assert loan.since is not None and loan.grace_until is not None
        book, days = own_loan(connection, it.borrower, loan.loan), (loan.grace_until - loan.since).days + 1
        cost += delay(book, 0, number_of(loan.since), days).cost_fen
    return Later(date_of(number_of(it.grace_until) + 1), cost)

"""How fast the reckoning is: many loans, one loan, several cores."""

import os
import threading
from time import perf_counter

import numpy as np

from afterloan.compiled import stage
from afterloan.dates import NEVER, day, day_number, year_month_day
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_book, reckon_loan, reckon_many
from afterloan.loan.terms import CONTRACT, FACT, LIFE, POSITION, PROMISED, RATE_SCALE
from afterloan.rules.products import builtin

START = day("2024-01-10")
END = day("2025-02-10")
LOANS = 100_000


def book(loans: int) -> Book:
    """Loans of 10,000.00 in twelve equal instalments at 0.0456 % a day, each paid on its day, exactly."""
    products = np.array([builtin()["jiebei-equal"].record()])
    contract = (0, 0, 1_000_000, 4_560, START, 0, 3, 1, 12, 0, 0, 0, 0)
    contracts = np.array([contract] * loans, CONTRACT)
    lent = (10, START, START, NEVER, 1_000_000, 0, 0, 0, 0, 0, 0, 0)
    none, zero = np.zeros(0, PROMISED), np.zeros(2, np.int64)
    calendars = np.zeros((0, 1), bool)
    one = Book(products, contracts[:1], none, zero, np.array([lent], FACT), np.array([0, 1]), calendars)
    due = reckon_loan(one, 0, START).instalments
    told = [lent] + [(50, int(r["due_on"]), 0, NEVER, int(r["due_fen"].sum()), 0, 0, 0, 0, 0, 0, 0) for r in due]
    facts = np.tile(np.array(told, FACT), loans)
    at = np.arange(loans + 1) * len(told)
    return Book(products, contracts, none, np.zeros(loans + 1, np.int64), facts, at, calendars)


def best(function: object, times: int = 5) -> float:
    """Seconds of the fastest of some runs."""
    seconds = []
    for _ in range(times):
        started = perf_counter()
        function()  # type: ignore[operator]
        seconds.append(perf_counter() - started)
    return min(seconds)


def bare_loop(made: Book) -> float:
    """Seconds to add up every field of every fact and write every field of every position, and nothing else."""
    facts = made.facts.view(np.int64)
    positions = np.zeros(len(made), POSITION).view(np.int64)

    def run() -> None:
        positions[:] = facts.sum()

    return best(run)


@stage
def know_three_things(contracts, facts, fact_at, penalty_permille, due, positions):  # type: ignore[no-untyped-def]
    """Equal instalments, penalty interest and the order penalty, interest, principal; nothing else, and no questions.

    What such a loop must do and the reckoning must do too: dates, the annuity, interest rounded at each due day, money
    given to three parts. `due` [120] is scratch.
    """
    for i in range(len(contracts)):
        contract = contracts[i]
        start = facts[fact_at[i]].on
        ahead = facts[fact_at[i]].amount_fen
        year, month, dom = year_month_day(start)
        growth, annuity, before, n = 1.0, 0.0, start, contract.instalments
        for k in range(n):
            month = month + 1 if month < 12 else 1
            year += 1 if month == 1 else 0
            due[k] = day_number(year, month, min(dom, 28))
            factor = 1 + contract.rate * (due[k] - before) / RATE_SCALE
            growth, annuity, before = growth * factor, annuity * factor + 1, due[k]
        instalment = int(ahead * growth / annuity + 0.5)
        today, k, earned, late = start, 0, 0, 0
        interest = principal = penalty_paid = interest_paid = principal_paid = unapplied = 0
        for j in range(fact_at[i] + 1, fact_at[i + 1]):
            while k < n and due[k] <= facts[j].on:
                earned += ahead * contract.rate * (due[k] - today)
                late += principal * (contract.rate * penalty_permille // 1000) * (due[k] - today)
                now = (earned + RATE_SCALE // 2) // RATE_SCALE
                part = ahead if k == n - 1 else min(instalment - now, ahead)
                interest, principal, ahead = interest + now, principal + part, ahead - part
                today, k, earned = due[k], k + 1, 0
            earned += ahead * contract.rate * (facts[j].on - today)
            late += principal * (contract.rate * penalty_permille // 1000) * (facts[j].on - today)
            today, money = facts[j].on, facts[j].amount_fen
            part = min(money, (late + RATE_SCALE // 2) // RATE_SCALE - penalty_paid)
            penalty_paid, money = penalty_paid + part, money - part
            part = min(money, interest)
            interest, interest_paid, money = interest - part, interest_paid + part, money - part
            part = min(money, principal)
            principal, principal_paid, money = principal - part, principal_paid + part, money - part
            unapplied += money
        position = positions[i]
        position.loan, position.unapplied_fen = contract.loan, unapplied
        position.outstanding_fen[2], position.outstanding_fen[3] = interest, ahead + principal
        position.paid_fen[0], position.paid_fen[2], position.paid_fen[3] = penalty_paid, interest_paid, principal_paid


def bare_rules(made: Book) -> float:
    """Seconds of `know_three_things` over a book, after the same figures have come out of it."""
    due, positions = np.zeros(120, np.int64), np.zeros(len(made), POSITION)

    def run() -> None:
        know_three_things(made.contracts, made.facts, made.fact_at, 1500, due, positions)

    run()
    reckoned = reckon_book(made, END)
    for field in ("paid_fen", "outstanding_fen", "unapplied_fen"):
        assert (positions[field] == reckoned[field]).all(), field
    return best(run)


def reckoning() -> list[dict[str, object]]:
    """12 instalments and 12 repayments from disbursement, one core."""
    made = book(LOANS)
    positions = np.zeros(LOANS, POSITION)
    reckon_book(made, END, positions=positions)
    assert (positions["state"] == 4).all()
    speed = LOANS / best(lambda: reckon_book(made, END, positions=positions))
    baseline = LOANS / bare_loop(made)
    rules = LOANS / bare_rules(made)
    return [_figure("reckoning", speed, "loans/s", baseline), _figure("reckoning_to_rules", speed, "loans/s", rules)]


def reckoning_on_cores() -> list[dict[str, object]]:
    """The same by one thread for each core, against one thread."""
    made = book(LOANS)
    cores = os.cpu_count() or 1
    parts = np.linspace(0, LOANS, cores + 1).astype(int)
    positions = np.zeros(LOANS, POSITION)
    products = [made.products.copy() for _ in range(cores)]
    lives = [np.zeros(1, LIFE) for _ in range(cores)]

    def work(k: int, first: int, last: int) -> None:
        reckon_many(
            products[k],
            made.contracts,
            made.promised,
            made.promised_at,
            made.facts,
            made.fact_at,
            made.calendars,
            END,
            NEVER - 1,
            first,
            last,
            positions,
            lives[k],
        )

    def alone() -> None:
        positions.view(np.int64)[:] = 0
        work(0, 0, LOANS)

    def together() -> None:
        positions.view(np.int64)[:] = 0
        threads = [threading.Thread(target=work, args=(k, parts[k], parts[k + 1])) for k in range(cores)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    alone()
    return [_figure(f"reckoning_on_{cores}_cores", LOANS / best(together), "loans/s", LOANS / best(alone))]


def single_loan() -> list[dict[str, object]]:
    """One loan from Python, with instalments and movements, against an empty compiled call."""
    made = book(1)
    reckon_loan(made, 0, END)
    empty = np.zeros(1, POSITION)
    lives = np.zeros(1, LIFE)

    def bare() -> None:
        for _ in range(1000):
            reckon_many(
                made.products,
                made.contracts,
                made.promised,
                made.promised_at,
                made.facts,
                made.fact_at,
                made.calendars,
                END,
                NEVER - 1,
                0,
                0,
                empty,
                lives,
            )

    def full() -> None:
        for _ in range(1000):
            reckon_loan(made, 0, END)

    return [_figure("single_loan", best(full) * 1e3, "us", best(bare) * 1e3)]


def _figure(name: str, value: float, unit: str, baseline: float) -> dict[str, object]:
    return {"figure": name, "value": value, "unit": unit, "baseline": baseline, "ratio": value / baseline}


FIGURES = {"reckoning": reckoning, "reckoning_on_cores": reckoning_on_cores, "single_loan": single_loan}

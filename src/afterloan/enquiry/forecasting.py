"""Where the book's loans of today will stand: every loan's state at each month end until now, and what follows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from afterloan.counting import counted
from afterloan.dates import NEVER, iso
from afterloan.enquiry.panels import parts_of_book
from afterloan.facts import FactRefused
from afterloan.loan.book import Book
from afterloan.loan.due_rows import owners_of_facts
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import Component, FactKind, State
from afterloan.report.portfolio import month_ends
from afterloan.risk.forecast import (
    ENDS,
    NOT_YET,
    STATES,
    BackTest,
    Forecast,
    back_test,
    forecast,
    own_forecast,
    state_of,
)  # fmt: skip
from afterloan.risk.forecast_money import (
    MoneyBackTest,
    MoneyForecast,
    MoneyPast,
    back_test_money,
    forecast_money,
)
from afterloan.risk.provision import expected_loss
from afterloan.store.connect import reader_to
from afterloan.store.rebuilding import person_of_loan
from afterloan.store.server import Store

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
NO_PRINCIPAL = (int(State.WRITTEN_OFF), int(State.SOLD))
LEAST_MONTHS = 6
MOST_MONTHS = 36
GONE = (int(State.CHARGED_OFF), int(State.WRITTEN_OFF), int(State.SOLD))


@dataclass(frozen=True, slots=True)
class BookForecast:
    """The months of the past that were read, the forecast of today's loans, and one made `back` months ago."""

    month_ends: list[int]
    ahead: Forecast
    back: BackTest
    money: MoneyForecast
    money_back: MoneyBackTest

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "as_of": iso(self.month_ends[-1]), "months_read": len(self.month_ends),
            "forecast": self.ahead.told(), "back_test": self.back.told(),
            "money": self.money.told(),
            "money_back_test": self.money_back.told(),
        }  # fmt: skip


def month_ends_until(last: int, months: int) -> list[int]:
    """The last days of so many months, up to `last`: of 2026-03-10 and 2: 2026-01-31, 2026-02-28."""
    return month_ends(last + 1, months)[:-1]


def states_of_book(store: Store, ends: list[int]) -> Ints:
    """The state of loans [loans, months] at month ends, by all that is known by now; NOT_YET before it began."""
    parts = []
    with store.connect() as connection, reader_to(store.url) as reader:
        for part in parts_of_book(connection, reader):
            parts.append(states_of(part.book, ends))
    states = np.concatenate(parts)
    return np.asarray(states[(states != NOT_YET).any(axis=1)])


def states_of(book: Book, ends: list[int]) -> Ints:
    """The state of each loan of a book [loans, months] at month ends."""
    signed = book.contracts["signed_on"].astype(np.int64)
    columns, positions = [], None
    for day in ends:
        positions = reckon_book(book, day, NEVER, positions)
        lost, closed = np.isin(positions["state"], GONE), positions["state"] == int(State.PAID_OFF)
        state = state_of(positions["days_past_due"].astype(np.int64), lost, closed)
        columns.append(np.where((signed > day) | (positions["error"] != 0), NOT_YET, state))
    return np.column_stack(columns)


@dataclass(frozen=True, slots=True)
class LoanForecast:
    """One loan's chances month by month after the last whole month; no promise, and told with the interval."""

    loan: str
    as_of: int
    ahead: Forecast

    def told(self) -> dict[str, Any]:
        """JSON values; `path`: a row a month, each state's chance with the ends of its 95 % interval."""
        told = (self.ahead.expected, self.ahead.low, self.ahead.high)
        rows = [
            {"month": k, **{name: [round(float(v[k, s]), 4) for v in told] for s, name in enumerate(STATES)}}
            for k in range(len(self.ahead.expected))
        ]  # fmt: skip
        return {"loan": self.loan, "as_of": iso(self.as_of), "path": rows}


def forecast_loan(store: Store, loan: str, last: int, months: int, seed: int = 1) -> LoanForecast:
    """The likely path of one loan by how the book's loans passed until the last whole month. Raises FactRefused.

    Refused for a loan that is not there, had not begun by then, or is over; and where the book is too young.
    """
    person = person_of_loan(store, loan)
    states, ends = _past(store, last)
    own = states_of(person.book, ends)[person.row(loan)]
    if own[-1] == NOT_YET or own[-1] in ENDS:
        why = f"is {STATES[own[-1]]}" if own[-1] != NOT_YET else "had not begun"
        raise FactRefused("loan", loan, f"{why} on {iso(ends[-1])}", "ask about a loan that runs")
    return LoanForecast(loan, ends[-1], own_forecast(states, own, months, seed))


def _past(store: Store, last: int) -> tuple[Ints, list[int]]:
    """States [loans, months] at the month ends until `last` since the book began. Raises FactRefused: too few."""
    ends = month_ends_until(last, MOST_MONTHS)
    states = states_of_book(store, ends)
    began = (states != NOT_YET).any(axis=0)
    ends = [day for day, here in zip(ends, began, strict=True) if here]
    if len(ends) < LEAST_MONTHS:
        raise FactRefused(
            "months", len(ends), f"{counted(LEAST_MONTHS, 'month')} of the book are needed", "wait, or import more"
        )
    return states[:, began], ends


def forecast_book(store: Store, last: int, months: int, seed: int = 1) -> BookForecast:
    """Forecast the loans of the last whole month. Raises FactRefused where the book is too young."""
    states, ends = _past(store, last)
    back = min(months, len(ends) // 3)
    money = money_of_book(store, ends)
    return BookForecast(
        ends, forecast(states, months, seed), back_test(states, back, seed),
        forecast_money(money, months, seed), back_test_money(money, back, seed),
    )  # fmt: skip


def money_of_book(store: Store, ends: list[int]) -> MoneyPast:
    """Principal, instalments to come and cash of every loan by month ends, and today's provision by state."""
    parts, kept = [], np.zeros((2, len(STATES)))
    with store.connect() as connection, reader_to(store.url) as reader:
        for part in parts_of_book(connection, reader):
            one, own = money_of(part.book, ends)
            parts.append(one)
            kept += own
    coverage = np.where(kept[1] > 0, kept[0] / np.maximum(kept[1], 1), _coverage_by_pack())
    coverage[list(ENDS)[1]] = 0.0
    names = ("states", "principal", "left", "cash")
    states, principal, left, cash = (np.concatenate([getattr(one, name) for one in parts]) for name in names)
    return MoneyPast(states, principal, left, cash, coverage)


def money_of(book: Book, ends: list[int]) -> tuple[MoneyPast, Floats]:
    """The same of some loans; and [2, states]: provision and principal at the last month end.

    A loan that is written off or sold has no principal any more; what comes in for it is not forecast.
    """
    states, principal, left, positions = states_of(book, ends), [], [], None
    for day in ends:
        positions = reckon_book(book, day, NEVER, positions)
        stands = (positions["error"] == 0) & ~np.isin(positions["state"], NO_PRINCIPAL)
        principal.append(np.where(stands, positions["outstanding_fen"][:, int(Component.PRINCIPAL)], 0))
        left.append(positions["instalments_left"].astype(np.int64))
    assert positions is not None, "month ends are there"
    loss = expected_loss(principal[-1].astype(np.int64), positions["days_past_due"].astype(np.int64), left[-1])
    here = states[:, -1] != NOT_YET
    own = [np.bincount(states[here, -1], each[here], minlength=len(STATES)) for each in (loss, principal[-1])]
    of_states = np.where(states == NOT_YET, 0, 1)
    told = MoneyPast(
        states, np.column_stack(principal).astype(np.int64) * of_states, np.column_stack(left), cash_of(book, ends),
        np.zeros(len(STATES)),
    )  # fmt: skip
    return told, np.array(own)


def cash_of(book: Book, ends: list[int]) -> Ints:
    """What came in of each loan between month ends [n, months], less what was taken back; of the first nothing is read.

    A month end itself belongs to the month that it ends.
    """
    facts = book.facts
    stands = (facts["kind"] == int(FactKind.REPAID)) & (facts["gone_on"] == NEVER)
    month = np.searchsorted(np.array(ends), facts["on"], side="left")
    stands &= (month > 0) & (month < len(ends))
    cash = np.zeros((len(book), len(ends)), np.int64)
    np.add.at(cash, (owners_of_facts(book)[stands], month[stands]), facts["amount_fen"][stands])
    return cash


def _coverage_by_pack() -> Floats:
    """Provision over principal by state where no loan is in it today: of one a year from its end, by the pack."""
    days = np.array([0, 15, 45, 75, 120, 180, 0])
    return np.asarray(expected_loss(np.full(len(days), 1_000_000), days, np.full(len(days), 12)) / 1_000_000)

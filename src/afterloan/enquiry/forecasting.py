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
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import State
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
from afterloan.store.connect import reader_to
from afterloan.store.rebuilding import person_of_loan
from afterloan.store.server import Store

Ints = npt.NDArray[np.int64]
LEAST_MONTHS = 6
MOST_MONTHS = 36
GONE = (int(State.CHARGED_OFF), int(State.WRITTEN_OFF), int(State.SOLD))


@dataclass(frozen=True, slots=True)
class BookForecast:
    """The months of the past that were read, the forecast of today's loans, and one made `back` months ago."""

    month_ends: list[int]
    ahead: Forecast
    back: BackTest

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "as_of": iso(self.month_ends[-1]), "months_read": len(self.month_ends),
            "forecast": self.ahead.told(), "back_test": self.back.told(),
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
    return BookForecast(ends, forecast(states, months, seed), back_test(states, back, seed))

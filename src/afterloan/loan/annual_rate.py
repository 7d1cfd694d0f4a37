"""What a loan costs in a year: internal rates, the European and the American annual percentage rate.

Rates, not money: the one module of the reckoning that works with binary fractions.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from afterloan.dates import NEVER, is_leap, month_length, months_later, year_month_day
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.terms import FactKind

Share = Callable[[int, int], float]
"""The share of a year from one day to another."""


class NoRate(ValueError):
    """These flows have no annual rate: they never turn, or no rate balances them."""


def _thirty(start: int, end: int, style: str) -> float:
    y1, m1, d1 = year_month_day(start)
    y2, m2, d2 = year_month_day(end)
    end_1 = d1 == month_length(y1, m1)
    end_2 = d2 == month_length(y2, m2)
    if style == "german":
        d1 = 30 if end_1 else d1
        d2 = 30 if end_2 else d2
    elif style == "european":
        d1, d2 = min(d1, 30), min(d2, 30)
    elif style == "european+":
        d1 = min(d1, 30)
        if d2 == 31:
            m2, d2 = m2 + 1, 1
    else:  # american: the 31st only yields when the first day is the 30th or 31st; "us" knows the end of February
        if style == "us" and m1 == 2 and end_1:
            d2 = 30 if m2 == 2 and end_2 else d2
            d1 = 30
        d2 = 30 if d2 == 31 and d1 >= 30 else d2
        d1 = min(d1, 30)
    return (360 * (y2 - y1) + 30 * (m2 - m1) + d2 - d1) / 360


def _actual(start: int, end: int) -> float:
    total = 0.0
    first, _, _ = year_month_day(start)
    last, _, _ = year_month_day(end)
    for year in range(first, last + 1):
        begin = max(start, _new_year(year))
        stop = min(end, _new_year(year + 1))
        total += max(stop - begin, 0) / (366 if is_leap(year) else 365)
    return total


def _new_year(year: int) -> int:
    from afterloan.dates import day_number

    return int(day_number(year, 1, 1))


def _without_leap_days(start: int, end: int) -> float:
    days = end - start
    for number in range(start + 1, end + 1):
        if year_month_day(number)[1:] == (2, 29):
            days -= 1
    return days / 365


SHARES: dict[str, Share] = {
    "act/365F": lambda a, b: (b - a) / 365,
    "act/360": lambda a, b: (b - a) / 360,
    "act/act": _actual,
    "NL/365": _without_leap_days,
    "30/360 ISDA": lambda a, b: _thirty(a, b, "isda"),
    "30/360 US": lambda a, b: _thirty(a, b, "us"),
    "30E/360": lambda a, b: _thirty(a, b, "european"),
    "30E+/360": lambda a, b: _thirty(a, b, "european+"),
    "30E/360 German": lambda a, b: _thirty(a, b, "german"),
}
"""Day counts by name: `SHARES["act/act"](28 December 2007, 29 February 2008)` is 4/365 + 59/366."""


def present_value(rate: float, flows: Sequence[tuple[float, float]]) -> float:
    """Flows (years, amount) at a yearly rate: 110 in a year at 0.1 is 100."""
    return sum(amount * (1 + rate) ** -years for years, amount in flows)


def _between(function: Callable[[float], float], low: float, high: float) -> float:
    """The root of a function that changes sign between two points: secant steps, halving where they fail."""
    f_low, f_high = function(low), function(high)
    for _ in range(300):
        middle = (low + high) / 2
        if f_high != f_low:
            secant = high - f_high * (high - low) / (f_high - f_low)
            if min(low, high) < secant < max(low, high):
                value = function(secant)
                if value == 0:
                    return secant
                low, high, f_low, f_high = _narrow(low, high, f_low, f_high, secant, value)
                middle = (low + high) / 2
        value = function(middle)
        if value == 0 or abs(high - low) < 1e-15 * max(1.0, abs(middle)):
            return middle
        low, high, f_low, f_high = _narrow(low, high, f_low, f_high, middle, value)
    return (low + high) / 2


def _narrow(
    low: float, high: float, f_low: float, f_high: float, point: float, value: float
) -> tuple[float, float, float, float]:
    if (value > 0) == (f_low > 0):
        return point, high, value, f_high
    return low, point, f_low, value


def _grid() -> list[float]:
    near = [-0.999999999, -0.99999, -0.9999, -0.999, -0.99, -0.97, -0.95]
    return near + [x / 50 for x in range(-47, 100)] + [2.0 * 1.25**k for k in range(60)]


def rate_of_flows(flows: Sequence[tuple[float, float]]) -> float:
    """The yearly rate at which flows (years, amount) balance; of several the one nearest to nothing.

    -100 now and 110 in a year: 0.1. Raises NoRate.
    """
    if not any(a > 0 for _, a in flows) or not any(a < 0 for _, a in flows):
        raise NoRate("money must go out and come in; these flows go one way only")

    def value(rate: float) -> float:
        return present_value(rate, flows)

    grid = [(rate, value(rate)) for rate in _grid()]
    roots = [_between(value, a, b) for (a, f), (b, g) in pairwise(grid) if f == 0 or (f < 0) != (g < 0)]
    if not roots:
        raise NoRate("no yearly rate balances these flows")
    return min(roots, key=abs)


def xirr(flows: Sequence[tuple[int, float]], share: Share = SHARES["act/365F"]) -> float:
    """The yearly rate of dated flows (day, amount), years counted from the first day. Raises NoRate."""
    first = min(day for day, _ in flows)
    return rate_of_flows([(share(first, day), amount) for day, amount in flows])


def years_eu(start: int, end: int, unit: str = "months") -> float:
    """Time as Directive (EU) 2023/2225 counts it: whole months (or weeks) back from the end, odd days / 365 or 366.

    31 January to 1 March 2019: one month and a day, 1/12 + 1/365.
    """
    whole = 0
    reached = end
    y, m, dom = year_month_day(end)
    while True:
        if unit == "months":
            earlier = months_later(end, -(whole + 1), 31 if dom == month_length(y, m) and dom < 31 else dom)
            ends_month = year_month_day(start)[2] == month_length(*year_month_day(start)[:2])
            earlier = earlier if ends_month else months_later(end, -(whole + 1), dom)
        else:
            earlier = reached - 7
        if earlier < start:
            break
        whole += 1
        reached = earlier
    return whole / (12 if unit == "months" else 52) + _actual(start, reached)


def apr_eu(advance: float, payments: Sequence[tuple[float, float]], decimals: int = 1) -> float:
    """The European annual percentage rate of payments (years, amount), in percent to one decimal.

    200 lent and 350 back after a month: 82400.5.
    """
    rate = rate_of_flows([(0.0, -advance), *payments])
    return round(100 * rate + 1e-9, decimals)


UNIT_PERIODS = {"month": (1, 12.0), "quarter": (3, 4.0), "half-year": (6, 2.0), "year": (12, 1.0)}


def _day_of_month(start: int, end: int) -> int:
    """The day of month that periods keep, counted back from the end; the month's last where both days are."""
    y1, m1, d1 = year_month_day(start)
    y2, m2, d2 = year_month_day(end)
    return 31 if d1 == month_length(y1, m1) and d2 == month_length(y2, m2) else int(d2)


def unit_periods(start: int, end: int, unit: str) -> tuple[int, float]:
    """Whole unit periods from `start` to `end` and the odd days before them as a share (Reg Z, appendix J).

    Counted backwards from the end; odd days of a month are /30, of longer periods /30 a month, of weeks /7.
    """
    if unit in UNIT_PERIODS:
        months, _ = UNIT_PERIODS[unit]
        dom = _day_of_month(start, end)
        whole = 0
        while months_later(end, -(whole + 1) * months, dom) >= start:
            whole += 1
        odd = months_later(end, -whole * months, dom) - start
        if unit == "year":
            return whole, odd / 365
        if months > 1:
            extra = 0
            reached = months_later(end, -whole * months, dom)
            while months_later(reached, -(extra + 1), dom) >= start:
                extra += 1
            odd = months_later(reached, -extra, dom) - start
            return whole, (extra + odd / 30) / months
        return whole, odd / 30
    weeks = 1 if unit == "week" else int(unit.split("-")[0])
    length = 7 * weeks
    whole = (end - start) // length
    return whole, (end - start - whole * length) / length


def apr_us(advance: float, start: int, payments: Sequence[tuple[int, float]], unit: str) -> float:
    """The annual percentage rate by the actuarial method, in percent: 5,000 in 24 × 230 is 9.69.

    `unit`: month, quarter, half-year, year, week or n-week. The odd part of the first period bears simple interest.
    """
    per_year = (
        UNIT_PERIODS[unit][1] if unit in UNIT_PERIODS else 52.0 / (1 if unit == "week" else int(unit.split("-")[0]))
    )
    times = [(unit_periods(start, day, unit), amount) for day, amount in payments]

    def gap(rate: float) -> float:
        return advance - sum(a / ((1 + odd * rate) * (1 + rate) ** whole) for (whole, odd), a in times)

    return 100 * per_year * _between(gap, -0.5, 10.0)


def flows_as_signed(book: Book, i: int) -> list[tuple[int, int]]:
    """Flows (day, minor units; paid out negative) of loan `i` if every instalment is paid on its day, charges with it.

    `book` holds products as `ProductTerms.priced` makes them, so that charges the borrower may leave out are left out.
    1,000.00 at nothing a month for a month, 10.00 at pay-out: -1,000.00, then 1,010.00.
    """
    facts = book.facts[book.fact_at[i] : book.fact_at[i + 1]]
    out = facts[(facts["kind"] == FactKind.DISBURSED) & (facts["gone_on"] == NEVER)]
    promised = book.promised[book.promised_at[i] : book.promised_at[i + 1]]
    at = np.array([0, len(promised)]), np.array([0, len(out)])
    alone = Book(book.products, book.contracts[i : i + 1], promised, at[0], out, at[1], book.calendars)
    last = int(out["on"].max()) if len(out) else 0
    rows = reckon_loan(alone, 0, last).instalments
    flows = [(int(f["on"]), -int(f["amount_fen"])) for f in out]
    return flows + [(int(row["due_on"]), int(row["due_fen"].sum())) for row in rows]


def annual_rates(flows: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """The yearly rate of a loan's dated flows (day, minor units; paid out negative): nominal by month, and effective.

    10,000.00 against twelve times 888.49 a month apart: 12.00 and 12.68 percent.
    """
    effective = xirr([(day, float(amount)) for day, amount in flows])
    nominal = 12 * ((1 + effective) ** (1 / 12) - 1)
    return 100 * nominal, 100 * effective

"""ACTUS contract vectors against the engine: annuity, linear and negative amortiser, bullet, as schedules of a loan.

They know no rounding, so a minor unit stands for 10^-5 of the currency (10^-4 for sums above 10,000.00) and sums
agree to 10^-3. A vector that starts with a purchase or ends with a termination is compared between the two days.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from afterloan.dates import NEVER, day, month_length, months_later, year_month_day
from afterloan.facts import LAST_DAY
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.terms import (
    CONTRACT,
    FACT,
    MAX_INSTALMENTS,
    MAX_PRINCIPAL_FEN,
    PROMISED,
    RATE_SCALE,
    Component,
    DayCount,
    FactKind,
    Method,
    Unit,
)
from afterloan.rules.products import ProductTerms, builtin
from tests.cases.result import CaseResult

UNITS_OF_CURRENCY = (100_000, 10_000)
METHODS = {
    "ANN": Method.EQUAL_INSTALMENT,
    "NAM": Method.EQUAL_INSTALMENT,
    "LAM": Method.EQUAL_PRINCIPAL,
    "PAM": Method.INTEREST_FIRST,
}
COUNTS = {"A365": DayCount.ACT_365, "A360": DayCount.ACT_360, "AA": DayCount.ACT_ACT, "30E360": DayCount.THIRTY_360}
SHIFTS = {"SCF": "following", "SCMF": "modified_following", "SCP": "preceding", "SCMP": "modified_preceding"}
"""SC: shift, then work out the interest; CS: work it out, then shift the payment alone."""
UNITS = {"D": Unit.DAYS, "W": Unit.WEEKS, "M": Unit.MONTHS, "Y": Unit.YEARS}
UNEXPRESSED = ("cycleOfScalingIndex", "cycleOfInterestCalculationBase")

Terms = dict[str, str]
Flows = dict[tuple[int, str], float]


class NotExpressed(Exception):
    """A term the engine has no word for."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """`every` units apart from `anchor`; `long_stub`: a last date short of the end is left out."""

    every: int
    unit: Unit
    anchor: int
    month_ends: bool
    long_stub: bool = False
    dom: int = 0  # day of the month that months keep; 0: that of the anchor

    def date(self, k: int) -> int:
        """The k-th day, counted from the anchor: 31 January, 28 February, 31 March."""
        if self.unit in (Unit.DAYS, Unit.WEEKS):
            return self.anchor + k * self.every * (7 if self.unit is Unit.WEEKS else 1)
        months = self.every * (12 if self.unit is Unit.YEARS else 1)
        dom = 31 if self.month_ends else self.dom or year_month_day(self.anchor)[2]
        return int(months_later(self.anchor, k * months, dom))

    def before(self, end: int) -> list[int]:
        """Every day of the cycle before `end`."""
        dates: list[int] = []
        while self.date(len(dates)) < end:
            dates.append(self.date(len(dates)))
        return dates


def _date(text: str) -> int:
    return day(text[:10]) + (1 if text.endswith("23:59:59") else 0)


def _cycle(terms: Terms, name: str, start: int) -> Cycle:
    told = terms[f"cycleOf{name}"]
    body, _, stub = told[1:].partition("L")
    anchor = _date(terms[f"cycleAnchorDateOf{name}"])
    year, month, dom = year_month_day(anchor)
    ends = terms.get("endOfMonthConvention") == "EOM" and dom == month_length(year, month)
    cycle = Cycle(int(body[:-1]), UNITS[body[-1]], anchor, ends, stub == "0")
    if anchor > start or name == "RateReset" or terms["contractType"] != "PAM":
        return cycle
    return replace(cycle, anchor=cycle.date(1), dom=dom)  # nothing is paid on the first day


def _dues(terms: Terms, cycle: Cycle) -> list[int]:
    """Due dates: the cycle up to the end, the last one on it."""
    end = terms.get("maturityDate") or terms.get("amortizationDate")
    if end is None:
        if terms["contractType"] not in ("LAM", "NAM"):
            raise NotExpressed("no maturity")
        notional, part = float(terms["notionalPrincipal"]), float(terms["nextPrincipalRedemptionPayment"])
        if terms["contractType"] == "NAM":  # the standard counts with what the first payment leaves for principal
            part -= notional * float(terms["nominalInterestRate"]) * (cycle.date(1) - cycle.date(0)) / 365
        whole = int(-(-notional // part))
        first = _date(terms["cycleAnchorDateOfPrincipalRedemption"])
        return [cycle.date(k) for k in range(whole + len(cycle.before(first)))]
    last = _date(end)
    dates = cycle.before(last)
    # a loan that ends at 23:59:59 ends off its cycle, though the second after it is a day of it
    if cycle.long_stub and dates and (cycle.date(len(dates)) != last or end.endswith("23:59:59")):
        dates.pop()
    return [*dates, last]


def _bare(terms: Terms, dues: list[int]) -> int:
    """How many first rows ask for interest alone."""
    if terms["contractType"] == "PAM":
        return 0
    first = _date(terms["cycleAnchorDateOfPrincipalRedemption"])
    if first not in dues:
        raise NotExpressed("interest and principal by cycles that do not meet")
    return dues.index(first)


@dataclass(frozen=True, slots=True)
class Parts:
    """Rows by one cycle; after the first `beyond` of them interest with every `interest`-th, principal likewise."""

    rows: Cycle
    interest: int = 1
    principal: int = 1
    beyond: int = 0


def _parts(terms: Terms, start: int) -> Parts:
    """The cycle of the rows where interest and principal have cycles of their own: the finer one of the two."""
    interest = _cycle(terms, "InterestPayment", start)
    if "cycleOfPrincipalRedemption" not in terms or terms["contractType"] == "PAM":
        return Parts(interest)
    principal = _cycle(terms, "PrincipalRedemption", start)
    if (principal.every, principal.unit) == (interest.every, interest.unit):
        return Parts(interest)
    fine, coarse = sorted((interest, principal), key=lambda cycle: cycle.every)
    if fine.unit != coarse.unit or coarse.every % fine.every:
        raise NotExpressed("interest and principal by cycles that do not meet")
    times = coarse.every // fine.every
    rows = replace(fine, anchor=min(interest.anchor, principal.anchor))
    first = next((k for k in range(MAX_INSTALMENTS) if rows.date(k) >= coarse.anchor), MAX_INSTALMENTS)
    if rows.date(first) != coarse.anchor:
        raise NotExpressed("interest and principal by cycles that do not meet")
    if coarse is interest:
        return Parts(rows, times, 1, first + 1)
    return Parts(rows, 1, times, first + 1)


def _product(terms: Terms) -> np.void:
    if terms["dayCountConvention"] not in COUNTS:
        raise NotExpressed(terms["dayCountConvention"])
    told = builtin()["equal-instalment-year"].model_dump(mode="json")
    told |= {
        "method": METHODS[terms["contractType"]].name.lower(),
        "penalty": {"multiple": "0"},
        "rounding": "half_even",
        "accrual": "scheduled",
        "day_count": COUNTS[terms["dayCountConvention"]].name.lower(),
    }
    if terms.get("calendar", "NC") != "NC":
        convention = terms.get("businessDayConvention", "none")
        shifts = convention.replace("CS", "SC", 1)
        if shifts not in SHIFTS:
            raise NotExpressed(f"business days {convention}")
        told |= {"shift": SHIFTS[shifts], "shift_interest": convention == shifts, "calendar": "MF"}
    return ProductTerms.model_validate(told).record({"MF": 0})


def _rate(value: float) -> int:
    """A rate on RATE_SCALE. An observed index has more decimals: off by 5 × 10^-8, 0.00004 a month on 10,000."""
    if value < 0:
        raise NotExpressed("a rate below zero")
    return round(value * RATE_SCALE)


def _resets(terms: Terms, observed: dict[str, Any], start: int, end: int) -> list[tuple[int, int]]:
    """(day, rate) of each reset: the index of the latest day told, × multiplier + spread."""
    if "cycleOfRateReset" not in terms:
        return []
    for name in ("lifeCap", "lifeFloor", "periodCap", "periodFloor"):
        if name in terms:
            raise NotExpressed(name)
    dates = [on for on in _cycle(terms, "RateReset", start).before(end) if on >= start]
    series = observed[terms["marketObjectCodeOfRateReset"]]["data"]
    known = sorted((_date(point["timestamp"]), float(point["value"])) for point in series)
    resets = []
    for k, on in enumerate(dates):
        if k == 0 and "nextResetRate" in terms:
            rate = float(terms["nextResetRate"])
        else:
            values = [value for when, value in known if when <= on]
            if not values:
                raise NotExpressed("no index on the day of a reset")
            rate = values[-1] * float(terms.get("rateMultiplier", 1)) + float(terms.get("rateSpread", 0))
        resets.append((on, _rate(rate)))
    return resets


def _own_instalment(terms: Terms, dues: list[int], bare: int, unit: int) -> int:
    """The instalment (or the principal of each) that the vector names, in minor units; 0: worked out."""
    told = terms.get("nextPrincipalRedemptionPayment")
    if told is None:
        return _amortised(terms) if {"amortizationDate", "maturityDate"} <= terms.keys() else 0
    own = round(float(told) * unit)
    grows = "capitalizationEndDate" in terms
    if (
        terms["contractType"] == "LAM"
        and not grows
        and own * (len(dues) - bare) == round(float(terms["notionalPrincipal"]) * unit)
    ):
        return 0
    return own


def _amortised(terms: Terms) -> int:
    """The instalment over the whole time of amortisation, where the loan ends before it."""
    book, _, _ = _book({name: value for name, value in terms.items() if name != "maturityDate"}, {})
    row = reckon_loan(book, 0, int(book.contracts["signed_on"][0])).instalments[0]
    return int(row["due_fen"].sum())


def _facts(
    start: int, principal: int, resets: list[tuple[int, int]], own: int, moved_to: int, until: int
) -> npt.NDArray[np.void]:
    told = [(FactKind.DISBURSED, start, principal, 0)]
    if until:
        told.append((FactKind.CAPITALISED_UNTIL, start, 0, until))
    if moved_to:
        told.append((FactKind.DEFERRED, start, 0, moved_to))
    if own:
        told.append((FactKind.INSTALMENT_AGREED, start, own, 0))
    told += [(FactKind.RATE_CHANGED, on, rate, 0) for on, rate in resets]
    facts = np.zeros(len(told), FACT)
    facts["gone_on"] = NEVER
    for k, (kind, on, amount, last) in enumerate(sorted(told, key=lambda fact: (fact[1], fact[0]))):
        facts[k]["kind"], facts[k]["on"], facts[k]["known_on"], facts[k]["amount_fen"] = kind, on, on, amount
        facts[k]["due_on"] = facts[k]["from_on"] = 0
        if last:
            facts[k]["due_on"] = last
    return facts


def _with_cycles(facts: npt.NDArray[np.void], parts: Parts, dues: list[int]) -> npt.NDArray[np.void]:
    """The facts, and which rows ask for interest and for principal."""
    agreed = np.zeros(1, FACT)
    agreed["kind"], agreed["on"], agreed["known_on"] = FactKind.CYCLES_AGREED, facts["on"][0], facts["on"][0]
    agreed["gone_on"], agreed["from_on"] = NEVER, dues[parts.beyond]
    agreed["count"], agreed["every"] = parts.interest, parts.principal
    together = np.concatenate([facts, agreed])
    return together[np.lexsort((together["kind"], together["on"]))]


def _book(terms: Terms, observed: dict[str, Any]) -> tuple[Book, int, int]:
    """The vector as a book of one loan, the day from which nothing changes any more, minor units in 1.00."""
    for name in UNEXPRESSED:
        if name in terms:
            raise NotExpressed(name)
    if float(terms.get("accruedInterest", 0)) != 0 and "purchaseDate" not in terms:
        raise NotExpressed("interest accrued before the first day")
    start = _date(terms["initialExchangeDate"])
    if "accruedInterest" in terms and "purchaseDate" not in terms:
        start = max(start, _date(terms["statusDate"]))
    parts = _parts(terms, start)
    cycle = parts.rows
    dues = _dues(terms, cycle)
    bare = _bare(terms, dues)
    notional = float(terms["notionalPrincipal"])
    unit = next((unit for unit in UNITS_OF_CURRENCY if notional * unit <= MAX_PRINCIPAL_FEN), 0)
    if unit == 0 or len(dues) > MAX_INSTALMENTS:
        raise NotExpressed("beyond the engine's bounds")
    principal = round(notional * unit)
    contract = np.zeros(1, CONTRACT)
    rate = _rate(float(terms["nominalInterestRate"]))
    contract["principal_fen"], contract["rate"], contract["signed_on"] = principal, rate, start
    contract["first_due_on"], contract["unit"], contract["every"] = dues[0], cycle.unit, cycle.every
    contract["instalments"], contract["grace_principal"] = len(dues), bare
    contract["due_dom"] = 31 if cycle.month_ends else cycle.dom
    resets = _resets(terms, observed, start, dues[-1])
    regular = cycle.date(len(dues) - 1)
    moved_to = dues[-1] if dues[-1] != regular else 0
    until = _date(terms["capitalizationEndDate"]) if "capitalizationEndDate" in terms else 0
    own = _own_instalment(terms, dues, bare, unit)
    facts = _facts(start, principal, resets, own, moved_to, until)
    if parts.beyond:
        facts = _with_cycles(facts, parts, dues)
    if moved_to:  # the last one alone, wherever business days put it and the one before
        facts["from_on"][facts["kind"] == FactKind.DEFERRED] = (dues[-2] + regular) // 2
    none = np.zeros(0, PROMISED)
    weekdays = (np.arange(LAST_DAY) + 3) % 7 < 5  # 1970-01-01 was a Thursday
    at = np.array([0, len(facts)])
    book = Book(np.array([_product(terms)]), contract, none, np.zeros(2, np.int64), facts, at, weekdays[None, :])
    return book, max([start, *(on for on, _ in resets)]), unit


def _differences(case: dict[str, Any]) -> str:
    terms = {name: str(value).strip() for name, value in case["terms"].items()}
    book, known, unit = _book(terms, case.get("dataObserved", {}))
    first = _date(terms["purchaseDate"]) if "purchaseDate" in terms else 0
    last = _date(terms["terminationDate"]) if "terminationDate" in terms else NEVER
    if case.get("to"):
        last = min(last, _date(case["to"]) + 1)
    theirs: Flows = {}
    for event in case["results"]:
        kind = {"PR": "principal", "MD": "principal", "IP": "interest"}.get(event["eventType"])
        if kind:
            key = _date(event["eventDate"]), kind
            theirs[key] = theirs.get(key, 0.0) + abs(float(event["payoff"]))
    ours: Flows = {}
    for row in reckon_loan(book, 0, known).instalments:
        for kind in ("principal", "interest"):
            part = Component[kind.upper()]  # what became principal was asked of nobody
            ours[int(row["due_on"]), kind] = int(row["due_fen"][part] - row["waived_fen"][part]) / unit
    for key in sorted({*ours, *theirs}):
        apart = abs(ours.get(key, 0.0) - theirs.get(key, 0.0))
        if first < key[0] < last and apart > 1e-3:
            return f"{key[1]} on day {key[0]}: theirs {theirs.get(key)} ours {ours.get(key)}"
    return ""


def run(told: dict[str, Any], name: str) -> list[CaseResult]:
    """Every case of an ACTUS file."""
    results = []
    for case_id, case in told.items():
        try:
            why = _differences(case)
        except (NotExpressed, KeyError) as reason:
            why = f"not expressed: {reason}"
        results.append(CaseResult("actus", name.upper(), case_id, not why, why))
    return results

"""ACTUS contract vectors against the engine: the plain annuity, linear amortiser and bullet.

They know no rounding, so a minor unit stands for 10^-5 of the currency and sums agree to 10^-3.
"""

from typing import Any

import numpy as np

from afterloan.dates import NEVER, day, months_later, year_month_day
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.terms import CONTRACT, FACT, MAX_PRINCIPAL_FEN, PROMISED, RATE_SCALE, Component, DayCount, Method
from afterloan.rules.products import ProductTerms, builtin
from tests.cases.result import CaseResult

UNIT = 100_000
METHODS = {"ANN": Method.EQUAL_INSTALMENT, "LAM": Method.EQUAL_PRINCIPAL, "PAM": Method.INTEREST_FIRST}
COUNTS = {"A365": DayCount.ACT_365, "A360": DayCount.ACT_360, "AA": DayCount.ACT_ACT, "30E360": DayCount.THIRTY_360}
UNEXPRESSED = (
    "cycleOfRateReset",
    "purchaseDate",
    "terminationDate",
    "capitalizationEndDate",
    "cycleOfScalingIndex",
    "cycleOfInterestCalculationBase",
    "accruedInterest",
    "calendar",
    "businessDayConvention",
)


class NotExpressed(Exception):
    """A term the engine has no word for."""


def _date(text: str) -> int:
    return day(text[:10]) + (1 if text.endswith("23:59:59") else 0)


def _months(cycle: str) -> int:
    if not cycle.startswith("P") or cycle[1:].split("L")[0][-1] not in "MY":
        raise NotExpressed(f"cycle {cycle}")
    body = cycle[1:].split("L")[0]
    return int(body[:-1]) * (12 if body[-1] == "Y" else 1)


def _book(terms: dict[str, str]) -> Book:
    for name in UNEXPRESSED:
        if name in terms:
            raise NotExpressed(name)
    if terms["contractType"] not in METHODS or terms["dayCountConvention"] not in COUNTS:
        raise NotExpressed(f"{terms['contractType']} {terms['dayCountConvention']}")
    told = builtin()["equal-instalment-year"].model_dump(mode="json")
    told |= {
        "method": METHODS[terms["contractType"]].name.lower(),
        "penalty": {"multiple": "0"},
        "rounding": "half_even",
    }
    told |= {"day_count": COUNTS[terms["dayCountConvention"]].name.lower()}
    start = _date(terms["initialExchangeDate"])
    if "maturityDate" not in terms and "amortizationDate" not in terms:
        raise NotExpressed("no maturity")
    end = _date(terms.get("amortizationDate") or terms["maturityDate"])
    cycle = terms.get("cycleOfPrincipalRedemption") or terms["cycleOfInterestPayment"]
    if terms.get("cycleOfInterestPayment") != cycle:
        raise NotExpressed("interest and principal by different cycles")
    step = _months(cycle)
    first = _date(terms.get("cycleAnchorDateOfPrincipalRedemption") or terms["cycleAnchorDateOfInterestPayment"])
    dom = year_month_day(start)[2]
    first = months_later(start, step, dom) if first <= start else first
    count = 1
    while months_later(first, count * step, year_month_day(first)[2]) <= end:
        count += 1
    principal = round(float(terms["notionalPrincipal"]) * UNIT)
    rate = float(terms["nominalInterestRate"]) * RATE_SCALE
    if principal > MAX_PRINCIPAL_FEN or rate != round(rate) or count > 120:
        raise NotExpressed("beyond the engine's bounds at 10^-5 of the currency")
    record = ProductTerms.model_validate(told).record()
    contract = np.zeros(1, CONTRACT)
    contract[0] = (0, 0, principal, round(rate), start, first, 3, step, count, 0, 0, 0, 0)
    fact = np.array([(10, start, start, NEVER, principal, 0, 0, 0, 0, 0, 0, 0)], FACT)
    none = np.zeros(0, PROMISED)
    return Book(
        np.array([record]), contract, none, np.zeros(2, np.int64), fact, np.array([0, 1]), np.zeros((0, 1), bool)
    )


def _differences(case: dict[str, Any]) -> str:
    terms = {name: str(value).strip() for name, value in case["terms"].items()}
    book = _book(terms)
    start = int(book.contracts["signed_on"][0])
    theirs: dict[tuple[int, str], float] = {}
    for event in case["results"]:
        kind = {"PR": "principal", "MD": "principal", "IP": "interest"}.get(event["eventType"])
        on = _date(event["eventDate"])
        if kind and on > start:
            theirs[on, kind] = theirs.get((on, kind), 0.0) + abs(float(event["payoff"]))
    ours: dict[tuple[int, str], float] = {}
    for row in reckon_loan(book, 0, start).instalments:
        for kind in ("principal", "interest"):
            ours[int(row["due_on"]), kind] = row["due_fen"][Component[kind.upper()]] / UNIT
    for key in sorted({*ours, *theirs}):
        if abs(ours.get(key, 0.0) - theirs.get(key, 0.0)) > 1e-3:
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

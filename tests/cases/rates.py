"""Annual rates and day fractions of regulators and other libraries, against ours."""

from typing import Any

from afterloan.dates import day
from afterloan.loan.annual_rate import SHARES, NoRate, apr_eu, apr_us, unit_periods, xirr, years_eu
from tests.cases.result import CaseResult

NAMES = {
    "Act/365F": "act/365F",
    "Act/360": "act/360",
    "Act/Act": "act/act",
    "act/act ISDA": "act/act",
    "30/360 SIA": "30/360 US",
}
SOURCES = {
    "curo/actual_360": "act/360",
    "curo/actual_365": "act/365F",
    "curo/actual_isda": "act/act",
    "curo/eu_30_360": "30E/360",
    "curo/us_30_360": "30/360 US",
    "curo/us_30u_360": "30/360 US",
    "curo/brazil_cet": "act/365F",
}
PERIODS = {12: "month", 52: "week", 26: "2-week", 4: "quarter", 1: "year"}


def _result(level: str, name: str, ours: float | None, theirs: float | None, tolerance: float) -> CaseResult:
    if ours is None or theirs is None:
        same = ours is theirs
    else:
        same = abs(ours - theirs) <= tolerance * max(1.0, abs(theirs))
    return CaseResult("rates", level, name, same, "" if same else f"theirs {theirs} ours {ours}")


def _share(case: dict[str, Any]) -> tuple[float, float]:
    start, end = (day(d) for d in case["dates"])
    if "convention" in case:
        return SHARES[NAMES.get(case["convention"], case["convention"])](start, end), case["expected"]
    if case["src"] == "curo/us_appendix_j":
        unit = int(case["text"].rsplit("p = ", 1)[1])
        if unit == 365:
            return (end - start) / 365, case["expected"] + case["partial"]
        whole, odd = unit_periods(start, end, PERIODS[unit])
        return whole + odd, case["expected"] + case["partial"]
    if case["src"] in ("curo/uk_conc_app", "curo/eu_2008_48_ec"):
        return years_eu(start, end, "weeks" if "/52" in case["text"] else "months"), case["expected"]
    return SHARES[SOURCES[case["src"]]](start, end), case["expected"]


def _xirr(flows: list[list[Any]], name: str) -> float | None:
    try:
        return xirr([(day(d), a) for d, a in flows], SHARES[name])
    except NoRate:
        return None


def run(told: dict[str, Any]) -> list[CaseResult]:
    """Every case of an `apr.json`."""
    results = []
    for c in told["regz_appendix_j"]:
        payments = [(day(d), a) for d, a in c["payments"]]
        ours = round(apr_us(c["advance"], day(c["advanceDate"]), payments, c["unitPeriod"]), 2)
        results.append(_result("Reg Z appendix J", c["id"], ours, c["apr"], 0.005))
    for c in told["ec_aprc"]:
        decimals = len(str(c["aprPercent"]).partition(".")[2])
        ours = apr_eu(c["advance"], [(t, a) for t, a in c["paymentsYears"]], decimals)
        results.append(_result("EU APR", c["id"], ours, c["aprPercent"], 1e-6))
    for c in told["xirr"]:
        results.append(_result("XIRR", c["id"], _xirr(c["flows"], "act/365F"), c["xirr"], 1e-7))
    for c in told["xirr_daycount"]["cases"]:
        name = NAMES.get(c["dayCount"], c["dayCount"])
        ours_or_none = _xirr(told["xirr_daycount"]["flows"], name)
        results.append(_result("XIRR by day count", c["dayCount"], ours_or_none, c["xirr"], 1e-8))
    for k, c in enumerate(told["daycount"]):
        ours, theirs = _share(c)
        label = c.get("convention") or c["src"]
        results.append(_result("day counts", f"{k}:{label} {c['dates'][0]}..{c['dates'][1]}", ours, theirs, 1e-9))
    return results

"""`afterloan risk forecast`: where the loans of today will stand month by month, with an interval, and a back-test."""

import json
from typing import Annotated, Any

import typer

from afterloan.desk.keyboard.options import AsJson, On, day_of


def forecast(
    months: Annotated[int, typer.Option("--months", min=1, max=36, help="Months ahead.")] = 12,
    on: On = "",
    loan: Annotated[str, typer.Option("--loan", help="Only the likely path of this loan.")] = "",
    seed: Annotated[int, typer.Option("--seed", min=0)] = 1,
    as_json: AsJson = False,
) -> None:
    """Forecast the day's loans by state from how the book's loans passed until now; and what that said before."""
    from afterloan.desk.keyboard.plain import table
    from afterloan.enquiry.forecasting import forecast_book
    from afterloan.store.server import open_store

    if loan:
        _one(loan, months, day_of(on), seed, as_json)
        return
    told = forecast_book(open_store(), day_of(on), months, seed).told()
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    rows = [{k: v if k == "month" else _with_interval(v, ",.0f") for k, v in row.items()} for row in told["forecast"]]
    table(rows, f"loans by state after {told['as_of']}, expected (95 % interval)")
    table(
        [_in_major(row) for row in told["money"][1:]],
        "cash of each month and provision at its end, expected (95 % interval)",
    )
    back = told["back_test"]
    said = {n: _with_interval(v, ",.0f") for n, v in back.items() if isinstance(v, list)}
    print(
        f"{back['months']} months ago, loans 30 days late or lost by now: said {said['model']}, by roll rates alone "
        f"{said['roll_rates']}; came {back['came']:,.0f}"
    )
    money = told["money_back_test"]
    for what, by in money["said_fen"].items():
        model, roll = (_with_interval([x / 100 for x in by[name]], ",.2f") for name in ("model", "roll_rates"))
        came = money["came_fen"][what] / 100
        print(f"{what} of those months: said {model}, by roll rates alone {roll}; came {came:,.2f}")


def _in_major(row: dict[str, Any]) -> dict[str, Any]:
    """A month's cash and provision in major units with their intervals."""
    told = {name: _with_interval([x / 100 for x in row[f"{name}_fen"]], ",.2f") for name in ("cash", "provision")}
    return {"month": row["month"]} | told


def _with_interval(told: list[float], form: str) -> str:
    """An expected figure with the ends of its interval: `41 (35 to 48)`."""
    expected, low, high = (format(one, form) for one in told)
    return f"{expected} ({low} to {high})"


def _one(loan: str, months: int, last: int, seed: int, as_json: bool) -> None:
    """One loan's likely path, never a promise."""
    from afterloan.desk.keyboard.plain import table
    from afterloan.enquiry.forecasting import forecast_loan
    from afterloan.store.server import open_store

    told = forecast_loan(open_store(), loan, last, months, seed).told()
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    rows = [{k: v if k == "month" else _with_interval(v, ".0%") for k, v in row.items()} for row in told["path"]]
    table(rows, f"where {loan} is likely to stand after {told['as_of']} (95 % interval); no promise")

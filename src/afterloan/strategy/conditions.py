"""Conditions of a ladder as SQL expressions over the documented columns, checked before they are used."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import polars as pl

from afterloan.expected import ExpectedFailure
from afterloan.strategy.columns import SCHEMA


class ConditionRefused(ExpectedFailure, ValueError):
    """A condition that cannot be used: what is wrong with it and what to write."""


def condition(text: str, columns: Mapping[str, Any] = SCHEMA) -> pl.Expr:
    """A condition as a Polars expression that is true or false for each borrower. Raises ConditionRefused.

    `columns`: what it may speak of, with their types; those of a ladder unless told otherwise.
    `days_past_due >= 3 and arrears_fen > 2000 and score_band in ('C', 'D')`. Parsing and functions are those of
    Polars SQL; there is no way to files, tables or the clock in it.
    """
    try:
        expression = pl.sql_expr(str(text))
    except Exception as error:  # the parser's own errors share no class of their own
        raise ConditionRefused(f"{text!r} is not understood: {error}") from error
    names = expression.meta.root_names()
    for name in names:
        if name not in columns:
            near = get_close_matches(name, columns, 1)
            lists = "`afterloan ladder columns` lists them" if columns is SCHEMA else f"there are: {', '.join(columns)}"
            hint = f"did you mean {near[0]!r}?" if near else lists
            raise ConditionRefused(f"{text!r}: no column {name!r}; {hint}")
    _is_boolean(text, expression, columns)
    return expression


def _is_boolean(text: str, expression: pl.Expr, columns: Mapping[str, Any]) -> None:
    try:
        found = pl.DataFrame(schema=dict(columns)).select(expression.alias("it"))["it"].dtype
        one = pl.DataFrame({n: [None] for n in columns}, schema=dict(columns)).select(expression.alias("it"))
    except Exception as error:
        raise ConditionRefused(f"{text!r} cannot be evaluated: {error}") from error
    if found != pl.Boolean or len(one) != 1:
        raise ConditionRefused(f"{text!r} is {found}, not true or false; compare it with something")

"""The furthest day that is believed of a fact: what is dated later is likely a slip of the pen."""

from datetime import date
from functools import cache
from typing import Any

import psycopg

from afterloan.rules.packs import rules_of


@cache
def asked_back_limits() -> dict[str, Any]:
    """What a door asks back before it believes it: the parameters of the pack `money`."""
    (rule,) = (r for r in rules_of("money") if r.id == "money.asked-back")
    return dict(rule.parameters)


def last_day_believed(connection: psycopg.Connection[Any]) -> date:
    """So many days after today, or after the last day closed where that is later: a book may be played ahead.

    366 days after 2026-11-26: 2027-11-27.
    """
    row = connection.execute(
        "select greatest(current_date, (select max(closed_on) from proof)) + %s::int",
        (asked_back_limits()["days_ahead"],),
    ).fetchone()
    assert row is not None
    found: date = row[0]
    return found

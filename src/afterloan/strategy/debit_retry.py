"""When a debit that failed is tried again and for how much, from the pack: by reason, pay day, tries of a period."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from afterloan.rules.packs import PackRefused, Rule, in_force, rules_of

ANY = "ANY"
WHOLE = 1_000


@dataclass(frozen=True, slots=True)
class DebitTry:
    """A failed try under a mandate: its day at the borrower's place, the reason, the attempt's reference."""

    on: date
    reason: str
    reference: str


@dataclass(frozen=True, slots=True)
class RetryTurn:
    """Where a mandate stands after its failures for the money that is owed now.

    `on`: the first day of the next try; None: it rests until a person has looked. `permille`: how much of what is owed
    is then asked for. `why`: the reason in the words of the pack; `tries` so far, and the `first` of them.
    """

    on: date | None
    permille: int
    why: str
    tries: int
    first: str


@cache
def retry_rule(jurisdiction: str, on: date) -> Rule:
    """The rule of retries that binds at a place on a day, else the general one. Raises PackRefused."""
    for place in (jurisdiction, ANY):
        found = [r for r in in_force(rules_of("debit"), place, on) if "tries" in r.parameters]
        if found:
            return found[0]
    raise PackRefused(f"debit: no rule of retries binds in {jurisdiction} on {on}")


def turn_of(
    failed: Sequence[DebitTry],
    days_tried: Iterable[date],
    rule: Rule,
    pay_day: int | None = None,
    less_allowed: bool = True,
) -> RetryTurn | None:
    """The next try after the failures `failed` (in order) for one money under one mandate; None: nothing failed yet.

    `days_tried`: of all tries under the mandate, for whatever money; `pay_day`: day of the month, where known.
    China: an empty account on 10 February is asked again on the 13th for half, on the 20th, on 6 March, and no more;
    with a pay day on the 25th it is asked again on 25 February.
    """
    if not failed:
        return None
    last, told = failed[-1], rule.parameters
    times = 0
    for past in reversed(failed):
        if past.reason != last.reason:
            break
        times += 1
    plan: dict[str, Any] = told["reasons"].get(last.reason, {})
    waits = plan.get("after_days", [])
    if times > len(waits) or len(failed) >= told["tries"]:
        return RetryTurn(None, 0, last.reason, len(failed), failed[0].reference)
    on = last.on + timedelta(days=waits[times - 1])
    if pay_day is not None and plan["on_pay_day"]:
        on = next_pay_day(last.on, pay_day)
    on = max(on, _free_again(days_tried, told["tries"], told["period_days"]))
    share = plan["share_permille"][times - 1] if less_allowed else WHOLE
    return RetryTurn(on, share, last.reason, len(failed), failed[0].reference)


def next_pay_day(after: date, pay_day: int) -> date:
    """The first pay day after a day; the 31st is the last day of a shorter month.

    >>> next_pay_day(date(2025, 2, 10), 31)
    datetime.date(2025, 2, 28)
    """
    year, month = after.year, after.month
    while True:
        found = date(year, month, min(pay_day, monthrange(year, month)[1]))
        if found > after:
            return found
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def _free_again(days_tried: Iterable[date], tries: int, period_days: int) -> date:
    """The first day on which fewer than `tries` lie within the period before it."""
    days = sorted(days_tried)
    return days[-tries] + timedelta(days=period_days) if len(days) >= tries else date.min

"""How long a claim can still be enforced: the period of limitation out of the events that interrupt it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from afterloan.rules.packs import Finding, Rule, in_force, rules_of


@dataclass(frozen=True, slots=True)
class Interruption:
    """Something that began the period anew: the day, a word of the pack's `interrupting`, the fact's reference."""

    on: date
    cause: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Limitation:
    """The period on a day: it runs from `starts` to the end of `ends_on`; `longest` no interruption moves."""

    starts: date
    ends_on: date
    longest: date
    cause: str
    counted: tuple[Interruption, ...]

    def lapsed(self, on: date) -> bool:
        """Whether the debtor may object on a day that it is too late."""
        return on > self.ends_on

    def days_left(self, on: date) -> int:
        """Whole days until it lapses; negative afterwards."""
        return (self.ends_on - on).days


def years_later(on: date, years: int) -> date:
    """The same day years later; 29 February becomes 28 February in a year without it."""
    try:
        return on.replace(year=on.year + years)
    except ValueError:
        return on.replace(year=on.year + years, day=28)


def rule_of(jurisdiction: str, name: str, on: date) -> Rule | None:
    """The rule of the pack `legal` whose id ends in `name`, for a place on a day; None: the pack says nothing."""
    found = [r for r in in_force(rules_of("legal"), jurisdiction, on) if r.id.split(".", 1)[1] == name]
    return found[0] if found else None


def limitation(last_due_on: date, happened: Iterable[Interruption], rule: Rule, on: date) -> Limitation:
    """The period of a claim payable in instalments as it stands on a day (RULES 1.6, 6.7).

    It runs from the last instalment's due date; each interruption before its end begins it anew, none after the end
    does. Last due 2025-06-30: ends 2028-06-30; a contract debit of 2026-05-01: 2029-05-01.
    """
    years = int(rule.parameters["years"])
    longest = years_later(last_due_on, int(rule.parameters["longest_years"]))
    starts, cause = last_due_on, "last_instalment_due"
    counted: list[Interruption] = []
    for one in sorted(happened, key=lambda i: (i.on, i.reference)):
        if one.on > on or one.cause not in rule.parameters["interrupting"]:
            continue
        if one.on > min(years_later(starts, years), longest):
            break
        if one.on >= starts:
            starts, cause = one.on, one.cause
            counted.append(one)
    return Limitation(starts, min(years_later(starts, years), longest), longest, cause, tuple(counted))


def enforcement_until(perform_by: date, happened: Iterable[Interruption], rule: Rule, on: date) -> date:
    """The last day for applying for enforcement: years from the end of performance, anew from each interruption.

    To be performed by 2026-02-01: until 2028-02-01.
    """
    ends = years_later(perform_by, int(rule.parameters["years"]))
    for one in sorted(happened, key=lambda i: i.on):
        if perform_by < one.on <= min(ends, on):
            ends = years_later(one.on, int(rule.parameters["years"]))
    return ends


def warning(ends_on: date, rule: Rule, on: date) -> Finding | None:
    """The warning that stands on a day: by the nearest of the rule's `days_before`, whatever day it is looked at.

    Days before 365, 180, 90, 30 and 100 days left: that of 180. None while more days are left than any of them;
    `within` 0 once it has ended. Whoever warns does so once for each `within` and end of a period.
    """
    left = (ends_on - on).days
    within = min((d for d in (0, *rule.parameters["days_before"]) if left <= d and (d or left < 0)), default=None)
    if within is None:
        return None
    outcome = "ends_soon" if within else "ended"
    return rule.finding(on, outcome, ends_on=ends_on.isoformat(), days_left=left, within=within)


def refundable(paid_on: date, period: Limitation, rule: Rule) -> Finding:
    """Whether a payment may be asked back because the period had lapsed when it was made (Civil Code 192: no)."""
    late = period.lapsed(paid_on)
    back = late and bool(rule.parameters["payment_after_is_refundable"])
    outcome = "refundable" if back else "not_refundable"
    return rule.finding(paid_on, outcome, lapsed=late, ended_on=period.ends_on.isoformat())

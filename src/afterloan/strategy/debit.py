"""Which debit to try next, or why none: from mandates, what is owed and what was tried, by pack."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from afterloan.rules.packs import Finding, PackRefused, Rule, in_force, rules_of
from afterloan.strategy.debit_retry import DebitTry, RetryTurn, turn_of

ANY = "ANY"
PENDING, SUCCEEDED, FAILED, RETURNED = "pending", "succeeded", "failed", "returned"


@dataclass(frozen=True, slots=True)
class Mandate:
    """An authority as it stands: `loan` None covers all loans; ceilings None: none agreed.

    `less_allowed`: whether a debit may ask for less than is owed.
    """

    reference: str
    source: str
    rail: str
    loan: str | None = None
    ceiling_fen: int | None = None
    ceiling_month_fen: int | None = None
    turn: int = 0
    signed_on: date = date(1970, 1, 1)
    revoked_on: date | None = None
    less_allowed: bool = True
    resumed_at: datetime | None = None
    """When a person last said that it is tried again: what failed before does not count."""


@dataclass(frozen=True, slots=True)
class Owed:
    """What one loan asks for today: arrears and what falls due, in minor units."""

    loan: str
    amount_fen: int
    days_past_due: int = 0


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt and how it stands. `represents`: the first attempt for the same money (itself when it was first)."""

    reference: str
    mandate: str
    at: datetime
    amount_fen: int
    state: str = PENDING
    reason: str = ""
    taken_fen: int = 0
    first: str = ""
    parts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """The next debit: under which mandate, of how much, for which loans [(loan, minor units)]."""

    mandate: str
    rail: str
    amount_fen: int
    parts: tuple[tuple[str, int], ...]
    represents: str | None = None


@dataclass(frozen=True, slots=True)
class DebitAnswer:
    """The next debit, or None with findings that say why no mandate can be used now.

    `again_at`: a moment at which asking again may have another answer (the opening of the hours).
    """

    wanted: Wanted | None
    findings: tuple[Finding, ...] = ()
    again_at: datetime | None = None


@cache
def schedule_rule(jurisdiction: str, on: date) -> Rule:
    """The schedule that binds at a place on a day, else the general one. Raises PackRefused."""
    for place in (jurisdiction, ANY):
        found = [r for r in in_force(rules_of("debit"), place, on) if "order" in r.parameters]
        if found:
            return found[0]
    raise PackRefused(f"debit: no schedule binds in {jurisdiction} on {on}")


@cache
def endings(on: date) -> Mapping[str, str]:
    """What each reason ends: nothing, entry, mandate or borrower."""
    for rule in in_force(rules_of("debit"), ANY, on):
        if "reasons" in rule.parameters:
            return dict(rule.parameters["reasons"])
    raise PackRefused(f"debit: no table of reasons binds on {on}")


@cache
def codes(scheme: str, on: date) -> Mapping[str, str]:
    """Our word for each code of a scheme (iso20022, nacha, batch). Raises PackRefused."""
    for rule in in_force(rules_of("debit"), ANY, on):
        if rule.parameters.get("scheme") == scheme:
            return dict(rule.parameters["codes"])
    raise PackRefused(f"debit: no codes of scheme {scheme} bind on {on}")


def reason_of(scheme: str, code: str, on: date) -> str:
    """`reason_of("nacha", "R01", day) == "insufficient_funds"`; a code that no table has is `unknown`."""
    return codes(scheme, on).get(code, "unknown")


def in_hours(now: datetime, zone: str, rule: Rule) -> datetime | None:
    """None when debits may run now at the borrower's place; else the next moment at which they may."""
    here = now.astimezone(ZoneInfo(zone))
    opens, closes = (time.fromisoformat(rule.parameters[name]) for name in ("not_before", "not_after"))
    if opens <= here.time() < closes:
        return None
    day = here.date() if here.time() < opens else here.date() + timedelta(days=1)
    return datetime.combine(day, opens, ZoneInfo(zone))


def next_debit(
    now: datetime,
    zone: str,
    rule: Rule,
    mandates: Sequence[Mandate],
    owed: Sequence[Owed],
    tried: Sequence[Tried],
    available_fen: Mapping[str, int] | None = None,
    since: datetime | None = None,
    retries: Rule | None = None,
    pay_day: int | None = None,
) -> DebitAnswer:
    """The one debit to try now. Pure: the caller tells it as an attempt and asks again after its result.

    Money already asked for and not answered is not asked for again. Mandates are gone through by the pack's order
    of sources and their turn; the first that may be used takes as much as is owed, allowed and (where the balance
    is known) left above the pack's minimum. A mandate that failed at or after `since`, the beginning of this round,
    rests until the next. Owed 500.00, ceiling 300.00: 300.00 now, 200.00 when asked again. `retries`: the rule by which
    money that a mandate did not bring is asked for again (`strategy/debit_retry.py`), `pay_day` of the borrower.
    """
    today = now.astimezone(ZoneInfo(zone)).date()
    opens = in_hours(now, zone, rule)
    if opens is not None:
        return DebitAnswer(None, (rule.finding(today, "outside hours", opens=opens.isoformat()),), opens)
    open_fen = _still_owed(owed, tried)
    if sum(amount for _, amount in open_fen) < rule.parameters["least_fen"]:
        return DebitAnswer(None, (rule.finding(today, "nothing to collect", owed_fen=sum(a for _, a in open_fen)),))
    barred = _barred(today, zone, rule, mandates, tried)
    if barred is not None:
        return DebitAnswer(None, (barred,))
    order = {source: k for k, source in enumerate(rule.parameters["order"])}
    findings: list[Finding] = []
    late = {o.loan: o.days_past_due for o in owed}
    see = _Seen(now, today, zone, rule, open_fen, late, tried, since, retries, pay_day)
    for mandate in sorted(mandates, key=lambda m: (order.get(m.source, len(order)), m.turn, m.reference)):
        found = _under(mandate, see, (available_fen or {}).get(mandate.reference))
        if isinstance(found, Wanted):
            return DebitAnswer(found, tuple(findings))
        findings.append(found)
    if not mandates:
        findings.append(rule.finding(today, "no mandate"))
    return DebitAnswer(None, tuple(findings))


def _still_owed(owed: Sequence[Owed], tried: Sequence[Tried]) -> list[tuple[str, int]]:
    """Loans by longest overdue, less what is on its way."""
    on_its_way: dict[str, int] = {}
    for past in tried:
        if past.state == PENDING:
            for loan, amount in past.parts:
                on_its_way[loan] = on_its_way.get(loan, 0) + amount
    ordered = sorted(owed, key=lambda o: (-o.days_past_due, o.loan))
    left = [(o.loan, o.amount_fen - on_its_way.get(o.loan, 0)) for o in ordered]
    return [(loan, amount) for loan, amount in left if amount > 0]


def _barred(today: date, zone: str, rule: Rule, mandates: Sequence[Mandate], tried: Sequence[Tried]) -> Finding | None:
    """What stops every mandate of the borrower: caps, and a reason such as a death.

    A person who found that the bank was mistaken lets a mandate be tried again: then what was said before is over.
    """
    ends = endings(today)
    resumed = max((m.resumed_at for m in mandates if m.resumed_at is not None), default=None)
    for past in tried:
        if resumed is not None and past.at < resumed:
            continue
        if past.state in (FAILED, RETURNED) and ends.get(past.reason) == "borrower":
            return rule.finding(today, "stopped for good", reason=past.reason, attempt=past.reference)
    told = rule.parameters
    days = [past.at.astimezone(ZoneInfo(zone)).date() for past in tried]
    today_count = sum(day == today for day in days)
    month_count = sum(today - timedelta(days=30) < day <= today for day in days)
    if today_count >= told["attempts_a_day"]:
        return rule.finding(today, "attempts of the day used", attempts=today_count, most=told["attempts_a_day"])
    if month_count >= told["attempts_in_30_days"]:
        return rule.finding(today, "attempts of 30 days used", attempts=month_count, most=told["attempts_in_30_days"])
    return None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What every mandate is judged against."""

    now: datetime
    today: date
    zone: str
    rule: Rule
    open_fen: Sequence[tuple[str, int]]
    late: Mapping[str, int]
    tried: Sequence[Tried]
    since: datetime | None
    retries: Rule | None = None
    pay_day: int | None = None

    def day_of(self, past: Tried) -> date:
        """The day of an attempt at the borrower's place."""
        return past.at.astimezone(ZoneInfo(self.zone)).date()


def _under(mandate: Mandate, see: _Seen, available_fen: int | None) -> Wanted | Finding:
    """A debit under one mandate, or why not."""
    mine = sorted((p for p in see.tried if p.mandate == mandate.reference), key=lambda p: (p.at, p.reference))
    told = {"mandate": mandate.reference}
    if mandate.signed_on > see.today or (mandate.revoked_on is not None and mandate.revoked_on <= see.today):
        return see.rule.finding(see.today, "mandate not in effect", **told)
    stopped = _stopped(sorted(mine, key=lambda p: (p.at, p.reference)), see, mandate.resumed_at)
    if stopped is not None:
        return see.rule.finding(see.today, stopped[0], **told, **stopped[1])
    parts = [(loan, amount) for loan, amount in see.open_fen if mandate.loan in (None, loan)]
    turn = _turn(mandate, mine, see, [loan for loan, _ in parts])
    if turn is not None and turn.on is None:
        told_ = {"reason": turn.why, "tries": turn.tries, "rule": see.retries.id if see.retries else ""}
        return see.rule.finding(see.today, "rests until a person has looked", **told, **told_)
    if turn is not None and turn.on is not None and see.today < turn.on:
        return see.rule.finding(see.today, f"waits until {turn.on}", reason=turn.why, tries=turn.tries, **told)
    most = _most(mandate, mine, see, available_fen)
    if turn is not None:
        most = min(most, max(sum(a for _, a in parts) * turn.permille // 1_000, see.rule.parameters["least_fen"]))
    kept, total = _cut(parts, most)
    if total < see.rule.parameters["least_fen"]:
        return see.rule.finding(see.today, "nothing allowed", **told, most_fen=most, owed_fen=sum(a for _, a in parts))
    again = _represents(mine, kept, see)
    limit = see.rule.parameters["represent_most"]
    if again is not None and limit is not None:
        times = sum(again in (past.first, past.reference) for past in mine) - 1
        if times >= limit:
            return see.rule.finding(
                see.today, "asked for again often enough", **told, of=again, times=times, most=limit
            )
    return Wanted(mandate.reference, mandate.rail, total, tuple(kept), again)


def _turn(mandate: Mandate, mine: Sequence[Tried], see: _Seen, loans: Sequence[str]) -> RetryTurn | None:
    """Where a mandate stands after its failures for the money that these loans owe since they are late."""
    if see.retries is None:
        return None
    late = max((see.late.get(loan, 0) for loan in loans), default=0)
    return retry_turn(mandate, mine, see.zone, see.today - timedelta(days=late), see.retries, see.pay_day)


def retry_turn(
    mandate: Mandate, mine: Sequence[Tried], zone: str, owed_since: date, retries: Rule, pay_day: int | None
) -> RetryTurn | None:
    """The turn of a mandate (`debit_retry.turn_of`): failures count since the money is owed, the last success, and a
    person's word; `mine`: its attempts."""
    failed: list[DebitTry] = []
    days: list[date] = []
    for past in sorted(mine, key=lambda p: (p.at, p.reference)):
        day = past.at.astimezone(ZoneInfo(zone)).date()
        if past.reason == "not_sent" or (mandate.resumed_at is not None and past.at < mandate.resumed_at):
            continue
        days.append(day)
        if past.state == SUCCEEDED:
            failed = []
        elif past.state in (FAILED, RETURNED) and day >= owed_since:
            failed.append(DebitTry(day, past.reason, past.reference))
    return turn_of(failed, days, retries, pay_day, mandate.less_allowed)


@dataclass(frozen=True, slots=True)
class NextTry:
    """The first day, today or later, on which a debit makes sense for a borrower; None: none does, and `why`."""

    on: date | None
    why: str = ""


NO_MANDATE = NextTry(None, "no mandate")
"""Of a borrower who never signed one."""


def next_try(
    mandates: Sequence[Mandate],
    tried: Sequence[Tried],
    zone: str,
    today: date,
    late: Mapping[str, int],
    rules: tuple[Rule, Rule],
    pay_day: int | None,
) -> NextTry:
    """When a debit makes sense next. Where none does, why: in the words of the first mandate that stands, if one does.

    `late`: days past due of each loan that owes something today; `rules`: schedule and retries.
    """
    schedule, retries = rules
    found: list[date] = []
    rests: list[str] = []
    for mandate in mandates:
        gone = mandate.revoked_on is not None and mandate.revoked_on <= today
        if gone or mandate.signed_on > today:
            continue
        loans = [loan for loan in late if mandate.loan in (None, loan)]
        if not loans:
            rests.append("no mandate for this loan" if late else "nothing to collect")
            continue
        mine = [t for t in tried if t.mandate == mandate.reference]
        if not mine:  # nothing was tried, so nothing failed and nothing waits
            found.append(today)
            continue
        see = _Seen(datetime.min, today, zone, schedule, (), late, tried, None, retries, pay_day)
        turn = _turn(mandate, mine, see, loans)
        stopped = _stopped(mine, see, mandate.resumed_at)
        if stopped is not None:
            rests.append(stopped[0])
        elif turn is not None and turn.on is None:
            rests.append("rests until a person has looked")
        else:
            found.append(max(today, turn.on) if turn is not None and turn.on is not None else today)
    why = rests[0] if rests else ("mandate not in effect" if mandates else NO_MANDATE.why)
    return NextTry(min(found)) if found else NextTry(None, why)


def _stopped(
    mine: Sequence[Tried], see: _Seen, resumed_at: datetime | None = None
) -> tuple[str, dict[str, Any]] | None:
    """Why a mandate rests: a reason that ends it, a refusal of this money, a failure in this round, too many."""
    ends = endings(see.today)
    in_a_row = 0
    for past in mine:
        if resumed_at is not None and past.at < resumed_at:
            continue
        bad = past.state in (FAILED, RETURNED) and past.reason != "not_sent"
        if bad and ends.get(past.reason) == "mandate":
            return "stopped for good", {"reason": past.reason, "attempt": past.reference}
        in_a_row = in_a_row + 1 if bad else (0 if past.state == SUCCEEDED else in_a_row)
        rested = (see.today - see.day_of(past)).days
        if bad and ends.get(past.reason) == "entry" and rested < see.rule.parameters["entry_rests_days"]:
            return "this money is not asked for again", {"reason": past.reason, "attempt": past.reference}
        if bad and see.since is not None and past.at >= see.since:
            return "failed in this round", {"reason": past.reason, "attempt": past.reference}
    if in_a_row >= see.rule.parameters["failures_in_a_row"]:
        return "failed too often", {"in_a_row": in_a_row, "most": see.rule.parameters["failures_in_a_row"]}
    return None


def _most(mandate: Mandate, mine: Iterable[Tried], see: _Seen, available_fen: int | None) -> int:
    """The most that one debit may ask for: the pack, both ceilings, the balance less what is left to the borrower."""
    most = int(see.rule.parameters["most_fen"])
    if mandate.ceiling_fen is not None:
        most = min(most, mandate.ceiling_fen)
    if mandate.ceiling_month_fen is not None:
        used = 0
        for past in mine:
            day = see.day_of(past)
            if (day.year, day.month) == (see.today.year, see.today.month):
                used += past.amount_fen if past.state == PENDING else past.taken_fen
        most = min(most, mandate.ceiling_month_fen - used)
    if available_fen is not None:
        most = min(most, available_fen - int(see.rule.parameters["leave_fen"]))
    return max(most, 0)


def _cut(parts: Sequence[tuple[str, int]], most: int) -> tuple[list[tuple[str, int]], int]:
    """Parts in order up to `most`: 300 + 400 under 500 is 300 + 200."""
    kept: list[tuple[str, int]] = []
    total = 0
    for loan, amount in parts:
        share = min(amount, most - total)
        if share <= 0:
            break
        kept.append((loan, share))
        total += share
    return kept, total


def _represents(mine: Sequence[Tried], parts: Sequence[tuple[str, int]], see: _Seen) -> str | None:
    """The first attempt that asked for this very money and did not get it, if any.

    It is the same money when one of its loans has been overdue since before that attempt: a new instalment of a
    loan otherwise paid is other money.
    """
    oldest = {loan: see.today - timedelta(days=see.late.get(loan, 0)) for loan, _ in parts}
    for past in reversed(mine):
        same = any(loan in oldest and oldest[loan] <= see.day_of(past) for loan, _ in past.parts)
        if same and past.reason != "not_sent":
            return (past.first or past.reference) if past.state in (FAILED, RETURNED) else None
    return None


def allocate(parts: Sequence[tuple[str, int]], taken_fen: int) -> list[tuple[str, int]]:
    """What each loan gets of the money that the bank took: in order of the parts, the last one short.

    `allocate([("a", 300), ("b", 400)], 500) == [("a", 300), ("b", 200)]`; more than asked for stays with the last.
    """
    kept, total = _cut(parts, taken_fen)
    if total < taken_fen and kept:
        loan, amount = kept[-1]
        kept[-1] = (loan, amount + taken_fen - total)
    return kept

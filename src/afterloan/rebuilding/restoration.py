"""Limit restoration: whether a lowered or frozen line comes back, by rule or on application; when to ask again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from afterloan.counting import counted
from afterloan.facts.rebuilding import ConductShared
from afterloan.rebuilding.standing import LineStands
from afterloan.rebuilding.words import automatic_barred, rebuilding_rule
from afterloan.rules.packs import Finding


@dataclass(frozen=True, slots=True)
class Conduct:
    """What restoration asks about on a day, over all loans of a borrower.

    `clean_since`: since when nothing is overdue (None: something is); `payments`: instalments paid in time since
    then; `worst_days`: of the last delay; `band`: the score band, "" where there is none,
    `band_by` whose it is; `lost`: a loan was charged
    off, written off or sold and not met since, so that nothing overdue says nothing good.
    """

    on: date
    clean_since: date | None
    payments: int
    worst_days: int
    band: str = ""
    band_by: str = ""
    stops: tuple[str, ...] = ()
    lost: bool = False


@dataclass(frozen=True, slots=True)
class RestorationAnswer:
    """Granted to `after_fen`, or refused with every reason and the day from which to ask again."""

    granted: bool
    after_fen: int
    reasons: tuple[str, ...]
    ask_again_on: date | None
    findings: tuple[Finding, ...]
    rule: str


def elsewhere(shared: Sequence[ConductShared], on: date) -> tuple[int, Finding | None]:
    """How many payments on time a shared report counts for, as the pack says; a report that is too old counts for none.

    Three loans, all on time, cards used to 20 % after 60 %: 1 (the most that the pack counts).
    """
    rule = rebuilding_rule("rebuilding.elsewhere")
    p = rule.parameters
    fresh = [s for s in shared if s.on <= on and (on - s.on).days <= p["valid_days"]]
    if not fresh:
        return 0, None
    last = max(fresh, key=lambda s: s.on)
    count = p["payments_for_loans_on_time"] if last.loans and last.loans_on_time == last.loans else 0
    before = last.utilisation_before_permille
    if before is not None and last.utilisation_permille < before:
        if last.utilisation_permille <= p["utilisation_below_permille"]:
            count += p["payments_for_utilisation_down"]
    count = min(count, p["most_payments"])
    told = {"loans": last.loans, "on_time": last.loans_on_time, "utilisation_permille": last.utilisation_permille}
    return count, rule.finding(on, f"counts for {counted(count, 'payment')} on time", shared_on=str(last.on), **told)


def on_application(
    line: LineStands,
    conduct: Conduct,
    wanted_fen: int,
    shared: Sequence[ConductShared] = (),
    asked_before: date | None = None,
) -> RestorationAnswer:
    """The answer to an application: in steps, no more than the pack's share of what was granted.

    Granted 10,000.00, lowered to 2,000.00, step 500 per mille: an application for all gives 7,000.00, the next one
    10,000.00. Refused: every reason, and the first day to ask again where nothing but time and payments is missing.
    """
    return _answer("rebuilding.limit.apply", line, conduct, wanted_fen, shared, asked_before)


def automatic(line: LineStands, conduct: Conduct, jurisdiction: str = "ANY") -> RestorationAnswer:
    """Whether the rule ends a freeze: never a lowered limit, and not where the place forbids what nobody asked for."""
    barred = automatic_barred(jurisdiction, conduct.on)
    if barred:
        finding = barred.finding(conduct.on, "not without an application")
        return RestorationAnswer(
            False, line.limit_fen, (f"{barred.clause}: apply for it",), conduct.on, (finding,), barred.id
        )
    if line.frozen is None:
        return RestorationAnswer(
            False, line.limit_fen, ("the line is not frozen",), None, (), "rebuilding.limit.automatic"
        )
    return _answer("rebuilding.limit.automatic", line, conduct, line.limit_fen, (), None)


def _answer(
    name: str, line: LineStands, conduct: Conduct, wanted_fen: int, shared: Sequence[ConductShared], asked: date | None
) -> RestorationAnswer:
    rule = rebuilding_rule(name)
    p = rule.parameters
    counted, seen = elsewhere(shared, conduct.on)
    reasons, days = _against(p, line, conduct, conduct.payments + counted)
    if asked and (conduct.on - asked).days < p.get("ask_again_days", 0):
        free = asked + timedelta(days=p["ask_again_days"])
        reasons.append(f"asked on {asked}; again from {free} on")
        days.append(free)
    step = line.granted_fen * p["step_permille"] // 1_000
    most = line.granted_fen * p["most_permille"] // 1_000
    after = min(max(wanted_fen, line.limit_fen), line.limit_fen + step, max(most, line.limit_fen))
    if not reasons and line.frozen is None and after <= line.limit_fen:
        reasons.append(f"the limit is {line.limit_fen} minor units already, the most of this rule {most} minor units")
    told = {
        "wanted_fen": wanted_fen, "payments": conduct.payments, "payments_elsewhere": counted,
        "clean_since": str(conduct.clean_since), "worst_days": conduct.worst_days, "band": conduct.band,
        "band_by": conduct.band_by,
    }  # fmt: skip
    found = rule.finding(conduct.on, "; ".join(reasons) or f"restored to {after} minor units", **told)
    findings = (found, seen) if seen else (found,)
    if reasons:
        again = max(days) if len(days) == len(reasons) else None  # else it is not time that is missing
        return RestorationAnswer(False, line.limit_fen, tuple(reasons), again, findings, rule.id)
    return RestorationAnswer(True, after, (), None, findings, rule.id)


def _against(p: dict[str, object], line: LineStands, conduct: Conduct, payments: int) -> tuple[list[str], list[date]]:
    """What speaks against it, and the days on which time alone removes it."""
    reasons: list[str] = []
    days: list[date] = []
    wait, count, worst = int(str(p["wait_days"])), int(str(p["payments_in_time"])), int(str(p["worst_below"]))
    if not line.granted_fen:
        reasons.append("no limit has been granted")
    if conduct.clean_since is None:
        reasons.append("something is overdue; pay it first")
    elif (conduct.on - conduct.clean_since).days < wait:
        free = conduct.clean_since + timedelta(days=wait)
        reasons.append(f"nothing overdue since {conduct.clean_since}; asked for are {counted(wait, 'day')}")
        days.append(free)
    if payments < count:
        reasons.append(f"{counted(payments, 'payment')} on time since then; asked for are {count}")
        days.append(conduct.on + timedelta(days=30 * (count - payments)))
    if conduct.lost:
        reasons.append("a loan was charged off, written off or sold")
    if conduct.worst_days >= worst:
        reasons.append(f"the last delay was {counted(conduct.worst_days, 'day')}; this rule serves those below {worst}")
    bands = p["bands"]
    assert isinstance(bands, list)
    if conduct.band and conduct.band not in bands:
        reasons.append(f"score band {conduct.band}; asked for is one of {', '.join(bands)}")
    reasons.extend(f"hold: {stop}" for stop in conduct.stops)
    return reasons, days

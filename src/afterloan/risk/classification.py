"""The class of a loan on a day as each rule book has it: Chinese tiers, EU default, IFRS 9 stages, SMA, charge-off."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from afterloan.dates import NEVER, date_of, iso, months_later, year_month_day
from afterloan.loan.book import Book, Records, part
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import State
from afterloan.risk.spells import agreed_plans, observe, spells_of
from afterloan.rules.packs import Finding, PackRefused, Rule, rules_of
from afterloan.rules.trifles import lacks_a_trifle, trifles_fen

Ints = npt.NDArray[np.int64]
TIERS = ("normal", "special_mention", "substandard", "doubtful", "loss")
SOLD = int(State.SOLD)
WRITTEN_OFF = int(State.WRITTEN_OFF)


@cache
def class_rule(name: str) -> Rule:
    """A rule of the packs `classification` by its id. Raises PackRefused."""
    for rule in rules_of("classification"):
        if rule.id == name:
            return rule
    raise PackRefused(f"classification: no rule {name!r}; add it to a file of that folder")


def _on(day: int) -> date:
    return date_of(day)


def months_on(day: int, months: int) -> int:
    """The same day some months on, or the last of that month: 2026-05-01 and 3 give 2026-08-01."""
    return int(months_later(day, months, year_month_day(day)[2]))


def by_days(days: Ints, rule: Rule) -> Ints:
    """The number of the class [n] that starts no later than each number of days; 0 is the first."""
    return np.maximum(np.searchsorted(np.array(rule.parameters["starts"]), days, "right") - 1, 0).astype(np.int64)


def owed_in(positions: Records) -> npt.NDArray[np.bool_]:
    """Whether each loan is there to be classed: lent, reckoned, neither paid off nor sold."""
    live = (positions["error"] == 0) & (positions["disbursed_fen"] > 0) & (positions["paid_off_on"] == NEVER)
    return np.asarray(live & (positions["state"] != SOLD))


def days_without_trifles(positions: Records, jurisdiction: str) -> Ints:
    """Days past due [n] as a class counts them: what the place counts as a trifle counts as paid (`rules/trifles.py`).

    2.87 that were short for 21 days: 0 days in China, which lets 10.00 pass, 21 elsewhere.
    """
    days = positions["days_past_due"].astype(np.int64)
    return np.where(lacks_a_trifle(positions, trifles_fen(jurisdiction)), 0, days)


# --- China


def cn_tier(days: Ints, card: bool | npt.NDArray[np.bool_] = False, technical: Any = False) -> Ints:
    """Tier [n] by days past due alone: 0 normal … 4 loss. `technical`: the delay is operational, up to 7 days exempt.

    General loan: 7 days, technical: normal; 8: special mention; 91: substandard; 271: doubtful; 361: loss.
    """
    general, cards = class_rule("cn.class.general"), class_rule("cn.class.card")
    exempt = np.where(card, cards.parameters["technical_exempt_days"], general.parameters["technical_exempt_days"])
    counted = np.where(np.asarray(technical) & (days <= exempt), 0, days)
    return np.where(card, by_days(counted, cards), by_days(counted, general))


@dataclass(frozen=True, slots=True)
class Classified:
    """A loan's class: its name, since or until when it is held there, and the findings that put it there."""

    name: str
    findings: tuple[Finding, ...]
    held_until: int = 0
    detail: dict[str, Any] = field(default_factory=dict)


def cn_class_of(
    days: int,
    on: int,
    *,
    card: bool = False,
    technical: bool = False,
    was_worst: int = 0,
    cured_on: int = 0,
    moved_on: int = 0,
    kept: int = 0,
    missed: int = 0,
    plan_on: int = 0,
    plan_first_due: int = 0,
    plan_kept: int = 0,
    plan_missed: int = 0,
) -> Classified:
    """The tier of one loan with the periods in which it is held back.

    `was_worst` days in the spell that ended on `cured_on`, or whose arrears a plan moved on `moved_on` without a
    payment; since then `kept` periods in time and `missed` not.
    The same four for a plan agreed on `plan_on`. Cured on 2026-05-01 after 120 days: substandard until two periods
    are kept and 2026-11-01 has come, the later of both.
    """
    tier = int(cn_tier(np.array([days]), card, technical)[0])
    base = class_rule("cn.class.card" if card else "cn.class.general")
    findings = [base.finding(_on(on), TIERS[tier], days_past_due=days, technical=technical)]
    until = 0
    line = base.parameters["starts"][TIERS.index(base.parameters["non_performing"])]
    since = cured_on or moved_on
    if since and was_worst >= line:
        rule = class_rule("cn.class.upgrade")
        ends = months_on(since, rule.parameters["months"])
        held = kept < rule.parameters["payment_periods"] or missed > 0 or on < ends
        if held:
            tier, until = max(tier, TIERS.index(rule.parameters["until_then"])), ends
        told = {
            "cured_on" if cured_on else "moved_by_a_plan_on": iso(since),
            "worst": was_worst,
            "kept": kept,
            "missed": missed,
            "earliest": iso(ends),
        }
        findings.append(rule.finding(_on(on), "held" if held else "may be upgraded", **told))
    if plan_on:
        tier, until = _observed(tier, until, on, plan_on, plan_first_due, plan_kept, plan_missed, findings)
    return Classified(TIERS[tier], tuple(findings), until)


def _observed(
    tier: int, until: int, on: int, plan_on: int, first_due: int, kept: int, missed: int, findings: list[Finding]
) -> tuple[int, int]:
    """A restructured loan in its observation period."""
    rule = class_rule("cn.class.restructured")
    p = rule.parameters
    ends = months_on(first_due or plan_on, p["months"])
    told = {"plan_on": iso(plan_on), "kept": kept, "missed": missed, "earliest": iso(ends)}
    if missed:
        findings.append(rule.finding(_on(on), "observation failed: substandard, and it starts again", **told))
        return max(tier, TIERS.index(p["failed"])), ends
    if on < ends or kept < p["payment_periods"]:
        findings.append(rule.finding(_on(on), "under observation: at least special mention", **told))
        return max(tier, TIERS.index(p["at_least"])), max(until, ends)
    findings.append(rule.finding(_on(on), "observation passed", **told))
    return tier, until


def cn_classes(book: Book, on: int, known_on: int = NEVER, positions: Records | None = None) -> Ints:
    """Tier [n] of every loan of a book: days past due, then upgrade and observation periods. −1: not lent or ended."""
    now = positions if positions is not None else reckon_book(book, on, known_on)
    rule = class_rule("cn.class.general")
    days = days_without_trifles(now, "CN")
    tiers = cn_tier(days)
    line = rule.parameters["starts"][2]
    owed = owed_in(now)
    spells = spells_of(book, on, known_on, now, line, trifles_fen("CN"))
    plans = np.zeros(len(book), bool)
    plans[_with_plans(book)] = True
    for i in np.flatnonzero(owed & ((spells.worst_before >= line) | plans)):
        tiers[i] = TIERS.index(cn_class(book, int(i), on, known_on, int(days[i]), spells_at(spells, i)).name)
    tiers[now["state"] == WRITTEN_OFF] = TIERS.index("loss")  # what is still claimed was found to be lost
    return np.where(owed, tiers, -1)


def spells_at(spells: Any, i: Any) -> tuple[int, int, int]:
    """(cured on, moved by a plan on, worst before) of one loan."""
    return int(spells.cured_on[i]), int(spells.moved_on[i]), int(spells.worst_before[i])


def _with_plans(book: Book) -> Ints:
    from afterloan.risk.spells import PLANS

    owner = np.repeat(np.arange(len(book)), np.diff(book.fact_at))
    return np.unique(owner[np.isin(book.facts["kind"], PLANS)])


def cn_class(
    book: Book,
    i: int,
    on: int,
    known_on: int = NEVER,
    days: int | None = None,
    spell: tuple[int, int, int] | None = None,
) -> Classified:
    """The tier of loan `i` of a book on a day, its history worked out from its facts."""
    if days is None or spell is None:
        one = part(book, np.array([i]))
        position = reckon_book(one, on, known_on)
        rule = class_rule("cn.class.general")
        days = int(days_without_trifles(position, "CN")[0])
        line = rule.parameters["starts"][2]
        spell = spells_at(spells_of(one, on, known_on, position, line, trifles_fen("CN")), 0)
    told: dict[str, int] = {}
    if since := spell[0] or spell[1]:
        p = class_rule("cn.class.upgrade").parameters
        seen = observe(book, i, since, on, known_on, p["payment_periods"], p["months"])
        if not seen.passed:
            ended = "cured_on" if spell[0] else "moved_on"
            told |= {"was_worst": spell[2], ended: seen.since, "kept": seen.kept, "missed": seen.missed}
    plans = agreed_plans(book, i, on, known_on)
    if len(plans):
        p = class_rule("cn.class.restructured").parameters
        seen = observe(book, i, int(plans[-1]), on, known_on, p["payment_periods"], p["months"], from_first_due=True)
        if not seen.passed:
            told |= {"plan_on": int(plans[-1]), "plan_first_due": seen.since, "plan_kept": seen.kept}
            told["plan_missed"] = seen.missed
    return cn_class_of(days, on, **told)  # type: ignore[arg-type]


# --- European Union


def eu_material(arrears_fen: Ints, exposure_fen: Ints) -> npt.NDArray[np.bool_]:
    """Whether arrears break both limits. 150.00 of 2,000.00: yes; of 20,000.00 (0.75 %): no; 90.00: never."""
    p = class_rule("eu.default").parameters
    over = arrears_fen * 1_000_000 > exposure_fen * p["relative_ppm"]  # 10^9 fen × 10^6 < 2^63
    return np.asarray((arrears_fen > p["absolute_fen"]) & over)


def eu_default_on(material_since: int, first_day_counts: bool | None = None) -> int:
    """The day of default for arrears that break both limits since a day: 2026-01-15 gives 2026-04-16."""
    p = class_rule("eu.default").parameters
    counts = p["first_day_counts"] if first_day_counts is None else first_day_counts
    return material_since + int(p["days"]) + (0 if counts else 1)


def eu_exit_on(cured_on: int, distressed_on: int = 0) -> int:
    """The earliest exit: three months after the triggers cease, a year after a distressed forbearance."""
    ends = months_on(cured_on, class_rule("eu.default.exit").parameters["months"]) if cured_on else 0
    if distressed_on:
        ends = max(ends, months_on(distressed_on, class_rule("eu.forbearance.distressed").parameters["exit_months"]))
    return ends


def eu_forbearance(granted_on: int, loss_ppm: int) -> Classified:
    """What granting a measure does: more than 1 % of present value lost is default, less is probation of two years."""
    rule = class_rule("eu.forbearance.distressed")
    if loss_ppm > rule.parameters["loss_ppm"]:
        found = rule.finding(_on(granted_on), "default", loss_ppm=loss_ppm)
        return Classified("default", (found,), eu_exit_on(0, granted_on))
    probation = class_rule("eu.forbearance.probation")
    found = probation.finding(_on(granted_on), "forborne, performing", loss_ppm=loss_ppm)
    return Classified("forborne_performing", (found,), months_on(granted_on, probation.parameters["months"]))


def eu_probation(granted_on: int, on: int, worst_days: int, again: bool) -> Classified:
    """A forborne performing exposure in its probation: a second measure or more than 30 days late ends it badly."""
    rule = class_rule("eu.forbearance.probation")
    ends = months_on(granted_on, rule.parameters["months"])
    told = {"granted_on": iso(granted_on), "worst_days": worst_days, "second_measure": again}
    if worst_days > rule.parameters["most_days_past_due"] or again:
        return Classified("non_performing", (rule.finding(_on(on), "non-performing", **told),), ends)
    name = "forborne_performing" if on < ends else "performing"
    return Classified(name, (rule.finding(_on(on), name, **told),), ends)


def eu_material_since(book: Book, on: int, known_on: int = NEVER, positions: Records | None = None) -> Ints:
    """Since which day [n] arrears have broken both limits without a break; 0: they do not on `on`.

    Loans are looked at evening by evening, back from `on` as long as any of them breaks the limits.
    """
    now = positions if positions is not None else reckon_book(book, on, known_on)
    since = np.zeros(len(book), np.int64)
    rows = np.flatnonzero(_breaks(now))
    day = on
    while len(rows):
        since[rows] = day
        day -= 1
        rows = rows[_breaks(reckon_book(part(book, rows), day, known_on))]
    return since


def _breaks(positions: Records) -> npt.NDArray[np.bool_]:
    arrears = positions["arrears_fen"].sum(axis=1)
    broken = eu_material(arrears, positions["outstanding_fen"].sum(axis=1)) & (positions["error"] == 0)
    return np.asarray(broken)


def eu_defaulted(book: Book, on: int, known_on: int = NEVER, positions: Records | None = None) -> npt.NDArray[np.bool_]:
    """Whether each loan of a book is in default on a day by the count of days (exit periods are `eu_exit_on`).

    The days a limit is broken are never more than the days past due, so only loans beyond 90 days are looked into.
    """
    now = positions if positions is not None else reckon_book(book, on, known_on)
    limit = int(class_rule("eu.default").parameters["days"])
    found = np.zeros(len(book), bool)
    rows = np.flatnonzero(now["days_past_due"] > limit - 1)
    since = eu_material_since(part(book, rows), on, known_on, now[rows]) if len(rows) else np.zeros(0, np.int64)
    found[rows] = [bool(s) and eu_default_on(int(s)) <= on for s in since]
    return found


# --- IFRS 9


def ifrs9_stage(days: Ints, defaulted: Any = False, forborne: Any = False) -> Ints:
    """Stage [n]: 1; 2 beyond 30 days or forborne; 3 beyond 90 days or in default."""
    p = class_rule("ifrs9.stages").parameters
    two = (days > p["stage_2_after_days"]) | (np.asarray(forborne) & p["forborne_is_stage_2"])
    three = (days > p["stage_3_after_days"]) | np.asarray(defaulted)
    return np.where(three, 3, np.where(two, 2, 1)).astype(np.int64)


# --- India, United States


def in_class(days: Ints, unpaid_due: npt.NDArray[np.bool_], worst_now: Ints | None = None) -> list[str]:
    """SMA class [n] at day end: due 2021-03-31 and unpaid: sma-0 that evening, sma-1 on 04-30, npa on 06-29.

    `worst_now`: the worst days of the running arrears: an NPA stays one until all arrears are paid.
    """
    p = class_rule("in.sma").parameters
    worst = days if worst_now is None else np.maximum(days, np.where(worst_now >= p["starts"][-1], worst_now, 0))
    at = by_days(np.where(unpaid_due, worst, 0), class_rule("in.sma"))
    return [p["classes"][k] if unpaid else p["standard"] for k, unpaid in zip(at, unpaid_due, strict=True)]


def us_class(days: Ints, open_end: bool = False) -> list[str]:
    """Classification [n] and charge-off: a closed-end loan at 119 days is substandard, at 120 a loss."""
    rule = class_rule("us.charge-off.open-end" if open_end else "us.charge-off.closed-end")
    return [rule.parameters["classes"][k] for k in by_days(days, rule)]


def counts(names: Sequence[str]) -> dict[str, int]:
    """How many of each class, in order of number."""
    found: dict[str, int] = {}
    for name in names:
        found[name] = found.get(name, 0) + 1
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))

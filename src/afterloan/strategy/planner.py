"""The planner: plans that the borrower can afford and the pack allows, those that lose least in present value."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from afterloan.dates import NEVER, iso, months_later, year_month_day
from afterloan.loan.book import Book
from afterloan.loan.reckon import Reckoned, reckon_loan
from afterloan.loan.suppose import Scratch, ahead, due_now
from afterloan.loan.terms import ArrearsInterest, Component, Method
from afterloan.money import show_amount
from afterloan.rules.packs import Finding
from afterloan.strategy.eligibility import PlanCase, against, eligible, plan_rule, relief_rule
from afterloan.strategy.simulation import (
    ReliefPlan,
    Simulated,
    cost_of,
    deferral,
    extension,
    interest_only,
    month_edges,
    re_age,
    reinstalment,
    settlement,
    simulate,
)

PRINCIPAL = int(Component.PRINCIPAL)
SPREAD, ALONE = ArrearsInterest.SPREAD, ArrearsInterest.ALONE
MONTHS = 61  # columns of a search: 60 periods and what follows


@dataclass(frozen=True, slots=True)
class PlanOffer:
    """One plan on offer: what it comes to, what the lender loses by it, and why it is offered."""

    simulated: Simulated
    loss_fen: int
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def plan(self) -> ReliefPlan:
        """The plan."""
        assert self.simulated.plan is not None
        return self.simulated.plan


@dataclass(frozen=True, slots=True)
class Search:
    """What a search came to: up to three offers, how many plans were tried, and why others were left out."""

    offers: tuple[PlanOffer, ...]
    tried: int
    refused: dict[str, int]
    finding: Finding
    instead: tuple[PlanOffer, ...] = ()
    """Nothing fits what the borrower can pay: what the pack allows that asks for least (a pause, longer, less)."""


def next_due(today: Reckoned, on: int, least: int = 15) -> int:
    """The first due day of a new schedule: the next contractual one that is at least `least` days away.

    As signed, before any business day stands in for it: the engine moves it again, and counts later rows from it.
    """
    rows = today.instalments
    later = rows[rows["due_on"] >= on + least]
    if len(later):
        return int(later["placed_on"].min())
    if not len(rows):
        return on + least
    last = int(rows["placed_on"][-1])
    first, day = int(rows["placed_on"][-min(len(rows), 2)]), last
    # a loan of the 31st whose last row is due on 30 April: the row before it tells the 31st
    dom = max(year_month_day(d)[2] for d in (first, last) if d == last or last - d >= 28)
    while day < on + least:
        day = int(months_later(day, 1, dom))
    return day


def candidates(book: Book, today: Reckoned, case: PlanCase, on: int) -> list[ReliefPlan]:
    """Every plan worth trying for loan 0 of a book: kinds × periods × rates × ways of the unpaid interest."""
    if book.products[book.contracts[0]["product"]]["method"] == Method.IMPORTED:
        modes: tuple[ArrearsInterest, ...] = (ALONE,)
    else:
        modes = (SPREAD, ALONE)
    first = next_due(today, on)
    behind = int(today.position["days_past_due"]) > 0
    # rows that a plan can set anew: an imported schedule has no method, and after the last due day nothing lies ahead
    open_rows = modes != (ALONE,) and bool((today.instalments["due_on"] > on).any()) and not behind
    found: list[ReliefPlan] = []
    for n in _periods("reinstalment", case):
        found.extend(reinstalment(n, first, mode) for mode in modes if mode != ALONE or case.hardship_granted)
    found.extend(_rate_cuts(book, case, first))
    found.extend(extension(n) for n in _periods("extension", case) if open_rows)
    for n in _periods("interest_only", case):
        found.extend(interest_only(n, rows) for rows in (False, True) if open_rows)
    found.extend(deferral(n) for n in _periods("deferral", case) if not behind)
    if behind:
        found.append(re_age())
        found.extend(_settlements(today, case, on))
    return found


def _periods(kind: str, case: PlanCase) -> range:
    rule = plan_rule(kind, case.jurisdiction, case.on)
    return range(1, rule.parameters.get("most_periods", 0) + 1) if rule else range(0)


def _rate_cuts(book: Book, case: PlanCase, first: int) -> list[ReliefPlan]:
    rule = plan_rule("rate_cut", case.jurisdiction, case.on)
    if rule is None or not case.hardship_granted:
        return []
    p = rule.parameters
    rate = int(book.contracts[0]["rate"])
    found: list[ReliefPlan] = []
    for permille in range(p["least_rate_permille"], 1_000, p["step_permille"]):
        cut = (rate * permille * 2 + 1_000) // 2_000
        found.extend(reinstalment(n, first, SPREAD, cut, permille) for n in range(1, p["most_periods"] + 1))
    return found


def _settlements(today: Reckoned, case: PlanCase, on: int) -> list[ReliefPlan]:
    rule = plan_rule("settlement", case.jurisdiction, case.on)
    owed = int(today.position["payoff_fen"])
    if rule is None or owed <= 0:
        return []
    p = rule.parameters
    shares = range(p["least_permille"], 1_000, 100)
    return [settlement(-(-owed * s // 1_000), on + p["most_days"], on, owed) for s in shares]


def search(book: Book, case: PlanCase, affordable_fen: int, on: int, asked_kinds: Sequence[str] = ()) -> Search:
    """Up to three plans of different kinds for loan 0 of a book (`alone`), best first.

    A plan is left out when the pack refuses it, when any month asks for more than `affordable_fen`, or when it would
    cost more than the cap. What remains is chosen by loss: the payoff of today less the present value of what
    the plan brings, at the contract rate. Who is behind, or in hardship, could not pay what the contract asks: a plan
    that asks for no more a month than one instalment comes before any that does, and of those that do the least asking.
    Where nothing fits, `instead` says what is allowed. 1,472.67 at once fits means of 1,500.00 and is never offered to
    whom an instalment of 186.00 was too much, while 24 instalments of 70.00 would do.
    """
    today = reckon_loan(book, 0, on)
    cap, scratch = relief_rule("relief.cost-cap"), Scratch(book)
    options: list[Simulated] = []
    beyond: list[Simulated] = []
    refused: dict[str, int] = {}
    tried = 0
    for plan in candidates(book, today, case, on):
        if asked_kinds and plan.kind not in asked_kinds:
            continue
        tried += 1
        reasons = against(plan.asked, case)
        why = reasons[0] if reasons else ""
        if not why:
            sim = simulate(book, plan, on, scratch)
            why = _unfit(sim, affordable_fen, on)
            if why != UNRECKONED and not cost_of(sim, today.position, on, cap).fits:
                why = why or "would cost more than the cap"
            elif why == TOO_MUCH:
                beyond.append(sim)
        if why:
            refused[why] = refused.get(why, 0) + 1
        else:
            options.append(sim)
    gentle = _gentle(options, today, case)
    offers = _chosen(gentle, affordable_fen, on, today, case) or _least_asking(options, affordable_fen, on, today, case)
    instead = () if offers else _least_asking(_easier(beyond, today, on), affordable_fen, on, today, case)
    outcome = f"{len(offers)} offered of {tried} tried" + (f", {len(instead)} instead" if instead else "")
    found = relief_rule("relief.offer").finding(case.on, outcome, affordable_fen=affordable_fen, refused=refused)
    return Search(offers, tried, refused, found, instead)


UNRECKONED, TOO_MUCH = "cannot be reckoned for this loan", "asks for more a month than is affordable"


def _instalment(today: Reckoned) -> int:
    """What the contract asks for on an ordinary due day: the middle of its instalments, penalties left out."""
    rows = today.instalments[today.instalments["row_kind"] == 0]
    amounts = sorted(int(r["due_fen"][1:].sum()) for r in rows if r["due_fen"][1:].sum() > 0)
    return amounts[(len(amounts) - 1) // 2] if amounts else 0


def _gentle(options: list[Simulated], today: Reckoned, case: PlanCase) -> list[Simulated]:
    """Plans that ask for no more at a time than an ordinary instalment, of who could not pay that; a settlement is one
    payment by its nature and stays."""
    if not (case.hardship_granted or int(today.position["days_past_due"])):
        return options
    most = _instalment(today)
    return [s for s in options if s.highest_fen <= most or (s.plan is not None and s.plan.kind == "settlement")]


def _easier(beyond: list[Simulated], today: Reckoned, on: int) -> list[Simulated]:
    """Of plans beyond the borrower's means those that ask for less in the next month than the contract does."""
    days, amounts = ahead(today, on)
    asked = due_now(today.position) + int(amounts[days < month_edges(on, 1)[1]].sum())
    return [s for s in beyond if int(s.months(on, MONTHS)[0]) < asked]


def _least_asking(
    options: list[Simulated], affordable_fen: int, on: int, today: Reckoned, case: PlanCase
) -> tuple[PlanOffer, ...]:
    """Of each kind the plan that asks for least: in its dearest month, then at a time, then in all."""
    least: dict[str, tuple[tuple[int, int, int], Simulated]] = {}
    for sim in options:
        assert sim.plan is not None
        asks = (int(sim.months(on, MONTHS).max()), sim.highest_fen, sim.total_fen)
        if sim.plan.kind not in least or asks < least[sim.plan.kind][0]:
            least[sim.plan.kind] = (asks, sim)
    most = relief_rule("relief.offer").parameters["offers"]
    payoff, cap = int(today.position["payoff_fen"]), relief_rule("relief.cost-cap")
    found = []
    for _, sim in sorted(least.values(), key=lambda pair: pair[0])[:most]:
        assert sim.plan is not None
        findings = (*eligible(sim.plan.asked, case).findings, cost_of(sim, today.position, on, cap).finding(cap, on))
        found.append(PlanOffer(sim, payoff - sim.value_fen, _why_least(sim, affordable_fen, on), findings))
    return tuple(found)


def _why_least(sim: Simulated, affordable_fen: int, on: int) -> tuple[str, ...]:
    most = int(sim.months(on, MONTHS).max())
    over = most - affordable_fen
    first = (
        f"does not fit: asks for up to {_units(most)} in a month, {_units(over)} more than the "
        f"{_units(affordable_fen)} a month that are affordable; a person has to look at it"
        if over > 0
        else f"asks for at most {_units(most)} in a month; {_units(affordable_fen)} a month are affordable"
    )
    return (first, f"ends on {iso(sim.ends_on)}", "asks for least of the plans of its kind")


def _unfit(sim: Simulated, affordable_fen: int, on: int) -> str:
    if sim.error or not len(sim.days):
        return UNRECKONED
    if sim.highest_fen > affordable_fen or int(sim.months(on, MONTHS)[: MONTHS - 1].max()) > affordable_fen:
        return TOO_MUCH
    return ""


def _chosen(
    options: list[Simulated], affordable_fen: int, on: int, today: Reckoned, case: PlanCase
) -> tuple[PlanOffer, ...]:
    """The best of all, then the best of the kinds not offered yet, as often as the pack says."""
    most = relief_rule("relief.offer").parameters["offers"]
    cap = relief_rule("relief.cost-cap")
    payoff = int(today.position["payoff_fen"])
    left = options
    offers: list[PlanOffer] = []
    while left and len(offers) < most:
        picked = choose([[_option(s, payoff, on) for s in left]], affordable_fen)
        if picked is None:
            break
        sim = left[picked[0]]
        assert sim.plan is not None
        findings = (*eligible(sim.plan.asked, case).findings, cost_of(sim, today.position, on, cap).finding(cap, on))
        offers.append(PlanOffer(sim, payoff - sim.value_fen, _why(sim, affordable_fen, on), findings))
        kind = sim.plan.kind
        left = [s for s in left if s.plan is not None and s.plan.kind != kind]
    return tuple(offers)


def _option(sim: Simulated, payoff: int, on: int) -> "Option":
    """A plan for the solver. A gain beyond what is owed counts as no loss: longer terms are not offered for profit."""
    return Option(max(payoff - sim.value_fen, 0), sim.months(on, MONTHS), sim.total_fen)


def _why(sim: Simulated, affordable_fen: int, on: int) -> tuple[str, ...]:
    months = sim.months(on, MONTHS)
    return (
        f"asks for at most {_units(int(months.max()))} in a month; {_units(affordable_fen)} a month are affordable",
        f"ends on {iso(sim.ends_on)}",
        "loses least of the plans of its kind that fit",
    )


def _units(fen: int) -> str:
    return show_amount(fen, group=",")


@dataclass(frozen=True, slots=True)
class Option:
    """One plan as the solver sees it: what is lost by it, and what it asks for month by month."""

    loss_fen: int
    months: npt.NDArray[np.int64]
    total_fen: int = 0

    @property
    def weight(self) -> int:
        """Loss first; of equal losses, what costs the borrower less."""
        return self.loss_fen * 16 + self.total_fen // 10_000


def choose(loans: Sequence[Sequence[Option]], affordable_fen: int, seconds: int = 60) -> list[int] | None:
    """One option for each loan: every month's sum affordable, the loss of all least; None: there is none.

    Solved by HiGHS to a gap of nothing with one thread and a fixed seed: the same question, the same answer. It counts
    in binary fractions, so what it picks is added up again in whole minor units, and a combination that a month does
    not afford after all is barred and the question asked again. Of equal losses the option told first is taken.
    """
    if len(loans) == 1:  # a single loan asks for nothing that a look along the table does not answer
        fits = [k for k, o in enumerate(loans[0]) if int(o.months[:-1].max(initial=0)) <= affordable_fen]
        return [min(fits, key=lambda k: (loans[0][k].weight, k))] if fits else None
    if len(loans) == 2:
        return _of_two(loans[0], loans[1], affordable_fen)
    kept = [_not_dominated(options) for options in loans]
    if any(not few for few in kept):
        return None
    barred: list[list[int]] = []
    while (picked := _least(loans, kept, affordable_fen, barred, seconds)) is not None:
        asked = np.sum([loans[n][k].months[:-1] for n, k in enumerate(picked)], axis=0)
        if int(asked.max(initial=0)) <= affordable_fen:
            return picked
        barred.append(picked)
    return None


def _of_two(first: Sequence[Option], second: Sequence[Option], affordable_fen: int) -> list[int] | None:
    """The pair of least loss by looking at every pair: some 200,000, at once, whatever else the machine does."""
    if not first or not second:
        return None
    months = np.array([o.months[:-1] for o in second])
    weights = np.array([o.weight for o in second])
    best: tuple[int, int, int] | None = None
    for k, option in enumerate(first):
        fits = (months + option.months[:-1] <= affordable_fen).all(axis=1)
        if fits.any():
            other = int(np.where(fits, weights, np.iinfo(np.int64).max).argmin())
            found = (option.weight + int(weights[other]), k, other)
            best = found if best is None or found < best else best
    return None if best is None else [best[1], best[2]]


def _least(
    loans: Sequence[Sequence[Option]],
    kept: Sequence[Sequence[int]],
    affordable_fen: int,
    barred: Sequence[Sequence[int]],
    seconds: int,
) -> list[int] | None:
    """The least loss by HiGHS over the options kept, the combinations barred left out."""
    import highspy

    solver = highspy.Highs()
    solver.silent()
    told = {"threads": 1, "random_seed": 1, "time_limit": float(seconds), "mip_rel_gap": 0, "mip_abs_gap": 0}
    for name, value in {**told, "mip_feasibility_tolerance": 1e-9}.items():
        solver.setOptionValue(name, value)
    taken = [[solver.addBinary() for _ in few] for few in kept]
    for xs in taken:
        solver.addConstr(sum(xs) == 1)
    for month in range(len(loans[0][0].months) - 1):
        asked = [
            (int(loans[n][k].months[month]), x)
            for n, few in enumerate(kept)
            for k, x in zip(few, taken[n], strict=True)
        ]
        if sum(a for a, _ in asked) > affordable_fen:
            solver.addConstr(sum(a * x for a, x in asked if a) <= affordable_fen)
    for combination in barred:
        same = [taken[n][list(kept[n]).index(k)] for n, k in enumerate(combination)]
        solver.addConstr(sum(same) <= len(same) - 1)
    least = [min(loans[n][k].weight for k in few) for n, few in enumerate(kept)]  # what no choice changes is left out
    span = sum(len(options) for options in loans) + 1
    solver.minimize(
        sum(
            ((loans[n][k].weight - least[n]) * span + k) * x
            for n, few in enumerate(kept)
            for k, x in zip(few, taken[n], strict=True)
        )
    )
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return [few[int(np.argmax([solver.val(x) for x in xs]))] for few, xs in zip(kept, taken, strict=True)]


def _not_dominated(options: Sequence[Option]) -> list[int]:
    """Options that no other beats both in loss and in every month, in their order."""
    if not options:
        return []
    table = np.array([o.months[:-1] for o in options])
    loss = np.array([o.weight for o in options])
    order = np.lexsort((np.arange(len(options)), loss))
    kept: list[int] = []
    for k in order:
        if not any((table[j] <= table[k]).all() for j in kept):
            kept.append(int(k))
    return sorted(kept)


def together(books: Sequence[Book], cases: Sequence[PlanCase], affordable_fen: int, on: int) -> list[Simulated] | None:
    """One plan (or the contract as it stands) for each of a borrower's loans, the sum of every month affordable.

    None when no combination is.
    """
    cap = relief_rule("relief.cost-cap")
    sims: list[list[Simulated]] = []
    options: list[list[Option]] = []
    for book, case in zip(books, cases, strict=True):
        today, scratch = reckon_loan(book, 0, on), Scratch(book)
        mine = [simulate(book, None, on, scratch)]
        for plan in candidates(book, today, case, on):
            if not against(plan.asked, case):
                sim = simulate(book, plan, on, scratch)
                if not sim.error and cost_of(sim, today.position, on, cap).fits:
                    mine.append(sim)
        sims.append(mine)
        options.append([_option(s, int(today.position["payoff_fen"]), on) for s in mine])
    picked = choose(options, affordable_fen)
    return None if picked is None else [sims[n][k] for n, k in enumerate(picked)]


def case_of(
    today: Reckoned, on: date, jurisdiction: str, hardship: bool, plans: Sequence[tuple[str, date]] = ()
) -> PlanCase:
    """What eligibility asks about a loan that has been reckoned."""
    position = today.position
    rows = today.instalments
    number = (on - date(1970, 1, 1)).days
    due = rows[(rows["due_on"] <= number) & (rows["row_kind"] == 0)]
    in_time = int((due["cleared_on"] <= due["due_on"]).sum()) if len(due) else 0
    started = int(rows["from_on"].min()) if len(rows) else number
    assert number < NEVER
    return PlanCase(
        on, jurisdiction, int(position["days_past_due"]), hardship, tuple(plans), in_time, (number - started) // 30
    )

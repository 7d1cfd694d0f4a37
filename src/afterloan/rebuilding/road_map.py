"""The road map: dated milestones of ways back, side by side, each reckoned by the engine with facts that might come."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from afterloan.bureau.cells import Cells, month_end, reckon_cells
from afterloan.bureau.overlay import shown_until
from afterloan.bureau.packs import rule as bureau_rule
from afterloan.bureau.places import bureau_of_place
from afterloan.dates import NEVER, date_of, iso, months_later, number_of, year_month_day
from afterloan.loan.book import Book, Records
from afterloan.loan.reckon import Reckoned, reckon_book, reckon_loan
from afterloan.loan.suppose import alone, due_now, keeping, repaid, side_by_side, suppose
from afterloan.loan.terms import Component, FactKind
from afterloan.rebuilding.standing import MARK_RULES, mark_of, plain_cells
from afterloan.rebuilding.words import money, rebuilding_rule, say
from afterloan.risk.by_place import changes_ahead, rule_of

PRINCIPAL = int(Component.PRINCIPAL)
REPAID = int(FactKind.REPAID)


@dataclass(frozen=True, slots=True)
class Milestone:
    """One dated point: `kind` is a key of the words, `values` fill them; `rule` carries it.

    `automatic` False: nothing happens by itself, it may be applied for or depends on payments to come.
    """

    on: int
    kind: str
    values: dict[str, Any]
    rule: str = ""
    automatic: bool = True

    def told(self, language: str) -> str:
        """The line for a person."""
        return say(self.kind, language, **self.values)

    def plain(self) -> dict[str, Any]:
        """JSON values."""
        return {"on": iso(self.on), "kind": self.kind, "values": self.values, "rule": self.rule}


@dataclass(frozen=True, slots=True)
class Way:
    """One alternative: what is paid when, what it comes to in all, what of it is beyond the principal, milestones."""

    name: str
    pays: tuple[tuple[int, int], ...]
    total_fen: int
    cost_fen: int
    ends_on: int
    milestones: tuple[Milestone, ...]
    detail: dict[str, Any] = field(default_factory=dict)

    def title(self, language: str) -> str:
        """The name of the way for a person."""
        return say(f"ways.{self.name}", language, **self.detail)

    def plain(self, language: str = "en") -> dict[str, Any]:
        """JSON values, with each milestone's words."""
        return {
            "way": self.name,
            "title": self.title(language),
            "pays": [{"on": iso(d), "amount_fen": a} for d, a in self.pays],
            "total_fen": self.total_fen,
            "cost_fen": self.cost_fen,
            "ends_on": iso(self.ends_on) if self.ends_on else None,
            "milestones": [m.plain() | {"words": m.told(language)} for m in self.milestones],
        }


@dataclass(frozen=True, slots=True)
class Ahead:
    """A way before it is judged: the loan with supposed facts, from which day it is kept."""

    name: str
    book: Book
    end: Reckoned | None
    ends_on: int


def road_map(
    book: Book, i: int, on: int, plan: Sequence[Records] | None = None, known_on: int | None = None,
    ready_from: int = 0, limit: bool = True, jurisdiction: str = "CN", judged: bool = False,
) -> list[Way]:  # fmt: skip
    """Ways back for loan `i` from day `on`: pay now, pay in parts, a plan (facts of it), do nothing.

    Nothing is promised: each milestone names the rule that carries it, and what no rule does by itself is said
    to be open to application. Classes and marks are those of the place `jurisdiction`. `judged`: a court fixed the
    whole debt, so paying arrears cures nothing: the way is to pay the whole. Four ways take less than 20 ms.
    """
    base = alone(book, i, on if known_on is None else known_on)
    today = reckon_loan(base, 0, on)
    if today.position["error"] or today.position["paid_off_on"] != NEVER:
        return []
    if judged:
        ways = [pay_whole(base, on, today), nothing(base, on, today)]
    else:
        ways = [pay_now(base, on, today), pay_in_parts(base, on, today), nothing(base, on, today)]
        if plan is not None:
            ways.insert(2, with_plan(base, on, plan))
    months = int(rebuilding_rule("rebuilding.road-map").parameters["months_ahead"])
    bureau = bureau_of_place(jurisdiction)
    cells = _months_of(ways, on, months, bureau)
    at = _RoadSeen(cells, today, on, limit and not judged, jurisdiction, bureau)
    return [_told(way, k, at) for k, way in enumerate(ways)]


@dataclass(frozen=True, slots=True)
class _RoadSeen:
    """What all ways are judged by: cells month by month, the loan today, the day, whether limits are told of, where."""

    cells: list[Cells]
    today: Reckoned
    on: int
    limit: bool
    jurisdiction: str
    bureau: str


def pay_whole(base: Book, on: int, today: Reckoned) -> Ahead:
    """All that is owed is paid today."""
    return _kept("pay_whole", suppose(base, [repaid(on, int(today.position["payoff_fen"]))]))


def pay_now(base: Book, on: int, today: Reckoned) -> Ahead:
    """All that is due is paid today, the rest on time."""
    owed = due_now(today.position)
    facts = [repaid(on, owed)] if owed else []
    paid = suppose(base, facts)
    return _kept("pay_now", suppose(paid, keeping(paid, on)))


def pay_in_parts(base: Book, on: int, today: Reckoned) -> Ahead:
    """What is due now is paid in equal parts; instalments on time between them; the last part takes what is left."""
    p = rebuilding_rule("rebuilding.road-map").parameters
    parts, gap = int(p["parts"]), int(p["part_days"])
    share = -(-due_now(today.position) // parts)
    supposed = base
    last = on + gap * (parts - 1)
    if share:
        dues = [int(d) for d in today.instalments["due_on"] if on < d <= last]
        amounts = {int(r["due_on"]): int(r["due_fen"].sum()) for r in today.instalments}
        for day in sorted({on + gap * k for k in range(parts - 1)} | set(dues)):
            part = (share if (day - on) % gap == 0 else 0) + (amounts[day] if day in dues else 0)
            supposed = suppose(supposed, [repaid(day, part)])
        rest = due_now(reckon_book(supposed, last)[0])
        if rest:
            supposed = suppose(supposed, [repaid(last, rest)])
    return _kept("pay_in_parts", suppose(supposed, keeping(supposed, last if share else on)))


def with_plan(base: Book, on: int, plan: Sequence[Records]) -> Ahead:
    """The facts of a plan, then all it asks for on time; what it leaves due is paid today."""
    agreed = suppose(base, plan)
    owed = due_now(reckon_book(agreed, on)[0])
    if owed:
        agreed = suppose(agreed, [repaid(on, owed)])
    return _kept("plan", suppose(agreed, keeping(agreed, on)))


def nothing(base: Book, on: int, today: Reckoned) -> Ahead:
    """No payment comes."""
    return Ahead("nothing", base, None, 0)


def _kept(name: str, book: Book) -> Ahead:
    last = int(book.facts["on"].max())
    end = reckon_loan(book, 0, last)
    paid_off = int(end.position["paid_off_on"])
    return Ahead(name, book, end, paid_off if paid_off != NEVER else 0)


def _months_of(ways: list[Ahead], on: int, months: int, bureau: str) -> list[Cells]:
    """The cells of all ways, reckoned together, for the month ends from `on` on.

    Whether a payment was late in its month is looked into only while some way still lacks a clean month.
    """
    joint = side_by_side([w.book for w in ways])
    kept = np.array([w.end is not None for w in ways])
    open_ways, end, cells = kept.copy(), month_end(on), []
    for _ in range(months):
        if open_ways.any():
            found = reckon_cells(joint, end, delinquent_after=NEVER, bureau=bureau)
        else:
            found = plain_cells(joint, end, bureau=bureau)
        clean = (found["days_past_due"] == 0) & (found["late"] == 0)
        open_ways &= ~clean
        cells.append(found)
        end = month_end(end + 1)
    return cells


def _pays(way: Ahead, on: int) -> tuple[tuple[int, int], ...]:
    facts = way.book.facts
    mine = facts[(facts["kind"] == REPAID) & (facts["on"] >= on) & (facts["fact"] == 0)]
    known: dict[int, int] = {}
    for fact in mine:
        known[int(fact["on"])] = known.get(int(fact["on"]), 0) + int(fact["amount_fen"])
    return tuple(sorted(known.items()))


def _told(way: Ahead, k: int, at: _RoadSeen) -> Way:
    parts = {"parts": rebuilding_rule("rebuilding.road-map").parameters["parts"]} if way.name == "pay_in_parts" else {}
    owed = int(at.today.position["outstanding_fen"][PRINCIPAL])
    if way.end is None:
        end = int(at.cells[-1]["month_end"][0])
        # nothing is paid, so all of it is still to be paid: what would end the loan by then, principal and all
        total = int(reckon_book(way.book, end)[0]["payoff_fen"])
        return Way(way.name, (), total, total - owed, 0, tuple(_worse(way, k, at)), parts | {"until": end})
    pays = _pays(way, at.on)
    total = sum(a for _, a in pays)
    return Way(way.name, pays, total, total - owed, way.ends_on, tuple(_better(way, k, at, pays)), parts)


def _better(way: Ahead, k: int, at: _RoadSeen, pays: tuple[tuple[int, int], ...]) -> list[Milestone]:
    """Milestones of a way that is kept."""
    today, on = at.today, at.on
    behind = int(today.position["days_past_due"]) > 0
    cured = _cured_on(way, pays, on) if behind else on
    # a plan may end the arrears on the day it is signed: what comes first to pay is told all the same
    early = ([p for p in pays if p[0] <= max(cured, on)] if behind else []) or list(pays[:1])
    found = [Milestone(d, "pay", {"amount": a, "day": d}, "contract", False) for d, a in early]
    if behind and cured:
        found.append(Milestone(cured, "current", {"day": cured}, "contract"))
    found.extend(_marks(k, at, cured))
    if at.limit and behind and cured:
        found.extend(_limit(way, today, cured))
    if way.ends_on:
        found.append(Milestone(way.ends_on, "ends", {"day": way.ends_on}, "contract"))
    collected = _collected_on(way, pays, cured) if behind and cured else 0
    if collected and int(today.position["grace_days_past_due"]) > 0:
        found.extend(_shown_until(at, collected))
    return sorted(found, key=lambda m: m.on)


def _cured_on(way: Ahead, pays: tuple[tuple[int, int], ...], on: int) -> int:
    """The first day, `on` or one of payment, after which nothing is overdue."""
    for day in dict.fromkeys([on, *(d for d, _ in pays)]):
        position = reckon_book(way.book, day)[0]
        if position["days_past_due"] == 0 and due_now(position) == 0:  # what falls due that day is paid as well
            return day
    return 0


def _collected_on(way: Ahead, pays: tuple[tuple[int, int], ...], cured: int) -> int:
    """The first day from the cure on by which all arrears are collected, those a plan moved included."""
    for day in dict.fromkeys([cured, *(d for d, _ in pays if d > cured)]):
        if reckon_book(way.book, day)[0]["oldest_due_on"] == NEVER:
            return day
    return 0


def _shown_until(at: _RoadSeen, collected: int) -> list[Milestone]:
    """Until when the delay may be shown: China five years from the day the arrears are collected, the United States
    seven years from the due date that began them. Elsewhere our packs say nothing."""
    if at.bureau == "pboc":
        rule, until = "cn.retention", shown_until(date_of(collected))
        assert until is not None
        day = number_of(until)
    elif at.bureau == "metro2":
        rule, began = "us.fcra.obsolescence", int(at.today.position["oldest_due_on"])
        years = int(bureau_rule(rule).parameters["adverse_years"])
        day = int(months_later(began, 12 * years, year_month_day(began)[2]))
    else:
        return []
    return [Milestone(day, "retention", {"day": day, "rule": rule}, rule)]


def _month(k: int, cell: Cells, at: _RoadSeen) -> Milestone | None:
    """How a month is reported to the bureau of the place; None: it is not."""
    if at.bureau not in MARK_RULES or not cell["reportable"][k]:
        return None
    code = mark_of(cell[k : k + 1], at.bureau)[0].decode()
    end, rule = int(cell["month_end"][k]), MARK_RULES[at.bureau]
    return Milestone(end, "month", {"month": iso(end)[:7], "code": code, "rule": rule}, rule) if code else None


CLEAN = {"pboc": ("N", "*", "C"), "metro2": ("11", "13")}


def _marks(k: int, at: _RoadSeen, cured: int) -> list[Milestone]:
    """Month by month until the first clean one after the cure."""
    found = []
    for cell in at.cells:
        month = _month(k, cell, at)
        if month is None:
            break
        found.append(month)
        if month.on >= cured and month.values["code"] in CLEAN[at.bureau]:
            break
    return found


def _limit(way: Ahead, today: Reckoned, cured: int) -> list[Milestone]:
    """From when a limit may be applied for: the waiting time, and payments on time after the cure."""
    found = []
    worst = int(today.position["worst_days_past_due"])
    assert way.end is not None
    rows = way.end.instalments
    dues = sorted({int(r["due_on"]) for r in rows if r["due_on"] > cured and r["due_fen"].sum() > 0})
    for name, kind in (("rebuilding.limit.apply", "limit_apply"), ("rebuilding.limit.automatic", "limit_automatic")):
        p = rebuilding_rule(name).parameters
        if worst >= p["worst_below"]:
            continue
        count = int(p["payments_in_time"])
        if len(dues) >= count:
            day = max(cured + int(p["wait_days"]), dues[count - 1])
            values = {"day": day, "count": count, "rule": name}
            found.append(Milestone(day, kind, values, name, bool(p["automatic"])))
    return found


def _worse(way: Ahead, k: int, at: _RoadSeen) -> list[Milestone]:
    """What comes if no payment comes: days past due, marks, classes."""
    oldest = int(at.today.position["oldest_unpaid_on"])
    if oldest == NEVER:
        oldest = int(at.today.position["next_due_on"])
    last = int(at.cells[-1]["month_end"][k])
    found = []
    for days in rebuilding_rule("rebuilding.road-map").parameters["nothing_days"] if oldest != NEVER else ():
        day = oldest + int(days)
        if at.on < day <= last:
            then = reckon_book(way.book, day)[0]
            values: dict[str, int | str] = {
                "day": day, "days": int(then["days_past_due"]), "amount": int(then["arrears_fen"].sum()),
                "penalty": int(then["penalty_income_fen"]),
            }  # fmt: skip
            found.append(Milestone(day, "grows", values, "contract"))
    rule = rule_of(at.jurisdiction).id
    for day, name in changes_ahead(way.book, 0, at.on, last, at.jurisdiction):
        found.append(Milestone(day, "class", {"day": day, "code": name, "rule": rule}, rule))
    found.extend(month for cell in at.cells if (month := _month(k, cell, at)))
    return sorted(found, key=lambda m: m.on)


# --- redrawn as facts arrive


@dataclass(frozen=True, slots=True)
class Marked:
    """A milestone of an earlier map as it stands today: kept, missed, or ahead."""

    milestone: dict[str, Any]
    state: str


def marked(drawn: Sequence[dict[str, Any]], repaid_then_fen: int, book: Book, i: int, on: int) -> list[Marked]:
    """Milestones of a map drawn earlier (`plain` forms) against what has happened by `on`.

    A payment is kept when, by its day, so much more had been received than when the map was drawn as it and those
    before it ask for.
    """
    base = alone(book, i, on)
    asked = 0
    found = []
    for told in drawn:
        day = date.fromisoformat(told["on"]).toordinal() - date(1970, 1, 1).toordinal()
        then = reckon_book(base, min(day, on))[0]
        if told["kind"] == "pay":
            asked += int(told["values"]["amount"])
            done = int(then["repaid_fen"]) - repaid_then_fen >= asked
        elif told["kind"] == "current":
            done = int(then["days_past_due"]) == 0 and not then["arrears_fen"].any()
        elif told["kind"] == "ends":
            done = int(then["paid_off_on"]) != NEVER
        else:
            done = day <= on
        found.append(Marked(told, "kept" if done and (day <= on or told["kind"] in ("pay", "current", "ends")) else
                            "missed" if day < on else "ahead"))  # fmt: skip
    return found


def side_by_side_text(ways: Sequence[Way], language: str) -> str:
    """The ways as lines for a person."""
    lines = []
    for way in ways:
        lines.append(f"## {way.title(language)}")
        lines.append(f"   {money(way.total_fen)} / {money(way.cost_fen)}")
        lines.extend(f"   - {m.told(language)}" for m in way.milestones)
    return "\n".join(lines)

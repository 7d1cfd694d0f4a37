"""What to do next for a borrower: at most four acts with their reasons, and the best one that is not allowed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, Literal

from afterloan.rules.packs import Finding, Rule, in_force, rules_of
from afterloan.strategy.holds import Held

Trouble = Literal["forgot", "cannot", "will_not", "unknown"]
ACTS = ("call", "promise", "plan", "hardship", "message", "legal")
VERBS = {
    "call": "contact.ask",
    "promise": "promise.make",
    "plan": "plan.search",
    "hardship": "hardship.apply",
    "message": "contact.ask",
    "legal": "legal.propose",
}
"""The verb behind each act: who may not do it is not offered it."""
HELD_BY = {"legal": "legal", "promise": "worklist"}
"""The part of a treatment that each act is; a hold that stops it stops the act. Calls are the governor's."""


@dataclass(frozen=True, slots=True)
class ContactNow:
    """The governor's answer for one channel: allowed, or why not, under which rule, and when again."""

    allowed: bool
    why: str = ""
    rule: str = ""
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """A borrower on a day, as far as the next act depends on it. Amounts in minor units.

    `told_on`: the day on which a difficulty was last told; `affordable_fen`: a month, as reckoned from what was told.
    """

    on: date
    owed_fen: int
    days_past_due: int
    worst_days_past_due: int = 0
    promises_kept: int = 0
    promises_broken: int = 0
    promise_pending: bool = False
    conversations_30: int = 0
    debits_failed_30: int = 0
    told_on: date | None = None
    hardship_open: bool = False
    plan_running: bool = False
    affordable_fen: int | None = None
    pay_day: int | None = None
    call: ContactNow = ContactNow(True)
    message: ContactNow = ContactNow(True)
    held: Mapping[str, Held] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NextAct:
    """One act: what it is expected to bring, and why it is here: `reason` names a sentence, `inputs` fill it in.

    Not allowed: `blocked` names the sentence, `rule` the clause, `missing` what is needed, `next_at` when again.
    """

    act: str
    worth_fen: int
    reason: str
    inputs: Mapping[str, Any]
    blocked: str = ""
    rule: str = ""
    missing: Mapping[str, Any] = field(default_factory=dict)
    next_at: datetime | None = None

    @property
    def allowed(self) -> bool:
        """Whether it may be done now."""
        return not self.blocked

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self) | {"allowed": self.allowed, "next_at": self.next_at.isoformat() if self.next_at else None}


@dataclass(frozen=True, slots=True)
class NextActs:
    """The acts in order, the best one that is not allowed (None: all are), and the finding of the kind of trouble."""

    trouble: Trouble
    finding: Finding
    acts: tuple[NextAct, ...]
    not_now: NextAct | None

    def told(self) -> dict[str, Any]:
        """JSON values."""
        finding = self.finding.model_dump(mode="json")
        acts = [act.told() for act in self.acts]
        return {"trouble": self.trouble, "finding": finding, "acts": acts,
                "not_now": self.not_now.told() if self.not_now else None}  # fmt: skip


@cache
def _rule(name: str, on: date) -> Rule:
    return next(rule for rule in in_force(rules_of("next_acts"), "ANY", on) if rule.id == name)


def trouble_of(s: Situation) -> tuple[Trouble, Finding]:
    """Which of the kinds of trouble it looks like, as a finding with what it was judged by.

    Eight days late, never later before, no promise broken: forgot. A difficulty told 20 days ago: cannot, whatever
    else. Thirty days late with two promises broken: will not.
    """
    rule = _rule("next-acts.trouble", s.on)
    told = rule.parameters
    ago = (s.on - s.told_on).days if s.told_on else None
    cannot, will_not, forgot = told["cannot"], told["will_not"], told["forgot"]
    kind: Trouble = "unknown"
    difficulty = s.hardship_open or s.plan_running or (ago is not None and ago <= cannot["told_within_days"])
    if difficulty or (s.debits_failed_30 >= cannot["debits_failed"] and not s.promises_broken):
        kind = "cannot"
    elif s.days_past_due >= will_not["least_days"] and (
        s.promises_broken >= will_not["promises_broken"] or s.conversations_30 >= will_not["conversations"]
    ):
        kind = "will_not"
    elif s.days_past_due <= forgot["latest_days"] and s.worst_days_past_due <= forgot["worst_days"]:
        kind = "forgot" if not s.promises_broken else "unknown"
    inputs = {
        "days_past_due": s.days_past_due, "worst_days_past_due": s.worst_days_past_due, "difficulty_told_days": ago,
        "hardship_open": s.hardship_open, "plan_running": s.plan_running, "debits_failed_30": s.debits_failed_30,
        "promises_broken": s.promises_broken, "conversations_30": s.conversations_30,
    }  # fmt: skip
    return kind, rule.finding(s.on, kind, **inputs)


def next_acts(s: Situation, may: Mapping[str, bool]) -> NextActs:
    """The acts worth doing now, at most as many as the pack says; nothing is owed: none.

    `may`: by verb, whether who looks may do it; a verb that is not there may not be done. 1,284.50 owed by one who
    forgot: a call is worth 1,284.50 × 500 / 1000 = 642.25.
    """
    trouble, finding = trouble_of(s)
    if s.owed_fen <= 0:
        return NextActs(trouble, finding, (), None)
    told = _rule("next-acts.worth", s.on).parameters
    worth = told["permille"][trouble]
    able = [_act(name, s, int(worth.get(name, 0)), trouble) for name in ACTS if may.get(VERBS[name], False)]
    ordered = sorted((act for act in able if act.worth_fen > 0), key=lambda act: -act.worth_fen)
    allowed = tuple(act for act in ordered if act.allowed)[: told["most"]]
    return NextActs(trouble, finding, allowed, next((act for act in ordered if not act.allowed), None))


def _act(name: str, s: Situation, permille: int, trouble: Trouble) -> NextAct:
    reason, inputs = REASONS[name](s, trouble)
    worth = s.owed_fen * permille // 1_000  # whole minor units, rounded down
    blocked, rule, missing, next_at = _blocked(name, s)
    return NextAct(name, worth, reason, inputs, blocked, rule, missing, next_at)


Blocked = tuple[str, str, Mapping[str, Any], datetime | None]
FREE: Blocked = ("", "", {}, None)


def _blocked(name: str, s: Situation) -> Blocked:
    """Why an act may not be done now: a hold, the governor, what stands already, or what a step of law needs."""
    held = s.held.get(HELD_BY.get(name, ""))
    if name == "promise" and s.promise_pending:
        return "pending", "hold.promise-pending", {}, None
    if held is not None:
        return "held", held.rule.id, {"hold": held.hold, "until": held.until}, None
    if name in ("call", "message"):
        now = s.call if name == "call" else s.message
        return FREE if now.allowed else ("contact", now.rule, {"why": now.why}, now.next_at)
    if name == "plan" and s.plan_running:
        return "running", "hold.plan-running", {}, None
    if name == "hardship" and s.hardship_open:
        return "open", "hold.hardship-review", {}, None
    if name == "legal":
        rule = _rule("next-acts.legal", s.on)
        days = int(rule.parameters["least_days"]) - s.days_past_due
        return ("too_early", rule.id, {"days": days}, None) if days > 0 else FREE
    return FREE


def _why_call(s: Situation, trouble: Trouble) -> tuple[str, Mapping[str, Any]]:
    return f"call.{trouble}", {"days": s.days_past_due, "conversations": s.conversations_30}


def _why_promise(s: Situation, _: Trouble) -> tuple[str, Mapping[str, Any]]:
    told = s.promises_kept + s.promises_broken
    if told:
        return "promise.record", {"kept": s.promises_kept, "of": told}
    return ("promise.pay_day", {"day": s.pay_day}) if s.pay_day else ("promise.first", {})


def _why_plan(s: Situation, trouble: Trouble) -> tuple[str, Mapping[str, Any]]:
    if s.affordable_fen:
        return "plan.affordable", {"amount_fen": s.affordable_fen}
    return ("plan.cannot" if trouble == "cannot" else "plan.ask"), {}


def _why_hardship(s: Situation, _: Trouble) -> tuple[str, Mapping[str, Any]]:
    if s.told_on:
        return "hardship.told", {"on": s.told_on}
    return ("hardship.debits", {"failed": s.debits_failed_30}) if s.debits_failed_30 else ("hardship.ask", {})


def _why_message(s: Situation, _: Trouble) -> tuple[str, Mapping[str, Any]]:
    return "message", {}


def _why_legal(s: Situation, _: Trouble) -> tuple[str, Mapping[str, Any]]:
    return "legal", {"days": s.days_past_due}


REASONS = {
    "call": _why_call,
    "promise": _why_promise,
    "plan": _why_plan,
    "hardship": _why_hardship,
    "message": _why_message,
    "legal": _why_legal,
}
"""By act: the sentence that says why it is here, and what fills it in."""

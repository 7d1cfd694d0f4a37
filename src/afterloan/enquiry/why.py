"""Why a number or a decision is what it is: a sentence, the rule and its source, inputs, working, what changes it."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from afterloan.counting import agreeing
from afterloan.dates import number_of
from afterloan.enquiry.case import CaseLoan, CaseTold
from afterloan.enquiry.choices import ChoiceTold, choice_told
from afterloan.enquiry.rules import RuleTold, rule_told
from afterloan.enquiry.today import TodayTold
from afterloan.facts import FactRefused
from afterloan.report.explain import explain
from afterloan.store.loans import loans_now
from afterloan.strategy.next_acts import NextAct
from afterloan.strategy.story import money
from afterloan.strategy.worklist import worth_rule

TEXT: dict[str, tuple[str, str]] = {
    "due": ("Due by {on} and unpaid: {amount}.", "截至 {on} 到期未还：{amount}。"),
    "payoff": ("To end the loan on {on}: {amount}.", "{on} 结清金额：{amount}。"),
    "days": ("{days} days past due on {on}: the oldest unpaid instalment fell due on {since}.",
             "{on} 逾期 {days} 天：最早未还期供的应还日为 {since}。"),
    "days.none": ("Nothing is past due on {on}.", "{on} 没有逾期。"),
    "part.principal": ("principal", "本金"),
    "part.interest": ("interest", "利息"),
    "part.penalty": ("penalty", "罚息"),
    "part.fees": ("fees", "费用"),
    "change.next": ("On {on} a further {amount} falls due.", "{on} 将再到期 {amount}。"),
    "change.paid": ("A repayment of {amount} today leaves nothing due.", "今天还款 {amount} 后，无到期欠款。"),
    "change.grace": ("Paid within {days} days it counts as on time.", "{days} 天内还款视为按时。"),
    "change.tomorrow": ("Tomorrow it is {days} days.", "明天为 {days} 天。"),
    "change.at": ("From {at} on the answer is another one.", "自 {at} 起可以。"),
    "change.never": ("Waiting does not change it.", "等待不会改变。"),
    "contact.yes": ("May be contacted by {channel} now.", "现在可以通过{channel}联系。"),
    "contact.no": ("May not be contacted by {channel} now: {why}.", "现在不可以通过{channel}联系：{why}。"),
    "trouble": ("It looks as if this person {kind}. It is a reading of what we know, and can be contested.",
                "看起来此人{kind}。这只是依据已知信息的判断，可以提出异议。"),
    "trouble.forgot": ("forgot", "忘记了还款"),
    "trouble.cannot": ("cannot pay just now", "目前没有能力还款"),
    "trouble.will_not": ("does not want to pay", "不愿还款"),
    "trouble.unknown": ("has a reason that we do not know yet", "原因尚不清楚"),
    "next": ("{act} is expected to bring {amount} of {owed} owed.", "预计{act}可收回 {amount}（欠款 {owed}）。"),
    "worth": ("Working this case once is expected to bring {amount}.", "处理此案一次预计收回 {amount}。"),
    "worth.working": ("{arrears} × {lift} / 1000{halved} − {cost} = {amount}",
                      "{arrears} × {lift} / 1000{halved} − {cost} = {amount}"),
    "hold": ("{hold} since {since}; it stops: {stops}.", "{hold}，自 {since} 起；暂停：{stops}。"),
    "hold.until": ("It ends after {until}.", "到 {until} 止。"),
    "hold.lifted": ("It lasts until somebody lifts it; looked at again on {review}.", "直到解除；{review} 复核。"),
    "promise": ("{amount} promised for {due}: {outcome}, {paid} came by {until}.",
                "承诺 {due} 前还款 {amount}：{outcome}；截至 {until} 到账 {paid}。"),
    "limit": ("Limit {amount}{frozen}; new borrowing: {bars}.", "额度 {amount}{frozen}；新增借款：{bars}。"),
    "day": ("What was decided on {on}.", "{on} 的决定。"),
    "choice": ("Of what the ladder asked for that day ({asked}) this was chosen: {given}; {how}.",
               "当日阶梯要求（{asked}）中选定：{given}；{how}。"),
    "choice.none": ("nothing", "不作处置"),
    "choice.drawn": ("drawn by chance, to learn from", "随机抽取，用于学习效果"),
    "choice.worth": ("worth most by model {model}", "按模型 {model} 价值最高"),
    "choice.ladder": ("as the ladder says", "按阶梯执行"),
    "choice.option": ("{option}: chance {chance}", "{option}：概率 {chance}"),
    "choice.seen": (", paid {paid}, worth {worth} more than nothing", "，还清可能 {paid}，比不处置多 {worth}"),
    "bureau": ("{month}: told as {status}, {amount} overdue.", "{month}：报送为 {status}，逾期 {amount}。"),
    "decided": ("{actions} actions were asked for by the ladders for {borrowers} borrowers; rules refused {refused}.",
                "对 {borrowers} 位借款人，催收阶梯共要求 {actions} 项动作；规则拒绝 {refused} 项。"),
    "sent": ("{sent} of the day's actions left; {waiting} wait, {dropped} were dropped or refused when sent.",
             "当日动作中 {sent} 项已执行；{waiting} 项等待，{dropped} 项放弃或被拒。"),
    "promises": ("{n} promises fall due on {on}, of {amount} in all; they are judged by the money that comes.",
                 "{on} 有 {n} 项承诺到期，共 {amount}；以到账为准。"),
    "queue": ("{cases} cases were open in {queue} when the day was decided: overdue beyond grace, put there by a step.",
              "当日决定时，{queue} 有 {cases} 件未结案件：已过宽限期，由阶梯的某一步放入。"),
    "flow": ("{came} loans came into M{bucket} on {on}, {left} left it for a better one.",
             "{on} 有 {came} 笔进入 M{bucket}，{left} 笔好转离开。"),
    "clock": ("{open} tasks of {queue} are open; {late} are late, {soon} end within three days.",
              "{queue} 有 {open} 项待办；{late} 项已超时，{soon} 项三天内到期。"),
    "refused": ("The rule refused {times} times on {on}.", "该规则在 {on} 拒绝了 {times} 次。"),
    "proof": ("Contracts {loans} = closed {closed} + excepted {excepted}; the difference is {difference}.",
              "合同 {loans} = 已结账 {closed} + 例外 {excepted}；差额 {difference}。"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Why:
    """An answer. `working`: (day, line, whether it is a line of working); `inputs`: (name, value)."""

    about: str
    sentence: str
    rules: tuple[RuleTold, ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()
    working: tuple[tuple[str, str, bool], ...] = ()
    changes: tuple[str, ...] = ()

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


def say(name: str, language: str, **values: Any) -> str:
    """A sentence of `TEXT` with its values."""
    return agreeing(TEXT[name][0 if language == "en" else 1].format(**values))


def why_of_case(connection: psycopg.Connection[Any], case: CaseTold, about: str, language: str) -> Why:
    """Why something of a case is as it is.

    `about`: `due`, `due:LOAN`, `payoff:LOAN`, `days`, `days:LOAN`, `contact:CHANNEL:PURPOSE`, `trouble`, `next:ACT`,
    `hold:REFERENCE`, `promise:REFERENCE`, `limit`, `bureau:LOAN:MONTH`, `day:YYYY-MM-DD`. Raises FactRefused (unknown).
    """
    what, _, of = about.partition(":")
    answer = ANSWERS.get(what)
    if answer is None:
        raise FactRefused("about", about, "nothing of that name is explained", f"there are: {', '.join(ANSWERS)}",
                          "unknown")  # fmt: skip
    return answer(connection, case, of, language)


def _loan(case: CaseTold, name: str) -> CaseLoan:
    for loan in case.loans:
        if loan.loan == name:
            return loan
    raise FactRefused("loan", name, "is no loan of this borrower", "look at the case again", "unknown")


def _working(
    connection: psycopg.Connection[Any], case: CaseTold, loan: CaseLoan, language: str
) -> tuple[tuple[str, str, bool], ...]:
    book = loans_now(connection, "c.reference = %(loan)s", {"loan": loan.loan})
    story = explain(book, 0, loan.product, number_of(case.on), number_of(case.known_on), language)
    return tuple((line.on, line.text, line.indent) for line in story.lines)


def _changes(loan: CaseLoan, language: str) -> Iterator[str]:
    if loan.grace_left:
        yield say("change.grace", language, days=loan.grace_left)
    if loan.due_fen:
        yield say("change.paid", language, amount=money(loan.due_fen))
    if loan.next_on:
        yield say("change.next", language, on=loan.next_on, amount=money(loan.next_fen))


def _due(connection: psycopg.Connection[Any], case: CaseTold, of: str, language: str) -> Why:
    loans = [_loan(case, of)] if of else [loan for loan in case.loans if loan.due_fen] or list(case.loans)
    total = sum(loan.due_fen for loan in loans)
    parts = {name: sum(loan.parts[name] for loan in loans) for name in case.owed.parts}
    working: list[tuple[str, str, bool]] = []
    for loan in loans:
        working += [("", loan.loan, False)] if len(loans) > 1 else []
        working += _working(connection, case, loan, language)
    inputs = [(say(f"part.{name}", language), money(fen)) for name, fen in parts.items()]
    inputs += [(loan.loan, money(loan.due_fen)) for loan in loans if len(loans) > 1]
    changes = tuple(line for loan in loans for line in _changes(loan, language))
    return Why("due", say("due", language, on=case.on, amount=money(total)), (), tuple(inputs), tuple(working), changes)


def _payoff(connection: psycopg.Connection[Any], case: CaseTold, of: str, language: str) -> Why:
    loan = _loan(case, of)
    sentence = say("payoff", language, on=case.on, amount=money(loan.payoff_fen))
    working = _working(connection, case, loan, language)
    return Why("payoff", sentence, (), (), working, tuple(_changes(loan, language)))


def _days(connection: psycopg.Connection[Any], case: CaseTold, of: str, language: str) -> Why:
    loan = _loan(case, of) if of else max(case.loans, key=lambda one: one.days_past_due)
    days = loan.days_past_due
    if not days:
        return Why("days", say("days.none", language, on=case.on))
    since = case.on - timedelta(days=days)
    changes = (say("change.tomorrow", language, days=days + 1), *_changes(loan, language))
    sentence = say("days", language, days=days, on=case.on, since=since)
    return Why("days", sentence, (), (("loan", loan.loan), ("since", str(since))),
               ((str(case.on), f"{case.on} − {since} = {days}", False),), changes)  # fmt: skip


def _at(at: datetime | None, language: str) -> str:
    return say("change.at", language, at=f"{at:%Y-%m-%d %H:%M}") if at else say("change.never", language)


def _contact(connection: psycopg.Connection[Any], case: CaseTold, of: str, language: str) -> Why:
    channel, _, purpose = of.partition(":")
    who, purpose = (purpose, "") if channel == "person" else ("", purpose or "collection")
    for answer in case.contact.answers:
        if (answer.who == who and who) or (answer.channel, answer.purpose, answer.who) == (channel, purpose, ""):
            name = "contact.yes" if answer.allowed else "contact.no"
            sentence = say(name, language, channel=answer.channel, why=answer.why)
            inputs = (("at", f"{case.contact.at:%Y-%m-%d %H:%M}"), ("zones", ", ".join(case.contact.zones)),
                      ("purpose", answer.purpose), ("jurisdiction", case.contact.jurisdiction))  # fmt: skip
            changes = () if answer.allowed else (_at(answer.next_at, language),)
            return Why("contact", sentence, answer.rules, inputs, (), changes)
    raise FactRefused("channel", of, "is not asked for this borrower", "look at the case again", "unknown")


def _trouble(connection: psycopg.Connection[Any], case: CaseTold, of: str, language: str) -> Why:
    kind = say(f"trouble.{case.next.trouble}", language)
    inputs = tuple((name, "" if v is None else str(v)) for name, v in case.next.finding.inputs.items())
    return Why("trouble", say("trouble", language, kind=kind), _rules(case.next.finding.rule), inputs)


def _next(connection: psycopg.Connection[Any], case: CaseTold, of: str, language: str) -> Why:
    acts = [*case.next.acts, *([case.next.not_now] if case.next.not_now else [])]
    act: NextAct | None = next((one for one in acts if one.act == of), None)
    if act is None:
        raise FactRefused("act", of, "is not among the next acts", "look at the case again", "unknown")
    told = {"amount": money(act.worth_fen), "owed": money(case.owed.due_fen)}
    sentence = say("next", language, act=act.act, **told)
    permille = act.worth_fen * 1_000 // case.owed.due_fen if case.owed.due_fen else 0
    working = (("", f"{told['owed']} × {permille} / 1000 ≈ {told['amount']}", True),)
    inputs = [("trouble", case.next.trouble), *((name, str(v)) for name, v in act.inputs.items())]
    inputs += [(name, str(v)) for name, v in act.missing.items() if v not in (None, "")]
    changes = () if act.allowed else (_at(act.next_at, language),)
    return Why("next", sentence, (*_rules("next-acts.worth"), *_rules(act.rule)), tuple(inputs), working, changes)


def _rules(name: str) -> tuple[RuleTold, ...]:
    told = rule_told(name) if name else None
    return (told,) if told else ()


def _hold(connection: psycopg.Connection[Any], case: CaseTold, of: str, language: str) -> Why:
    for held in case.holds:
        if held.reference == of:
            stops = ", ".join(held.rule.parameters["stops"])
            sentence = say("hold", language, hold=held.hold.replace("_", " "), since=held.since, stops=stops)
            ends = say("hold.until", language, until=held.until) if held.until else say(
                "hold.lifted", language, review=held.review_on or "–")  # fmt: skip
            return Why("hold", sentence, _rules(held.rule.id), (("reference", held.reference),), (), (ends,))
    raise FactRefused("hold", of, "is not in effect", "look at the case again", "unknown")


def _promise(connection: psycopg.Connection[Any], case: CaseTold, of: str, language: str) -> Why:
    for one in case.promises:
        if one.promise.reference == of:
            told = {"amount": money(one.promise.amount_fen), "paid": money(one.paid_fen), "until": one.until}
            sentence = say("promise", language, due=one.promise.due_on, outcome=one.outcome, **told)
            inputs = (("by", one.promise.by), ("on", str(one.promise.on)), ("loan", one.promise.loan or ""))
            return Why("promise", sentence, _rules("hold.promise-pending"), inputs)
    raise FactRefused("promise", of, "no promise of that reference", "look at the case again", "unknown")


def _limit(connection: psycopg.Connection[Any], case: CaseTold, of: str, language: str) -> Why:
    line = case.line
    frozen = {"en": ", on hold", "zh": "，已暂停"}[language] if line.frozen else ""
    bars = ", ".join(line.bars) or "–"
    row = connection.execute(
        "select e.body->>'rule', e.body->>'reason', e.on_day::text from event e join borrower b using (borrower) "
        "where b.reference = %s and e.kind like 'limit.%%' and e.on_day <= %s order by e.event desc limit 1",
        (case.borrower, case.on),
    ).fetchone()
    rules = _rules(str(row[0])) if row and row[0] else ()
    inputs = (("since", row[2]), ("reason", row[1] or "")) if row else ()
    return Why("limit", say("limit", language, amount=money(line.limit_fen), frozen=frozen, bars=bars), rules, inputs)


def _bureau(connection: psycopg.Connection[Any], case: CaseTold, of: str, language: str) -> Why:
    loan, _, month = of.rpartition(":")
    for one in case.months:
        if (one.loan, one.month) == (loan, month):
            sentence = say("bureau", language, month=month, status=one.status, amount=money(one.overdue_fen))
            return Why("bureau", sentence, (), (("bureau", case.bureau), ("loan", loan), ("record", one.record)))
    raise FactRefused("month", of, "nothing was told of it", "look at the case again", "unknown")


DECIDED = (
    "select f.about, f.rule, f.outcome, f.inputs from finding f join borrower b using (borrower) "
    "where b.reference = %(of)s and f.decided_on = %(on)s order by f.finding limit 50"
)
ACTED = (
    "select o.kind, o.body, o.not_before::text from outbox o join borrower b using (borrower) "
    "where b.reference = %(of)s and o.decided_on = %(on)s order by o.action limit 50"
)


def _day(connection: psycopg.Connection[Any], case: CaseTold, of: str, language: str) -> Why:
    """All that was decided for the borrower on a day, and what rules refused."""
    told = {"of": case.borrower, "on": date.fromisoformat(of)}
    acted = connection.execute(ACTED, told).fetchall()
    found = connection.execute(DECIDED, told).fetchall()
    lines = [(of, f"{kind}: {body.get('ladder', '')} {body.get('step', '')} {body.get('template', '')}".strip(), False)
             for kind, body, _ in acted]  # fmt: skip
    lines += [(of, f"{about}: {outcome} ({rule})", True) for about, rule, outcome, _ in found]
    rules = tuple(told for name in dict.fromkeys(row[1] for row in found) for told in _rules(name))
    inputs = tuple((name, str(v)) for row in found for name, v in row[3].items())[:20]
    choice = choice_told(connection, case.borrower, date.fromisoformat(of))
    if choice is not None:
        lines = [*_of_choice(choice, language), *lines]
        rules = (*_rules(choice.rule), *(rule for rule in rules if rule.rule != choice.rule))
    return Why("day", say("day", language, on=of), rules, inputs, tuple(lines))


def _of_choice(choice: ChoiceTold, language: str) -> Iterator[tuple[str, str, bool]]:
    """What was chosen among the steps of the day and why, and each option with its chance."""

    def name(option: str) -> str:
        return say("choice.none", language) if option == "none" else option.replace("+", ", ")

    how = "drawn" if choice.drawn else "worth" if choice.model else "ladder"
    told = {"asked": name(choice.asked), "given": name(choice.given)}
    on = str(choice.on)
    yield on, say("choice", language, **told, how=say(f"choice.{how}", language, model=choice.model)), False
    for option, chance, paid, worth in choice.options:
        line = say("choice.option", language, option=name(option), chance=f"{chance / 10_000:.1f} %")
        if paid is not None and worth is not None:
            line += say("choice.seen", language, paid=f"{paid / 10_000:.1f} %", worth=money(worth))
        yield on, line, True


Answer = Callable[[psycopg.Connection[Any], CaseTold, str, str], Why]
ANSWERS: dict[str, Answer] = {
    "due": _due,
    "payoff": _payoff,
    "days": _days,
    "contact": _contact,
    "trouble": _trouble,
    "next": _next,
    "hold": _hold,
    "promise": _promise,
    "limit": _limit,
    "bureau": _bureau,
    "day": _day,
}
"""Everything of a case that can be asked about."""


def why_worth(arrears_fen: int, days: int, broken: int, on: date, language: str) -> Why:
    """Why working a case is expected to bring what it does.

    1,000.00 in arrears at 10 days, nothing broken: 1,000.00 × 250 / 1000 − 6.00 = 244.00.
    """
    rule = worth_rule(on)
    lift = next(share for last, share in rule["lift_permille"] if last is None or days <= last)
    halves = min(broken, int(rule["broken_halves_up_to"]))
    worth = max((arrears_fen * int(lift) // 1_000 >> halves) - int(rule["cost_fen"]), 0)
    halved = f" / {2**halves}" if halves else ""
    line = say("worth.working", language, arrears=money(arrears_fen), lift=lift, halved=halved,
               cost=money(int(rule["cost_fen"])), amount=money(worth))  # fmt: skip
    inputs = (("arrears", money(arrears_fen)), ("days", str(days)), ("promises broken", str(broken)))
    return Why("worth", say("worth", language, amount=money(worth)), _rules("worklist.expected-value"), inputs,
               (("", line, True),))  # fmt: skip


def why_of_day(day: TodayTold, about: str, language: str) -> Why:
    """Why a figure of a day is what it is: `proof`, `decided`, `sent`, `promises`, `queue:NAME`, `flow:BUCKET`,
    `clock:QUEUE`, `refused:RULE`. Raises FactRefused (unknown).
    """
    what, _, of = about.partition(":")
    answer = DAY_ANSWERS.get(what)
    told = answer(day, of, language) if answer else None
    if told is None:
        raise FactRefused("about", about, "is no figure of this day", "look at the day again", "unknown")
    return told


def _of_proof(day: TodayTold, of: str, language: str) -> Why | None:
    p = day.proof
    if p is None:
        return None
    told = {"loans": p.loans_in, "closed": p.closed, "excepted": p.excepted, "difference": p.difference}
    line = f"{p.loans_in:,} − {p.closed:,} − {p.excepted:,} = {p.difference:,}"
    inputs = (("closed_on", str(p.closed_on)),)
    return Why("proof", say("proof", language, **told), (), inputs, (("", line, True),))


def _of_decided(day: TodayTold, of: str, language: str) -> Why | None:
    d = day.decided
    if d is None:
        return None
    told = {"actions": d.actions, "borrowers": d.borrowers, "refused": d.refused}
    inputs = (("decided_on", str(d.decided_on)), ("withdrawn", str(d.withdrawn)))
    return Why("decided", say("decided", language, **told), (), inputs)


def _of_sent(day: TodayTold, of: str, language: str) -> Why | None:
    d = day.decided
    if d is None:
        return None
    told = {"sent": d.sent, "waiting": d.waiting, "dropped": d.dropped}
    return Why("sent", say("sent", language, **told), (), (("decided_on", str(d.decided_on)),))


def _of_promises(day: TodayTold, of: str, language: str) -> Why | None:
    told = {"n": day.promises_due, "on": day.on, "amount": money(day.promises_due_fen)}
    return Why("promises", say("promises", language, **told), _rules("hold.promise-pending"))


def _of_queue(day: TodayTold, of: str, language: str) -> Why | None:
    for q in day.queues:
        if q.queue == of:
            told = {"arrears": money(q.arrears_fen), "worth": money(q.worth_fen), "over_a_week": str(q.over_a_week)}
            inputs = tuple(told.items())
            sentence = say("queue", language, cases=q.cases, queue=q.queue)
            return Why("queue", sentence, _rules("worklist.expected-value"), inputs)
    return None


def _of_flow(day: TodayTold, of: str, language: str) -> Why | None:
    for f in day.flow:
        if str(f.bucket) == of and day.proof:
            told = {"came": f.came, "left": f.left, "bucket": f.bucket, "on": day.proof.closed_on}
            return Why("flow", say("flow", language, **told))
    return None


def _of_clock(day: TodayTold, of: str, language: str) -> Why | None:
    for c in day.clocks:
        if c.queue == of:
            told = {"open": c.open, "late": c.late, "soon": c.soon, "queue": c.queue}
            return Why("clock", say("clock", language, **told), (), (("nearest", str(c.nearest or "")),))
    return None


def _of_refused(day: TodayTold, of: str, language: str) -> Why | None:
    for r in day.refusals:
        if r.name == of:
            rules = (r.rule,) if r.rule else ()
            return Why("refused", say("refused", language, times=r.times, on=day.on), rules, (("rule", r.name),))
    return None


DAY_ANSWERS: dict[str, Callable[[TodayTold, str, str], Why | None]] = {
    "proof": _of_proof,
    "decided": _of_decided,
    "sent": _of_sent,
    "promises": _of_promises,
    "queue": _of_queue,
    "flow": _of_flow,
    "clock": _of_clock,
    "refused": _of_refused,
}
"""Every figure of a day."""

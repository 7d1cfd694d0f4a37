"""A loan's story line by line, with the working shown, so that 'why do I owe this?' has an answer."""

import json
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from afterloan.counting import agreeing
from afterloan.dates import NEVER, iso
from afterloan.loan.book import Book
from afterloan.loan.penalty import penalty_base, raised_rate
from afterloan.loan.reckon import Reckoned, reckon_loan
from afterloan.loan.suppose import ends_debt
from afterloan.loan.terms import (
    RATE_SCALE,
    Accrual,
    Cause,
    Component,
    DayCount,
    FactKind,
    JudgedPart,
    Method,
    Per,
    Refusal,
    State,
    Timing,
)
from afterloan.money import show_amount

PARTS = {
    "en": {
        Component.PENALTY: "penalty",
        Component.FEE: "fees",
        Component.INTEREST: "interest",
        Component.PRINCIPAL: "principal",
    },
    "zh": {Component.PENALTY: "罚息", Component.FEE: "费用", Component.INTEREST: "利息", Component.PRINCIPAL: "本金"},
}
TEXT = {
    "accelerated": (
        "called due at once by notice: the rest of the principal, {amount}",
        "宣布提前到期：剩余本金 {amount} 立即到期",
    ),
    "runs_on": (
        "interest of the principal called due: {amount}, due at once",
        "提前到期本金的利息：{amount}，立即到期",
    ),
    "judged": ("a court fixed the {part} at {amount}", "法院判定{part} {amount}"),
    "judged_interest": (
        "interest by the judgment: {amount}, due at once",
        "按判决计付的利息：{amount}，立即到期",
    ),
    "extra_interest": (
        "extra interest for late performance: {principal_days} (principal × days) × {rate} % = {amount}",
        "迟延履行加倍部分债务利息：{principal_days} 本金积数 × {rate}% = {amount}",
    ),
    "judgment_parts": (
        "The court lets it be paid in {count} parts, from {first} to {last}; what time adds is due with the last.",
        "法院准许分{count}期履行，自{first}至{last}；此后产生的利息随最后一期支付。",
    ),
    "judgment": (
        "Judgment of {on}, to be performed by {by}: money meets costs, interest and penalties, principal, and extra "
        "interest last.",
        "{on} 判决，履行期至 {by}：还款依次冲抵费用、利息及罚息、本金，最后为加倍部分债务利息。",
    ),
    "claim": (
        "Written off on {on}, still owed: {amount} (off the books; recovered so far {recovered}).",
        "已于 {on} 核销，债权仍在：尚欠 {amount}（表外，已收回 {recovered}）。",
    ),
    "no_instalment": (
        "Called due on {on}: no instalment falls due any more.",
        "已于 {on} 宣布提前到期：此后不再有期供到期。",
    ),
    "withdrawn": (
        "the acceleration was withdrawn: the loan stands as though it had never been called due",
        "撤回提前到期：贷款恢复原还款计划，视同未曾宣布提前到期",
    ),
    "terms": (
        "Lent {principal} on {signed}: {count} instalments, {rate} % a {per}; product {product}.",
        "{signed} 借款 {principal}：共 {count} 期，利率每{per} {rate}%；产品 {product}。",
    ),
    "disbursed": ("paid out {amount}", "放款 {amount}"),
    "fell_due": (
        "instalment {n} falls due: {amount} = principal {principal} + interest {interest}",
        "第 {n} 期到期：{amount} = 本金 {principal} + 利息 {interest}",
    ),
    "working": (
        "interest {interest}: {balance_days} (balance × days) × {rate} % = {exact}, rounded once",
        "利息 {interest}：积数 {balance_days} × {rate}% = {exact}，到期一次取整",
    ),
    "repaid": ("received {amount}{split}", "收到还款 {amount}{split}"),
    "refunded": ("given back to the borrower {amount}", "退还借款人 {amount}"),
    "refund_returned": ("a refund came back {amount}{split}", "退款被退回 {amount}{split}"),
    "transferred_in": ("came from another loan {amount}{split}", "自其他贷款转入 {amount}{split}"),
    "transferred_out": ("passed on to another loan {amount}", "转入其他贷款 {amount}"),
    "made_good": ("{amount} makes good what was given back without cover", "{amount} 冲抵无款可退的退款"),
    "without_cover": (
        "Given back without cover, owed by the borrower: {amount}.",
        "无款可退而已退，应由借款人返还：{amount}。",
    ),
    "freed": (
        "{amount} paid ahead for charges to come counts towards what ends the loan",
        "已预付的后续费用 {amount} 抵作结清款",
    ),
    "charge_ended": ("charge {n} of the product ends", "产品第 {n} 项收费自此停止"),
    "split": (": {parts}", "：{parts}"),
    "part": ("{part} of instalment {n} {amount}", "第 {n} 期{part} {amount}"),
    "kept": ("{amount} kept unapplied", "{amount} 待分配"),
    "used": ("{amount} that had been kept is used", "使用待分配款 {amount}"),
    "charged": ("charged {part} {amount}, with instalment {n}", "计收{part} {amount}，随第 {n} 期"),
    "capitalised": ("became principal: {part} of instalment {n} {amount}", "第 {n} 期{part} {amount} 转为本金"),
    "written_off": ("written off: {part} of instalment {n} {amount}", "核销第 {n} 期{part} {amount}"),
    "sold": ("sold with the loan: {part} of instalment {n} {amount}", "随贷款转让第 {n} 期{part} {amount}"),
    "re_installed": ("into the plan: {part} of instalment {n} {amount}", "转入还款计划：第 {n} 期{part} {amount}"),
    "recovered": ("recovered after the write-off {amount}", "核销后收回 {amount}"),
    "waived": ("given up: {part} of instalment {n} {amount}", "减免第 {n} 期{part} {amount}"),
    "waived_less": (
        "{amount} of {part} was to be given up; only {found} of it was owed that day, the rest does nothing",
        "拟减免{part} {amount}；当日仅欠 {found}，其余不生效",
    ),
    "gone": (
        "received {amount}, but taken back; learnt on {known}: it does not count",
        "收到 {amount}，但已被撤回（{known} 得知），不计入",
    ),
    "unknown": (
        "{count} facts up to this day were not known on {known}",
        "截至当日有 {count} 条信息在 {known} 尚未获知",
    ),
    "penalty": (
        "penalty of instalment {n}: {overdue_days} (overdue × days) × {rate} % = {amount}",
        "第 {n} 期罚息：逾期积数 {overdue_days} × {rate}% = {amount}",
    ),
    "penalty_of_days": (
        "penalty of instalment {n}: overdue × each day's rate, added up = {exact}, rounded once: {amount}",
        "第 {n} 期罚息：逾期金额 × 当日利率逐日累计 = {exact}，一次取整 {amount}",
    ),
    "owed": (
        "Owed on {on}: {parts}; due and unpaid in all {arrears}, {days} days past due ({state}).",
        "{on} 欠款：{parts}；到期未还合计 {arrears}，逾期 {days} 天（{state}）。",
    ),
    "ahead": ("Next: {amount} on {on}.", "下一期：{on} 应还 {amount}。"),
    "payoff": ("To end the loan today: {amount}.", "当日结清金额：{amount}。"),
    "unapplied": ("Kept unapplied: {amount}.", "待分配款：{amount}。"),
    "check": (
        "Check: lent {lent} - principal repaid {repaid} - given up {waived} = {left}, "
        "and the position says {position}.",
        "核对：放款 {lent} - 已还本金 {repaid} - 减免 {waived} = {left}，账面本金 {position}。",
    ),
    "order": ("Money meets debt in this order: {order}.", "冲账顺序：{order}。"),
    "nothing": ("Nothing has been paid out by this day.", "截至当日尚未放款。"),
}
PERS = {
    "en": {Per.DAY: "day", Per.MONTH: "month", Per.YEAR: "year"},
    "zh": {Per.DAY: "日", Per.MONTH: "月", Per.YEAR: "年"},
}
STATES = {
    "en": {s: s.name.lower().replace("_", " ") for s in State},
    "zh": {
        State.SIGNED: "已签约",
        State.CURRENT: "正常",
        State.IN_GRACE: "宽限期内",
        State.OVERDUE: "逾期",
        State.PAID_OFF: "已结清",
        State.CHARGED_OFF: "已转损失",
        State.WRITTEN_OFF: "已核销",
        State.SOLD: "已转让",
    },
}


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """One line of a story; `on` is empty for what belongs to no day, `indent` marks working.

    `fact`: the store's number of the fact that brought the money it tells of; 0: it tells of no money that came.
    """

    on: str
    text: str
    indent: bool = False
    fact: int = 0


@dataclass(frozen=True, slots=True)
class Story:
    """A loan's story. `adds_up`: the movements told come to the position."""

    lines: list[ExplainedLine]
    adds_up: bool

    def print(self, console: Any) -> None:
        """The story on a terminal."""
        from rich.text import Text

        for line in self.lines:
            space = "    " if line.indent else ""
            told = Text.assemble((f"{line.on:10}", "dim"), f"  {space}{line.text}")
            console.print(told, soft_wrap=True, highlight=False)

    def to_json(self) -> str:
        """The story for machines."""
        return json.dumps(asdict(self), ensure_ascii=False)


def money(fen: int) -> str:
    """`money(123450) == "1,234.50"`."""
    return f"{show_amount(int(fen), group=',')}"


def percent(rate: int) -> str:
    """A rate on RATE_SCALE in percent: 4,560 is 0.0456."""
    return f"{int(rate) * 100 / RATE_SCALE:.5f}".rstrip("0").rstrip(".")


class _Teller:
    def __init__(self, book: Book, i: int, product: str, reckoned: Reckoned, language: str) -> None:
        if language not in PARTS:
            raise ValueError(f"language {language!r} is not known; write en or zh")
        self.book, self.product, self.told, self.language = book, product, reckoned, language
        self.contract = book.contracts[i]
        self.terms = book.products[self.contract["product"]]
        self.facts = book.facts[book.fact_at[i] : book.fact_at[i + 1]]
        self.lines: list[ExplainedLine] = []

    def say(self, name: str, /, **values: Any) -> str:
        return agreeing(TEXT[name][0 if self.language == "en" else 1].format(**values))

    def line(self, on: int | None, name: str, /, *, indent: bool = False, fact: int = 0, **values: Any) -> None:
        self.lines.append(ExplainedLine(iso(on) if on is not None else "", self.say(name, **values), indent, fact))

    def covered(self, k: int) -> bool:
        """Whether the UNAPPLIED movement k left money waiting, not a lack made good."""
        moves = self.told.movements[: k + 1]
        return int(moves[moves["cause"] == Cause.UNAPPLIED]["amount_fen"].sum()) > 0

    def part(self, component: int) -> str:
        return PARTS[self.language][Component(component)]


def explain(book: Book, i: int, product: str, on: int, known_on: int | None = None, language: str = "en") -> Story:
    """The story of loan `i` up to the end of day `on`, with what was known on `known_on` (default: all).

    Raises ValueError for a loan that cannot be reckoned or a language without words.
    """
    known = NEVER if known_on is None else known_on
    reckoned = reckon_loan(book, i, on, known)
    if reckoned.position["error"]:
        reason = Refusal(int(reckoned.position["error"])).name.lower().replace("_", " ")
        raise ValueError(f"this loan cannot be reckoned: {reason}; see the table `exception` for what to do")
    teller = _Teller(book, i, product, reckoned, language)
    _tell_terms(teller)
    _tell_days(teller, on, known)
    _tell_unknown(teller, on, known)
    return Story(teller.lines, _tell_end(teller, on, known))


def _tell_terms(t: _Teller) -> None:
    c = t.contract
    t.line(
        None,
        "terms",
        principal=money(c["principal_fen"]),
        signed=iso(c["signed_on"]),
        count=int(c["instalments"]),
        rate=percent(c["rate"]),
        per=PERS[t.language][Per(int(t.terms["per"]))],
        product=t.product,
    )
    if t.terms["by_timing"]:
        due = [t.part(int(code) % 4) for code in t.terms["order"][: t.terms["orders"]] if code // 4 == Timing.PAST_DUE]
        t.line(None, "order", order=(", " if t.language == "en" else "、").join(due))


def _tell_days(t: _Teller, on: int, known: int) -> None:
    moves = t.told.movements
    stories: list[tuple[int, int, Any]] = []
    for k, move in enumerate(moves):
        stories.append((int(move["on"]), k, None))
    for k, fact in enumerate(t.facts):
        if (
            fact["kind"] == FactKind.REPAID
            and fact["on"] <= on
            and fact["known_on"] <= known
            and fact["gone_on"] <= known
        ):
            if fact["gone_on"] != NEVER:
                stories.append((int(fact["on"]), len(moves) + k, fact))
    stories += _unmoving(t, on, known)
    told: set[int] = set()
    for day, k, fact in sorted(stories, key=lambda s: (s[0], s[1])):
        if fact is not None:
            _tell_unmoving(t, day, k - len(moves), fact)
        elif k not in told:
            told |= _tell_move(t, k)


def _tell_unmoving(t: _Teller, day: int, k: int, fact: Any) -> None:
    """Tell the fact k, which has no movement of its own, after the movements of its day."""
    if fact["kind"] == FactKind.ACCELERATION_WITHDRAWN:
        t.line(day, "withdrawn")
    elif fact["kind"] == FactKind.CHARGE_ENDED:
        t.line(day, "charge_ended", n=int(fact["component"]) + 1)
    elif fact["kind"] == FactKind.WAIVED:
        part, found = t.part(fact["component"]), money(_waived_by(t, k))
        t.line(day, "waived_less", part=part, amount=money(fact["amount_fen"]), found=found)
    else:
        t.line(day, "gone", amount=money(fact["amount_fen"]), known=iso(fact["gone_on"]))


def _waived_by(t: _Teller, k: int) -> int:
    """What the waiver k found to give up."""
    moves = t.told.movements
    return int(moves[(moves["fact"] == k) & (moves["cause"] == Cause.WAIVED)]["amount_fen"].sum())


def _unmoving(t: _Teller, on: int, known: int) -> list[tuple[int, int, Any]]:
    """Facts that move nothing by themselves: an acceleration withdrawn is as if it had never been, a charge ends.

    Also waivers that asked for more than was owed on their day: it is said, not passed over.
    """
    told = []
    for k, fact in enumerate(t.facts):
        stands = (
            fact["on"] <= on and fact["known_on"] <= known and (fact["gone_on"] > known or fact["gone_on"] == NEVER)
        )
        silent = fact["kind"] in (FactKind.ACCELERATION_WITHDRAWN, FactKind.CHARGE_ENDED)
        less = fact["kind"] == FactKind.WAIVED and _waived_by(t, k) < fact["amount_fen"]
        if stands and (silent or less):
            told.append((int(fact["on"]), len(t.told.movements) + k, fact))
    return told


TOLD_AS = {
    Cause.CHARGED: "charged",
    Cause.WAIVED: "waived",
    Cause.CAPITALISED: "capitalised",
    Cause.WRITTEN_OFF: "written_off",
    Cause.SOLD: "sold",
    Cause.JUDGED: "judged",
    Cause.RE_INSTALLED: "re_installed",
}


def _tell_move(t: _Teller, k: int) -> set[int]:
    """Tell the movement k, with those that belong to it; which ones were told."""
    moves = t.told.movements
    move = moves[k]
    on, cause, amount = int(move["on"]), Cause(int(move["cause"])), int(move["amount_fen"])
    if cause == Cause.ACCELERATED:
        t.line(on, "accelerated", amount=money(amount))
    elif cause == Cause.DISBURSED:
        t.line(on, "disbursed", amount=money(amount))
    elif cause == Cause.FELL_DUE:
        return _tell_due(t, k)
    elif cause in GIVEN:
        return _tell_given(t, k)
    elif cause in (Cause.REPAID, Cause.UNAPPLIED, Cause.RECOVERED) and move["fact"] >= 0:
        return _tell_repayment(t, int(move["fact"]))
    elif cause == Cause.REPAID and amount < 0:
        pass  # told with the money that it freed
    elif cause == Cause.REPAID:
        t.line(on, "part", indent=True, part=t.part(move["component"]), n=int(move["instalment"]), amount=money(amount))
    elif cause == Cause.UNAPPLIED and amount > 0:
        t.line(on, "freed", amount=money(amount))
    elif cause == Cause.UNAPPLIED:
        t.line(on, "used", amount=money(-amount))
    else:
        name = TOLD_AS[cause]
        t.line(on, name, part=t.part(move["component"]), n=int(move["instalment"]), amount=money(amount))
    return {k}


GIVEN = (Cause.REFUNDED, Cause.TRANSFERRED_IN, Cause.TRANSFERRED_OUT)
IN_AS = {
    int(FactKind.REFUND_RETURNED): "refund_returned",
    int(FactKind.TRANSFERRED_IN): "transferred_in",
}


def _tell_given(t: _Teller, k: int) -> set[int]:
    """A refund or a transfer, out or in, with the movements of its fact."""
    move = t.told.movements[k]
    fact, cause = int(move["fact"]), Cause(int(move["cause"]))
    mine = set(np.flatnonzero(t.told.movements["fact"] == fact).tolist())
    if int(t.facts[fact]["kind"]) in IN_AS:
        return mine | _tell_repayment(t, fact)
    name = "refunded" if cause == Cause.REFUNDED else "transferred_out"
    t.line(int(move["on"]), name, amount=money(move["amount_fen"]))
    return mine


def _tell_due(t: _Teller, k: int) -> set[int]:
    moves = t.told.movements
    n, on = int(moves[k]["instalment"]), int(moves[k]["on"])
    mine = np.flatnonzero((moves["cause"] == Cause.FELL_DUE) & (moves["instalment"] == n) & (moves["on"] == on))
    amounts = {int(moves[j]["component"]): int(moves[j]["amount_fen"]) for j in mine}
    interest, principal = amounts.get(Component.INTEREST, 0), amounts.get(Component.PRINCIPAL, 0)
    if Component.PRINCIPAL not in amounts:  # no row fell due: interest of what was called due runs on
        judged = t.told.position["judged_on"] < on or moves[k]["fact"] >= 0  # by the judgment itself
        t.line(on, "judged_interest" if judged else "runs_on", amount=money(interest))
        return set(mine.tolist())
    t.line(
        on, "fell_due", n=n, amount=money(interest + principal), principal=money(principal), interest=money(interest)
    )
    row = t.told.instalments[n - 1]
    simple = (
        on != t.told.position["accelerated_on"]
        and t.terms["day_count"] != DayCount.ACT_ACT
        and t.terms["method"] != Method.IMPORTED
        and not row["carried_fen"]
    )
    if interest and simple and _is_its_working(row, interest, int(t.contract["rate"])):
        days = int(row["accrued_a"]) // int(t.contract["rate"])
        scale = int(row["base"])
        exact = int(row["accrued_a"]) * int(row["times"]) / (scale * RATE_SCALE) / 100
        rate = percent(t.contract["rate"])
        shown = rate if scale == 1 else f"{rate} × {int(row['times'])} / {scale}"
        t.line(
            None,
            "working",
            indent=True,
            interest=money(interest),
            balance_days=money(days),
            rate=shown,
            exact=f"{exact:,.4f}",
        )
    return set(mine.tolist())


def _is_its_working(row: np.void, interest: int, rate: int) -> bool:
    """Whether balance × days × rate comes to the interest: not where a plan gave the row interest of its own."""
    if not row["base"] or not rate or row["accrued_a"] % rate:
        return False
    scale = int(row["base"]) * RATE_SCALE
    return abs(int(row["accrued_a"]) * int(row["times"]) - interest * scale) < scale


def _tell_repayment(t: _Teller, fact: int) -> set[int]:
    moves = t.told.movements
    causes = (Cause.REPAID, Cause.UNAPPLIED, Cause.RECOVERED)
    mine = np.flatnonzero((moves["fact"] == fact) & np.isin(moves["cause"], causes))
    parts = []
    for j in mine:
        amount = money(moves[j]["amount_fen"])
        if moves[j]["cause"] == Cause.UNAPPLIED:
            parts.append(t.say("kept" if t.covered(int(j)) else "made_good", amount=amount))
        elif moves[j]["cause"] == Cause.RECOVERED:
            parts.append(t.say("recovered", amount=amount))
        else:
            parts.append(
                t.say("part", part=t.part(moves[j]["component"]), n=int(moves[j]["instalment"]), amount=amount)
            )
    split = t.say("split", parts=", ".join(parts) if t.language == "en" else "，".join(parts)) if parts else ""
    t.line(
        int(t.facts[fact]["on"]),
        IN_AS.get(int(t.facts[fact]["kind"]), "repaid"),
        fact=int(t.facts[fact]["fact"]),
        amount=money(t.facts[fact]["amount_fen"]),
        split=split,
    )
    return set(mine.tolist())


def _tell_unknown(t: _Teller, on: int, known: int) -> None:
    count = int(((t.facts["on"] <= on) & (t.facts["known_on"] > known)).sum())
    if count:
        t.line(None, "unknown", count=count, known=iso(known))


def _tell_penalties(t: _Teller, on: int, known: int) -> None:
    """How the penalty interest of each instalment came about: one line where all its days had one rate."""
    base = penalty_base(int(t.terms["per"]), int(t.terms["day_count"]))
    rates = {_penalty_rate(t, rate, base) for rate in _rates(t, on, known)}
    for row in t.told.instalments:
        interest = int(row["due_fen"][Component.PENALTY]) - int(row["charged_penalty_fen"])
        if interest <= 0:
            continue
        if row["due_on"] >= t.told.position["judged_on"] and not row["overdue_a"]:
            _tell_extra_interest(t, row, interest)
            continue
        n, amount, borne = int(row["number"]), money(interest), int(row["overdue_a"])
        if len(rates) == 1:
            (rate,) = rates
            shown = percent(rate) if base == 1 else f"{percent(rate)} / {base}"
            days = money(borne // max(rate, 1))
            t.line(None, "penalty", n=n, overdue_days=days, rate=shown, amount=amount)
        else:
            exact = f"{Decimal(borne) / (base * RATE_SCALE * 100):,.4f}"
            t.line(None, "penalty_of_days", n=n, exact=exact, amount=amount)


def _tell_extra_interest(t: _Teller, row: Any, amount: int) -> None:
    """How the extra interest of a judgment came about: principal × days after the day of performance × rate."""
    told = t.facts[(t.facts["kind"] == FactKind.JUDGED) & (t.facts["component"] == JudgedPart.EXTRA_RATE)]
    rate = int(told["amount_fen"][-1]) if len(told) else 0
    days = money(int(row["accrued_b"]) // max(rate, 1))
    t.line(None, "extra_interest", principal_days=days, rate=percent(rate), amount=money(amount))


def _tell_judgment(t: _Teller) -> None:
    """What a court fixed, and what is still owed of a debt that was written off."""
    p = t.told.position
    if p["judged_on"] != NEVER:
        t.line(None, "judgment", on=iso(p["judged_on"]), by=iso(p["perform_by"]))
        parts = t.facts[(t.facts["kind"] == FactKind.JUDGED) & (t.facts["component"] == JudgedPart.INSTALMENT)]
        days = sorted(parts["due_on"][parts["on"] == p["judged_on"]].tolist())
        if days:
            t.line(None, "judgment_parts", count=len(days), first=iso(days[0]), last=iso(days[-1]))
    if p["state"] == State.WRITTEN_OFF:
        amount, recovered = money(p["claim_fen"]), money(p["recovered_fen"])
        t.line(None, "claim", on=iso(p["written_off_on"]), amount=amount, recovered=recovered)


def _rates(t: _Teller, on: int, known: int) -> set[int]:
    """The contract rates that the loan has had up to a day; 0 once a charge-off has stopped interest."""
    facts = t.facts
    stands = (facts["on"] <= on) & (facts["known_on"] <= known) & (facts["gone_on"] > min(known, NEVER - 1))
    changed = facts["amount_fen"][stands & (facts["kind"] == FactKind.RATE_CHANGED)]
    return {int(t.contract["rate"]), *changed.tolist()}


def _penalty_rate(t: _Teller, rate: int, base: int) -> int:
    goes_on = rate if t.terms["past_due_bears_interest"] and t.terms["accrual"] == Accrual.ACTUAL else 0
    return int(raised_rate(rate, int(t.terms["penalty_permille"]), int(t.terms["cap_rate_year"]), base, goes_on))


def _tell_end(t: _Teller, on: int, known: int) -> bool:
    p = t.told.position
    if not p["disbursed_fen"]:
        t.line(None, "nothing")
        return True
    _tell_penalties(t, on, known)
    parts = ", ".join(f"{t.part(c)} {money(p['outstanding_fen'][c])}" for c in (3, 2, 0, 1) if p["outstanding_fen"][c])
    days = int(p["days_past_due"])
    state = STATES[t.language][State(int(p["state"]))]
    t.line(
        None, "owed", on=iso(on), parts=parts or money(0), arrears=money(p["arrears_fen"].sum()), days=days, state=state
    )
    if p["unapplied_fen"] < 0:
        t.line(None, "without_cover", amount=money(-p["unapplied_fen"]))
    elif p["unapplied_fen"]:
        t.line(None, "unapplied", amount=money(p["unapplied_fen"]))
    _tell_judgment(t)
    if p["accelerated_on"] != NEVER and p["payoff_fen"]:
        t.line(None, "no_instalment", on=iso(p["accelerated_on"]))
    if p["next_due_on"] != NEVER:
        t.line(None, "ahead", on=iso(p["next_due_on"]), amount=money(p["next_due_fen"]))
    t.line(None, "payoff", amount=money(ends_debt(p)))
    moves = t.told.movements

    def total(cause: Cause) -> int:
        return int(moves[(moves["cause"] == cause) & (moves["component"] == Component.PRINCIPAL)]["amount_fen"].sum())

    lent, repaid = total(Cause.DISBURSED), total(Cause.REPAID)
    lent += int(p["capitalised_fen"].sum())
    waived = total(Cause.WAIVED) + total(Cause.WRITTEN_OFF) + total(Cause.SOLD)
    left = lent - repaid - waived
    held = int(p["outstanding_fen"][Component.PRINCIPAL])
    t.line(
        None,
        "check",
        lent=money(lent),
        repaid=money(repaid),
        waived=money(waived),
        left=money(left),
        position=money(held),
    )
    return left == held

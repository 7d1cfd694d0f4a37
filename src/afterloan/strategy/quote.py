"""Early repayment quoted for any day: what to pay, what it saves, the new schedule beside the old, sealed."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from afterloan.dates import NEVER, date_of, iso, year_month_day
from afterloan.facts import FactRefused
from afterloan.facts.relief import ReliefStep
from afterloan.loan.book import Book, Records
from afterloan.loan.reckon import Reckoned, reckon_loan
from afterloan.loan.suppose import ahead, due_now, ends_debt, repaid, suppose, told
from afterloan.loan.terms import Component, FactKind, Method, State
from afterloan.rules.packs import Finding, Rule, in_force, rules_of
from afterloan.strategy.eligibility import relief_rule
from afterloan.strategy.simulation import again, record_of_step, seal

PRINCIPAL = int(Component.PRINCIPAL)
FEE = int(Component.FEE)
ENDED = (int(State.PAID_OFF), int(State.WRITTEN_OFF), int(State.SOLD), int(State.SIGNED))


@dataclass(frozen=True, slots=True)
class Want:
    """What is asked for: `full`; `amount` (minor units); `instalment` (at most so much); `month` (its last day)."""

    kind: str
    asked: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a schedule."""

    due_on: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Quote:
    """An early repayment on the day `on`: executed exactly so, on that day, or not at all."""

    want: Want
    on: int
    amount_fen: int
    fee_fen: int
    saves_fen: int
    before: tuple[Row, ...]
    after: tuple[Row, ...]
    valid_until: int
    seal: str
    does: tuple[ReliefStep, ...]
    finding: Finding

    @property
    def pay_fen(self) -> int:
        """What is to be paid: the amount and the fee."""
        return self.amount_fen + self.fee_fen

    def plain(self) -> dict[str, Any]:
        """JSON values."""
        rows = {name: [{"due_on": iso(r.due_on), "amount_fen": r.amount_fen} for r in getattr(self, name)]
                for name in ("before", "after")}  # fmt: skip
        return {
            "want": self.want.kind, "asked": self.want.asked, "on": iso(self.on), "pay_fen": self.pay_fen,
            "amount_fen": self.amount_fen, "fee_fen": self.fee_fen, "saves_fen": self.saves_fen,
            "valid_until": iso(self.valid_until), "seal": self.seal, **rows,
        }  # fmt: skip


def fee_rule(jurisdiction: str, on: date) -> Rule:
    """The rule of early repayment that binds at a place, else the general one."""
    for rule in in_force(rules_of("relief"), jurisdiction, on):
        if "fee_permyriad" in rule.parameters:
            return rule
    return relief_rule("relief.quote")


def quote(book: Book, want: Want, on: int, today: int, jurisdiction: str = "ANY") -> Quote:
    """A quote for loan 0 of a book (`alone`, as known `today`) for the day `on`. Raises FactRefused.

    10,000.00 lent on 10 March at 0.05 % a day, paid off on 21 March: 10,055.00. What is due by the day and unpaid is
    part of every amount.
    """
    when = date_of(on)
    rule = fee_rule(jurisdiction, when)
    if not today <= on <= today + rule.parameters["most_days_ahead"]:
        most = iso(today + rule.parameters["most_days_ahead"])
        raise FactRefused("on", iso(on), f"not between {iso(today)} and {most}", "ask for a day in between")
    now = reckon_loan(book, 0, on)
    claim = int(now.position["claim_fen"])  # written off, and still owed: it can be paid, in full
    if now.position["error"] or (int(now.position["state"]) in ENDED and not (claim and want.kind == "full")):
        raise FactRefused("loan", want.kind, "nothing is left to repay early", "see `afterloan explain`")
    amount, does = WANTS[want.kind](book, want, on, now)
    fee = _fee(rule, now, amount, on)
    facts = _facts(on, amount, fee, does)
    then = reckon_loan(suppose(book, facts), 0, on)
    before, after = _rows(now, on), _rows(then, on)
    saves = 0
    if not claim:
        saves = sum(r.amount_fen for r in before) + due_now(now.position) - sum(r.amount_fen for r in after)
        saves -= amount + fee
    about = f"{want.kind}|{want.asked}|{amount}|{fee}"
    mark = seal(book, on, [r.amount_fen for r in after] + [r.due_on for r in after], about)
    found = rule.finding(when, f"fee {fee}", amount_fen=amount, want=want.kind)
    return Quote(want, on, amount, fee, saves, before, after, on, mark, does, found)


def _rows(reckoned: Reckoned, on: int) -> tuple[Row, ...]:
    if reckoned.position["paid_off_on"] != NEVER:
        return ()
    days, amounts = ahead(reckoned, on)
    return tuple(Row(int(d), int(a)) for d, a in zip(days, amounts, strict=True))


def _facts(on: int, amount: int, fee: int, does: tuple[ReliefStep, ...]) -> list[Records]:
    facts = [told(FactKind.CHARGED, on, amount_fen=fee, component=FEE, due_on=on)] if fee else []
    if amount + fee:
        facts.append(repaid(on, amount + fee))
    return facts + [record_of_step(step, on) for step in does]


def _fee(rule: Rule, now: Reckoned, amount: int, on: int) -> int:
    """The fee on principal repaid early: the pack's share, the lower one within the last year, rounded half up."""
    share = rule.parameters["fee_permyriad"]
    if now.instalments["due_on"].max() - on <= 365:
        share = rule.parameters.get("last_year_permyriad", share)
    early = min(max(amount - due_now(now.position), 0), int(now.position["outstanding_fen"][PRINCIPAL]))
    return int((early * share * 2 + 10_000) // 20_000)


def _full(book: Book, want: Want, on: int, now: Reckoned) -> tuple[int, tuple[ReliefStep, ...]]:
    return ends_debt(now.position), ()  # money that waits is taken off it already


def _amount(book: Book, want: Want, on: int, now: Reckoned) -> tuple[int, tuple[ReliefStep, ...]]:
    least, most = due_now(now.position), _full(book, want, on, now)[0]
    if not least < want.asked <= most:
        raise FactRefused(
            "amount", want.asked, f"{least} is due by then and {most} ends the loan", "name an amount in between"
        )
    return want.asked, ()


def _instalment(book: Book, want: Want, on: int, now: Reckoned) -> tuple[int, tuple[ReliefStep, ...]]:
    """The least amount after which no instalment asks for more than wanted: found by halving, each try reckoned."""
    _not_imported(book)
    highest = max((r.amount_fen for r in _rows(now, on)), default=0)
    if not 0 < want.asked < highest:
        raise FactRefused("instalment", want.asked, f"the highest to come is {highest}", "name a lower one")
    days = [r.due_on for r in _rows(now, on)]
    step: tuple[ReliefStep, ...] = (again(len(days), days[0]),)

    def asks(amount: int) -> int:
        then = reckon_loan(suppose(book, _facts(on, amount, 0, step)), 0, on)
        return max((r.amount_fen for r in _rows(then, on)), default=0)

    low, high = due_now(now.position), _full(book, want, on, now)[0]
    while low < high:
        middle = (low + high) // 2
        if asks(middle) <= want.asked:
            high = middle
        else:
            low = middle + 1
    return high, step if asks(high) else ()


def _month(book: Book, want: Want, on: int, now: Reckoned) -> tuple[int, tuple[ReliefStep, ...]]:
    """What is due is paid; the rest is set anew over the due days up to the month asked for."""
    _not_imported(book)
    days = np.array([r.due_on for r in _rows(now, on)])
    if not len(days) or not days[0] <= want.asked < days[-1]:
        last = iso(int(days[-1])) if len(days) else iso(on)
        raise FactRefused("month", iso(want.asked)[:7], f"the loan ends on {last}", "name a month before that")
    count = int((days <= want.asked).sum())
    assert year_month_day(int(days[0]))[2]
    return due_now(now.position), (again(count, int(days[0])),)


def _not_imported(book: Book) -> None:
    if book.products[book.contracts[0]["product"]]["method"] == Method.IMPORTED:
        raise FactRefused("loan", "imported schedule", "its instalments follow no method", "ask for an amount instead")


WANTS = {"full": _full, "amount": _amount, "instalment": _instalment, "month": _month}


def same(given_seal: str, fresh: Quote) -> bool:
    """Whether a quote given earlier still is what the engine says today."""
    return given_seal == fresh.seal

"""A bank that is not there: accounts, debits by key, late and double answers, returns; the same seed, the same bank."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from afterloan.banks.words import BankStatement, Order, Result, StatementLine


@dataclass(frozen=True, slots=True)
class Habits:
    """How the bank behaves, per mille of debits unless said otherwise.

    `late`: answered only after 1 … `late_days` days; `returned`: of those taken, gone back after 2 … `return_days`
    days; `doubled`: told twice; `lost`: the answer on the line is lost although the debit stands;
    `partial`: the bank takes what is there when it is less than asked; `salary_fen` comes on each `salary_dom`.
    """

    late: int = 0
    late_days: int = 3
    returned: int = 0
    return_days: int = 5
    doubled: int = 0
    lost: int = 0
    partial: bool = False
    latency_ms: int = 0
    balance_most_fen: int = 500_000
    salary_fen: int = 300_000
    closed: int = 0


@dataclass(frozen=True, slots=True)
class Booked:
    """One debit as the bank has it: result now, and what is still to come."""

    order: Order
    asked_on: date
    result: Result
    told_on: date
    return_on: date | None = None
    number: int = 0


class KeyReused(ValueError):
    """The same key came with another content: refused, nothing is done."""


@dataclass(slots=True)
class Bank:
    """Accounts and debits of one simulated bank. `today` moves only by `advance`.

    An account that nobody set up is made when first asked for, its balance from the seed: below
    `balance_most_fen`, closed with a chance of `closed` per mille. Numbers starting with X are closed, with Z empty.
    """

    seed: int
    today: date
    habits: Habits = Habits()
    balances: dict[str, int] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    revoked: set[str] = field(default_factory=set)
    debits: dict[str, Booked] = field(default_factory=dict)
    lines: list[StatementLine] = field(default_factory=list)
    asked_after: list[str] = field(default_factory=list)
    """Keys of which somebody asked what became of them, in order."""

    def draw(self, what: str, key: str, below: int) -> int:
        """A number in [0, below) that seed, purpose and key decide."""
        digest = hashlib.sha256(f"{self.seed}\x1f{what}\x1f{key}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % below

    def happens(self, what: str, key: str, permille: int) -> bool:
        """Whether something with a chance of `permille` happens to this key."""
        return self.draw(what, key, 1000) < permille

    def balance(self, account: str) -> int:
        """What is on an account; made now if it was never seen."""
        if account not in self.balances:
            empty = account.startswith("Z")
            self.balances[account] = 0 if empty else self.draw("balance", account, self.habits.balance_most_fen)
            if account.startswith("X") or self.happens("closed", account, self.habits.closed):
                self.closed.add(account)
        return self.balances[account]

    def put(self, account: str, amount_fen: int) -> None:
        """Money comes onto an account."""
        self.balances[account] = self.balance(account) + amount_fen

    def debit(self, order: Order) -> Result:
        """Take money once for a key: the same order again has the same answer. Raises KeyReused."""
        before = self.debits.get(order.end_to_end)
        if before is not None:
            if before.order != order:
                raise KeyReused(
                    f"key {order.end_to_end} was used for another debit ({before.order.amount_fen} minor units)"
                )
            return self.ask(order.end_to_end) or before.result
        result = self._decide(order)
        number = len(self.debits) + 1
        key = order.end_to_end
        wait = (
            1 + self.draw("late days", key, self.habits.late_days) if self.happens("late", key, self.habits.late) else 0
        )
        told_on = self.today + timedelta(days=wait)
        back = None
        if result.status == "succeeded":
            self.balances[order.account] -= result.amount_fen
            if self.happens("returned", key, self.habits.returned):
                days = 2 + self.draw("return days", key, max(self.habits.return_days - 1, 1))
                back = told_on + timedelta(days=days)
            self.lines.append(_line(order, replace(result, on=told_on), f"S{number:08d}"))
        booked = Booked(
            order, self.today, replace(result, on=told_on, bank_reference=f"B{number:08d}"), told_on, back, number
        )
        self.debits[key] = booked
        return self.ask(key) or booked.result

    def _decide(self, order: Order) -> Result:
        balance = self.balance(order.account)
        taken = order.amount_fen
        if order.account in self.closed:
            return Result(order.end_to_end, "failed", self.today, 0, "AC04")
        if order.mandate in self.revoked:
            return Result(order.end_to_end, "failed", self.today, 0, "MD01")
        if balance < taken and self.habits.partial and balance > 0:
            taken = balance
        if balance < taken:
            return Result(order.end_to_end, "failed", self.today, 0, "AM04")
        return Result(order.end_to_end, "succeeded", self.today, taken)

    def ask(self, key: str) -> Result | None:
        """What became of a key: None when the bank never had it; `pending` until it is told."""
        booked = self.debits.get(key)
        if booked is None:
            return None
        if booked.told_on > self.today:
            return Result(key, "pending", self.today, 0, bank_reference=booked.result.bank_reference)
        if booked.return_on is not None and booked.return_on <= self.today:
            return replace(booked.result, status="returned", on=booked.return_on, code="MD06")
        return booked.result

    def advance(self, to: date) -> list[Result]:
        """Move to a later day; returns what is told on the way, in order of day, doubles included."""
        told: list[Result] = []
        while self.today < to:
            self.today += timedelta(days=1)
            self._salaries()
            told.extend(self._told_today())
        return told

    def _salaries(self) -> None:
        for account in self.balances:
            if self.today.day == 1 + self.draw("salary day", account, 28) and account not in self.closed:
                if not account.startswith("Z"):
                    self.balances[account] += self.habits.salary_fen

    def _told_today(self) -> list[Result]:
        told: list[Result] = []
        for key, booked in self.debits.items():
            if booked.told_on == self.today > booked.asked_on:
                told.extend(self._doubled(booked.result))
            if booked.return_on == self.today:
                self.balances[booked.order.account] += booked.result.amount_fen
                back = replace(booked.result, status="returned", on=self.today, code="MD06")
                self.lines.append(_line(booked.order, back, f"R{booked.number:08d}"))
                told.extend(self._doubled(back))
            assert key == booked.order.end_to_end
        return told

    def _doubled(self, result: Result) -> list[Result]:
        return [result] * (2 if self.happens("doubled", result.end_to_end + result.status, self.habits.doubled) else 1)

    def results_of(self, keys: Mapping[str, object] | None = None) -> list[Result]:
        """Every answer there is by today (for `keys` only), the returns beside the debits they give back."""
        found: list[Result] = []
        for key, booked in self.debits.items():
            if keys is not None and key not in keys:
                continue
            if booked.told_on <= self.today:
                found.append(booked.result)
            if booked.return_on is not None and booked.return_on <= self.today:
                found.append(replace(booked.result, status="returned", on=booked.return_on, code="MD06"))
        return found

    def statement(self, account: str, since: date) -> BankStatement:
        """The collector's account: what came in and went back from a day on, up to today."""
        known = [line for line in self.lines if line.booked_on <= self.today]
        opening = sum(line.amount_fen for line in known if line.booked_on < since)
        lines = tuple(sorted((x for x in known if x.booked_on >= since), key=lambda x: (x.booked_on, x.bank_reference)))
        made_at = datetime.combine(self.today, datetime.min.time())
        closing = opening + sum(line.amount_fen for line in lines)
        return BankStatement(
            f"STMT-{account}-{self.today:%Y%m%d}"[:35], account, "CNY", made_at, lines, opening, closing
        )


def _line(order: Order, result: Result, reference: str) -> StatementLine:
    sign = -1 if result.status == "returned" else 1
    return StatementLine(
        reference, result.on, sign * result.amount_fen, order.end_to_end, order.mandate, order.name, order.account,
        order.text, result.code,
    )  # fmt: skip

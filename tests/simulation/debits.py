"""Mandates and debits of a simulated world, and a bank that answers late and twice, and takes back."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random

from afterloan.banks.words import Result, StatementLine, Status
from afterloan.facts import FactRefused
from afterloan.facts.act import Who
from afterloan.rehearsal.bank.simulator import Bank, Booked, Habits
from afterloan.sending.bank_gateway import HttpGateway
from afterloan.sending.doubt import resolve_doubt
from afterloan.sending.settling import settle
from afterloan.store.server import Store
from tests.simulation.auditor import Ledger, Message, Signed
from tests.simulation.contact_auditor import SHANGHAI, Stop
from tests.simulation.debit_auditor import Asked, DebitAuditor, Mandate
from tests.simulation.happenings import Happenings
from tests.simulation.world import World

HABITS = Habits(
    late=300, late_days=5, returned=250, return_days=9, doubled=300, lost=300, closed=220, balance_most_fen=800_000
)
BANK = Who("rule", "the bank of this world", ("rule",), "callback")


class InOrder(list[str]):
    """Keys about which the bank was asked, each with how many debits it had been asked for by then."""

    def __init__(self, bank: Bank) -> None:
        super().__init__()
        self.bank = bank
        self.after: list[int] = []

    def append(self, key: str) -> None:
        """Note one more."""
        self.after.append(len(self.bank.debits))
        super().append(key)


@dataclass
class Told:
    """What the bank has said of a debit and was taken in: its money, the day it went back."""

    message: Message
    loan: Signed


class Debits:
    """The debits of one world; raises ValueError where one should not have left or an answer is taken wrongly."""

    def __init__(
        self, world: World, store: Store, bank: Bank, url: str, owners: dict[str, str], happened: Happenings
    ) -> None:
        """What the bank at `url` took is added to the messages of the world's loans."""
        self.chance = Random(world.seed * 49_979_687 + 17)
        self.store, self.bank, self.url, self.owners, self.happened = store, bank, url, owners, happened
        bank.seed = world.seed
        self.loans = {loan.reference: loan for loan in world.loans}
        self.signs = world.signs
        self.auditor = DebitAuditor()
        self.taken: dict[str, Told] = {}
        self.said: list[Result] = []
        self.unheard: dict[str, Booked] = {}
        """Debits that the bank has and whose answer was lost on the line, until it is heard."""
        self.seen = self.asked_after = 0
        self.questions = bank.asked_after = InOrder(bank)

    def morning(self, today: date, tell: Callable[[str, dict[str, object], date], str]) -> tuple[list[str], list[str]]:
        """What the bank says of earlier debits, some of it again; mandates. Returns what is told, what taken back."""
        told: list[str] = []
        back: list[str] = []
        before: Result | None = None
        for result in self.bank.advance(today):
            self._count_told(result, before)
            self._settle(result, today)
            name = self._heard(result, today)
            (back if result.status == "returned" else told).extend([name] if name else [])
            before = result
        if self.said and self.chance.random() < 0.15:
            self.happened.count("debit", "answer told again long after")
            self._settle(self.chance.choice(self.said), today, known=True)
        taken = [r for r in self.said if r.status == "succeeded" and r.amount_fen > 1]
        if taken and self.chance.random() < 0.1:
            self.happened.count("debit", "answer told with another amount, refused")
            self._must_refuse(self.chance.choice(taken), today)
        if self.chance.random() < 0.05:
            told += self._ask(today)
        self._mandates(today, tell)
        return told, back

    def _count_told(self, result: Result, before: Result | None) -> None:
        """What the bank tells by itself, days after it was asked."""
        key = result.end_to_end
        if result == before:
            self.happened.count("debit", "answer told twice on its day")
        elif result.status == "returned":
            self.happened.count("debit", "given back")
            if key in self.unheard:
                self.happened.count("debit", "lost answer heard by a statement or a return")
        else:
            what = "taken" if result.status == "succeeded" else "refused"
            self.happened.count("debit", f"answered days late: {what}")

    def _ask(self, today: date) -> list[str]:
        """A person has the bank asked about all debits without an answer; what is told of them."""
        self.happened.count("debit", "asked after by a person")
        resolve_doubt(self.store, HttpGateway(self.url), datetime.combine(today, time(1), SHANGHAI), timedelta(hours=1))
        return self._found_out(today)

    def _found_out(self, today: date, before: int | None = None) -> list[str]:
        """What was asked of the bank since the last look, and answered: references of messages that are told by it.

        `before`: only what was asked before the bank had been asked for more debits than so many.
        """
        told = []
        while self.asked_after < len(self.questions):
            if before is not None and self.questions.after[self.asked_after] > before:
                break
            key = self.questions[self.asked_after]
            self.asked_after += 1
            result = self.bank.ask(key)
            if key not in self.unheard or result is None or result.status == "pending":
                continue
            self.happened.count("debit", "lost answer heard when asked for")
            told.append(self._heard(result, today))
        return [name for name in told if name]

    def _mandates(self, today: date, tell: Callable[[str, dict[str, object], date], str]) -> None:
        for reference, on in sorted(self.signs.items()):
            borrower = self.owners[reference]
            if on == today:
                account = f"62220212345{reference[1:]}"
                most = self.chance.choice((None, None, max(self.loans[reference].fen // 4, 100)))
                asked = {"borrower": borrower, "loan": reference, "source": "card", "account": account}
                name = tell("mandate.sign", asked | {"ceiling_fen": most}, today)
                if name:
                    self.happened.count("mandate", "signed")
                    self.auditor.mandates[name] = Mandate(borrower, reference, account, today, most)
        for name, mandate in self.auditor.mandates.items():
            if mandate.ended is None and self.chance.random() < 0.003 and tell("mandate.revoke", {"of": name}, today):
                self.happened.count("mandate", "revoked")
                mandate.ended = today

    def look(self, today: date, known: Callable[[str], Signed], stops: list[Stop], told: set[str]) -> None:
        """What the bank was asked since the last look, held against the auditor; what it took at once is told.

        `known`: a loan with what is told of it by now. `told`: references of what is told, added to.
        """
        for booked in list(self.bank.debits.values())[self.seen :]:
            told |= set(self._found_out(today, self.seen))
            self.seen += 1
            order = booked.order
            asked = Asked(order.end_to_end, order.mandate, order.account, order.amount_fen, today)
            mandate = self.auditor.mandates.get(order.mandate)
            owed = owed_on(known(mandate.loan), today) if mandate else 0
            wrong = self.auditor.wrong(asked, owed, stops)
            if wrong:
                raise ValueError(f"{today}, debit {order.end_to_end} of {order.text}: {wrong}")
            self.happened.count("debit", "asked for")
            if self.bank.happens("lost", order.end_to_end, self.bank.habits.lost):
                self.happened.count("debit", "answer lost on the line")
                self.unheard[order.end_to_end] = booked
            elif booked.told_on <= today:
                how = {"": "taken at once", "AM04": "refused at once: not enough there"}
                self.happened.count("debit", how.get(booked.result.code, "refused at once: account closed"))
                told |= {name for name in [self._heard(booked.result, today)] if name}
        told |= set(self._found_out(today))

    def _heard(self, result: Result, today: date) -> str:
        """The message that an answer adds to the auditor's books or takes back; "" where it does neither."""
        key = result.end_to_end
        self.said.append(result)
        self.unheard.pop(key, None)
        asked = self.auditor.waiting.get(key)
        if self.auditor.answered(key, result.code, today):
            self.happened.count("mandate", "ended by the bank")
        if result.status == "succeeded" and asked is not None:
            loan = self.loans[self.auditor.mandates[asked.mandate].loan]
            message = Message(f"debit-{key}", "repaid", result.on, today, result.amount_fen)
            loan.messages.append(message)
            self.taken[key] = Told(message, loan)
            return message.reference
        taken = self.taken.get(key)  # none where its money was gone again before anybody heard of it
        if result.status == "returned" and taken is not None and taken.message.gone_on is None:
            taken.message.gone_on = today
            return taken.message.reference
        return ""

    def from_statement(self, line: StatementLine, today: date) -> str:
        """A line of a statement is the result of a debit: the message that it adds or takes back, "" where neither."""
        self.happened.count("statement", "line is the result of a debit")
        if line.end_to_end in self.unheard:
            self.happened.count("debit", "lost answer heard by a statement or a return")
        status: Status = "returned" if line.amount_fen < 0 else "succeeded"
        return self._heard(Result(line.end_to_end, status, line.booked_on, abs(line.amount_fen), line.code), today)

    def _settle(self, result: Result, today: date, known: bool = False) -> None:
        with self.store.connect() as connection:
            answer = settle(connection, BANK, result, today, datetime.combine(today, time(1), SHANGHAI))
        if known and not answer["known_before"]:
            raise ValueError(f"{today}, debit {result.end_to_end}: {result.status} told again was taken for news")

    def _must_refuse(self, result: Result, today: date) -> None:
        """The same debit with another amount."""
        try:
            self._settle(replace(result, amount_fen=result.amount_fen - 1), today)
        except FactRefused:
            return
        raise ValueError(f"{today}, debit {result.end_to_end} was taken with two amounts")


def owed_on(loan: Signed, on: date) -> int:
    """Past due and due today, with what is known by then."""
    ledger = Ledger(loan, on, on)
    return sum(ledger.due(c) for c in range(4))

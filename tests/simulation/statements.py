"""Statements of the lender's own account in a simulated world: files of a bank, matched by what their lines say."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random

from afterloan.banks.files import WRITERS_OF_STATEMENTS, read_statements
from afterloan.banks.words import StatementLine
from afterloan.facts.act import Answer, Who
from afterloan.rehearsal.bank.server import COLLECTOR
from afterloan.rehearsal.bank.simulator import Bank
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.servicing.lines import statement_in_parts
from afterloan.store.server import Store
from tests.simulation.auditor import Ledger, Message, Signed
from tests.simulation.contact_auditor import SHANGHAI
from tests.simulation.debits import Debits
from tests.simulation.happenings import Happenings

FINANCE = Who("person", "Wang", ("finance",), "keyboard")
FORMS = ("camt053", "camt053", "mt940", "csv")
MUCH_FEN = 100_000
"""What is more than twice what was owed, and by at least so much too much, waits for a person (money.asked-back)."""


@dataclass
class Waiting:
    """A line that no loan was found for, as the auditor keeps it: since when, and until a person says what it is."""

    line: StatementLine
    since: date
    until: date | None = None


class StatementAuditor:
    """Keeps what waits among unmatched money, and says by the words of docs/debit.md for which loan a line is.

    * A loan's reference in the text decides. Else the borrower's: where one loan of theirs still owes, or exactly one
      asks for that amount (what is past due and due today, where there is none the next instalment; or what ends it).
    * Money for a loan that owed far less waits. What waits belongs to nobody: cash has it, and unmatched money.
    """

    def __init__(self) -> None:
        self.waiting: dict[str, Waiting] = {}

    def loan_of(self, line: StatementLine, owned: dict[str, list[Signed]], on: date) -> str:
        """The loan that a line is for, "" where a person has to say."""
        words = line.text.split()
        loans = [loan for mine in owned.values() for loan in mine]
        found = [loan for loan in loans if loan.reference in words]
        if not found:
            mine = [x for word in words for x in owned.get(word, []) if x.signed_on <= on and _owes(x, on)]
            asking = [x for x in mine if line.amount_fen in _asks_for(x, on)]
            found = asking if len(asking) == 1 else mine
        if len(found) != 1 or found[0].signed_on > on or _far_too_much(found[0], line, on):
            return ""
        return found[0].reference

    def unmatched(self, day: date) -> int:
        """What is booked as unmatched money on a day."""
        return sum(
            w.line.amount_fen for w in self.waiting.values() if w.since <= day and (w.until is None or w.until > day)
        )


def _owes(loan: Signed, on: date) -> bool:
    """Whether something is left to pay: what the books ask for, or the rest of what was written off."""
    now = Ledger(loan, on, on)
    return now.payoff() + sum(now.lost) - now.recovered > 0


def _asks_for(loan: Signed, on: date) -> set[int]:
    now = Ledger(loan, on, on)
    due = sum(now.due(c) for c in range(4))
    ahead = [row.due for row in now.rows if row.due > on]
    if not due and ahead:
        then = Ledger(loan, min(ahead), on)
        due = sum(row.owed_in_all() for row in then.rows if row.due == min(ahead))
    return {due, now.payoff() + sum(now.lost) - now.recovered} - {0}


def _far_too_much(loan: Signed, line: StatementLine, on: date) -> bool:
    told = Message("a line", "repaid", line.booked_on, on, line.amount_fen)
    now = Ledger(replace(loan, messages=[*loan.messages, told]), on, on)
    surplus = min(now.unapplied, line.amount_fen) if now.payoff() == 0 else 0
    return surplus >= MUCH_FEN and line.amount_fen > 2 * (line.amount_fen - surplus)


class Statements:
    """The statements of one world; raises ValueError where a line is matched otherwise than the auditor says."""

    def __init__(
        self, seed: int, store: Store, bank: Bank, debits: Debits, happened: Happenings,
        heard: Callable[[list[str], list[str]], None],
    ) -> None:  # fmt: skip
        """`heard`: takes the references of messages told and taken back, so that each line sees what came before it."""
        self.heard = heard
        self.chance = Random(seed * 86_028_121 + 19)
        self.store, self.bank, self.debits, self.happened = store, bank, debits, happened
        self.auditor = StatementAuditor()
        self.number = self.acts = 0
        self.since = bank.today
        self.mine: dict[str, StatementLine] = {}
        self.taken: set[str] = set()
        self.loans: dict[str, Signed] = debits.loans

    def live(self, today: date, owned: Callable[[], dict[str, list[Signed]]]) -> tuple[list[str], list[str]]:
        """What borrowers transfer, now and then a statement, and a person who looks at what waits.

        Returns the references of messages that are told by it, and of those taken back.
        """
        told: list[str] = []
        back: list[str] = []
        if self.chance.random() < 0.25:
            self._transfer(today, owned())
        if self.chance.random() < 0.3:
            told, back = self._statement(today, owned)
        told += self._given(today, owned())
        return told, back

    def _transfer(self, today: date, owned: dict[str, list[Signed]]) -> None:
        """Somebody pays in by a transfer whose words name a loan, a borrower, or nobody."""
        signed = [(b, x) for b, mine in sorted(owned.items()) for x in mine if x.signed_on < today]
        if not signed:
            return
        borrower, loan = self.chance.choice(signed)
        asked = sorted(_asks_for(loan, today)) or [self.chance.randint(1, 50_000)]
        fen = self.chance.choice((*asked, self.chance.randint(1, max(asked)), self.chance.randint(1, loan.fen * 3)))
        text = self.chance.choice(
            (f"repay {loan.reference} thanks", f"from {borrower}", f"from {borrower}", "invoice 77", "还款")
        )
        self.number += 1
        line = StatementLine(f"T{self.number:06d}", today, fen, text=text, name="Somebody")
        self.mine[line.bank_reference] = line
        self.bank.lines.append(line)

    def _statement(self, today: date, owned: Callable[[], dict[str, list[Signed]]]) -> tuple[list[str], list[str]]:
        """A file with all since the last one, and some days before it again."""
        since = min(self.since, today) - timedelta(self.chance.choice((0, 0, 3, 10)))
        self.since = today
        form = self.chance.choice(FORMS)
        data = WRITERS_OF_STATEMENTS[form](self.bank.statement(COLLECTOR, since))
        self.happened.count("statement", f"taken in as {form.removesuffix('053')}")
        told, back = self._take(data, today, owned)
        if self.chance.random() < 0.3:
            self.happened.count("statement", "the same file taken in again")
            if self._take(data, today, owned) != ([], []):
                raise ValueError(f"{today}: a file taken in twice told something new")
        return told, back

    def _take(
        self, data: bytes, today: date, owned: Callable[[], dict[str, list[Signed]]]
    ) -> tuple[list[str], list[str]]:
        told: list[str] = []
        back: list[str] = []
        for statement in read_statements(data, "statement"):
            if statement.refused:
                raise ValueError(f"{today}: rows of a sound file refused: {statement.refused}")
            expected = self._expected(statement.lines, today, owned, told, back)
            waits: set[str] = set()
            for asked in statement_in_parts(statement, "statement"):
                said = self._do("statement.take", asked.model_dump(mode="json"), today)
                waits |= {row["line"] for row in said["unmatched"]}
            if waits != expected:
                raise ValueError(f"{today}: lines {sorted(waits)} wait, the auditor says {sorted(expected)}")
        return told, back

    def _expected(
        self,
        lines: tuple[StatementLine, ...],
        today: date,
        owned: Callable[[], dict[str, list[Signed]]],
        told: list[str],
        back: list[str],
    ) -> set[str]:
        """The lines that must wait; what the others say is told in their order: each sees what the one before paid."""
        waits = set()
        for line in lines:
            name = line.bank_reference
            if line.end_to_end in self.bank.debits:
                self._of_debit(line, today, told, back)
                self.heard(told, back)
                continue
            held = self.auditor.waiting.get(name)
            if name in self.taken or (held is not None and held.until is not None):
                self.happened.count("statement", "line told again")
                continue
            loan = self.auditor.loan_of(self.mine[name], owned(), today)
            if loan:
                by = "its loan" if loan in line.text.split() else "its borrower"
                self.happened.count("statement", f"line matched by {by}")
                self._tell(name, loan, today, told)
                self.heard(told, back)
                if held is not None:
                    held.until = today
            else:
                waits.add(name)
                if held is None:
                    self.happened.count("statement", "line waits for a person")
                    self.auditor.waiting[name] = Waiting(self.mine[name], today)
        return waits

    def _tell(self, name: str, loan: str, today: date, told: list[str]) -> None:
        line = self.mine[name]
        self.taken.add(name)
        self.loans[loan].messages.append(Message(name, "repaid", line.booked_on, today, line.amount_fen))
        told.append(name)

    def _of_debit(self, line: StatementLine, today: date, told: list[str], back: list[str]) -> None:
        """A line that names a debit is its result, whether it was heard before or not."""
        name = self.debits.from_statement(line, today)
        if name:
            (back if line.amount_fen < 0 else told).append(name)

    def _given(self, today: date, owned: dict[str, list[Signed]]) -> list[str]:
        """A person looks at some of what waits: gives it to a loan, or sets it aside."""
        told: list[str] = []
        for name, held in self.auditor.waiting.items():
            if held.until is not None or self.chance.random() > 0.1:
                continue
            loans = [x for mine in owned.values() for x in mine if x.signed_on <= held.line.booked_on]
            of = {"line": name, "account": COLLECTOR, "note": "asked the payer"}
            held.until = today
            if self.chance.random() < 0.3:
                self.happened.count("statement", "line set aside")
                self._do("statement.set_aside", of, today)
                continue
            loan = self.chance.choice(sorted(x.reference for x in loans))
            self.happened.count("statement", "line given to a loan by a person")
            self._do("statement.give", {**of, "loan": loan}, today)
            self._tell(name, loan, today, told)
        return told

    def _do(self, verb: str, asked: dict[str, object], today: date) -> dict[str, object]:
        self.acts += 1
        with desk_of(self.store, datetime.combine(today, time(2), SHANGHAI)) as desk:
            answer = do(desk, FINANCE, verb, asked, f"statement-{self.acts}", today)
        if not isinstance(answer, Answer):
            raise ValueError(f"{today}: {verb} {asked} was refused: {answer}")
        return dict(answer.body)

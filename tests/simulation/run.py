"""Live a world through the real system, and hold every closed day against the auditor."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from afterloan.close import close_through
from afterloan.dates import day
from afterloan.facts import Charge, Charged, Fact, FactRefused, Repaid, Reversed, Waived, WrittenOff
from afterloan.intake.book import bring_in
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import Component
from afterloan.rehearsal.lives import bank_running
from afterloan.servicing.booking import take
from afterloan.store.connect import reader_lent
from afterloan.store.read import books
from afterloan.store.record import record
from afterloan.store.server import Store
from tests.databases import divided
from tests.simulation.auditor import Ledger, Message, Signed
from tests.simulation.bureau import Bureaus
from tests.simulation.contact_auditor import Stop
from tests.simulation.contacts import Contacts
from tests.simulation.debits import HABITS, Debits
from tests.simulation.gateway import gateway_running
from tests.simulation.happenings import Happenings
from tests.simulation.plans import Plans
from tests.simulation.statements import Statements
from tests.simulation.world import FILE, FIRST, INTRADAY, RECORDED, Delivery, World

CLOSE = """
import sys
from afterloan.close import close_through
from afterloan.store.server import Store
if __name__ == "__main__":
    print("ready", flush=True)
    close_through(Store(sys.argv[1]), int(sys.argv[2]), workers=2)
"""
BREATH = {"reason": "granted by a court", "review_on": "2030-01-01"}
"""How a breathing space is told where the law of the place knows none of its own: as a hold, until it is ended."""
BY_LOAN = (1010, 1110, 1130, 1150, 2110, 2130)  # accounts in which every entry names its loan
PARTS = {"penalty": 0, "fee": 1, "interest": 2, "principal": 3}


class Disagreement(AssertionError):
    """The system and the auditor say different things: seed, day, loan, and both figures."""


def number(on: date) -> int:
    """The day as `afterloan` counts it."""
    return day(on.isoformat())


class Run:
    """One world on one empty store."""

    def __init__(self, world: World, store: Store, folder: Path, kills: int) -> None:
        self.world, self.store, self.folder, self.kills = world, store, folder, kills
        self.chance = Random(world.seed * 7919 + 1)
        self.told: set[str] = set()
        self.back: set[str] = set()
        self.compared = 0
        self.happened = Happenings()
        self.closed: list[date] = []
        self.statements: Statements | None = None
        lived = world.days * len(world.loans) // 2
        self.rests = max(0.002, 3 / lived)
        """How likely a breathing space begins for a borrower on a day: some in a small world, too."""
        self.contacts = Contacts(world.seed, store, folder.with_name(f"{folder.name}-sent"), self.happened, lived)
        self.breaths = Random(world.seed * 32_452_843 + 11)
        self.breathing: dict[str, Stop] = {}
        self.owners = {loan.reference: f"B{k // 2}" for k, loan in enumerate(world.loans)}

    def run(self) -> int:
        """Everything, day by day; returns how many positions were compared. Raises Disagreement."""
        divided(self.store, Random(self.world.seed).choice((2, 4, 8)))  # that is no part of any figure
        self._sign()
        bank_there = bank_running(FIRST - timedelta(1), HABITS)
        with bank_there as (bank, url), gateway_running(self.world.seed) as (gateway, sms):
            self.debits = Debits(self.world, self.store, bank, url, self.owners, self.happened)
            self.statements = Statements(self.world.seed, self.store, bank, self.debits, self.happened, self._heard)
            stops = self.contacts.auditor.stops
            self.plans = Plans(self.world.seed, self.store, self.world.loans, self.owners, stops, self.happened)
            sent = self.folder.with_name(f"{self.folder.name}-bureau")
            self.bureau = Bureaus(self.world.seed, self.store, sent, self.owners, stops, self.happened)
            self.contacts.channels, self.contacts.gateway = {"debit": {"url": url}, "sms": sms}, gateway
            return self._live()

    def _live(self) -> int:
        today, decided = FIRST, False
        kill_on = {self.chance.randint(self.world.days // 3, self.world.days) for _ in range(self.kills)}
        closes_on = min(loan.signed_on for loan in self.world.loans) + timedelta(self.chance.randint(0, 4))
        while today <= self.world.last:
            self._deliver(self.world.arrives.get(today, []), today)
            self._breathe(today)
            try:
                self._heard(*self.debits.morning(today, self.contacts.tell))
                self._heard(*self.statements.live(today, self._owned))
                seen = {x.reference: self._seen(x) for x in self.world.loans}
                self.bureau.live(today, seen)
                self._heard(*self.plans.live(today, seen))
                self.contacts.live(today, self._owned, decided, self._look)
                self._keep_promises()
            except ValueError as wrong:
                raise Disagreement(f"seed {self.world.seed}, {wrong}") from None
            decided = False
            if today >= closes_on or today == self.world.last or (today - FIRST).days in kill_on:
                if (today - FIRST).days in kill_on:
                    self._kill(today)
                closed = close_through(self.store, number(today))
                if closed.failed:
                    raise Disagreement(f"seed {self.world.seed}, {today}: not proved: {closed.failed}")
                self.happened.count("night", "closed")
                self._compare(today)
                self._look_back()
                self._furnish(today)
                self.closed.append(today)
                self.contacts.decide(today + timedelta(1), self._owned())
                decided = True
                closes_on = today + timedelta(self.chance.choice((1, 1, 1, 1, 1, 2, 4, 9)))
            today += timedelta(1)
        self.contacts.end(self.world.last, self._owned())
        return self.compared

    def _heard(self, told: Iterable[str], back: Iterable[str]) -> None:
        """References of messages that are told from now on, and of those that are taken back."""
        self.told |= set(told)
        self.back |= set(back)

    def _furnish(self, today: date) -> None:
        try:
            self.bureau.closed(today, {x.reference: self._seen(x) for x in self.world.loans})
        except ValueError as wrong:
            raise Disagreement(f"seed {self.world.seed}, {wrong}") from None

    def _look_back(self) -> None:
        """A day that was closed is asked for again, as it is known today to have been known then."""
        if not self.closed or self.chance.random() > 0.3:
            return
        then = self.chance.choice(self.closed)
        self.happened.count("night", "an earlier day asked for again")
        self._positions(then, {x.reference: Ledger(self._seen(x), then, then) for x in self._signed(then)})

    def _signed(self, by: date) -> list[Signed]:
        return [loan for loan in self.world.loans if loan.signed_on <= by]

    def _keep_promises(self) -> None:
        """Who means to keep a promise pays on its day."""
        for borrower, fen, due in self.contacts.keeps:
            loan = next(x for x in self.world.loans if self.owners[x.reference] == borrower and x.signed_on < due)
            told = Message(f"{loan.reference}-p{len(loan.messages)}", "repaid", due, due, fen)
            loan.messages.append(told)
            self.world.arrives[due].append(Delivery(told, loan, self.chance.choice((INTRADAY, RECORDED))))
        self.contacts.keeps.clear()

    def _look(self, today: date) -> None:
        """What the bank was asked since the last look; what it took is told."""
        loans = {loan.reference: loan for loan in self.world.loans}
        stops = self.contacts.auditor.stops
        self.debits.look(today, lambda reference: self._seen(loans[reference]), stops, self.told)

    def _owned(self) -> dict[str, list[Signed]]:
        """The loans of each borrower with what has been told by now."""
        owned: dict[str, list[Signed]] = {}
        for loan in self.world.loans:
            owned.setdefault(self.owners[loan.reference], []).append(self._seen(loan))
        return owned

    def _write(self, name: str, rows: list[dict[str, Any]]) -> None:
        with (self.folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

    def _sign(self) -> None:
        """Borrowers, contracts and disbursements come in as a book."""
        self.folder.mkdir()
        borrowers = sorted(set(self.owners.values()))
        self._write(
            "borrowers",
            [
                {"reference": b, "known_on": FIRST, "attributes": json.dumps(self.contacts.address(b, k))}
                for k, b in enumerate(borrowers)
            ],
        )
        self._write(
            "contracts",
            [
                {
                    "reference": loan.reference,
                    "borrower": self.owners[loan.reference],
                    "product": loan.product,
                    "principal_fen": loan.fen,
                    "rate_percent": f"{float(loan.percent_day):.4f}",
                    "signed_on": loan.signed_on,
                    "instalments": loan.months,
                }
                for loan in self.world.loans
            ],
        )
        self._write(
            "disbursements",
            [
                {"reference": f"{x.reference}-out", "contract": x.reference, "on": x.signed_on, "amount_fen": x.fen}
                for x in self.world.loans
            ],
        )
        refused = sum(report.refused for report in bring_in(self.store, self.folder))
        assert refused == 0
        for name in ("borrowers", "contracts", "disbursements"):
            (self.folder / f"{name}.csv").unlink()

    def _deliver(self, arrived: list[Delivery], today: date) -> None:
        """What arrives on a day, in an order of chance, by its door."""
        arrived = sorted(arrived, key=lambda d: (d.back, d.wrong, self.chance.random()))
        for told in arrived:
            self._count(told)
            if told.wrong:
                self._refused(told)
            elif told.how == FILE and not told.back:
                self._file(told)
            else:
                self._tell(told, today)

    def _count(self, told: Delivery) -> None:
        m, gone = told.message, told.message.reference in self.back
        if told.wrong:
            self.happened.count("money", "told again with another amount, refused")
        elif told.back:
            lost = m.kind == "written_off"
            self.happened.count(*(("loss", "write-off taken back") if lost else ("money", "taken back")))
        elif m.reference in self.told or gone:
            self.happened.count("money", "told again")
        elif m.kind == "repaid":
            doors = {INTRADAY: "told during the day", RECORDED: "recorded", FILE: "told in a file of a book"}
            self.happened.count("money", doors[told.how])
            if m.known_on > m.on:
                self.happened.count("money", "told days late")
            if any(x.kind == "written_off" and x.on <= m.on and x.gone_on is None for x in told.loan.messages):
                self.happened.count("loss", "money after a write-off")
        else:
            names = {
                "fee": ("money", "fee charged"),
                "waived": ("money", "waived"),
                "written_off": ("loss", "written off"),
            }
            self.happened.count(*names[m.kind])

    def _tell(self, told: Delivery, today: date) -> None:
        with self.store.connect() as connection:
            fact = self._fact(told)
            known = (take(connection, fact).recorded if told.how == INTRADAY else record(connection, fact)).known
        name = told.message.reference
        seen = self.back if told.back else self.told
        if known != (name in seen):
            raise Disagreement(f"seed {self.world.seed}, {today}: {name} known before: {known}, but {name in seen}")
        seen.add(name)

    def _breathe(self, today: date) -> None:
        """Breathing spaces of borrowers begin and end through the one door; both auditors are told."""
        for borrower in sorted(set(self.owners.values())):
            stop = self.breathing.get(borrower)
            if self.breaths.random() >= (0.1 if stop else self.rests):
                continue
            if stop and self.contacts.tell("breathing_space.end", {"of": stop.reference}, today):
                self.happened.count("breathing space", "ended")
                stop.lifted = today
                del self.breathing[borrower]
                self._agree(borrower, "breath_over", today)
            elif not stop:
                asked = {"borrower": borrower, "hold": "breathing_space", **BREATH}
                told = self.contacts.tell("hold.place", asked, today)
                if told:
                    self.happened.count("breathing space", "begun")
                    self.breathing[borrower] = Stop(borrower, "breathing_space", today, reference=told)
                    self.contacts.auditor.stops.append(self.breathing[borrower])
                    self._agree(borrower, "breath", today)

    def _agree(self, borrower: str, kind: str, today: date) -> None:
        """Something that holds for all loans of a borrower from today on."""
        for loan in self.world.loans:
            if self.owners[loan.reference] == borrower:
                told = Message(f"{loan.reference}-{kind}-{today}", kind, today, today, 0)
                loan.messages.append(told)
                self.told.add(told.reference)

    def _refused(self, told: Delivery) -> None:
        """The same reference for another amount must be refused, and must change nothing."""
        if told.how == FILE:
            self._file(told)
            return
        try:
            with self.store.connect() as connection:
                take(connection, self._fact(told))
        except FactRefused:
            return
        raise Disagreement(f"seed {self.world.seed}: {told.message.reference} was taken with two amounts")

    def _file(self, told: Delivery) -> None:
        """A bank file of one row."""
        m = told.message
        row = {"reference": m.reference, "contract": told.loan.reference, "on": m.on, "known_on": m.known_on}
        self._write("repayments", [row | {"amount_fen": m.fen + told.wrong}])
        (report,) = bring_in(self.store, self.folder)
        said = (report.loaded, report.known, report.refused)
        due = (0, 0, 1) if told.wrong else (0, 1, 0) if m.reference in self.told else (1, 0, 0)
        if said != due:
            raise Disagreement(
                f"seed {self.world.seed}: file of {m.reference}: loaded, known, refused {said}, not {due}"
            )
        self.told.add(m.reference)

    def _fact(self, told: Delivery) -> Fact:
        m = told.message
        on, known = number(m.on), number(m.known_on)
        if told.back:
            assert m.gone_on
            gone = number(m.gone_on)
            return Reversed("-", f"{m.reference}-back", gone, gone, m.reference)
        head = (told.loan.reference, m.reference, on, known)
        if m.kind == "fee":
            assert m.due_on
            return Charged(*head, m.fen, Charge.FEE, number(m.due_on))
        if m.kind == "waived":
            return Waived(*head, m.fen, Component(m.component))
        if m.kind == "written_off":
            return WrittenOff(*head)
        return Repaid(*head, m.fen + told.wrong)

    def _kill(self, today: date) -> None:
        """A close in a process of its own, killed with its workers somewhere on the way."""
        self.happened.count("night", "killed on its way and run again")
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        job = subprocess.Popen(
            [sys.executable, "-c", CLOSE, self.store.url, str(number(today))],
            env=environment,
            start_new_session=True,
            stdout=subprocess.PIPE,
        )
        assert job.stdout
        job.stdout.readline()
        time.sleep(self.chance.uniform(0.6, 2.2))
        os.killpg(job.pid, signal.SIGKILL)
        job.wait()
        job.stdout.close()

    # the comparison

    def _seen(self, loan: Signed) -> Signed:
        """The loan with the messages that have been told so far: no ledger knows of what nobody told."""
        told = [m for m in loan.messages if m.reference in self.told]
        for k, m in enumerate(told):
            if m.gone_on and m.reference not in self.back:
                told[k] = replace(m, gone_on=None)
        return replace(loan, messages=told)  # with what was lived of it before

    def _compare(self, today: date) -> None:
        """Every position and account at the end of a day; at the end of the last the auditor lives all of it anew."""
        anew = today == self.world.last
        expected = {x.reference: Ledger(self._seen(x), today, today, anew) for x in self._signed(today)}
        self._positions(today, expected)
        self._journal(today, expected)

    def _positions(self, today: date, expected: dict[str, Ledger]) -> None:
        with self.store.connect() as connection, reader_lent(self.store.url) as reader:
            names = dict(connection.execute("select loan, reference from contract").fetchall())
            for book in books(connection, reader):
                for position in reckon_book(book, number(today), number(today)):
                    reference = names[int(position["loan"])]
                    if reference in expected:
                        self._same(today, reference, said_of(position), expected[reference].position())

    def _same(self, today: date, what: str, said: dict[Any, int], due: dict[Any, int]) -> None:
        self.compared += 1
        for name, value in due.items():
            if said[name] != value:
                raise Disagreement(
                    f"seed {self.world.seed}, {today}, {what}: {name} is {said[name]}, the auditor says {value}"
                )

    def _journal(self, today: date, expected: dict[str, Ledger]) -> None:
        with self.store.connect() as connection:
            rows = connection.execute(
                "select c.reference, e.debit, e.credit, sum(e.amount_fen)::bigint from entry e "
                "left join contract c using (loan) group by 1, 2, 3"
            ).fetchall()
        whole: dict[int, int] = {}
        by_loan: dict[str, dict[int, int]] = {}
        for reference, debit, credit, fen in rows:
            for account, amount in ((debit, fen), (credit, -fen)):
                whole[account] = whole.get(account, 0) + amount
                if reference:
                    mine = by_loan.setdefault(reference, {})
                    mine[account] = mine.get(account, 0) + amount
        due: dict[int, int] = dict.fromkeys(whole, 0)
        for reference, ledger in expected.items():
            accounts = ledger.accounts()
            for account, amount in accounts.items():
                due[account] = due.get(account, 0) + amount
            mine = by_loan.get(reference, {})
            said = {account: mine.get(account, 0) for account in BY_LOAN}
            self._same(today, f"{reference} in the journal", said, {account: accounts[account] for account in BY_LOAN})
        waits = self.statements.auditor.unmatched(today) if self.statements else 0
        due[1010] = due.get(1010, 0) + waits
        due[2120] = due.get(2120, 0) - waits
        said = {account: whole.get(account, 0) for account in due}
        self._same(today, "the journal", without_judgement(said, whole), without_judgement(due, whole))


ASIDE = ((1120, 1130, 4110, 5220), (1140, 4120, 5230), (1910, 5410), (9110, 9900))
"""Accounts between which the rules of accounting move amounts (non-accrual, the allowance); together they stay."""


def without_judgement(amounts: dict[Any, int], whole: dict[int, int]) -> dict[Any, int]:
    """Accounts as the contracts have them: groups are summed where something was moved inside them."""
    found = dict(amounts)
    for group in ASIDE:
        if (1910 if 1910 in group else 9110) in whole:  # what was lost while it was aside stays where it went
            found[group] = sum(found.pop(account, 0) for account in group)
    return found


def said_of(position: np.void) -> dict[str, int]:
    """The reckoned position under the auditor's names."""
    said = {
        f"{name}.{part}": int(position[f"{name}_fen"][c])
        for name in ("outstanding", "arrears", "paid", "written_off")
        for part, c in PARTS.items()
    }
    said |= {name: int(position[f"{name}_fen"]) for name in ("accrued_interest", "unapplied", "payoff", "recovered")}
    return said | {name: int(position[name]) for name in ("days_past_due", "bucket")}

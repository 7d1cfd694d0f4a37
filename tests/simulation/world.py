"""Borrowers that pay or do not, and a bank that sends late, twice, out of order, wrongly, and takes back."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from random import Random

from tests.simulation.auditor import EQUAL, FEE, INTEREST, INTEREST_FIRST, PENALTY, Ledger, Message, Signed, month_after

FIRST = date(2024, 1, 3)
PAYS, EARLY, LATE, PART, EXTRA, ALL, NOT = "pays", "early", "late", "part", "extra", "all", "not"
WEIGHTS = {PAYS: 40, EARLY: 10, LATE: 18, PART: 12, EXTRA: 6, ALL: 4, NOT: 10}
WAITS = 0.7
"""How many of the payments fall away where a mandate was signed: who has one waits for the debit."""
LOST = 0.25
"""How many loans are written off, paid or not."""
INTRADAY, RECORDED, FILE = "intraday", "recorded", "file"


@dataclass
class Delivery:
    """One thing told on a day. `back`: the message is taken back; `wrong`: the reference is used for another amount."""

    message: Message
    loan: Signed
    how: str
    back: bool = False
    wrong: bool = False


@dataclass
class World:
    """Loans, and what arrives on which day. Everything follows from the seed."""

    seed: int
    days: int
    loans: list[Signed] = field(default_factory=list)
    arrives: dict[date, list[Delivery]] = field(default_factory=lambda: defaultdict(list))
    signs: dict[str, date] = field(default_factory=dict)
    """When a mandate is signed for a loan, where one is."""

    @property
    def last(self) -> date:
        return FIRST + timedelta(self.days)


def world_of(seed: int, loans: int, days: int) -> World:
    """A world by its seed: `loans` loans signed in the first weeks, and the days that follow."""
    chance = Random(seed)
    world = World(seed, days)
    for k in range(loans):
        world.loans.append(
            Signed(
                f"S{k:03d}",
                chance.choice((EQUAL, EQUAL, INTEREST_FIRST)),
                chance.choice((chance.randint(1, 99) * 10_000, chance.randint(50_000, 5_000_000))),
                Fraction(chance.randint(150, 600), 10_000),
                FIRST + timedelta(chance.randint(0, min(40, days // 3))),
                chance.randint(1, 6),
            )
        )
    mandates = Random(seed * 49_979_687 + 13)
    for loan in world.loans:
        if mandates.random() < 0.7:
            world.signs[loan.reference] = loan.signed_on + timedelta(mandates.randint(0, 15))
    for loan in world.loans:
        _live(chance, world, loan)
    losses = Random(seed * 15_485_863 + 9)  # of its own: what came before stays as it was
    for loan in world.loans:
        _lose(losses, world, loan)
    return world


def _live(chance: Random, world: World, loan: Signed) -> None:
    """One borrower's payments: at each due date something happens, now and then in between."""
    days: list[tuple[date, str]] = []
    for k in range(1, loan.months + 1):
        due = month_after(loan.signed_on, k)
        what = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        shift = {EARLY: -chance.randint(1, 25), LATE: chance.choice((1, 2, 3, 4, 5, 9, 20, 35))}.get(what, 0)
        days.append((due + timedelta(shift), what))
        if chance.random() < 0.15:
            days.append((due + timedelta(chance.randint(-20, 20)), chance.choice((PART, EARLY, EXTRA, ALL))))
    for n, (on, what) in enumerate(sorted(days)):
        waits = loan.reference in world.signs and what in (PAYS, EARLY, LATE) and chance.random() < WAITS
        if what == NOT or waits or not loan.signed_on < on <= world.last:
            continue
        fen = _amount(chance, Ledger(loan, on, world.last), what)
        if fen > 0:
            _bank(chance, world, loan, Message(f"{loan.reference}-{n:02d}", "repaid", on, on, fen))
    _desk(chance, world, loan)


def _amount(chance: Random, now: Ledger, what: str) -> int:
    """What the borrower sends, after looking at what is owed."""
    due = now.due(PENALTY) + now.due(FEE) + now.due(INTEREST) + now.due(3)
    if what == ALL:
        return now.payoff() + chance.choice((0, 0, 1, 5_000))
    if what == PART:
        return chance.randint(1, max(due, 100))
    if what == EXTRA:
        return due + chance.randint(1, max(now.balance(), 2))
    if what == EARLY or not due:
        return chance.choice((max(now.instalment, 1), chance.randint(1, max(now.balance(), 2)), max(now.earned(), 1)))
    return due


def _bank(chance: Random, world: World, loan: Signed, told: Message) -> None:
    """How a repayment reaches us: late, twice, with another amount, taken back; each by one of three doors."""
    late = chance.choices((0, 1, 2, 3, 9, 30), (70, 10, 6, 5, 6, 3))[0]
    told = replace(told, known_on=told.on + timedelta(late))
    if chance.random() < 0.15:
        told = replace(told, gone_on=told.known_on + timedelta(chance.randint(0, 15)))
    loan.messages.append(told)
    how = chance.choice((INTRADAY, RECORDED, FILE))
    arrives = told.known_on + timedelta(chance.choice((0, 0, 0, 0, 2)))  # now and then after its day was closed
    world.arrives[arrives].append(Delivery(told, loan, how))
    if chance.random() < 0.2:
        again = arrives + timedelta(chance.randint(0, 6))
        world.arrives[again].append(Delivery(told, loan, chance.choice((INTRADAY, RECORDED, FILE))))
    if chance.random() < 0.1:
        world.arrives[arrives + timedelta(1)].append(Delivery(told, loan, chance.choice((INTRADAY, FILE)), wrong=True))
    if told.gone_on:
        back = max(told.gone_on, arrives)
        world.arrives[back].append(Delivery(told, loan, how, back=True))


def _desk(chance: Random, world: World, loan: Signed) -> None:
    """Fees and waivers, told by the desk on the day or some days later."""
    for n in range(chance.choices((0, 1, 2), (70, 20, 10))[0]):
        on = loan.signed_on + timedelta(chance.randint(1, 31 * loan.months))
        if on > world.last:
            continue
        known = on + timedelta(chance.choice((0, 0, 4)))
        if chance.random() < 0.5:
            due = on + timedelta(chance.randint(0, 20))
            told = Message(f"{loan.reference}-f{n}", "fee", on, known, chance.randint(1, 5_000), FEE, due)
        else:
            component = chance.choice((PENALTY, FEE, INTEREST))
            told = Message(f"{loan.reference}-w{n}", "waived", on, known, chance.randint(1, 3_000), component)
        loan.messages.append(told)
        world.arrives[known].append(Delivery(told, loan, chance.choice((INTRADAY, RECORDED))))


def _lose(chance: Random, world: World, loan: Signed) -> None:
    """Now and then a loan is written off, told on the day or later, sometimes taken back; and money comes after."""
    on = loan.signed_on + timedelta(chance.randint(20, min(31 * loan.months + 60, max(world.days, 30))))
    if chance.random() >= LOST or on >= world.last:
        return
    told = Message(f"{loan.reference}-lost", "written_off", on, on + timedelta(chance.choice((0, 0, 4))), 0)
    if chance.random() < 0.3:
        told = replace(told, gone_on=told.known_on + timedelta(chance.randint(1, 20)))
        world.arrives[told.gone_on or on].append(Delivery(told, loan, RECORDED, back=True))
    loan.messages.append(told)
    world.arrives[told.known_on].append(Delivery(told, loan, chance.choice((INTRADAY, RECORDED))))
    for n in range(chance.choice((0, 1, 2, 3))):
        later = on + timedelta(chance.randint(0, 40))
        fen = chance.choice((chance.randint(1, loan.fen), loan.fen * 2, chance.randint(1, 9_000)))
        if later <= world.last:
            _bank(chance, world, loan, Message(f"{loan.reference}-r{n}", "repaid", later, later, fen))

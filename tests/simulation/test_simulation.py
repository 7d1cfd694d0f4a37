"""A few worlds in the default suite; `python -m tests.simulation --seeds N` lives many more."""

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from afterloan.banks.words import Order
from afterloan.rehearsal.bank.simulator import Bank, Habits
from afterloan.store.server import Store
from tests.simulation.auditor import EQUAL, INTEREST_FIRST, Ledger, Message, Signed
from tests.simulation.bureau import BureauAuditor
from tests.simulation.contact_auditor import SHANGHAI, ContactAuditor, Owed, Promise, Sent, Stop
from tests.simulation.debit_auditor import Asked, DebitAuditor, Mandate
from tests.simulation.debits import Debits
from tests.simulation.gateway import SECRET, Gateway
from tests.simulation.happenings import KINDS, Happenings
from tests.simulation.run import Disagreement, Run
from tests.simulation.world import World, world_of

WORLDS = {3: (30, 60), 11: (30, 60)}
"""The worlds of this suite: by seed, how many loans for how many days."""
RARE = {
    "bureau: dispute answered: corrected",
    "message: asked after: the gateway never had it",
    "message: told again under its key, taken once",
}
"""What neither of these small worlds shows: the table at the end of a long run says how often it did there."""
NOT_IN = {
    3: RARE
    | {
        "money: fee charged",
        "borrower: refused at the door",
        "mandate: revoked",
        "debit: answered days late: refused",
        "debit: answer told with another amount, refused",
        "plan: broken",
    },
    11: RARE
    | {
        "loss: write-off taken back",
        "message: gateway asked for later",
        "message: refused by the gateway",
        "debit: answered days late: taken",
        "debit: answer told twice on its day",
        "debit: lost answer heard by a statement or a return",
        "plan: refused",
        "plan: cancelled",
        "plan: completed",
        "bureau: row not taken",
        "bureau: row not taken told again",
        "bureau: dispute answered: accurate",
    },
}
"""The kinds of happening that a world does not show; the other does."""


@pytest.mark.parametrize("seed", WORLDS)
def test_the_auditor_agrees_whatever_the_bank_sends_and_whoever_dies(store: Store, tmp_path: Path, seed: int) -> None:
    with psycopg.connect(store.as_owner().url, autocommit=True) as connection:
        connection.execute(f"alter database {connection.info.dbname} set synchronous_commit = off")
    run = Run(world_of(seed, *WORLDS[seed]), store, tmp_path / "in", kills=1)
    assert run.run() > 100
    print(run.happened.table())
    assert sorted(set(run.happened.never()) - NOT_IN[seed]) == []


def test_each_kind_of_happening_is_in_one_of_the_worlds() -> None:
    assert set.intersection(*NOT_IN.values()) == RARE
    kinds = {f"{group}: {kind}" for group, names in KINDS.items() for kind in names}
    assert set.union(*NOT_IN.values()) < kinds


def test_the_same_seed_is_the_same_world() -> None:
    assert world_of(5, 6, 60).arrives == world_of(5, 6, 60).arrives
    assert world_of(5, 6, 60).loans != world_of(6, 6, 60).loans


def test_an_answer_that_is_asked_for_between_two_debits_counts_for_the_second(store: Store) -> None:
    # 1,000.00 due, answers are lost: 600.00 are asked for twice, in order once it is known that the first time failed
    on = date(2026, 2, 10)
    loan = Signed("L", INTEREST_FIRST, 100_000, Fraction(0), on - timedelta(31), 1)

    def looked(*happens: str) -> None:
        bank = Bank(1, on, Habits(lost=1_000))
        debits = Debits(World(1, 60, [loan]), store, bank, "", {"L": "B"}, Happenings())
        debits.auditor.mandates["M"] = Mandate("B", "L", "Z1", on)
        for key in happens:
            if key in bank.debits:
                bank.asked_after.append(key)
            else:
                bank.debit(Order(key, 60_000, "M", on, "", "Z1", text="L"))
        debits.look(on, lambda _: loan, [], set())

    looked("first", "first", "second")
    for wrong in (("first", "second"), ("first", "second", "first")):
        with pytest.raises(ValueError, match="second of L: asks for 60000, owed 100000, on its way 60000"):
            looked(*wrong)


def test_a_cent_too_much_is_found(store: Store, tmp_path: Path) -> None:
    # the system is told a cent less than the auditor was: one of them must complain
    world = world_of(3, loans=4, days=60)
    run = Run(world, store, tmp_path / "in", kills=0)
    run._sign()
    loan = min(world.loans, key=lambda x: x.signed_on)
    loan.fen += 1
    from afterloan.close import close_through
    from tests.simulation.run import number

    close_through(store, number(loan.signed_on))
    with pytest.raises(Disagreement, match=rf"seed 3, {loan.signed_on}, .*the auditor says"):
        run._compare(loan.signed_on)


def test_the_auditor_by_hand() -> None:
    # RULES 6.6: 800.00 at 0.05 % a day from 10 April; due 10 May: 12.00 interest. Ten days late, x 1.5: 6.00,
    # capped at 24 % a year (0.06575 % a day): 800 x 10 x 0.06575 % = 5.26
    loan = Signed("L", INTEREST_FIRST, 80_000, Fraction(5, 100), date(2026, 4, 10), 1)
    on = date(2026, 5, 20)
    ledger = Ledger(loan, on, on)
    assert (ledger.due(2), ledger.due(0), ledger.days_past_due(), ledger.payoff()) == (1_200, 526, 10, 81_726)
    in_grace = Ledger(loan, date(2026, 5, 13), on)
    assert (in_grace.due(0), in_grace.days_past_due()) == (0, 3)
    # paid on the day and taken back on the 15th: on the 12th nobody knew
    due = date(2026, 5, 10)
    loan.messages.append(Message("m", "repaid", due, due, 81_200, gone_on=due + timedelta(5)))
    assert Ledger(loan, due + timedelta(2), due + timedelta(2)).payoff() == 0
    assert Ledger(loan, on, on).payoff() == 81_726


def test_a_ledger_that_goes_on_from_an_earlier_evening_says_what_one_lived_anew_says() -> None:
    chance = Random(4)
    world = world_of(7, 40, 200)
    gone_on = 0
    for loan in world.loans:
        told = loan.messages
        breath = loan.signed_on + timedelta(chance.randint(1, 60))
        told.append(Message("b", "breath", breath, breath, 0))
        told.append(Message("e", "breath_over", *[breath + timedelta(chance.randint(0, 40))] * 2, 0))
        told.append(Message("x", "extended", *[loan.signed_on + timedelta(chance.randint(1, 90))] * 2, 2))
        heard: list[Message] = []
        for message in chance.sample(told, len(told)):
            heard.append(message)
            known = max(chance.choice(heard).known_on, loan.signed_on)
            for day in (known, known + timedelta(chance.randint(-50, 20)), world.last):
                if day < loan.signed_on:
                    continue
                now = replace(loan, messages=list(heard))
                goes_on = any(one.day > loan.signed_on for one in (*loan.lived.firsts.values(), *loan.lived.lately))
                gone_on += goes_on
                ledger, anew = Ledger(now, day, known), Ledger(now, day, known, anew=True)
                assert (ledger.position(), ledger.accounts()) == (anew.position(), anew.accounts())
                assert (ledger.rows, ledger.day, ledger.taken) == (anew.rows, anew.day, anew.taken)
                assert ledger.rows.index(ledger.last) == anew.rows.index(anew.last)
    assert gone_on > 500


def test_a_ledger_does_not_go_on_where_the_loan_or_an_earlier_day_is_otherwise() -> None:
    # 800.00 at 0.05 %: 29 nights are 11.60; it is told later that 407.60 came after 19 of them (7.60): 10 x 0.20 more
    signed, on = date(2026, 4, 10), date(2026, 5, 9)
    loan = Signed("L", INTEREST_FIRST, 80_000, Fraction(5, 100), signed, 2)
    assert Ledger(loan, on, on).earned() == 1_160
    loan.messages.append(Message("m", "repaid", signed + timedelta(19), on, 40_000 + 760))
    assert Ledger(loan, on, on).earned() == 200
    loan.messages[0].gone_on = on
    assert Ledger(loan, on, on).earned() == 1_160
    loan.fen = 160_000
    assert Ledger(loan, on, on).earned() == 2_320


def test_the_auditor_of_a_breathing_space_by_hand() -> None:
    # the loan of tests/golden/loan/0136, whose figures were worked out there
    told = [
        Message("b", "breath", date(2026, 1, 20), date(2026, 1, 20), 0),
        Message("e", "breath_over", date(2026, 2, 20), date(2026, 2, 20), 0),
    ]
    loan = Signed("L", EQUAL, 120_000, Fraction(1, 10), date(2026, 1, 10), 3, told)
    seen = [Ledger(loan, on, on) for on in (date(2026, 2, 10), date(2026, 2, 21), date(2026, 3, 10), date(2026, 4, 10))]
    assert [ledger.payoff() for ledger in seen] == [121_200, 121_307, 123_121, 125_995]
    assert [ledger.due(0) for ledger in seen] == [0, 26, 459, 2_084]
    assert [seen[k].rows[n].owed_in_all() for k, n in ((0, 0), (2, 1), (3, 2))] == [40_000, 42_374, 41_537]


def test_the_auditor_of_a_write_off_by_hand() -> None:
    # 1,000.00 of three instalments at 0.05 %: 15.00, 15.50, 15.00 of interest and the principal are written off, its
    # penalty (from 10 July, 174 nights x 1,000.00 x 0.06575 % = 114.41) too; a cost of 50.00, then 200.00: 150.00 back
    lost = date(2026, 12, 31)
    loan = Signed("L", INTEREST_FIRST, 100_000, Fraction(5, 100), date(2026, 4, 10), 3)
    loan.messages.append(Message("w", "written_off", lost, lost, 0))
    fee, money = date(2027, 1, 10), date(2027, 2, 1)
    loan.messages += [
        Message("f", "fee", fee, fee, 5_000, due_on=fee),
        Message("m", "repaid", money, money, 20_000, gone_on=money + timedelta(3)),
    ]
    ledger = Ledger(loan, money, money)
    assert (ledger.lost, ledger.recovered, ledger.payoff()) == ([11_441, 0, 4_550, 100_000], 15_000, 0)
    assert Ledger(loan, money, money + timedelta(3)).payoff() == 5_000
    loan.messages.append(Message("n", "repaid", money, money, 200_000))
    assert Ledger(loan, money, money + timedelta(3)).unapplied == 200_000 - 5_000 - 115_991


def test_the_auditor_of_a_write_off_that_finds_nothing_by_hand() -> None:
    # as tests/golden/loan/0137: the fee of 25 May is asked on 28 May, two cents that waited meet it
    def said(day: str, kind: str, fen: int, due: str = "") -> Message:
        on = date.fromisoformat(day)
        return Message(day, kind, on, on, fen, due_on=date.fromisoformat(due) if due else None)

    loan = Signed("L", INTEREST_FIRST, 940_000, Fraction(3, 100), date(2024, 1, 28), 6)
    loan.messages += [said("2024-02-21", "repaid", 946_768), said("2024-04-01", "repaid", 2)]
    loan.messages += [said("2024-05-09", "written_off", 0), said("2024-05-16", "fee", 1_376, "2024-05-25")]
    found = [Ledger(loan, on, on) for on in (date(2024, 5, 26), date(2024, 6, 2))]
    assert [(ledger.payoff(), ledger.days_past_due()) for ledger in found] == [(1_374, 0), (1_374, 5)]


def test_the_auditor_of_bureaus_by_hand() -> None:
    # RULES 1.1.2: due 10 May, on 31 May 21 days, on 30 June 51, at the end of the year 235; due 29 May: 2 days of grace
    def said(month: date, *told: Message, signed_on: date = date(2026, 4, 10)) -> set[str]:
        loan = Signed("L", INTEREST_FIRST, 80_000, Fraction(5, 100), signed_on, 1, list(told))
        return set(BureauAuditor().status(loan, month, date(2027, 6, 30)))

    def on(kind: str, day: date, fen: int = 0) -> Message:
        return Message(f"{kind}-{day}", kind, day, day, fen)

    may, june, year = date(2026, 5, 31), date(2026, 6, 30), date(2026, 12, 31)
    assert (said(may), said(june), said(year)) == ({"1"}, {"2"}, {"7"})
    assert said(may, signed_on=date(2026, 4, 29)) == said(date(2026, 4, 30)) == {"*", "N", "M"}
    part = on("repaid", date(2026, 5, 10), 80_220)  # 812.00 due, 9.80 short, and 0.14 of penalty since
    assert said(may, part) == {"*", "N", "M"}
    assert said(may, replace(part, fen=80_200)) == {"1"}
    paid = on("repaid", date(2026, 5, 10), 81_200)
    assert (said(may, paid), said(june, paid)) == ({"C"}, set())
    lost, back = on("written_off", date(2026, 5, 20)), on("repaid", date(2026, 6, 3), 90_000)
    assert (said(may, lost), said(year, lost)) == ({"B"}, {"B"})
    assert (said(june, lost, back), said(year, lost, back, on("repaid", year, 500))) == ({"C"}, set())


def test_the_auditor_of_debits_by_hand() -> None:
    on = date(2026, 5, 13)

    def wrong(asked: Asked, owed: int = 12_000, stops: tuple[Stop, ...] = (), **told: Any) -> str:
        mandate = replace(Mandate("B1", "L1", "622", on - timedelta(9), 20_000), **told)
        return DebitAuditor({"M": mandate}).wrong(asked, owed, stops)

    asked = Asked("k", "M", "622", 12_000, on)
    assert wrong(asked) == ""
    assert wrong(replace(asked, mandate="N")) == wrong(replace(asked, account="6")) == "asked without a mandate"
    assert (
        wrong(asked, since=on + timedelta(1)) == wrong(asked, ended=on) == "asked under a mandate that is not in effect"
    )
    assert wrong(asked, most=11_999) == "asks for 12000, more than the mandate's 11999"
    assert wrong(asked, owed=11_999) == "asks for 12000, owed 11999, on its way 0"
    assert wrong(asked, stops=(Stop("B1", "breathing_space", on),)) == "asked though breathing_space"
    assert wrong(asked, stops=(Stop("B2", "deceased", on), Stop("B1", "lawyer", on))) == ""
    auditor = DebitAuditor({"M": Mandate("B1", "L1", "622", on)})
    assert auditor.wrong(asked, 20_000, ()) == ""
    assert auditor.wrong(replace(asked, key="j"), 20_000, ()) == "asks for 12000, owed 20000, on its way 12000"
    auditor.answered("k", "AM04", on)  # not enough there: the mandate stays
    assert auditor.wrong(asked, 20_000, ()) == "asked twice"
    assert auditor.wrong(replace(asked, key="j"), 20_000, ()) == ""
    auditor.answered("j", "AC04", on)  # the account is closed
    assert auditor.wrong(replace(asked, key="i"), 20_000, ()) == "asked under a mandate that is not in effect"


class Chosen(Gateway):
    """A gateway that does what the test says: 0.1 the line breaks before, 0.4 the answer is lost, 0.9 all goes well."""

    def __init__(self) -> None:
        super().__init__(0)
        self.next = 0.0
        self.now = datetime(2026, 5, 13, 10, 30, tzinfo=SHANGHAI)

    def _chance(self, what: str, token: str) -> float:
        return self.next

    def sent(self, chance: float, key: str = "k1", token: str = "") -> int:
        body = json.dumps({"key": key, "text": "120.00"}).encode()
        token = token or hashlib.md5(key.encode()).hexdigest()
        signed = hmac.digest(b64decode(SECRET.removeprefix("whsec_")), f"{token}.1.".encode() + body, "sha256")
        head = {"webhook-id": token, "webhook-timestamp": "1"}
        self.next = chance
        return self.take(token, head | {"webhook-signature": f"v1,{b64encode(signed).decode()}"}, body)

    def asked(self, chance: float, key: str = "k1") -> int:
        self.next = chance
        return self.ask(hashlib.md5(key.encode()).hexdigest())


def test_the_auditor_of_a_gateway_by_hand() -> None:
    one = Chosen()
    assert (one.sent(0.1), one.asked(0.9), one.taken) == (0, 404, {})  # it never had it: once more
    assert one.end_wrong("k1", "sent") == "k1 stands as sent, and the gateway never had it"
    assert (one.sent(0.4), one.end_wrong("k1", "unknown")) == (0, "")  # the answer was lost: in doubt
    assert one.end_wrong("k1", "again") == "the gateway has k1, which stands as again"
    assert (one.asked(0.1), one.end_wrong("k1", "dropped")) == (500, "")  # it cannot say
    assert (one.asked(0.9), len(one.taken), one.wrong) == (200, 1, [])
    assert one.end_wrong("k1", "dropped") == "the gateway has k1, which stands as dropped"
    one.sent(0.9)
    assert one.wrong.pop() == "k1 was sent again, though the gateway had said that it has it"
    assert (one.sent(0.4, "k2"), one.asked(0.1, "k2"), one.sent(0.9, "k2"), one.wrong) == (0, 500, 409, [])
    one.sent(0.9, "k3", hashlib.md5(b"k4").hexdigest())
    assert one.wrong[0].startswith("k3 came under ") and len(one.taken) == 3


def test_the_auditor_of_contacts_by_hand() -> None:
    # 120.00 is three days past due, 130.00 falls due on the 14th: at 10:30 of the 13th a text may name 120.00
    on = date(2026, 5, 13)
    owed = Owed(12_000, 40_000, {date(2026, 5, 14): 13_000})
    at = datetime(2026, 5, 13, 10, 30, tzinfo=SHANGHAI)
    text = Sent("k", at, "B1", "sms", "overdue-friendly", ("L1",), "您有一笔120.00元的还款尚未收到。")

    def wrong(sent: Sent = text, now: Owed = owed, paid: int = 0, **told: object) -> str:
        auditor = ContactAuditor(addresses={"B1": {"sms": "139"}}, **told)  # type: ignore[arg-type]
        return auditor.wrong(sent, now, (now,), {on: paid})

    assert wrong() == ""
    assert wrong(replace(text, at=at.replace(hour=22, minute=0))) == "sent at 22:00"
    assert wrong(replace(text, at=at.replace(hour=7, minute=59))) == "sent at 07:59"
    assert wrong(replace(text, text="您有一笔120.01元的还款尚未收到。")).startswith("names [12001]")
    assert wrong(replace(text, channel="email")) == "sent by email without an address"
    assert wrong(now=Owed(0, 28_000, {})) == "presses for what is paid"
    assert wrong(unwanted={"B1": {"all": on}}) == "sent by sms, which is not wanted"
    assert wrong(stops=[Stop("B1", "deceased", on)]) == "sent though deceased"
    assert wrong(stops=[Stop("B1", "dispute_open", on, on)]) == "presses though dispute_open"
    assert wrong(stops=[Stop("B1", "dispute_open", on - timedelta(9), on - timedelta(1))]) == ""
    promised = [Promise("B1", 12_000, on - timedelta(2), on)]
    assert wrong(promises=promised) == "presses though 12000 is promised for 2026-05-11"
    assert wrong(promises=promised, paid=12_000) == ""
    auditor = ContactAuditor(addresses={"B1": {"sms": "139"}})
    assert [auditor.wrong(text, owed, (owed,), {}) for _ in range(2)] == ["", "sent twice"]

"""Money that ends arrears withdraws what was planned, whichever door it comes by; a bank's file is one act."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from afterloan.banks.words import BankRowRefused, BankStatement, Result, StatementLine, reference_of
from afterloan.desk.keyboard.main import app
from afterloan.facts.act import Answer, Refused, Who
from afterloan.facts.debit import DebitAttempted, DebitFiled, DebitPart
from afterloan.facts.outbox import Action, MessageBody
from afterloan.sending.settling import CALLBACK, DRAIN, settle
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.servicing.lines import statement_in_parts
from afterloan.store.events import tell
from afterloan.store.locks import Space, lock_borrowers
from afterloan.store.outbox import put
from afterloan.store.server import Store
from tests.overheard import overheard
from tests.sending.bankhouse import FINANCE, asked_at_the_door, at, did, mandate, rows
from tests.strategy.books import borrower, loan

ON = date(2025, 5, 13)
"""Three days after the first instalment of L1 fell due."""
KEY = reference_of("asked of B1")
PAID_FEN = 150_000
"""An instalment of 12,000.00 over twelve months at 0.05 % a day is below 1,200.00; 1,500.00 ends the arrears."""


@pytest.fixture
def book(store: Store) -> Store:
    """B1 owes the instalment of 10 May of L1; a text that says so is to leave on the 13th at 10:45. B2 has L2."""
    with store.connect() as connection:
        numbers = {name: borrower(connection, name) for name in ("B1", "B2")}
        loan(connection, "L1", "B1", "2025-04-10")
        loan(connection, "L2", "B2", "2025-05-01")
        body = MessageBody(purpose="collection", template="overdue")
        put(connection, [Action("text", numbers["B1"], "message.sms", at("2025-05-13 10:45"), ON, None, body)])
        tell(connection, mandate("M1", "123456", rail="nacha", bank="091000019"))
        first = date(2025, 5, 10)
        parts = (DebitPart(loan="L1", amount_fen=PAID_FEN),)
        tell(connection, DebitAttempted(borrower="B1", on=first, known_on=first, at=at("2025-05-10 09:30"),
             reference=KEY, mandate="M1", rail="nacha", amount_fen=PAID_FEN, parts=parts))  # fmt: skip
    return store


def withdrawn(store: Store) -> list[str]:
    return [r[0] for r in rows(store, "select body->>'key' from event where kind = 'action.withdrawn'")]


def line(reference: str, text: str) -> StatementLine:
    return StatementLine(reference, ON, PAID_FEN, text=text)


def statement(*lines: StatementLine, refused: tuple[BankRowRefused, ...] = ()) -> BankStatement:
    return BankStatement("ST-1", "LENDER", "CNY", datetime(2025, 5, 13), lines, 0, 0, refused)


def taken(store: Store, told: BankStatement) -> dict[str, Any]:
    (part,) = statement_in_parts(told, "f")
    return dict(did(store, "statement.take", part.model_dump(), ON))


def by_statement(store: Store) -> None:
    assert taken(store, statement(line("S1", "repays L1")))["matched"] == {"loan reference": 1}


def by_hand(store: Store) -> None:
    assert [x["line"] for x in taken(store, statement(line("S1", "no words")))["unmatched"]] == ["S1"]
    assert not withdrawn(store)
    did(store, "statement.give", {"line": "S1", "loan": "L1"}, ON)


def by_parts(store: Store) -> None:
    """1,200.00 is more than the instalment, 300.00 is for another's loan; 1,200.00 + 300.00 = 1,500.00."""
    taken(store, statement(line("S1", "no words")))
    parts = [{"loan": "L2", "amount_fen": 30_000}, {"loan": "L1", "amount_fen": 120_000}]
    did(store, "statement.split", {"line": "S1", "parts": parts}, ON)


def by_moving(store: Store) -> None:
    taken(store, statement(line("S1", "repays L2")))
    assert not withdrawn(store)
    with desk_of(store) as desk:
        boss = Who("person", "wang", ("operator",), "keyboard")
        moved = do(desk, boss, "statement.move", {"line": "S1", "loan": "L1"}, "move", ON)
    assert isinstance(moved, Answer) and moved.body["was"] == "L2"


def by_debit_line(store: Store) -> None:
    assert taken(store, statement(StatementLine("S1", ON, PAID_FEN, end_to_end=KEY)))["matched"] == {"debit": 1}


def by_results(store: Store) -> None:
    result = Result(KEY, "succeeded", ON, PAID_FEN)
    assert did(store, "debit.results", {"message": "R1", "results": [result]}, ON)["counts"] == {"succeeded": 1}


def by_silence(store: Store) -> None:
    first = date(2025, 5, 10)
    with store.connect() as connection:
        tell(connection, DebitFiled(borrower="B1", on=first, known_on=first, reference="filed", of=KEY, file="F1"))
    assert did(store, "debit.presume_paid", {"form": "nacha", "days": 3}, ON)["counts"] == {"succeeded": 1}


def by_callback(store: Store) -> None:
    with store.connect() as connection:
        settle(connection, CALLBACK, Result(KEY, "succeeded", ON, PAID_FEN), ON, at("2025-05-13 09:00"))


def by_drain(store: Store) -> None:
    with store.connect() as connection:
        settle(connection, DRAIN, Result(KEY, "succeeded", ON, PAID_FEN), ON, at("2025-05-13 09:00"))


def by_repayment(store: Store) -> None:
    did(store, "repayment.take", {"loan": "L1", "amount_fen": PAID_FEN, "received_on": ON}, ON)


DOORS = (
    by_statement, by_hand, by_parts, by_moving, by_debit_line, by_results, by_silence, by_callback, by_drain,
    by_repayment,
)  # fmt: skip


@pytest.mark.parametrize("door", DOORS, ids=[door.__name__ for door in DOORS])
def test_the_same_money_withdraws_the_same_text_at_every_door(book: Store, door: Callable[[Store], None]) -> None:
    door(book)
    assert withdrawn(book) == ["text"]
    # the money and what it withdrew carry the act that brought it
    told = rows(book, "select a.verb from event e join act a using (act) where e.kind = 'action.withdrawn'")
    paid = rows(book, "select a.verb from fact f join act a using (act) where f.kind = 50 order by f.fact desc limit 1")
    assert told == paid and len(told) == 1


def test_a_file_is_one_act_and_the_same_file_again_the_first_answer(book: Store) -> None:
    bad = BankRowRefused("line 9", "amount", "1,000", "could be 1.00 or 1000.00", "ask the bank")
    told = statement(line("S1", "repays L1"), line("S2", "repays L2"), line("S3", "nobody"), refused=(bad,))
    (part,) = statement_in_parts(told, "f")
    with desk_of(book) as desk:
        first, second = (do(desk, FINANCE, "statement.take", part, "file:1", ON) for _ in range(2))
        other = do(desk, FINANCE, "statement.take", part.model_copy(update={"file": "g"}), "file:1", ON)
    assert isinstance(first, Answer) and isinstance(second, Answer) and isinstance(other, Refused)
    assert (first.body["lines"], first.body["matched_fen"]) == (3, 2 * PAID_FEN)
    assert len(first.body["unmatched"]) == len(first.body["refused"]) == 1
    assert second.known and (second.act, second.body) == (first.act, first.body) and other.kind == "conflict"
    assert rows(book, "select act, count(*) from fact where kind = 50 group by 1") == [(first.act, 2)]
    # the file of another day: every line is known, nothing is added
    again = did(book, "statement.take", part.model_dump(), date(2025, 5, 14))
    assert (again["known_before"], again["matched"]) == (2, {})


def test_two_lines_that_are_the_same_in_all_keep_their_turns_over_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("afterloan.servicing.lines.PART", 2)
    parts = list(statement_in_parts(statement(line("", "x"), line("", "y"), line("", "x")), "f"))
    assert [[(t.position, t.turn) for t in p.lines] for p in parts] == [[(1, 1), (2, 1)], [(3, 2)]]


def test_a_refused_result_holds_no_other_up_and_the_drain_goes_on_without_the_act(book: Store) -> None:
    lost = Result(reference_of("never"), "succeeded", ON, 5)
    body = did(book, "debit.results", {"message": "R", "results": [lost, Result(KEY, "succeeded", ON, PAID_FEN)]}, ON)
    assert body["read"] == 2 and body["counts"] == {"succeeded": 1}
    assert "no debit attempt of that reference" in body["refused"][0]
    with book.connect() as connection:
        told = settle(connection, DRAIN, Result(KEY, "succeeded", ON, PAID_FEN), ON, at("2025-05-13 09:00"))
        assert told["known_before"] and connection.execute("select current_act()").fetchone() == (None,)


def test_takes_money_off_only_with_a_second_person(book: Store) -> None:
    taken(book, statement(line("S1", "repays L1")))
    said = asked_at_the_door(book, "statement.take_off", {"line": "S1"}, ON)
    assert isinstance(said, Refused) and said.kind == "needs_second_person"


def test_lines_are_given_moved_and_taken_off_at_the_keyboard(book: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERLOAN_DATABASE_URL", book.url)
    bad = BankRowRefused("line 9", "amount", "1,000", "could be 1.00 or 1000.00", "ask the bank")
    taken(book, statement(line("S1", "no words"), refused=(bad,)))
    (number,) = (r[0] for r in rows(book, "select refusal from bank_refusal"))

    def say(*words: str, code: int = 0) -> str:
        answer = CliRunner().invoke(app, ["unmatched", *words, "--by", "ming", "--on", "2025-05-13"])
        assert answer.exit_code == code, (answer.output, answer.exception)
        return answer.output + str(answer.exception or "")

    assert "loan L2; amount 1,500.00 CNY" in say("--assign", "S1", "--loan", "L2")
    assert "was L2; loan L1" in say("--move", "S1", "--loan", "L1")
    assert "1 planned actions withdrawn" not in say("--take-off", "S1")
    assert "loan L1; amount 1,500.00 CNY" in say("--assign", "S1", "--loan", "L1", "--reference", "again")
    assert "say either --loan LOAN or --aside" in say("--assign", "S1", code=1)
    assert "say either --loan" in say("--assign", "S1", code=1)
    say("--take-off", "S1")
    assert "write LOAN=AMOUNT" in say("--assign", "S1", "--parts", "L1:1200", code=1)
    assert "loan L1" in say("--assign", "S1", "--parts", "L1=1200.00, L2=300.00", "--reference", "parts")
    assert f"row {number}" in say("--done", str(number), "--aside", "the bank sent it anew")
    assert rows(book, "select distinct who, door from act where who = 'ming'") == [("ming", "keyboard")]


def test_a_repayment_reads_its_loan_once_though_a_text_was_planned(
    book: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B1's only loan is reckoned with the repayment; whether B1 owes anything now is told by that reckoning."""
    with overheard(monkeypatch) as sent:
        by_repayment(book)
    assert withdrawn(book) == ["text"]
    assert sum(" from fact f " in query for query, _ in sent) == 1


def test_of_other_loans_only_the_others_are_read(book: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """B1's L3 owes an instalment since 12 May: the text about both stays; once L3 is met too it goes."""
    with book.connect() as connection:
        loan(connection, "L3", "B1", "2025-04-12")
    with overheard(monkeypatch) as sent:
        by_repayment(book)
    reads = [told for query, told in sent if " from fact f " in query]
    (first,) = rows(book, "select loan from contract where reference = 'L1'")
    assert withdrawn(book) == [] and len(reads) == 2 and reads[1]["but"] == [first[0]]
    with overheard(monkeypatch) as sent:
        did(book, "repayment.take", {"loan": "L3", "amount_fen": 1, "received_on": ON}, ON)
    assert sum(" from fact f " in query for query, _ in sent) == 1  # it still owes: the others are not asked
    did(book, "repayment.take", {"loan": "L3", "amount_fen": PAID_FEN, "received_on": ON}, ON)
    assert withdrawn(book) == ["text"]


def test_a_statement_locks_its_borrowers_in_the_one_order(book: Store) -> None:
    """Its lines name B2 before B1. Who holds B1, as a repayment moved between the two does, has B2 at once."""
    (low, high) = (r[0] for r in rows(book, "select borrower from borrower order by borrower"))
    told = statement(line("S1", "repays L2"), line("S2", "repays L1"))
    waits = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
    with book.connect() as mover, ThreadPoolExecutor(1) as hands:
        lock_borrowers(mover, [low])
        done = hands.submit(taken, book, told)
        while not rows(book, waits)[0][0]:
            time.sleep(0.01)
        key = (int(Space.BORROWER) << 32) | high
        free = mover.execute("select pg_try_advisory_xact_lock(%s)", (key,)).fetchone()
        mover.rollback()
        assert free == (True,)
        assert done.result(30)["matched"] == {"loan reference": 2}

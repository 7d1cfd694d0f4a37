"""What leaves asks again what is owed: at every door by which money comes or a debt gets less, the text follows.

L1 of 12,000.00 fell due with its first instalment on 10 May 2025 and nothing came. In the night to the 13th a text was
planned with that day's arrears. What is owed on the 13th is asked of the store's own reader (`owed_now`) before the
door; a door that takes 500.00 off has to leave exactly 500.00 less in the text.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from afterloan.banks.words import BankStatement, StatementLine
from afterloan.dates import day
from afterloan.desk.keyboard.main import app
from afterloan.facts import Reinstalled
from afterloan.facts.act import Answer, Who
from afterloan.facts.outbox import Action, MessageBody, read_body
from afterloan.intake.book import bring_in
from afterloan.money import show_amount
from afterloan.sending.channels import read_setting
from afterloan.sending.drain_work import drain
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.limits import owed_now
from afterloan.store.outbox import put
from afterloan.store.record import record
from afterloan.store.server import Store
from tests.sending.bankhouse import import_statement
from tests.sending.messages_kit import kinds, steps
from tests.strategy.books import borrower, loan

ON = date(2025, 5, 13)
NOON = datetime(2025, 5, 13, 4, 0, tzinfo=UTC)
PART = 50_000
LEAD = Who("person", "Wang", ("lead", "finance"), "keyboard")


def by_command(store: Store, fen: int) -> None:
    words = ["repay", "L1", show_amount(fen), "--on", "2025-05-13", "--reference", "R1"]
    done = CliRunner().invoke(app, words, env={"AFTERLOAN_DATABASE_URL": store.url})
    assert done.exit_code == 0, done.output


def by_statement(store: Store, fen: int) -> None:
    line = StatementLine("S1", ON, fen, text="repays L1")
    told = BankStatement("ST-1", "LENDER-1", "CNY", datetime(2025, 5, 13), (line,), 0, fen)
    assert import_statement(store, told, "f.xml", ON).matched_fen == fen


def by_import(store: Store, fen: int) -> None:
    folder = Path(store_folder[0])
    text = f"reference,contract,on,known_on,amount\nR1,L1,2025-05-13,2025-05-13,{show_amount(fen)}\n"
    (folder / "repayments.csv").write_text(text, encoding="utf-8")
    (report,) = bring_in(store, folder)
    assert report.loaded == 1, report


def by_waiver(store: Store, fen: int) -> None:
    with desk_of(store) as desk:
        for component, part in (("interest", min(fen, 10_000)), ("principal", fen - min(fen, 10_000))):
            asked = {"loan": "L1", "amount_fen": part, "component": component, "reason": "goodwill"}
            if part:
                assert isinstance(do(desk, LEAD, "charge.waive", asked, f"W-{component}", ON), Answer)


store_folder: list[str] = []
DOORS = [by_command, by_statement, by_import, by_waiver]


@pytest.fixture
def owed(store: Store, tmp_path: Path) -> int:
    """What is owed on the 13th before any door; a text with it waits, and the books of a lender come from a folder."""
    store_folder[:] = [str(tmp_path / "books")]
    (tmp_path / "books").mkdir()
    with store.connect() as connection:
        number = borrower(connection, "B1", mobile="13900001111")
        loan(connection, "L1", "B1", "2025-04-10")
        amount = owed_now(connection, "B1", ON)
        values = {"arrears_fen": amount, "loans": ["L1"], "days_past_due": 3}
        body = {"template": "overdue-friendly", "language": "en", "to": None, "purpose": "collection", "values": values}
        put(connection, [Action("text", number, "message.sms", NOON, ON, None, read_body("message.sms", body))])
    return amount


def sent(store: Store, folder: Path) -> list[str]:
    """The texts that leave at noon."""
    drain(store, told=read_setting({"sms": {"folder": str(folder)}}), moment=NOON)
    return [f.read_text(encoding="utf-8") for f in sorted((folder / "sms").glob("*.txt"))]


@pytest.mark.parametrize("door", DOORS, ids=lambda d: d.__name__)
def test_after_a_part_the_text_names_what_is_left(
    store: Store, tmp_path: Path, owed: int, door: Callable[[Store, int], None]
) -> None:
    door(store, PART)
    (text,) = sent(store, tmp_path)
    assert f"CNY {(owed - PART) // 100:,}.{(owed - PART) % 100:02d}" in text
    with store.connect() as connection:
        (told,) = connection.execute("select body->'amounts' from event where kind = 'message.sent'").fetchone() or (
            {},
        )
    assert told == {"arrears_fen": owed - PART}  # the fact says what the text said


@pytest.mark.parametrize("door", DOORS[:3], ids=lambda d: d.__name__)
def test_who_owes_nothing_is_not_told(
    store: Store, tmp_path: Path, owed: int, door: Callable[[Store, int], None]
) -> None:
    door(store, owed)
    assert sent(store, tmp_path) == []
    assert steps(store, "text") == ["0:dropped"]
    assert "contact.attempted" not in kinds(store) and "message.failed" not in kinds(store)
    with store.connect() as connection:
        why = connection.execute("select detail->>'why' from sending").fetchone()
    # a door may have withdrawn it at once; where none did (the import), the drain finds it out itself
    assert why == ("paid",) or (door is not by_import and why == ("withdrawn",))


def test_who_caught_up_is_not_pressed_for_what_falls_due_today(store: Store, tmp_path: Path, owed: int) -> None:
    """All that was past due is paid on the 13th; L2's first instalment falls due that day: "CNY 0.00 is late" stays."""
    with store.connect() as connection:
        loan(connection, "L2", "B1", "2025-04-13")
    by_import(store, owed)
    assert sent(store, tmp_path) == []
    assert steps(store, "text") == ["0:dropped"]


def test_a_re_instalment_that_moves_what_was_due_is_no_debt_of_today(store: Store, tmp_path: Path, owed: int) -> None:
    """On the 13th the rest is spread anew over twelve months from 13 June: nothing is due that day."""
    with store.connect() as connection:
        on, first = day("2025-05-13"), day("2025-06-13")
        record(connection, Reinstalled("L1", "P1", on, on, count=12, due_on=first))
        assert owed_now(connection, "B1", ON) == 0
    assert sent(store, tmp_path) == [] and steps(store, "text") == ["0:dropped"]


def test_a_reminder_goes_while_its_instalment_is_unpaid(store: Store, tmp_path: Path, owed: int) -> None:
    """B2's first instalment falls due on 16 May. B2 is reminded on the 13th; B3, who paid it that morning, is not."""
    with store.connect() as connection:
        for name in ("B2", "B3"):
            number = borrower(connection, name, mobile=f"1390000{name}")
            loan(connection, f"L-{name}", name, "2025-04-16")
            values = {"amount_fen": 1, "due_on": "2025-05-16", "loans": [f"L-{name}"]}
            body: dict[str, Any] = {
                "template": "reminder-before-due",
                "language": "en",
                "to": None,
                "purpose": "reminder",
            }
            put(connection, [Action(name, number, "message.sms", NOON, ON, None, MessageBody(**body, values=values))])
        due = owed_now(connection, "B2", date(2025, 5, 16))  # that evening it would be owed
    with desk_of(store) as desk:
        asked = {"loan": "L-B3", "amount_fen": due, "received_on": "2025-05-13"}
        assert isinstance(do(desk, LEAD, "repayment.take", asked, "early", ON), Answer)
    texts = sent(store, tmp_path)
    assert steps(store, "B2") == ["1:started", "1:sent"]
    assert any(f"CNY {due // 100:,}.{due % 100:02d}" in text for text in texts)
    assert steps(store, "B3") == ["0:dropped"]


def test_who_promised_this_morning_is_not_pressed_at_noon(store: Store, tmp_path: Path, owed: int) -> None:
    """All of it is promised for the 20th on the morning of the 13th: the text planned in the night stays at home.

    The record says why; a text planned after the promise was taken is refused by the governor itself, until the day
    and its tolerance of two days are over.
    """
    with desk_of(store) as desk:
        asked = {"borrower": "B1", "amount_fen": owed, "due_on": "2025-05-20"}
        answer = do(desk, LEAD, "promise.make", asked, "promised", ON)
        assert isinstance(answer, Answer) and answer.body["withdrawn"] == 1, answer
    (told,) = sent(store, tmp_path)
    assert "在此之前我们不会催促您" in told  # what we said that we would do: not press before that day
    assert steps(store, "text") == ["0:dropped"]
    with store.connect() as connection:
        said = "select body->>'reason' from event where reference = 'withdrawn:text'"
        assert connection.execute(said).fetchone() == ("hold: promise_pending",)
    for on, leaves in ((date(2025, 5, 14), False), (date(2025, 5, 22), False), (date(2025, 5, 23), True)):
        at = datetime(on.year, on.month, on.day, 4, 0, tzinfo=UTC)
        body = {"template": "overdue-friendly", "language": "en", "to": None, "purpose": "collection"}
        body |= {"values": {"arrears_fen": owed, "loans": ["L1"], "days_past_due": 4}}
        with store.connect() as connection:
            number = connection.execute("select borrower from borrower where reference = 'B1'").fetchone()
            assert number
            put(connection, [Action(f"t{on}", number[0], "message.sms", at, on, None, read_body("message.sms", body))])
        drain(store, told=read_setting({"sms": {"folder": str(tmp_path)}}), moment=at)
        assert (steps(store, f"t{on}")[-1] == "1:sent") == leaves, on


OFFER = {"template": "hardship-offer", "language": "en", "to": None, "purpose": "service", "values": {"loans": ["L1"]},
         "ladder": "cn-standard", "step": "offer-10"}  # fmt: skip


@pytest.mark.parametrize(
    ("verb", "asked", "leaves"),
    [
        ("person.insolvency_opened", {"court": "Hangzhou"}, ["an answer"]),
        ("person.lawyer_engaged", {"lawyer": "Ms Qian"}, ["an answer"]),
        ("person.died", {"source": "his daughter"}, []),
        ("hold.place", {"hold": "breathing_space", "reason": "an adviser", "ends_on": "2025-06-01"}, ["an answer"]),
        ("hold.place", {"hold": "dispute_open", "reason": "told by phone", "ends_on": "2025-06-01"},
         ["an answer", "an offer"]),
    ],
)  # fmt: skip
def test_an_offer_of_help_that_nobody_asked_for_stays_with_who_may_not_be_written_to(
    store: Store, tmp_path: Path, owed: int, verb: str, asked: dict[str, str], leaves: list[str]
) -> None:
    """Planned in the night; what stops all contact is told in the morning. What answers the borrower leaves, but to the
    dead."""
    with store.connect() as connection:
        row = connection.execute("select borrower from borrower where reference = 'B1'").fetchone()
        assert row is not None
        for key, response in (("an offer", False), ("an answer", True)):
            body = read_body("message.sms", {**OFFER, "response": response})
            put(connection, [Action(key, row[0], "message.sms", NOON, ON, None, body)])
    with desk_of(store, datetime(2025, 5, 13, 1, tzinfo=UTC)) as desk:
        assert isinstance(do(desk, LEAD, verb, {"borrower": "B1", **asked}, "told", ON), Answer)
    sent(store, tmp_path)
    assert [key for key in ("an answer", "an offer") if any(":sent" in step for step in steps(store, key))] == leaves

"""A purge takes what tells of a former borrower away when its time is over, never before, and says so for ever."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from afterloan.banks.words import BankStatement, StatementLine
from afterloan.close import close_through
from afterloan.dates import day
from afterloan.desk.keyboard.main import app
from afterloan.enquiry.acts import acts_done
from afterloan.enquiry.borrowers import borrower_page, loans_of_borrower
from afterloan.enquiry.debits import mandates_on
from afterloan.enquiry.mine import messages_to
from afterloan.enquiry.purging import all_to_purge, to_purge
from afterloan.enquiry.seals import verify
from afterloan.enquiry.story import story_of
from afterloan.enquiry.tasks import tasks
from afterloan.facts import FactRefused
from afterloan.facts.act import Answer, Refused, Who
from afterloan.facts.debit import MandateSigned
from afterloan.facts.message import MessageSent
from afterloan.facts.outbox import Action, MessageBody
from afterloan.papers.purged import WORDS, certificate_of_purge
from afterloan.servicing.desk import Desk, desk_of
from afterloan.servicing.door import approve, do, propose
from afterloan.servicing.lines import statement_in_parts
from afterloan.store.acts import begin_act, keep_act
from afterloan.store.brought import SentFile, all_brought, digest_of, keep_brought, keep_pieces, write_pieces
from afterloan.store.connect import reader_to
from afterloan.store.contracts import add_borrower
from afterloan.store.debits import standing_of
from afterloan.store.drafts import draft_of, keep_draft
from afterloan.store.events import events_of, tell, tell_rows
from afterloan.store.files import file_kept, file_purged_on, keep_file
from afterloan.store.inbox import InboxMessage, in_inbox, keep_in_inbox
from afterloan.store.outbox import put
from afterloan.store.persons import opened, rewrite_person
from afterloan.store.proposals import proposal_of
from afterloan.store.purging import certificates, purge_borrower
from afterloan.store.refusals import ImportRefusal, keep_import_refusals
from afterloan.store.sending import TellRow, finish
from afterloan.store.sending import tell_rows as send_told
from afterloan.store.server import Store
from afterloan.store.statements import BankRefusal, finish_refusal, line_of, open_refusals, put_refusals
from tests.store.test_enciphered import ANSWERS, MARK, NOW, PAPER, dumped
from tests.strategy.books import bodies, loan, repaid

SETTLED = date(2016, 1, 10)
"""The twelfth instalment of a contract signed on 10 January 2015, paid on its day."""
OVER = date(2026, 1, 11)
"""Ten years on (China's rule on money laundering, the longest) and a day."""
PERSON = {
    "mobile": "13912345678", "email": "zebedee@quill.example", "address": "Lane of Plums 7",
    "id_number": "11010119850115123X", "jurisdiction": "CN",
}  # fmt: skip
SEEDS = (b"Zebedee Quill", b"13912345678", b"zebedee@quill.example", b"11010119850115123X", b"Lane of Plums 7")
MONTHS = [f"2015-{month:02d}-10" for month in range(2, 13)] + ["2016-01-10"]
OF_BEFORE = {"messages", "acts"}
"""What only older certificates name: it is enciphered since, and goes."""
PAID: dict[str, int] = {}
"""What was paid on each day: reckoned once."""
FINANCE = Who("person", "Zhou", ("finance", "operator"), "keyboard")
LEAD, SECOND = (Who("person", name, ("lead", "administrator"), "keyboard") for name in ("Lin", "Wu"))


def paid_off(store: Store, reference: str, owner: str) -> None:
    """Every instalment on its day, as much as was due the day before."""
    with store.connect() as connection:
        loan(connection, reference, owner, "2015-01-10")
        for on in MONTHS:
            if on not in PAID:
                (row,) = loans_of_borrower(connection, owner, date.fromisoformat(on) - timedelta(days=1))
                PAID[on] = row["next_due_fen"]
            repaid(connection, reference, on, PAID[on])


@pytest.fixture
def book(store: Store) -> Store:
    """B1 settled long ago, B2 is late, B3 never borrowed: all three with personal data, a paper and a draft."""
    with store.connect() as connection:
        for name in ("B1", "B2", "B3"):
            add_borrower(connection, name, "Zebedee Quill", PERSON, date(2025, 1, 1))
            keep_file(connection, MARK, PAPER, name)
            keep_draft(connection, name, "plan", ANSWERS, NOW)
        loan(connection, "L2", "B2", "2015-01-10")
    paid_off(store, "L1", "B1")
    return store


@pytest.fixture
def desk(book: Store) -> Iterator[Desk]:
    with desk_of(book, NOW) as made:
        yield made


def purged(desk: Desk, *people: str, on: date = OVER, reference: str = "P1") -> Answer | Refused:
    """Proposed by one, agreed by another."""
    asked = {"people": list(people), "reason": "the yearly round"}
    proposed = propose(desk, LEAD, "person.purge", asked, reference, on)
    return approve(desk, SECOND, reference, on) if isinstance(proposed, Answer) else proposed


def row_of(desk: Desk, reference: str) -> tuple[Any, ...]:
    row = desk.connection.execute("select name, attributes from borrower where reference = %s", (reference,)).fetchone()
    assert row is not None
    return row


@pytest.mark.parametrize(("on", "free"), [(OVER - timedelta(days=1), False), (OVER, True)])
def test_the_longest_rule_of_the_place_counts_to_the_day(desk: Desk, on: date, free: bool) -> None:
    """Seven years by our own policy, five for a bureau, ten against money laundering: settled on 10 January 2016, kept
    through 10 January 2026."""
    found = to_purge(desk.connection, "B1", on)
    assert found.since == SETTLED and found.kept is not None
    assert (found.kept.day, found.kept.rule.id) == (date(2026, 1, 10), "cn.retention.money-laundering")
    assert {rule.confidence for rule in found.kept.rules} == {"I", "S", "M"}
    assert (found.against == ()) is free


def test_who_owes_is_never_purged_however_long_ago(desk: Desk) -> None:
    answer = purged(desk, "B1", "B2", on=date(2099, 1, 1))
    assert isinstance(answer, Refused) and answer.kind == "too_early"
    assert answer.value == "B2" and "loan L2 is not settled" in answer.why
    assert row_of(desk, "B1")[0] == "Zebedee Quill", "of nobody anything is purged where one may not be"
    assert certificates(desk.connection) == []


@pytest.mark.parametrize(
    ("verb", "asked", "says"),
    [
        (
            "hold.place",
            {"hold": "litigation", "reason": "looked into", "review_on": "2026-03-01"},
            "hold litigation since",
        ),
        ("complaint.raise", {"about": "amount", "text": "I paid more"}, "is not answered"),
    ],
)
def test_what_is_open_stands_against_it(desk: Desk, verb: str, asked: dict[str, Any], says: str) -> None:
    done = do(desk, LEAD, verb, {"borrower": "B1", **asked}, "open", OVER)
    assert isinstance(done, Answer), done
    answer = purged(desk, "B1", on=OVER)
    assert isinstance(answer, Refused) and says in answer.why


def test_what_tells_of_a_person_in_a_planned_message_opens_no_more(book: Store, desk: Desk) -> None:
    told = {
        "to": "13900002222",
        "who": "brother",
        "person": "third",
        "values": {"name": "Zebedee Quill", "loans": ["L1"]},
    }
    for number in (1, 2):
        body = MessageBody.model_validate({"template": "third-person", **told})
        put(desk.connection, [Action(f"a{number}", number, "message.sms", NOW, NOW.date(), None, body)])
    dump = dumped(book)
    assert b"13900002222" not in dump and b"brother" not in dump and b"Zebedee Quill" not in dump
    assert [body for _, _, body in bodies(desk.connection, "true")] == [{"template": "third-person", **told}] * 2
    waiting = purged(desk, "B1")
    assert isinstance(waiting, Refused) and waiting.why == "1 messages or acts wait to leave"
    finish(desk.connection, [1])
    assert isinstance(purged(desk, "B1", reference="P2"), Answer)
    left, whole = (body for _, _, body in bodies(desk.connection, "true"))
    assert left == {"template": "third-person", "person": "third", "values": {"loans": ["L1"]}}
    assert whole == {"template": "third-person", **told}


def test_messages_in_the_inbox_open_no_more_not_even_for_who_is_told_anew(book: Store, desk: Desk) -> None:
    messages = [
        InboxMessage(number, f"m{number}", "For you", "Zebedee Quill, write", "en", "t", 1) for number in (1, 2)
    ]
    keep_in_inbox(desk.connection, messages, NOW)
    whole = ("For you", "Zebedee Quill, write")
    assert in_inbox(desk.connection, "B1", NOW) == {"m1": whole}
    assert isinstance(purged(desk, "B1"), Answer)
    assert (
        in_inbox(desk.connection, "B1", NOW) == {"m1": ("", "")} and in_inbox(desk.connection, "B2", NOW)["m2"] == whole
    )
    keep_in_inbox(desk.connection, [InboxMessage(1, "late", "For you", "Zebedee Quill", "en", "t", 1)], NOW)
    assert in_inbox(desk.connection, "B1", NOW) == {"m1": ("", ""), "late": ("", "")}
    assert b"Zebedee Quill" not in dumped(book)
    with desk.connection.transaction():
        begin_act(desk.connection)
        rewrite_person(desk.connection, "B1", "Zebedee Quill", {})
    assert row_of(desk, "B1")[0] == "Zebedee Quill"
    assert in_inbox(desk.connection, "B1", NOW) == {"m1": ("", ""), "late": ("", "")}, "under a key that is destroyed"


def test_an_account_of_a_mandate_opens_no_more_and_the_same_told_again_is_known(book: Store, desk: Desk) -> None:
    told: dict[str, Any] = {"borrower": "B1", "on": date(2015, 5, 5), "known_on": date(2015, 5, 5), "reference": "M1"}
    signed = MandateSigned(**told, source="card", account="6222020200112233445", holder="Zebedee Quill", turn=3)
    assert not tell(desk.connection, signed).known
    other = signed.model_copy(update={"borrower": "B2", "reference": "M2"})
    assert [known.known for known in tell_rows(desk.connection, [[other], [signed]])[0]] == [False]  # type: ignore[union-attr]
    assert not [seed for seed in (b"6222020200112233445", b"Zebedee Quill") if seed in dumped(book)]
    assert standing_of(desk.connection, "B1").signed == {"M1": signed}
    assert [m.account for m in mandates_on(desk.connection, OVER)] == ["··3445", "··3445"]
    assert isinstance(purged(desk, "B1"), Answer)
    left = signed.model_copy(update={"account": "-", "holder": ""})
    assert standing_of(desk.connection, "B1").signed == {"M1": left}
    assert standing_of(desk.connection, "B2").signed == {"M2": other}
    assert {m.mandate: m.account for m in mandates_on(desk.connection, OVER)} == {"M1": "", "M2": "··3445"}
    assert tell(desk.connection, signed).known, "a file that is brought in again is no conflict"
    with pytest.raises(FactRefused, match="stands already for something else"):
        tell(desk.connection, signed.model_copy(update={"source": "account"}))


def test_what_acts_asked_opens_no_more_and_seals_hold(book: Store, desk: Desk) -> None:
    signed = {"source": "card", "account": "6222020200112233445", "holder": "Zebedee Quill"}
    for name in ("B1", "B2"):
        done = do(desk, LEAD, "mandate.sign", {"borrower": name, **signed}, f"M-{name}", date(2015, 5, 5))
        assert isinstance(done, Answer), done
    asked = {"borrower": "B1", "reason": "moved", "attributes": {"address": "Street of Pears 9"}}
    assert isinstance(do(desk, LEAD, "person.correct", asked, "C1", date(2015, 5, 5)), Answer)
    assert b"6222020200112233445" not in dumped(book)
    told = {act["reference"]: act["asked"] for act in acts_done(desk.connection)}
    assert told["M-B1"]["account"] == told["M-B2"]["account"] == "6222020200112233445"
    assert (told["C1"]["reason"], told["C1"]["attributes"]) == ("moved", {"address": "Street of Pears 9"})
    again = do(desk, LEAD, "mandate.sign", {"borrower": "B1", **signed}, "M-B1", date(2015, 5, 5))
    assert isinstance(again, Answer) and again.known
    close_through(book, day("2016-02-01"), only=True)
    assert isinstance(purged(desk, "B1"), Answer)
    told = {act["reference"]: act["asked"] for act in acts_done(desk.connection)}
    assert "account" not in told["M-B1"] and told["M-B1"]["borrower"] == "B1"
    assert told["M-B2"]["account"] == "6222020200112233445" and "reason" not in told["C1"]
    assert told["P1"]["asked"]["reason"] == told["P1:done"]["reason"] == "the yearly round"
    again = do(desk, LEAD, "mandate.sign", {"borrower": "B1", **signed}, "M-B1", date(2015, 5, 5))
    assert isinstance(again, Answer) and again.known, "the same asked again is known, also when its words are gone"
    with reader_to(book.url) as reader:
        assert verify(desk.connection, reader).broken == []


def test_a_proposal_about_a_person_is_whole_until_they_are_purged(book: Store, desk: Desk) -> None:
    asked = {"borrower": "B1", "reason": "told by phone", "attributes": {"address": "Street of Pears 9"}}
    assert isinstance(propose(desk, LEAD, "person.correct", asked, "P0", OVER), Answer)
    assert b"Street of Pears 9" not in dumped(book) and b"told by phone" not in dumped(book)
    found = proposal_of(desk.connection, "P0", OVER)
    assert found is not None and found.asked["attributes"] == {"address": "Street of Pears 9"}
    agreed = approve(desk, SECOND, "P0", OVER)
    assert isinstance(agreed, Answer), agreed
    assert row_of(desk, "B1")[1]["address"] == "Street of Pears 9"
    assert isinstance(purged(desk, "B1"), Answer)
    found = proposal_of(desk.connection, "P0", OVER)
    assert found is not None and "attributes" not in found.asked and "reason" not in found.asked
    once_more = approve(desk, SECOND, "P0", OVER)
    assert isinstance(once_more, Refused) or once_more.known


LINES = [
    StatementLine("R1", date(2015, 5, 5), 1_000, name="Persephone Quill", account="6217000000000009988", text="for L1"),
    StatementLine("R2", date(2015, 5, 5), 2_000, name="Persephone Quill", text="for L2"),
    StatementLine("R3", date(2015, 5, 5), 3_000, name="Persephone Quill", text="a gift"),
    StatementLine("R4", date(2015, 5, 5), 4_000, name="Persephone Quill", text="who knows"),
]


def statement_taken(desk: Desk, reference: str) -> Answer:
    told = BankStatement("ST-1", "LENDER-1", "CNY", datetime(2015, 5, 5), tuple(LINES))
    (part,) = statement_in_parts(told, "a.xml")
    done = do(desk, FINANCE, "statement.take", part, reference, date(2015, 5, 6))
    assert isinstance(done, Answer), done
    return done


def test_who_paid_goes_with_the_borrower_of_the_line_or_when_its_time_is_over(book: Store, desk: Desk) -> None:
    assert statement_taken(desk, "S1").body["matched"] == {"loan reference": 2}
    aside = do(desk, FINANCE, "statement.set_aside", {"line": "R3", "note": "not ours"}, "S2", date(2015, 5, 7))
    assert isinstance(aside, Answer), aside
    assert b"Persephone" not in dumped(book) and b"6217000000000009988" not in dumped(book)

    def names() -> dict[str, str]:
        return {line.bank_reference: line_of(desk.connection, line.bank_reference)["name"] for line in LINES}

    assert set(names().values()) == {"Persephone Quill"}
    ((had,),) = desk.connection.execute("select key from line_key where line = 1").fetchall()
    with desk.connection.transaction():
        begin_act(desk.connection)
        purge_borrower(desk.connection, 1, OVER)
    assert names() == {"R1": "", "R2": "Persephone Quill", "R3": "Persephone Quill", "R4": "Persephone Quill"}
    assert had.hex().encode() not in dumped(book), "the key is nowhere any more"
    assert line_of(desk.connection, "R1")["amount_fen"] == 1_000
    again = statement_taken(desk, "S4").body
    assert (again["known_before"], [one["line"] for one in again["unmatched"]]) == (3, ["R4"]), (
        "the file brought in again: also of the line that is purged it is known that it was there"
    )
    for on, gone in ((date(2022, 5, 7), 0), (date(2022, 5, 8), 1)):  # set aside on 7 May 2015, kept seven years
        proposed = propose(desk, LEAD, "file.purge", {}, f"F-{on}", on)
        done = approve(desk, SECOND, f"F-{on}", on) if isinstance(proposed, Answer) else proposed
        assert isinstance(done, Answer) is bool(gone), done
    assert names() == {"R1": "", "R2": "Persephone Quill", "R3": "", "R4": "Persephone Quill"}
    assert certificates(desk.connection)[0].told["statement_lines"] == 1


def test_values_of_refused_rows_go_with_the_files_or_once_somebody_is_done_with_them(book: Store, desk: Desk) -> None:
    """2099: longer than 90 days after the import, and than seven years after a row of a bank's file was done with."""
    with desk.connection.transaction():
        number = begin_act(desk.connection)
        keep_act(desk.connection, number, "i", "book.import", LEAD, OVER, {"folder": "in", "files": ["f.csv"]}, {})
    row = ImportRefusal("f.csv", 3, "mobile", "+86 13900007777 x", "is no number", "correct it")
    for _ in range(2):
        keep_import_refusals(desk.connection, number, [row])
    for value in ("9.99 Persephone", "7.77 Persephone"):
        put_refusals(
            desk.connection, [BankRefusal("statement", "line 9", "amount", value, "is none", "ask", known_on=OVER)]
        )
    done, waits = open_refusals(desk.connection)
    assert finish_refusal(desk.connection, done.number, "Zhou", "sent anew", OVER)
    assert b"13900007777" not in dumped(book) and b"Persephone" not in dumped(book)

    def imported() -> list[str]:
        return [task.what for task in tasks(desk.connection, [], OVER) if task.queue == "import"]

    assert imported() == ["f.csv row 3: mobile +86 13900007777 x is no number; correct it"]
    ((key,),) = desk.connection.execute("select key from act_key where act = %s", (number,)).fetchall()
    on = date(2099, 1, 1)
    proposed = propose(desk, LEAD, "file.purge", {}, "F", on)
    assert isinstance(proposed, Answer) and isinstance(approve(desk, SECOND, "F", on), Answer)
    assert imported() == ["f.csv row 3: mobile  is no number; correct it"]
    assert key.hex().encode() not in dumped(book)
    assert desk.connection.execute("select refusal from bank_refusal_key").fetchall() == [(waits.number,)]
    assert [one.value for one in open_refusals(desk.connection)] == ["7.77 Persephone"], "it waits for somebody"


def test_the_address_of_a_message_that_left_opens_no_more(book: Store, desk: Desk) -> None:
    body = {
        "key": "k",
        "channel": "sms",
        "template": "t",
        "version": 1,
        "language": "en",
        "receipt": "r",
        "code": "C0DE",
    }
    rows = [
        TellRow(number, "message.sent", NOW.date(), NOW, f"sent:{number}", {**body, "address": "13955556666"})
        for number in (1, 2)
    ]
    assert send_told(desk.connection, rows) == {"sent:1", "sent:2"} and send_told(desk.connection, rows) == set()
    assert b"13955556666" not in dumped(book)
    (event,) = events_of(desk.connection, "B1", ["message.sent"])
    assert isinstance(event, MessageSent) and event.address == "13955556666"
    (sent,) = messages_to(desk.connection, "B1", NOW)
    assert (sent.to, sent.channel, sent.code) == ("··6666", "sms", "C0DE-")
    assert isinstance(purged(desk, "B1"), Answer)
    (sent,) = messages_to(desk.connection, "B1", NOW)
    assert (sent.to, sent.channel) == ("", "sms") and messages_to(desk.connection, "B2", NOW)[0].to == "··6666"


def test_one_person_alone_purges_nobody(desk: Desk) -> None:
    asked = {"people": ["B1"], "reason": "alone"}
    answer = do(desk, LEAD, "person.purge", asked, "P0", OVER)
    assert isinstance(answer, Refused) and answer.kind == "needs_second_person"
    assert isinstance(propose(desk, LEAD, "person.purge", asked, "P1", OVER), Answer)
    own = approve(desk, LEAD, "P1", OVER)
    assert isinstance(own, Refused) and own.kind == "needs_second_person"
    clerk = Who("person", "Zhao", ("agent",), "keyboard")
    no = propose(desk, clerk, "person.purge", asked, "P2", OVER)
    assert isinstance(no, Refused) and no.kind == "forbidden"
    assert row_of(desk, "B1")[0] == "Zebedee Quill"


def test_what_told_of_the_person_is_gone_and_the_money_stays(book: Store, desk: Desk) -> None:
    row = "select (name).key, (name).value, (attributes).key, (attributes).value from borrower where reference = 'B1'"
    key, name, same, attributes = desk.connection.execute(row).fetchone() or ()
    assert key == same and opened(key, name, desk.connection) == b"Zebedee Quill"
    before = loans_of_borrower(desk.connection, "B1", OVER)
    stood = dumped(book)
    assert [seed for seed in SEEDS if seed in stood] == [] and all(
        value.hex().encode() in stood for value in (key, name, attributes)
    )
    answer = purged(desk, "B1")
    assert isinstance(answer, Answer), answer
    dump = dumped(book)
    assert not [value for value in (key, name, attributes) if value.hex().encode() in dump]
    assert desk.connection.execute(row).fetchone() == (None, None, None, b'{"jurisdiction": "CN"}')
    assert row_of(desk, "B1") == ("", {"jurisdiction": "CN"})
    assert draft_of(desk.connection, "B1", "plan", NOW) is None
    assert file_kept(desk.connection, MARK) == PAPER, "B2 and B3 handed in the same: theirs is there"
    assert loans_of_borrower(desk.connection, "B1", OVER) == before and before[0]["state"] == "paid off"


def test_a_purged_paper_says_so(desk: Desk) -> None:
    other = b"%PDF only of B1" + b"2" * 100
    digest = sha256(other).hexdigest()
    keep_file(desk.connection, digest, other, "B1")
    assert isinstance(purged(desk, "B1"), Answer)
    assert file_kept(desk.connection, digest) is None and file_purged_on(desk.connection, digest) == OVER


def test_seals_stay_whole_and_then_and_now_say_purged(book: Store, desk: Desk) -> None:
    corrected = do(desk, LEAD, "person.correct", {"borrower": "B1", "reason": "moved", "attributes": {
        "address": "Street of Pears 9"}}, "C1", date(2015, 5, 5))  # fmt: skip
    assert isinstance(corrected, Answer), corrected
    then = borrower_page(desk.connection, "B1", date(2015, 4, 1), OVER)
    assert (then.name, then.attributes["address"]) == ("Zebedee Quill", "Lane of Plums 7")
    close_through(book, day("2016-02-01"), only=True)
    assert isinstance(purged(desk, "B1"), Answer)
    then = borrower_page(desk.connection, "B1", date(2015, 4, 1), OVER)
    assert (then.name, then.attributes, then.changes) == ("", {"jurisdiction": "CN"}, [])
    assert then.purged_on == OVER.isoformat()
    told = [(line.on, line.text) for line in story_of(book, "B1", on=OVER) if "purged" in line.text]
    assert told == [(OVER, "personal data purged: certificate P1:done")]
    run = CliRunner()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AFTERLOAN_DATABASE_URL", book.url)
        verified = run.invoke(app, ["verify"])
    assert verified.exit_code == 0, verified.output


def test_the_certificate_says_what_by_which_rule_and_whose_authority(book: Store, desk: Desk, tmp_path: Path) -> None:
    close_through(book, day("2016-02-01"), only=True)
    head = desk.connection.execute("select encode(head, 'hex') from seal_day").fetchone()
    assert isinstance(purged(desk, "B1"), Answer)
    made = certificates(desk.connection)[0]
    told = made.told
    assert (told["proposed_by"], told["agreed_by"], told["on"]) == ("Lin", "Wu", OVER.isoformat())
    assert (told["sealed_through"], told["head"]) == ("2016-02-01", head[0] if head else None)
    (one,) = told["borrowers"]
    assert one["borrower"] == "B1" and one["rule"] == "cn.retention.money-laundering"
    assert {k: v for k, v in one["purged"].items() if v} == {"files": 1, "data_keys": 1, "draft": 1, "attributes": 5}
    assert {*one["purged"], *one["words"]} == set(WORDS) - OF_BEFORE, "each is told in words on the paper"
    canonical = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    assert made.sha256 == sha256(canonical).hexdigest()
    lender = {"name": "Lender", "address": "Street 1", "contact": "400"}
    for language in ("zh-CN", "en"):
        pdf = certificate_of_purge(made, lender, language)
        assert pdf.startswith(b"%PDF-") and pdf == certificate_of_purge(made, lender, language)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        desk.connection.execute("delete from purge_certificate")
    run = CliRunner()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AFTERLOAN_DATABASE_URL", book.url)
        listed = run.invoke(app, ["purge", "certificate"])
        assert made.certificate in listed.stdout
        kept = run.invoke(app, ["purge", "certificate", made.certificate, "--json"])
        assert json.loads(kept.stdout) == {**told, "sha256": made.sha256}
        wrote = run.invoke(app, ["purge", "certificate", made.certificate, "--out", str(tmp_path / "c.pdf")])
        assert wrote.exit_code == 0 and (tmp_path / "c.pdf").read_bytes().startswith(b"%PDF-")


def test_the_same_purge_again_is_the_first_and_a_second_one_is_refused(desk: Desk) -> None:
    first = purged(desk, "B1")
    again = approve(desk, SECOND, "P1", OVER)
    assert isinstance(first, Answer) and isinstance(again, Answer) and again.known and again.body == first.body
    assert len(certificates(desk.connection)) == 1
    second = purged(desk, "B1", reference="P2")
    assert isinstance(second, Refused) and f"was purged on {OVER}" in second.why


def test_the_list_tells_of_each_and_changes_nothing(book: Store, desk: Desk) -> None:
    """B3 is in the book since 1 January 2025 and never borrowed: kept two years, through 1 January 2027."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AFTERLOAN_DATABASE_URL", book.url)
        told = CliRunner().invoke(app, ["purge", "list", "--on", "2027-01-02", "--json"])
    found = {one["borrower"]: one for one in json.loads(told.stdout)}
    assert {name: bool(one["against"]) for name, one in found.items()} == {"B1": False, "B2": True, "B3": False}
    assert (found["B3"]["kept_through"], found["B3"]["rule"]) == ("2027-01-01", "retention.never-borrowed")
    assert [one.borrower for one in all_to_purge(desk.connection, date(2027, 1, 2), after="B1", most=1)] == ["B2"]
    assert row_of(desk, "B1")[0] == "Zebedee Quill" and file_kept(desk.connection, MARK) == PAPER


def moment(on: str) -> datetime:
    return datetime.fromisoformat(f"{on}T10:00:00+00:00")


def test_files_of_jobs_go_after_their_days_and_not_while_a_later_job_has_them(desk: Desk, tmp_path: Path) -> None:
    """90 days: asked for on 1 January 2026, there on 1 April (the 90th day), gone from the 2nd on."""
    old, shared = b"a whole book", b"the same preview"
    first, later = "2026-01-01", "2026-04-01"
    for name, content, asked_at in (("j1", old, first), ("j2", shared, first), ("j3", shared, later)):
        digest = sha256(content).hexdigest()
        keep_file(desk.connection, digest, content)
        desk.connection.execute(
            "insert into job (job, kind, asked, who_kind, who, asked_at, state, result) values "
            "(%s, 'export', '{}', 'person', 'Li', %s, 'done', jsonb_build_object('sha256', %s::text))",
            (name, f"{asked_at} 10:00+00", digest),
        )
    mark = sha256(old).hexdigest()
    file = tmp_path / "sent.csv"
    for name, at in (("sent early", first), ("sent twice", first), ("sent again", later)):
        file.write_text("early" if name == "sent early" else "twice")
        sent = SentFile(file.name, 5, digest_of(file))
        keep_pieces(desk.connection, file, sent.sha256)
        keep_brought(desk.connection, name, LEAD, date.fromisoformat(at), moment(at), "", [sent])

    def files(on: date) -> Answer | Refused:
        proposed = propose(desk, LEAD, "file.purge", {}, f"F-{on}", on)
        return approve(desk, SECOND, f"F-{on}", on) if isinstance(proposed, Answer) else proposed

    assert isinstance(files(date(2026, 4, 1)), Refused) and file_kept(desk.connection, mark) == old
    gone = files(date(2026, 4, 2))
    assert isinstance(gone, Answer) and gone.body["files"] == 2  # the export, and what was sent early
    of = {sent.name: sent.files[0] for sent in all_brought(desk.connection, 9)}
    with pytest.raises(FactRefused, match="was purged"):
        write_pieces(desk.connection, of["sent early"], file)
    write_pieces(desk.connection, of["sent twice"], file)
    assert file.read_text() == "twice"
    assert file_kept(desk.connection, mark) is None and file_purged_on(desk.connection, mark) == date(2026, 4, 2)
    assert file_kept(desk.connection, sha256(shared).hexdigest()) == shared
    assert certificates(desk.connection)[0].told["rules"][0]["id"] == "retention.job-file"

"""What was sealed in clear is enciphered and sealed anew: what held holds, what was broken stays broken and named."""

import json
from typing import Any

import psycopg
import pytest

from afterloan.close.day import close_through
from afterloan.dates import day
from afterloan.enquiry.seals import knows_head
from afterloan.store.acts import act_numbered
from afterloan.store.enciphering import encipher_acts, encipher_events
from afterloan.store.events import events_of
from afterloan.store.server import Store
from tests.enquiry.test_seals import looked, unguarded
from tests.store.test_enciphered import dumped
from tests.strategy.books import borrower, loan

ACCOUNT = "6222020200112233445"
NOUGHT = "decode(repeat('00', 32), 'hex')"


def signed(connection: psycopg.Connection[Any], name: str, whose: str, account: str, on: str) -> None:
    """A mandate as versions until 0047 kept it: all of it in its body."""
    body = json.dumps({"source": "card", "account": account, "holder": "Zebedee Quill"})
    connection.execute(
        "insert into event (shard, borrower, kind, on_day, known_on, reference, body) select shard, borrower, "
        "'mandate.signed', %s, %s, %s, %s from borrower where reference = %s",
        (on, on, name, body, whose),
    )


@pytest.fixture
def sealed(store: Store) -> Store:
    """Mandates in clear of two borrowers in the seals of two days, a third day without any, one mandate not sealed."""
    with store.connect() as connection:
        for name in ("1", "2"):
            borrower(connection, f"B{name}")
            loan(connection, f"L{name}", f"B{name}", "2025-03-20")
        signed(connection, "M1", "B1", ACCOUNT, "2025-03-20")
    close_through(store, day("2025-03-21"))
    with store.connect() as connection:
        signed(connection, "M2", "B2", ACCOUNT, "2025-03-21")
    close_through(store, day("2025-03-23"))
    with store.connect() as connection:
        signed(connection, "M3", "B2", ACCOUNT, "2025-03-24")
    return store


def enciphered(store: Store) -> None:
    with store.as_owner().connect() as connection:
        encipher_events(connection, ["mandate.signed"], "0048")
    store.as_owner().close()


def act_in_clear(connection: psycopg.Connection[Any], number: int, verb: str, asked: dict[str, Any]) -> None:
    """An act as versions until 0048 kept it."""
    connection.execute(
        "insert into act (act, reference, verb, who_kind, who, roles, door, on_day, at, asked, answer) values "
        "(%s, %s, %s, 'person', 'Li', '{}', 'keyboard', '2025-03-20', '2025-03-20T04:00Z', %s, %s)",
        (number, f"A{number}", verb, json.dumps(asked), json.dumps({"refused": [], "taken": 0})),
    )


def test_acts_in_clear_are_enciphered_and_their_seals_hold(store: Store) -> None:
    signed = {"account": ACCOUNT, "holder": "Zebedee Quill", "turn": 0}
    asked = {
        1: ("mandate.sign", {"borrower": "B1", **signed}),
        2: ("repayment.take", {"loan": "L1", "amount_fen": 5, "note": "Zebedee Quill came by"}),
        3: ("proposal.make", {"verb": "mandate.sign", "asked": {"borrower": "B1", **signed}, "on": "2025-03-20"}),
        4: ("statement.take", {"account": "ours", "lines": [{"line": {"name": "Zebedee Quill"}}]}),
        5: ("agency.answers", {"agency": "A"}),
        6: ("ladder.use", {"jurisdiction": "CN", "text": "steps"}),
    }
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-03-20")
        for number, (verb, told) in asked.items():
            act_in_clear(connection, number + 1_000, verb, told)
    close_through(store, day("2025-03-21"))
    before = looked(store)
    assert before.broken == [] and ACCOUNT.encode() in dumped(store)
    with store.as_owner().connect() as connection:
        encipher_acts(connection, "0049")
    store.as_owner().close()
    dump = dumped(store)
    assert ACCOUNT.encode() not in dump and b"Zebedee Quill" not in dump
    with store.connect() as connection:
        assert {n: (verb, told) for n, (verb, told) in asked.items()} == {
            n: (kept.verb, kept.asked) for n in asked if (kept := act_numbered(connection, n + 1_000))
        }
        rows = connection.execute("select act - 1000, borrower, asked, answer from act where act > 1000 order by 1")
        found = {n: (whose, told, said) for n, whose, told, said in rows.fetchall()}
        assert {n for n, (whose, _, _) in found.items() if whose} == {1, 2, 3}
        assert found[1][1] == {"borrower": "B1", "turn": 0} and found[3][1]["asked"] == {"borrower": "B1", "turn": 0}
        assert found[5][2] == {"refused": [], "taken": 0, "rows_refused": 0} and found[6][1] == asked[6][1]
        assert connection.execute("select act from act_key").fetchall() == [(1_004,)]
        assert knows_head(connection, before.head) == "2025-03-21"
        connection.execute("delete from act_key")
        kept = act_numbered(connection, 1_004)
        assert kept is not None and kept.asked == {}, "our own account is taken for anybody's"
    assert looked(store).broken == []


def test_seals_hold_again_and_the_head_that_was_written_down_is_known(sealed: Store) -> None:
    before = looked(sealed)
    assert before.broken == [] and before.days > 2 and ACCOUNT.encode() in dumped(sealed)
    enciphered(sealed)
    dump = dumped(sealed)
    assert ACCOUNT.encode() not in dump and b"Zebedee Quill" not in dump
    after = looked(sealed)
    assert after.broken == [] and (after.days, after.rows) == (before.days, before.rows) and after.head != before.head
    with sealed.connect() as connection:
        assert knows_head(connection, before.head) == knows_head(connection, after.head) == after.through
        told = {name: events_of(connection, of)[-1].body()["account"] for name, of in (("M1", "B1"), ("M3", "B2"))}
        assert told == {"M1": ACCOUNT, "M3": ACCOUNT}
        with pytest.raises(psycopg.Error, match="seal_before"):
            connection.execute("delete from seal_before")
    close_through(sealed, day("2025-03-24"))
    assert looked(sealed).broken == [], "later days go on from the new heads"
    enciphered(sealed)
    assert looked(sealed).broken == [], "a second time there is nothing to do"
    with unguarded(sealed) as connection:
        connection.execute("update event set words = null where reference = 'M1'")
    assert [str(one).split(" of ")[0] for one in looked(sealed).broken] == ["event 1 (reference M1)"], (
        "what is enciphered is sealed too"
    )


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("update event set body = body || '{\"account\": \"1\"}' where reference = 'M1'", [("event", "changed", "M1")]),
        ("delete from event where reference = 'M1'", [("event", "missing", "")]),
        (
            "update seal set digest = decode(repeat('00', 32), 'hex') where part = 'event'",
            [("event", "seal changed", "")],
        ),
        ("update seal_day set head = decode(repeat('00', 32), 'hex')", [("seal_day", "seal changed", "")]),
    ],
)
def test_what_was_broken_before_stays_broken(sealed: Store, sql: str, named: list[tuple[str, str, str]]) -> None:
    with unguarded(sealed) as connection:
        connection.execute(sql)
    assert {(b.table, b.what, b.reference) for b in looked(sealed).broken} >= set(named)
    enciphered(sealed)
    found = {(b.table, b.what, b.reference) for b in looked(sealed).broken}
    assert found == set(named) and ACCOUNT.encode() not in dumped(sealed)

"""What the night asks of the database: nothing that walks a whole table for each shard."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from afterloan.close.furnish import ANNOUNCED
from afterloan.close.today import run_day
from afterloan.dates import day
from afterloan.facts.limit import LimitFrozen
from afterloan.journal.accounts import Account
from afterloan.store.debits import TOLD_BEFORE
from afterloan.store.events import OF_MANY, tell
from afterloan.store.seals import ENTRIES
from afterloan.store.server import Store
from afterloan.store.suspense import NO_SHARD, POSTED
from tests.overheard import Sent, overheard
from tests.strategy.books import borrower, loan, repaid

BORROWERS = 12
GROWING = ("borrower", "contract", "promised", "fact", "history", "event", "entry", "transition", "outbox", "finding")
"""Tables with a row or more for each loan: a million rows and more."""
ASKS = re.compile(r"\s*(select|insert|update|delete|with)\b", re.I)
WHOLE_BOOK_COUNTED = "from contract where signed_on <= %(on)s group by shard, told"
"""The proof counts all contracts, once for each day and not for each shard: that is its charge."""
LADDER = """id: asks-for-everything
jurisdiction: CN
status: sample
confidence: I
source: test
effective_from: 2000-01-01
steps:
  - {id: due, day: 0, do: debit.attempt}
  - {id: late, day: {from: 1, to: 60}, do: message.sms, template: late, when: attempts_30 < 3 and debits_failed_30 < 2}
"""


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A step of a plan and all below it."""
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def walks(plan: dict[str, Any]) -> list[str]:
    """What of a plan reads a growing table from end to end."""
    return [
        f"{node['Node Type']} of {node['Relation Name']}, then {node.get('Filter', 'no filter')}"
        for node in nodes(plan)
        if node.get("Relation Name") in GROWING and node["Node Type"].endswith("Scan")
        if not (node.get("Index Cond") or node.get("Recheck Cond"))
    ]


def told_book(store: Store) -> None:
    """Twelve borrowers of a loan due on 20 July, every second of them late; one line frozen, in one shard of many."""
    with store.connect() as connection:
        connection.execute("insert into setting values ('ladders', %s)", (Jsonb({"CN": LADDER}),))
        for n in range(BORROWERS):
            borrower(connection, f"B{n}")
            loan(connection, f"L{n}", f"B{n}", "2025-06-20")
            if n % 2:
                repaid(connection, f"L{n}", "2025-07-20", 110_183)
        on = date(2025, 7, 20)
        frozen = {"by": "afterloan", "rule": "r", "reason": "x", "before_fen": 100, "after_fen": 100}
        tell(connection, LimitFrozen(borrower="B1", on=on, known_on=on, reference="f", **frozen))


def test_no_shard_of_a_night_walks_a_whole_table(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    told_book(store)
    for _ in run_day(store, day("2025-07-20")):
        pass
    with overheard(monkeypatch) as sent:
        for _ in run_day(store, day("2025-07-23")):
            pass
    turns: Counter[str] = Counter()
    last: dict[str, Sent] = {}
    for query, parameters in sent:
        if ASKS.match(query):
            kind = re.sub(r"\b(shard|loan) (=|in) (\d+|\([\d,]+\))", r"\1 \2 N", query)
            turns[kind] += 1
            last[kind] = query, parameters
    for_each_shard = [kind for kind, count in turns.items() if count > 1 and WHOLE_BOOK_COUNTED not in kind]
    with store.connect() as connection:
        assert len({n for (n,) in connection.execute("select shard from borrower")}) > 2  # a night of several shards
        connection.execute("set enable_seqscan = off")  # so small a book would rather be walked
        for kind in for_each_shard:
            query, parameters = last[kind]
            row = connection.execute(f"explain (format json) {query}", parameters).fetchone()
            assert row is not None
            assert "double precision" not in str(row[0]), f"numbers of rows went out as fractions: {query}"
            assert not walks(row[0][0]["Plan"]), f"{walks(row[0][0]['Plan'])}: {query}"
    asked = " ".join(for_each_shard)  # the statements that this test is about were among them
    for words in ("from borrower where borrower = any", "'contact.attempted'", "from event e", "union select loan"):
        assert words in asked


def test_what_is_booked_for_the_lender_is_found_by_its_index(store: Store) -> None:
    """Every day asks what waits of unknown owners: the loans' entries of all days before are not walked for that."""
    told_book(store)
    for _ in run_day(store, day("2025-07-20")):
        pass
    with store.connect() as connection:
        connection.execute("set local enable_seqscan = off")
        told = {"a": int(Account.SUSPENSE), "s": NO_SHARD, "on": "2025-07-20"}
        row = connection.execute("explain (format json) " + POSTED, told).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    assert walks(plan) == []
    assert {node.get("Index Name") for node in nodes(plan)} - {None} == {"entry_shard"}


COUNTED = "select relname from pg_class where reltuples > 0 and relname = any(%s) order by 1"


def test_what_a_book_brings_of_borrowers_is_counted_after_it_came_in(store: Store) -> None:
    """The first night is planned by what is there: nothing was counted of events, of the outbox and of findings."""
    told_book(store)
    for on in ("2025-07-20", "2025-07-23"):
        for _ in run_day(store, day(on)):
            pass
    growing = ["borrower", "contract", "event", "fact", "outbox"]
    with store.connect() as connection:
        connection.execute("select count_rows()")
        assert [name for (name,) in connection.execute(COUNTED, (growing,)).fetchall()] == growing


def test_borrowers_who_are_asked_for_together_are_looked_up_one_by_one(store: Store) -> None:
    """However common their kind of event is, and also where nothing was counted yet."""
    told_book(store)
    asked: list[tuple[str, Any]] = [
        (TOLD_BEFORE, ("{1,2,3}", ["mandate.signed"], "2025-07-20")),
        (OF_MANY, ("{1,2,3}", ["limit.set"], "2025-07-20", "2025-07-20")),
    ]
    with store.connect() as connection:
        connection.execute("set local enable_seqscan = off")
        for query, told in asked:
            row = connection.execute("explain (format json) " + query, told).fetchone()
            assert row is not None
            plan = row[0][0]["Plan"]
            assert walks(plan) == []
            found = [str(node["Index Cond"]) for node in nodes(plan) if "Index Cond" in node]
            assert any("borrower = (unnest(" in told for told in found), found


def test_a_seal_of_some_shards_reads_the_entries_of_those_and_few_more(store: Store) -> None:
    """The first seal of ten million loans reads 64 shards at a time: all entries each time, if nobody knows whose."""
    with store.connect() as connection:
        for shard in range(64):  # pages of one shard after the other, as a close writes them
            connection.execute(
                "insert into entry (closed_on, shard, product, cause, component, debit, credit, amount_fen, loan) "
                "select '2025-01-31', %s, 1, 1, 1, 1010, 1110, 1, n from generate_series(1, 2000) n",
                (shard,),
            )
        connection.execute("select count_entries()")
        connection.commit()
        connection.execute("set local enable_seqscan = off")
        told = ENTRIES.sql("closed_on <= '2025-01-31' and shard >= 8 and shard < 16")
        row = connection.execute("explain (analyze, buffers, format json) " + told).fetchone()
        pages = connection.execute("select pg_relation_size('entry') / 8192").fetchone()
    assert row is not None and pages is not None
    plan = row[0][0]["Plan"]
    assert plan["Actual Rows"] == 8 * 2000
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < pages[0] / 4


def test_who_was_told_before_an_adverse_report_is_asked_borrower_by_borrower(store: Store) -> None:
    """Of a kind of event there are millions, and each shard asks: only those of the borrowers asked about are read."""
    told_book(store)
    with store.connect() as connection:
        connection.execute("set local enable_seqscan = off")
        loans = [loan for (loan,) in connection.execute("select loan from contract")]
        told = {"b": "pboc", "l": loans, "k": date(2025, 7, 23)}
        row = connection.execute("explain (format json) " + ANNOUNCED, told).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    assert walks(plan) == []
    of_events = [str(node.get("Index Cond")) for node in nodes(plan) if "event" in str(node.get("Index Name"))]
    assert len(of_events) == 2 and all("borrower = " in one or "reference = " in one for one in of_events)

"""A day begun: closed, watched, restored, decided, proposed; begun again it adds nothing."""

from datetime import date
from typing import Any

import psycopg
import pytest

from afterloan.close import close_through
from afterloan.close.today import restore_lines, run_day
from afterloan.dates import day, iso
from afterloan.facts.hold import HoldPlaced
from afterloan.facts.limit import LimitFrozen, LimitSet
from afterloan.servicing.lessons import may_be_restored, restore_in
from afterloan.store.events import borrower_number, events_of, tell
from afterloan.store.limits import line_now
from afterloan.store.rebuilding import person_in
from afterloan.store.server import Store
from tests.strategy.books import borrower, loan, mandate, outbox, repaid

TO = day("2025-07-20")


def test_a_day_is_begun_once(store: Store) -> None:
    told = {"borrower": "B1", "by": "afterloan", "rule": "limits.freeze-when-overdue", "before_fen": 3_000_000}
    with store.connect() as connection:
        borrower(connection, "B1")
        borrower(connection, "B2")
        loan(connection, "L1", "B1", "2025-03-20")
        loan(connection, "L2", "B2", "2025-04-20")
        mandate(connection, "B2")
        for on in ("2025-04-20", "2025-05-20", "2025-06-20"):
            repaid(connection, "L1", on, 110_183)
        granted, frozen = date(2025, 3, 20), date(2025, 4, 25)
        tell(connection, LimitSet(**told, on=granted, known_on=granted, reference="l", reason="g", after_fen=3_000_000))
        tell(
            connection, LimitFrozen(**told, on=frozen, known_on=frozen, reference="f", reason="4", after_fen=3_000_000)
        )
    lines = list(run_day(store, TO))
    assert lines[0].startswith("closed 122 days (2025-03-20 to 2025-07-19)") and lines[0].endswith("proved")
    assert lines[1] == "plans: none running"
    assert lines[3].startswith("decided 2025-07-20 over 2 borrowers")
    assert lines[4].startswith("law: 0 proposals")
    with store.connect() as connection:
        restored = [e for e in events_of(connection, "B1") if e.KIND == "limit.restored"]
    assert lines[2] == f"credit lines: {len(restored)} restored by rule"
    before = outbox(store)
    assert any(who == "B2" for _, _, who, _, _ in before)  # L2 is 61 days late: something is done about it
    again = list(run_day(store, TO))
    assert "nothing was posted" in again[0] and "nothing was added" in again[3]
    assert outbox(store) == before


def test_one_rule_ends_a_freeze_and_india_waits_for_an_application(store: Store) -> None:
    """Three of one conduct, frozen when four days late and paid on day 5: 25 April 2025.

    Clean since 25 April. Day 30 is 25 May: nobody's line comes back then. Day 90 is 24 July, with the instalments of
    May, June and July paid on their day: B1's comes back by the rule that the road map promises. India forbids what
    nobody asked for; B3 has died, and that hold keeps every rule from a line.
    """
    told = {"by": "afterloan", "rule": "limits.freeze-when-overdue", "before_fen": 3_000_000, "after_fen": 3_000_000}
    with store.connect() as connection:
        for name, place in (("B1", "CN"), ("B2", "IN"), ("B3", "CN")):
            borrower(connection, name, jurisdiction=place)
            loan(connection, f"L-{name}", name, "2025-03-20")
            for on in ("2025-04-25", "2025-05-20", "2025-06-20", "2025-07-20"):
                repaid(connection, f"L-{name}", on, 110_183 if on > "2025-04-25" else 111_000)
            granted, frozen = date(2025, 3, 20), date(2025, 4, 24)
            base = {**told, "borrower": name}
            tell(connection, LimitSet(**base, on=granted, known_on=granted, reference=f"l{name}", reason="g"))
            tell(connection, LimitFrozen(**base, on=frozen, known_on=frozen, reference=f"f{name}", reason="4"))
        on = date(2025, 7, 1)
        hold = {"reference": "h", "hold": "deceased", "reason": "told by the widow", "review_on": date(2025, 8, 1)}
        tell(connection, HoldPlaced(borrower="B3", on=on, known_on=on, **hold))
    assert restore_lines(store, day("2025-05-25")) == 0
    assert restore_lines(store, day("2025-07-23")) == 0
    assert restore_lines(store, day("2025-07-24")) == 1
    with store.connect() as connection:
        back = [who for who in ("B1", "B2", "B3") if not line_now(connection, who, date(2025, 7, 24)).frozen]
        rules = connection.execute("select body->>'rule' from event where kind = 'limit.restored'").fetchall()
    assert back == ["B1"] and rules == [("rebuilding.limit.automatic",)]


FROZEN_TOLD = {"by": "afterloan", "rule": "limits.freeze-when-overdue", "before_fen": 3_000_000, "after_fen": 3_000_000}


def frozen_and_late(connection: psycopg.Connection[Any], name: str, paid: bool = False) -> None:
    """Somebody whose first instalment came late or not at all, and whose line was frozen on its fourth day."""
    borrower(connection, name)
    loan(connection, f"L-{name}", name, "2025-03-20")
    for on in ("2025-04-25", "2025-05-20", "2025-06-20", "2025-07-20") if paid else ():
        repaid(connection, f"L-{name}", on, 110_183 if on > "2025-04-25" else 111_000)
    granted, frozen = date(2025, 3, 20), date(2025, 4, 24)
    base = {**FROZEN_TOLD, "borrower": name}
    tell(connection, LimitSet(**base, on=granted, known_on=granted, reference=f"l{name}", reason="g"))
    tell(connection, LimitFrozen(**base, on=frozen, known_on=frozen, reference=f"f{name}", reason="4"))


def test_frozen_lines_are_asked_for_together(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ten who are late as many statements are asked as of one; each look is an act with its answer all the same."""
    asked: list[str] = []
    execute = psycopg.Cursor.execute

    def told(cursor: Any, query: Any, *told: Any, **more: Any) -> Any:
        asked.append(str(query))
        return execute(cursor, query, *told, **more)

    monkeypatch.setattr(psycopg.Cursor, "execute", told)
    counts = []
    for names in (["B0"], [f"B{n}" for n in range(1, 10)]):
        with store.connect() as connection:
            for name in names:
                frozen_and_late(connection, name)
        restore_lines(store, day("2025-06-01"))  # what is read once for a process was read
        asked.clear()
        assert restore_lines(store, day("2025-06-02") + len(counts)) == 0
        counts.append(len(asked))
    assert counts[0] == counts[1] > 0
    with store.connect() as connection:
        acts = connection.execute(
            "select reference, who_kind, who, asked->>'borrower', answer from act "
            "where verb = 'limit.restore_by_rule' and on_day = '2025-06-03' order by act"
        ).fetchall()
    names = [f"B{n}" for n in range(10)]
    assert acts == [(f"act:by-rule:{name}:2025-06-03", "rule", "night", name, {"granted": False}) for name in names]


def test_together_is_judged_as_alone(store: Store) -> None:
    """On every fifth day the borrowers whom the look at all of them lets through are those whom the rule restores."""
    with store.connect() as connection:
        for name in ("B1", "B2", "B3"):
            frozen_and_late(connection, name, paid=name == "B2")
        numbers = {name: borrower_number(connection, name)[0] for name in ("B1", "B2", "B3")}
        connection.commit()
        restored = {}
        for on in range(day("2025-04-25"), day("2025-08-10"), 5):
            may = may_be_restored(connection, list(numbers.values()), on)
            alone = set()
            for name, number in numbers.items():
                alone |= (
                    {number}
                    if restore_in(connection, person_in(connection, name), on, f"{name}:{on}").granted
                    else set()
                )
                connection.rollback()
            assert may == alone
            restored[iso(on)] = len(may)
    assert restored["2025-07-19"] == 0 and restored["2025-07-24"] == 1


def test_begun_again_a_look_is_not_kept_twice_and_what_came_since_counts(store: Store) -> None:
    """On 24 July B2's line comes back; B1 is looked at once, however often the day is begun."""
    with store.connect() as connection:
        frozen_and_late(connection, "B1")
        frozen_and_late(connection, "B2", paid=True)
    on = day("2025-07-24")
    assert [restore_lines(store, on), restore_lines(store, on)] == [1, 0]
    with store.connect() as connection:
        acts = connection.execute(
            "select asked->>'borrower', answer->>'granted' from act where verb = 'limit.restore_by_rule' order by act"
        ).fetchall()
        by_act = connection.execute(
            "select b.reference from event e join borrower b using (borrower) join act a using (act) "
            "where e.kind = 'limit.restored' and a.verb = 'limit.restore_by_rule'"
        ).fetchall()
    assert acts == [("B1", "false"), ("B2", "true")] and by_act == [("B2",)]


def test_a_day_left_out_is_begun_late(store: Store) -> None:
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-05-20")
    close_through(store, TO + 3)
    lines = list(run_day(store, TO))
    assert lines[0] == "closed and proved through 2025-07-23 already"
    assert lines[3].startswith("decided 2025-07-20 over 1 borrower")

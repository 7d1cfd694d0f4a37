"""The governor's door: counted under a lock, whatever several workers ask at once."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afterloan.facts import FactRefused
from afterloan.facts.contact import ContactEnded, ContactOptedOut
from afterloan.facts.hold import HoldPlaced
from afterloan.store.contacts import Attempt, admit, admit_many, withdrawn
from afterloan.store.events import body_of, tell
from afterloan.store.server import Store
from tests.strategy.books import borrower

SHANGHAI = ZoneInfo("Asia/Shanghai")
ANGELES = ZoneInfo("America/Los_Angeles")
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=SHANGHAI)


def call(reference: str, of: str = "B1", at: datetime = NOON, **more: Any) -> Attempt:
    return Attempt(
        borrower=of, channel=more.pop("channel", "call"), purpose="collection", at=at, reference=reference, **more
    )


def ended(of: str, outcome: str, at: datetime = NOON, who: str = "B1") -> ContactEnded:
    on = at.astimezone(SHANGHAI).date()
    return ContactEnded(borrower=who, on=on, known_on=on, at=at, reference=f"end-{of}", of=of, outcome=outcome)  # type: ignore[arg-type]


def test_an_attempt_is_on_record_once_and_a_refusal_is_a_finding(store: Store) -> None:
    with store.connect() as connection:
        borrower(connection, "B1")
        assert admit(connection, call("a")).allowed
        assert admit(connection, call("a")).allowed  # the same again
        refused = admit(connection, call("b"))
        assert refused.rule == "house.one-call-at-a-time"
        rows = connection.execute(
            "select reference, on_day::text from event where kind = 'contact.attempted'"
        ).fetchall()
        assert rows == [("a", "2026-03-10")]
        found = connection.execute("select about, rule, outcome, inputs->>'confidence' from finding").fetchall()
        assert found == [("contact.call", "house.one-call-at-a-time", "refused", "I")]


def test_three_conversations_also_within_one_batch(store: Store) -> None:
    with store.connect() as connection:
        borrower(connection, "B1")
        for k in range(3):
            at = NOON + timedelta(minutes=10 * k)
            assert admit(connection, call(f"c{k}", at=at)).allowed
            tell(connection, ended(f"c{k}", "reached", at))
        fourth = admit(connection, call("c3", at=NOON + timedelta(hours=1), channel="ai_call"))
        assert fourth.rule == "cn.gbt45251.conversations"
        assert fourth.next_at == datetime(2026, 3, 11, 8, 0, tzinfo=SHANGHAI)
        borrower(connection, "B2")
        both = admit_many(connection, [call("x", "B2"), call("y", "B2"), call("s", "B2", channel="sms")])
        assert [v.allowed for v in both] == [True, False, True]


def test_opt_out_hold_and_strangers(store: Store) -> None:
    on = date(2026, 3, 9)
    with store.connect() as connection:
        borrower(connection, "B1")
        tell(connection, ContactOptedOut(borrower="B1", on=on, known_on=on, reference="o", channel="sms"))
        assert admit(connection, call("a", channel="sms")).rule == "house.opt-out"
        assert admit(connection, call("b", channel="email")).allowed
        hold = HoldPlaced(
            borrower="B1",
            on=on,
            known_on=on,
            reference="h",
            hold="dispute_open",
            reason="says it is paid",
            review_on=on,
        )
        tell(connection, hold)
        assert admit(connection, call("c", channel="email")).rule == "hold.dispute-open"
        with pytest.raises(FactRefused, match="no borrower of that reference"):
            admit(connection, call("d", "nobody"))
        assert not withdrawn(connection, "a")


def test_an_attempt_out_of_order_is_refused_and_a_little_skew_is_not(store: Store) -> None:
    with store.connect() as connection:
        borrower(connection, "B1")
        assert admit(connection, call("a", channel="sms")).allowed
        assert admit(connection, call("b", channel="sms", at=NOON - timedelta(minutes=4))).allowed
        assert admit(connection, call("c", channel="sms", at=NOON - timedelta(minutes=6))).rule == "house.in-order"


PACES = {
    # minutes between requests, how attempts end ("": the worker dies before it tells)
    "a day of dials": ([1, 2, 3, 5], ["unanswered"] * 8 + ["not_connected", "invalid", "reached"]),
    "a day of talks": ([1, 3, 10, 30], ["reached"] * 5 + ["unanswered", ""]),
    "weeks": ([60, 200, 400, 700], ["reached", "unanswered", "unanswered", ""]),
}


class Clock:
    """Simulated time that several workers share and push on."""

    def __init__(self, start: datetime) -> None:
        self.now, self.lock = start, threading.Lock()

    def later(self, minutes: int) -> datetime:
        with self.lock:
            self.now += timedelta(minutes=minutes)
            return self.now


def work(store: Store, seed: int, worker: int, clock: Clock, pace: str, failed: list[BaseException]) -> None:
    """One worker: asks at random, tells how it ended (or dies before it does), lies a little about the time."""
    chance = random.Random(f"{seed}-{worker}")
    minutes, outcomes = PACES[pace]
    try:
        with store.connect(autocommit=True) as connection:
            for k in range(40):
                who, zone = chance.choice([("CN1", SHANGHAI), ("US1", ANGELES)])
                at = clock.later(chance.choice(minutes)) - timedelta(minutes=chance.choice([0, 0, 0, 3, 30]))
                key = f"{seed}-{worker}-{k}"
                attempt = Attempt(
                    borrower=who,
                    channel=chance.choice(["call", "call", "call", "ai_call", "sms"]) if who == "CN1" else "call",
                    purpose="collection",
                    at=at,
                    reference=key,
                    address=chance.choice(["111", "222"]),
                    loans=tuple(chance.sample(["A", "B"], chance.choice([1, 2]))),
                )
                with connection.transaction():
                    verdict = admit(connection, attempt)
                outcome = chance.choice(outcomes)
                if verdict.allowed and outcome and attempt.channel != "sms":
                    on = at.astimezone(zone).date()
                    told = ContactEnded(
                        borrower=who, on=on, known_on=on, at=at, reference=f"e{key}", of=key, outcome=outcome
                    )  # type: ignore[arg-type]
                    with connection.transaction():
                        tell(connection, told)
    except BaseException as error:
        failed.append(error)
        raise


def audit(store: Store) -> int:
    """Count every cap anew, in another way than the governor does; returns how many attempts there were."""
    with store.connect() as connection:
        rows = connection.execute(
            f"select b.reference, a.at, {body_of('a')}, "
            "coalesce((select e.body->>'outcome' from event e where e.body->>'of' = a.reference), '') "
            "from event a join borrower b using (borrower) where a.kind = 'contact.attempted' order by a.at"
        ).fetchall()
    talks: Counter[Any] = Counter()
    dials: Counter[Any] = Counter()
    calls: dict[str, list[tuple[date, bool]]] = {"A": [], "B": []}
    for who, at, told, outcome in rows:
        channel, number, loans = told["channel"], told.get("address"), told["loans"]
        local = at.astimezone(SHANGHAI if who == "CN1" else ANGELES)
        assert 8 <= local.hour < (22 if who == "CN1" else 21), local
        if channel == "sms":
            continue
        if who == "CN1":
            talks[local.date()] += outcome in ("reached", "")
            dials[local.date(), number] += outcome != "reached"
        else:
            for loan in loans:
                if outcome not in ("not_connected", "invalid"):
                    calls[loan].append((local.date(), outcome in ("reached", "")))
    assert max(talks.values(), default=0) <= 3, talks
    assert max(dials.values(), default=0) <= 6, dials
    for loan, made in calls.items():
        for k, (on, reached) in enumerate(made):
            window = [d for d, _ in made if on <= d < on + timedelta(days=7)]
            assert len(window) <= 7, (loan, on)
            if reached:
                assert all((d - on).days >= 7 for d, _ in made[k + 1 :]), (loan, on, made[k + 1 :])
    return len(rows)


@pytest.fixture
def people(store: Store) -> Iterator[Store]:
    with store.connect() as connection:
        borrower(connection, "CN1")
        borrower(connection, "US1", jurisdiction="US", timezone="America/Los_Angeles", language="en")
    yield store


@pytest.mark.parametrize("pace", PACES)
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9))
def test_no_cap_is_broken_by_workers_at_once(people: Store, pace: str, seed: int) -> None:
    with people.connect() as connection:
        row = connection.execute("select coalesce(max(at), '2026-03-02 00:00+00') from event").fetchone()
    assert row is not None
    clock = Clock((row[0] + timedelta(days=9)).astimezone(UTC).replace(hour=1))  # 09:00 in Shanghai
    failed: list[BaseException] = []
    workers = [threading.Thread(target=work, args=(people, seed, k, clock, pace, failed)) for k in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failed
    assert audit(people) > 10

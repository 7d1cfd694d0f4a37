"""What the bank says of debits: any order, twice, late, unknown, forged; the books end the same or nothing is taken."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afterloan.banks.files import read_collection, read_results
from afterloan.banks.words import Correction, Result, Results, reference_of
from afterloan.dates import day
from afterloan.desk.keyboard.doing import kinds_sent
from afterloan.enquiry.holds import holds_of
from afterloan.enquiry.refunds import refunds_due
from afterloan.enquiry.tasks import tasks
from afterloan.facts import FactRefused, Refunded, RefundReturned, Repaid
from afterloan.facts.act import Answer, Refused, Who
from afterloan.facts.debit import DebitAttempted, DebitPart
from afterloan.facts.hold import HoldPlaced
from afterloan.facts.outbox import Action, MessageBody
from afterloan.rehearsal.bank.server import answers
from afterloan.rehearsal.bank.simulator import Bank, Habits
from afterloan.sending.bank_gateway import BankCallbackRefused, HttpGateway, read_callback, sign_callback
from afterloan.sending.callbacks import debit_callbacks
from afterloan.sending.debit_files import file_out
from afterloan.sending.doubt import resolve_doubt
from afterloan.servicing.booking import take
from afterloan.servicing.debits import take_result
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.servicing.money import take_results
from afterloan.servicing.passing import refund, refund_returned
from afterloan.store.debits import revoke_mandate, sign_mandate, standing_of
from afterloan.store.events import borrower_number, tell
from afterloan.store.outbox import put
from afterloan.store.server import Store
from afterloan.store.statements import open_refusals
from afterloan.strategy.debit import Owed, next_debit, schedule_rule
from tests.databases import dropped, made
from tests.sending.bankhouse import (
    asked_at_the_door,
    at,
    attempt,
    bank_at,
    did,
    mandate,
    money,
    rows,
    run_drain,
    served,
    small_book,
    told,
)  # fmt: skip
from tests.strategy.books import borrower, loan

KNOWN = date(2025, 5, 14)
KEYS = [reference_of("test", k) for k in range(3)]
SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS10ZXN0LWJhbms="


def tried(connection: psycopg.Connection[Any], key: str, amount_fen: int, represents: str | None = None) -> None:
    tell(
        connection,
        DebitAttempted(
            borrower="B1",
            on=date(2025, 5, 10),
            known_on=date(2025, 5, 10),
            at=at("2025-05-10 09:30"),
            reference=key,
            mandate="M1",
            rail="gateway",
            amount_fen=amount_fen,
            parts=(DebitPart(loan="L1", amount_fen=amount_fen),),
            represents=represents,
        ),
    )


@pytest.fixture(scope="module")
def book(server: Store) -> Iterator[Store]:
    """B1 with three attempts on record, shared: each test rolls back what it did."""
    store = made(server, "debit_results")
    small_book(store, mandate("M1", "6222001"))
    with store.connect() as connection:
        for k, key in enumerate(KEYS):
            tried(connection, key, 10_000 * (k + 1))
    yield store
    dropped(server, "debit_results")


def said(key: int, status: str, on: int = 10, amount: int | None = None, code: str = "") -> Result:
    full = 10_000 * (key + 1)
    fen = amount if amount is not None else full if status in ("succeeded", "returned") else 0
    return Result(KEYS[key], status, date(2025, 5, on), fen, code or ("AM04" if status == "failed" else "MD06"))  # type: ignore[arg-type]


ALL = [
    said(0, "succeeded"),
    said(0, "returned", 12),
    said(1, "failed"),
    said(1, "succeeded", 11),
    said(2, "succeeded", 10, 7_000),
    said(2, "failed", 10),
    said(2, "pending"),
]


def books(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """What must not depend on the order: facts, sums of entries by account, how each attempt stands."""
    facts = "select kind, on_day, amount_fen, reference from fact order by reference"
    sums = (
        "select account, sum(fen) from (select debit account, amount_fen fen from entry union all "
        "select credit, -amount_fen from entry) x group by 1 having sum(fen) <> 0 order by 1"
    )
    standing = standing_of(connection, "B1")
    return {
        "facts": connection.execute(facts).fetchall(),
        "entries": connection.execute(sums).fetchall(),
        "tried": [(t.reference, t.state, t.taken_fen) for t in standing.tried],
    }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(ALL), st.lists(st.integers(0, len(ALL) - 1), max_size=5))
def test_any_order_and_doubles_end_in_the_same_books(book: Store, order: list[Result], doubles: list[int]) -> None:
    found = []
    for results in (ALL, [*order, *(ALL[k] for k in doubles)]):
        with book.connect() as connection, connection.transaction(force_rollback=True):
            for result in results:
                take_result(connection, result, KNOWN)
            found.append(books(connection))
    assert found[0] == found[1]
    # 0: taken and gone back; 1: failed, then the money is there after all; 2: 70.00 of 300.00 were there
    assert [t[1:] for t in found[0]["tried"]] == [("returned", 0), ("succeeded", 20_000), ("succeeded", 7_000)]
    paid = [f for f in found[0]["facts"] if f[3].startswith("debit:")]
    assert [(f[2], f[3].endswith(":returned")) for f in sorted(paid, key=lambda f: f[3])].count((10_000, False)) == 1
    assert sum(f[2] for f in paid if not f[3].endswith(":returned")) == 10_000 + 20_000 + 7_000


def test_a_result_for_an_unknown_attempt_is_refused_and_holds_no_other_up(book: Store) -> None:
    stranger = Result(reference_of("nobody"), "succeeded", date(2025, 5, 10), 5)
    with book.connect() as connection, connection.transaction(force_rollback=True):
        file = Results("F", "", datetime(2025, 5, 10), (stranger, said(0, "succeeded"), said(0, "succeeded")))
        taken = take_results(connection, file, KNOWN)
        assert (taken.counts, taken.known, taken.taken_fen) == ({"succeeded": 1}, 1, 10_000)
        (bad,) = taken.refused
        assert str(bad) == (
            f"result 1 ({stranger.end_to_end}): of {stranger.end_to_end!r}: no debit attempt of that reference; "
            "ask the bank which debit it means; nothing was taken in"
        )


def test_more_than_was_asked_for_or_another_amount_the_second_time_is_refused(book: Store) -> None:
    with book.connect() as connection, connection.transaction(force_rollback=True):
        with pytest.raises(FactRefused, match=r"10001: the debit .* asked for 10000"):
            take_result(connection, said(0, "succeeded", 10, 10_001), KNOWN)
        take_result(connection, said(0, "succeeded"), KNOWN)
        with pytest.raises(FactRefused, match=r"9999: .* was told before with 10000"):
            take_result(connection, said(0, "succeeded", 10, 9_999), KNOWN)
        assert take_result(connection, said(0, "succeeded", 11), KNOWN).known  # another file, another value day


def test_a_deceased_payer_stops_debits_and_a_closed_account_ends_the_mandate(book: Store) -> None:
    with book.connect() as connection, connection.transaction(force_rollback=True):
        take_result(connection, said(0, "failed", code="AC04"), KNOWN)
        assert [m.revoked_on for m in standing_of(connection, "B1").mandates] == [date(2025, 5, 10)]
        take_result(connection, said(1, "failed", code="MD07"), KNOWN)
        assert [t.reason for t in standing_of(connection, "B1").tried] == ["account_closed", "deceased", ""]


REMIND = MessageBody(
    template="overdue", language="zh", to="0571", purpose="collection", values={"amount_fen": 1}, zone="Asia/Shanghai"
)


def by_lead(store: Store, verb: str, asked: dict[str, Any]) -> None:
    with desk_of(store) as desk:
        answer = do(
            desk, Who("person", "wang", ("lead",), "keyboard"), verb, asked, f"{verb}:{time.monotonic_ns()}", KNOWN
        )
    assert isinstance(answer, Answer), answer


@pytest.mark.parametrize(
    ("scheme", "code"), [("iso20022", "MD07"), ("nacha", "R14"), ("nacha", "R15"), ("batch", "1007")]
)
@pytest.mark.parametrize("door", ["debit.result", "debit.results"])
def test_a_bank_that_says_that_the_payer_died_holds_everything_until_a_person_has_looked(
    store: Store, door: str, scheme: str, code: str
) -> None:
    """As `person.died` does, whichever door it comes by: what is planned goes, nobody writes, a task asks."""
    small_book(store, mandate("M1", "6222001"))
    with store.connect() as connection:
        tried(connection, KEYS[0], 10_000)
        number = borrower_number(connection, "B1")[0]
        put(connection, [Action("r1", number, "message.sms", at("2025-05-15 10:00"), KNOWN, None, REMIND)])
    result = {"end_to_end": KEYS[0], "status": "failed", "on": "2025-05-12", "code": code, "scheme": scheme}
    asked = {"result": result} if door == "debit.result" else {"message": "F", "results": [result]}
    assert did(store, door, asked, KNOWN)["withdrawn"] == 1
    with store.connect(autocommit=True) as connection:
        assert [h.hold for h in holds_of(connection, "B1", KNOWN)] == ["deceased"]
        # the money is nobody's to be talked about with him: no task to talk to the borrower beside it
        (task,) = [t for t in tasks(connection, kinds_sent(), KNOWN) if t.queue in ("review", "debits")]
        assert task.due_on == KNOWN and code in task.what and "person.died borrower=B1" in task.todo
    died = {"borrower": "B1", "source": "certificate of the registry"}
    by_lead(store, "person.died", died)
    by_lead(store, "task.done", {"of": task.key, "how": "the certificate is here"})
    with store.connect(autocommit=True) as connection:
        queues = [t.queue for t in tasks(connection, kinds_sent(), KNOWN)]
    assert queues == ["estate"]


def test_a_bank_that_was_mistaken_about_a_death_is_overruled_by_a_person(store: Store) -> None:
    small_book(store, mandate("M1", "6222001"))
    with store.connect() as connection:
        tried(connection, KEYS[0], 10_000)
    result = {"end_to_end": KEYS[0], "status": "failed", "on": "2025-05-12", "code": "MD07"}
    did(store, "debit.result", {"result": result}, KNOWN)
    by_lead(store, "hold.lift", {"borrower": "B1", "of": f"{KEYS[0]}:deceased", "reason": "he called"})
    by_lead(store, "mandate.resume", {"of": "M1", "reason": "the bank meant his father"})
    with store.connect() as connection:
        assert holds_of(connection, "B1", KNOWN) == []
        standing = standing_of(connection, "B1")
    rule, owed = schedule_rule("CN", date(2026, 12, 1)), [Owed("L1", 10_000, 3)]
    again = next_debit(
        datetime(2026, 12, 1, 2, tzinfo=UTC), "Asia/Shanghai", rule, standing.mandates, owed, standing.tried
    )
    assert again.wanted is not None and again.wanted.amount_fen == 10_000


def test_whoever_stops_a_payment_at_the_bank_is_not_debited_again_under_that_mandate(store: Store) -> None:
    small_book(store, mandate("M1", "6222001"))
    with store.connect() as connection:
        tried(connection, KEYS[0], 10_000)
    stopped = {"end_to_end": KEYS[0], "status": "returned", "on": "2025-05-12", "code": "R08", "scheme": "nacha"}
    did(store, "debit.result", {"result": stopped | {"amount_fen": 10_000}}, KNOWN)
    with store.connect(autocommit=True) as connection:
        assert [m.revoked_on for m in standing_of(connection, "B1").mandates] == [date(2025, 5, 12)]
        assert [t.queue for t in tasks(connection, kinds_sent(), KNOWN)] == ["debits"]


def test_money_after_the_loan_was_paid_is_listed_for_refund(store: Store) -> None:
    small_book(store, mandate("M1", "6222001"))
    with store.connect() as connection:
        tried(connection, KEYS[0], 10_000)
        on = day("2025-05-10")
        # 12,000.00 and 30 days at 0.05 %: 12,000.00 × 0.0005 × 30 = 180.00, so 12,180.00 ends it
        take(connection, Repaid("L1", "by-hand", on, on, 1_218_000))
    with store.connect() as connection:
        settled = take_result(connection, said(0, "succeeded", 11), date(2025, 5, 11))
    assert settled.unapplied_fen == 10_000
    (owed,) = refunds_due(store, date(2025, 5, 12))
    assert (owed.loan, owed.borrower, owed.amount_fen) == ("L1", "B1", 10_000)
    # paid on the 10th; the bank took the money of the debit on the 11th: it waits since then
    assert (owed.since, owed.days) == (date(2025, 5, 11), 1)
    on = day("2025-05-12")
    with store.connect() as connection:
        refund(connection, Refunded("L1", "back-1", on, on, 10_000))
    assert refunds_due(store, date(2025, 5, 12)) == []  # given back: it stands in the list no more
    with store.connect() as connection:
        refund_returned(connection, RefundReturned("L1", "back-2", on, on, 10_000))
    assert [r.amount_fen for r in refunds_due(store, date(2025, 5, 12))] == [10_000]
    with store.connect() as connection:
        take_result(connection, said(0, "returned", 13), date(2025, 5, 13))
    assert refunds_due(store, date(2025, 5, 14)) == []
    with store.connect() as connection:  # money that came by no bank at all is the borrower's as well
        take(connection, Repaid("L1", "too-much", on, on, 700))
    assert [(r.loan, r.amount_fen) for r in refunds_due(store, date(2025, 5, 14))] == [("L1", 700)]


# -- callbacks ----------------------------------------------------------------------------------------------------


def test_a_forged_or_stale_callback_is_refused() -> None:
    now = datetime.now(UTC)
    body, headers = sign_callback(said(0, "succeeded"), SECRET, "n1", now)
    assert read_callback(body, headers, SECRET) == said(0, "succeeded")
    with pytest.raises(
        BankCallbackRefused, match="callback n1: no matching signature found; sign with the agreed secret"
    ):
        read_callback(body.replace(b"10000", b"90000"), headers, SECRET)
    with pytest.raises(BankCallbackRefused, match="no matching signature"):
        read_callback(body, headers, "whsec_" + "b3RoZXI=")
    old_body, old = sign_callback(said(0, "succeeded"), SECRET, "n2", now - timedelta(minutes=6))
    with pytest.raises(BankCallbackRefused, match="callback n2: message timestamp too old"):
        read_callback(old_body, old, SECRET)
    with pytest.raises(BankCallbackRefused, match=r"callback \?: missing required headers"):
        read_callback(body, {}, SECRET)


def test_callbacks_over_http_are_taken_once(store: Store) -> None:
    small_book(store, mandate("M1", "6222001"))
    with store.connect() as connection:
        tried(connection, KEYS[0], 10_000)
    app = FastAPI()
    app.include_router(debit_callbacks(store, SECRET, lambda: date(2025, 5, 11)))
    with served(app) as url:
        body, headers = sign_callback(said(0, "succeeded"), SECRET, "n1", datetime.now(UTC))
        first, second = (httpx.post(f"{url}/callbacks/debit", content=body, headers=headers) for _ in range(2))
        assert first.status_code == second.status_code == 200
        assert [first.json()["known"], second.json()["known"]] == [False, True]
        wrong = httpx.post(f"{url}/callbacks/debit", content=body + b" ", headers=headers)
        assert wrong.status_code == 401 and "no matching signature" in wrong.json()["detail"]
        body, headers = sign_callback(
            Result(reference_of("x"), "failed", KNOWN, 0, "AM04"), SECRET, "n2", datetime.now(UTC)
        )
        unknown = httpx.post(f"{url}/callbacks/debit", content=body, headers=headers)
        assert unknown.status_code == 422 and "no debit attempt of that reference" in unknown.json()["detail"]
    assert len(money(store)) == 1


def test_late_and_double_answers_and_returns_come_by_callback(store: Store) -> None:
    """The bank answers days later, twice, and takes everything back: the loan owes what it owed, nothing is lost."""
    small_book(store, mandate("M1", "6222001"))
    app = FastAPI()
    app.include_router(debit_callbacks(store, SECRET, lambda: date(2025, 5, 20)))
    habits = Habits(late=1000, returned=1000, doubled=1000, salary_fen=0)
    with served(app) as here, bank_at("2025-05-10", habits, f"{here}/callbacks/debit", SECRET) as (bank, url):
        bank.balances["6222001"] = 2_000_000
        attempt(store, "k1", "2025-05-10 09:30")
        run_drain(store, url, "2025-05-10 09:31")
        assert not money(store)
        done = httpx.post(f"{url}/v1/day", params={"to": "2025-05-20"}).json()
        assert done["callbacks"] == 4  # success and return, each twice
        assert bank.balances["6222001"] == 2_000_000
    assert [m[0] for m in money(store)] == [50, 90]  # repaid, and that very fact taken back
    assert told(store, "debit.returned")[0]["reason"] == "payer_refund"


# -- death at any moment ------------------------------------------------------------------------------------------

WORKER = """
import sys
from tests.sending.bankhouse import at
from afterloan.sending.channels import read_setting
from afterloan.sending.drain_work import drain
from afterloan.store.server import Store
import afterloan.servicing.money
print("ready", flush=True)
drain(Store(sys.argv[1]), only=("debit",), moment=at(sys.argv[3]), told=read_setting({"debit": {"url": sys.argv[2]}}))
"""


def test_a_worker_killed_again_and_again_debits_nobody_twice(store: Store) -> None:
    """Workers are killed while the bank is slow; at the end each borrower was debited exactly once."""
    from afterloan.close import close_through
    from afterloan.facts.outbox import Action, DebitBody
    from afterloan.store.debits import sign_mandate
    from afterloan.store.outbox import put

    names = [f"B{k}" for k in range(1, 25)]
    with store.connect() as connection:
        for name in names:
            number = borrower(connection, name)
            loan(connection, f"L-{name}", name, "2025-04-10")
            sign_mandate(connection, mandate(f"M-{name}", f"6222{name}").model_copy(update={"borrower": name}))
            when = at("2025-05-10 09:30")
            put(connection, [Action(f"k-{name}", number, "debit.attempt", when, when.date(), None, DebitBody())])
    close_through(store, day("2025-05-09"))
    with bank_at("2025-05-10", Habits(latency_ms=150)) as (bank, url):
        for name in names:
            bank.balances[f"6222{name}"] = 2_000_000
        for k in range(3):
            command = [sys.executable, "-c", WORKER, store.url, url, f"2025-05-10 {10 + k}:00"]
            environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
            worker = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
            assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
            seen = len(bank.debits)
            deadline = time.monotonic() + 30
            while (
                len(bank.debits) < min(seen + 5, len(names)) and time.monotonic() < deadline and worker.poll() is None
            ):
                time.sleep(0.005)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
        for moment in ("13:00", "14:00", "15:00"):
            run_drain(store, url, f"2025-05-10 {moment}")
        assert len(bank.debits) == len(names)
        assert {2_000_000 - bank.balances[f"6222{name}"] for name in names} == {
            told(store, "debit.attempted")[0]["amount_fen"]
        }
        by_key = {key: b.result.amount_fen for key, b in bank.debits.items()}
    paid = {f[3].split(":")[1]: f[2] for f in money(store) if f[3].startswith("debit:")}
    assert paid == by_key
    assert rows(store, "select count(*) from event where kind = 'debit.succeeded'") == [(len(names),)]


def test_attempts_without_an_answer_are_asked_after(store: Store) -> None:
    small_book(store, mandate("M1", "6222001"))
    with store.connect() as connection:
        tried(connection, KEYS[0], 10_000)
        tried(connection, KEYS[1], 20_000)
    with bank_at("2025-05-10") as (bank, url):
        from afterloan.banks.words import Order

        bank.balances["6222001"] = 50_000
        bank.debit(Order(KEYS[0], 10_000, "M1", date(2025, 4, 1), "Name of B1", "6222001"))
        done = resolve_doubt(store, HttpGateway(url), at("2025-05-10 11:00"), timedelta(minutes=15))
        assert done.counts == {"succeeded": 1, "failed": 1}
        again = resolve_doubt(store, HttpGateway(url), at("2025-05-10 11:30"), timedelta(minutes=15))
        assert again.read == 0 and len(bank.debits) == 1
    assert [t["reason"] for t in told(store, "debit.failed")] == ["not_sent"]


def test_what_the_bank_says_when_asked_is_known_from_that_day_on(store: Store) -> None:
    # the bank took 100.00 on the 10th and its answer was lost; asked on the 12th: on the 11th nobody knew of the money
    small_book(store, mandate("M1", "6222001"))
    with store.connect() as connection:
        tried(connection, KEYS[0], 10_000)
    with bank_at("2025-05-10") as (bank, url):
        from afterloan.banks.words import Order

        bank.balances["6222001"] = 50_000
        bank.debit(Order(KEYS[0], 10_000, "M1", date(2025, 4, 1), "Name of B1", "6222001"))
        done = resolve_doubt(store, HttpGateway(url), at("2025-05-12 11:00"), timedelta(minutes=15))
        assert done.counts == {"succeeded": 1}
    days = "select on_day, known_on from fact where starts_with(reference, %s)"
    assert set(rows(store, days, f"debit:{KEYS[0]}")) == {(date(2025, 5, 10), date(2025, 5, 12))}
    told_days = rows(store, "select on_day, known_on from event where kind = 'debit.succeeded'")
    assert told_days == [(date(2025, 5, 10), date(2025, 5, 12))]


def test_the_same_key_with_another_content_is_refused_by_the_bank() -> None:
    with bank_at("2025-05-10") as (bank, url):
        order = {
            "end_to_end": KEYS[0], "amount_fen": 5, "mandate": "M", "signed_on": "2025-01-01", "name": "N",
            "account": "A", "bank": "", "text": "",
        }  # fmt: skip
        send = lambda o: httpx.post(f"{url}/v1/debits", json=o, headers={"Idempotency-Key": KEYS[0]})  # noqa: E731
        bank.balances["A"] = 100
        assert [send(order).status_code, send(order).status_code] == [201, 200]
        assert send({**order, "amount_fen": 6}).status_code == 422
        assert bank.balances["A"] == 95
        assert httpx.get(f"{url}/v1/debits/{KEYS[1]}").status_code == 404


def test_two_banks_of_one_seed_are_the_same_bank() -> None:
    from afterloan.banks.words import Order

    def life(seed: int) -> str:
        bank = Bank(seed, date(2025, 5, 1), Habits(late=300, returned=300, doubled=300, closed=100, partial=True))
        for k in range(60):
            bank.debit(Order(reference_of(k), 90_000 + k, "M", date(2025, 1, 1), "N", f"62{k % 20}"))
        heard = bank.advance(date(2025, 5, 20))
        return json.dumps([[r.end_to_end, r.status, r.on.isoformat(), r.amount_fen, r.code] for r in heard])

    assert life(1) == life(1) != life(2)
    assert {"succeeded", "failed", "returned"} <= {row[1] for row in json.loads(life(1))}


LENDER = {"name": "Lender", "account": "1234567890", "bank": "021000021", "scheme_id": "9123456789"}


def presumed(store: Store, form: str, on: date) -> Mapping[str, Any]:
    """What counting three days of silence as paid comes to."""
    return did(store, "debit.presume_paid", {"form": form, "days": 3}, on)


# -- files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rail", "answer"), [("pain008", "pain002"), ("pain008", "camt054"), ("batch_csv", "batch_csv")]
)
def test_a_debit_by_file_goes_out_once_and_comes_back(store: Store, tmp_path: Path, rail: str, answer: str) -> None:
    small_book(store, mandate("M1", "6222001", rail=rail, bank="BKCHCNBJ"))
    creditor = {"name": "示例消费金融", "account": "LENDER-1", "bank": "BKCHCNBJ", "scheme_id": "CN01"}
    did(store, "debit.creditor", creditor, date(2025, 5, 10))
    attempt(store, "k1", "2025-05-10 09:30")
    run_drain(store, "http://127.0.0.1:9", "2025-05-10 09:31")
    out = file_out(store, tmp_path, rail, date(2025, 5, 10))
    assert out.path is not None and out.debits == 1
    assert file_out(store, tmp_path, rail, date(2025, 5, 10)).path is None
    first = out.path.read_bytes()
    assert file_out(store, tmp_path / "again", rail, date(2025, 5, 11), again=out.message).path.read_bytes() == first  # type: ignore[union-attr]
    bank = Bank(1, date(2025, 5, 10), balances={"6222001": 2_000_000})
    for order in read_collection(rail, first, "f").orders:
        bank.debit(order)
    results = read_results(answers(bank, answer, date(2025, 5, 10)), "answer")
    with store.connect() as connection:
        taken = take_results(connection, results, date(2025, 5, 10))
    assert taken.counts == {"succeeded": 1} and not taken.refused
    assert [m[2] for m in money(store)] == [out.total_fen]


def test_nacha_is_paid_by_silence_and_comes_back_with_a_code(store: Store, tmp_path: Path) -> None:
    small_book(store, mandate("M1", "123456", rail="nacha", bank="091000019"))
    did(store, "debit.creditor", LENDER, date(2025, 5, 10))
    attempt(store, "k1", "2025-05-10 09:30")
    run_drain(store, "http://127.0.0.1:9", "2025-05-10 09:31")
    out = file_out(store, tmp_path, "nacha", date(2025, 5, 10), "USD")
    assert out.debits == 1
    assert presumed(store, "nacha", date(2025, 5, 12))["read"] == 0
    assert presumed(store, "nacha", date(2025, 5, 13))["counts"] == {"succeeded": 1}
    (key,) = (r[0] for r in rows(store, "select reference from event where kind = 'debit.attempted'"))
    from afterloan.banks.nacha import write_nacha_returns

    back = Result(key, "returned", date(2025, 5, 14), out.total_fen, "R10", "nacha")
    data = write_nacha_returns(Results("R", "", datetime(2025, 5, 14), (back,)))
    with store.connect() as connection:
        taken = take_results(connection, read_results(data, "returns"), date(2025, 5, 14))
    assert taken.counts == {"returned": 1}
    assert told(store, "debit.returned")[0]["reason"] == "not_authorised"
    assert told(store, "mandate.revoked")[0]["by"] == "debit.reasons"  # a rule of ours, not a party
    assert [m[0] for m in money(store)] == [50, 90]


def waiting(store: Store, *names: str, rail: str = "nacha", **more: Any) -> dict[str, str]:
    """Borrowers with a loan that owes, a mandate each, and an attempt of 100.00 that waits for a file; its key."""
    keys = {name: reference_of("waits", name) for name in names}
    with store.connect() as connection:
        for name, key in keys.items():
            borrower(connection, name)
            loan(connection, f"L-{name}", name, "2025-04-10")
            told: dict[str, Any] = {"rail": rail, "bank": "091000019", **more.get(name, {})}
            signed = mandate(f"M-{name}", told.pop("account", "123456"), **told)
            tell(connection, signed.model_copy(update={"borrower": name}))
            on = date(2025, 5, 10)
            fact = DebitAttempted(
                borrower=name, on=on, known_on=on, at=at("2025-05-10 09:30"), reference=key, mandate=f"M-{name}",
                rail=rail, amount_fen=10_000, parts=(DebitPart(loan=f"L-{name}", amount_fen=10_000),),
            )  # fmt: skip
            tell(connection, fact)
    did(store, "debit.creditor", LENDER, date(2025, 5, 10))
    return keys


def test_silence_counts_only_for_what_was_sent(store: Store, tmp_path: Path) -> None:
    """Four debits of 100.00 wait, none was in a file: a week of silence says nothing. Two are filed: 200.00 count."""
    keys = waiting(store, "B1", "B2")
    assert presumed(store, "nacha", date(2025, 5, 20))["read"] == 0 and not money(store)
    assert file_out(store, tmp_path, "nacha", date(2025, 5, 19), "USD").debits == 2
    waiting(store, "B3", "B4")
    # filed for collection on the 19th: three days of silence end on the 22nd, and the money is of the 19th
    assert presumed(store, "nacha", date(2025, 5, 21))["read"] == 0
    paid = presumed(store, "nacha", date(2025, 5, 22))
    assert paid["counts"] == {"succeeded": 2} and paid["taken_fen"] == 20_000
    assert [m[1:] for m in money(store)] == [
        ("2025-05-19", 10_000, f"debit:{keys[name]}:L-{name}") for name in ("B1", "B2")
    ]
    for form in ("batch_csv", "gateway"):
        said = asked_at_the_door(store, "debit.presume_paid", {"form": form, "days": 3}, date(2025, 5, 22))
        assert isinstance(said, Refused) and said.why == "answers every debit, so silence says nothing"


def test_a_debit_is_looked_at_again_before_it_stands_in_a_file(store: Store, tmp_path: Path) -> None:
    """Revoked, paid and held meanwhile are left out, told as not sent; the fourth borrower's debit is in the file."""
    keys = waiting(store, "B1", "B2", "B3", "B4")
    on = date(2025, 5, 11)
    with store.connect() as connection:
        revoke_mandate(connection, "M-B1", on, on)
        # 12,000.00 and 31 days at 0.05 %: 12,000.00 × 0.0005 × 31 = 186.00, so 12,186.00 ends it
        take(connection, Repaid("L-B2", "by-hand", day("2025-05-11"), day("2025-05-11"), 1_218_600))
        held = {"borrower": "B3", "on": on, "known_on": on, "reference": "H1", "reason": "court", "review_on": on}
        tell(connection, HoldPlaced(**held, hold="insolvency"))
    out = file_out(store, tmp_path, "nacha", on, "USD")
    assert [(x.borrower, x.why) for x in out.left_out] == [
        ("B1", "mandate not in effect"),
        ("B2", "no longer owed"),
        ("B3", "stopped"),
    ]
    assert out.path is not None
    assert [o.end_to_end for o in read_collection("nacha", out.path.read_bytes(), "f").orders] == [keys["B4"]]
    assert [t["reason"] for t in told(store, "debit.failed")] == ["not_sent"] * 3
    assert file_out(store, tmp_path, "nacha", on, "USD").path is None


def test_one_wrong_number_holds_up_nobody(store: Store, tmp_path: Path) -> None:
    """A mandate of before numbers were checked has bank 12345: it is left out, ends, and waits for a person."""
    keys = waiting(store, "B1", "B2", B1={"bank": "12345"}, B2={"holder": "José Núñez"})
    out = file_out(store, tmp_path, "nacha", date(2025, 5, 11), "USD")
    assert out.path is not None and [x.why for x in out.left_out] == ["bank '12345' is no routing number"]
    (order,) = read_collection("nacha", out.path.read_bytes(), "f").orders
    assert (order.end_to_end, order.name) == (keys["B2"], "Jose Nunez")
    assert [(t["of"], t["by"], t["reason"]) for t in told(store, "mandate.revoked")] == [
        ("M-B1", "debit.reasons", "wrong_account")
    ]
    with store.connect() as connection:
        (row,) = open_refusals(connection)
    assert (row.kind, row.account, row.field, row.value) == ("order", "B1", "bank", "12345")
    # the second file of the day is another file with other debits, and written again it is the same to the byte
    waiting(store, "B3")
    second = file_out(store, tmp_path, "nacha", date(2025, 5, 11), "USD")
    assert second.path is not None
    first_rows, rows_ = (f.read_text().splitlines() for f in (out.path, second.path))
    assert (first_rows[0][29:34], rows_[0][29:34]) == ("0000A", "0001B")
    assert (first_rows[2][-7:], rows_[2][-7:]) == ("0000001", "0000002")
    again = file_out(store, tmp_path / "again", "nacha", date(2025, 6, 1), "USD", again=second.message)
    assert again.path is not None and again.path.read_bytes() == second.path.read_bytes()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"rail": "nacha", "account": "1" * 21, "bank": "091000019"}, "is no account of at most 17"),
        ({"rail": "nacha", "account": "123", "bank": "12345"}, "is no routing number"),
        ({"rail": "nacha", "account": "123", "bank": "091000018"}, "is no routing number"),
        ({"rail": "pain008", "account": "DE89370400440532013001"}, "is an IBAN with wrong check digits"),
    ],
)
def test_a_mandate_with_a_wrong_number_is_refused_at_its_desk(book: Store, more: dict[str, Any], says: str) -> None:
    with book.connect() as connection, pytest.raises(FactRefused, match=says):
        sign_mandate(connection, mandate("M9", **more))


@pytest.mark.parametrize(
    "more",
    [
        {"account": "DE89370400440532013001"},
        {"account": "1", "bank": "091000018"},
        {"account": "1", "scheme_id": "DE99ZZZ09999999999"},
    ],
)
def test_a_creditor_with_a_wrong_number_is_refused_at_the_desk(book: Store, more: dict[str, str]) -> None:
    said = asked_at_the_door(book, "debit.creditor", {"name": "Lender", **more}, KNOWN)
    assert isinstance(said, Refused) and said.remedy == "copy it again"


def test_a_small_letter_makes_no_other_account(book: Store) -> None:
    with book.connect() as connection, connection.transaction(force_rollback=True):
        sign_mandate(connection, mandate("M9", "de89370400440532013000", rail="pain008"))
        assert standing_of(connection, "B1").signed["M9"].account == "DE89370400440532013000"
        assert sign_mandate(connection, mandate("M9", "DE89370400440532013000", rail="pain008")).known


def test_a_result_of_a_day_before_its_debit_is_refused_and_waits(book: Store) -> None:
    early = Result(KEYS[0], "succeeded", date(2000, 1, 1), 10_000)
    asked = Correction(KEYS[1], "C01", "7654321", "batch 1, entry 2")
    with book.connect() as connection, connection.transaction(force_rollback=True):
        taken = take_results(connection, Results("R1", "", datetime(2025, 5, 10), (early,), (), (asked,)), KNOWN)
        assert "is before 2025-05-10, the day of the debit" in taken.refused[0].reason
        rows_ = open_refusals(connection)
    assert [(r.kind, r.source, r.value) for r in rows_] == [
        ("result", "R1", "2000-01-01"),
        ("correction", "R1", KEYS[1]),
    ]


def test_a_request_that_was_only_slow_and_the_second_are_one_debit(store: Store) -> None:
    """The worker dies, the bank has not booked yet and says *never had*: sent again, the two are one debit."""
    small_book(store, mandate("M1", "6222001"))
    attempt(store, "k1", "2025-05-10 09:30")
    with bank_at("2025-05-10") as (bank, url):
        bank.balances["6222001"] = 2_000_000
        run_drain(store, "http://127.0.0.1:9", "2025-05-10 09:31")  # nobody listens: not sent, to be sent again
        (tried_first,) = told(store, "debit.attempted")
        (key,) = (r[0] for r in rows(store, "select reference from event where kind = 'debit.attempted'"))
        from afterloan.banks.words import Order

        # the first request arrives after all, before the second
        order = Order(key, tried_first["amount_fen"], "M1", date(2025, 4, 1), "Name of B1", "6222001", "", "L1")
        bank.debit(order)
        run_drain(store, url, "2025-05-10 09:45")
        assert len(bank.debits) == 1 and bank.balances["6222001"] == 2_000_000 - tried_first["amount_fen"]
    assert len(told(store, "debit.attempted")) == 1 and len(money(store)) == 1


def test_a_debit_not_sent_is_not_sent_again_once_less_is_owed(store: Store) -> None:
    small_book(store, mandate("M1", "6222001"))
    attempt(store, "k1", "2025-05-10 09:30")
    run_drain(store, "http://127.0.0.1:9", "2025-05-10 09:31")
    with store.connect() as connection:
        take(connection, Repaid("L1", "by-hand", day("2025-05-10"), day("2025-05-10"), 50_000))
    with bank_at("2025-05-10") as (bank, url):
        run_drain(store, url, "2025-05-10 09:45")
        assert not bank.debits
    assert [t["reason"] for t in told(store, "debit.failed")] == ["not_sent"]


@pytest.mark.parametrize("stopped", ["hold", "mandate"])
def test_a_debit_that_did_not_reach_the_bank_is_not_left_open_by_what_stops_it(store: Store, stopped: str) -> None:
    """A try told at 09:31 that found no bank; then a hold, or the mandate goes: it was not sent, and nothing waits."""
    small_book(store, mandate("M1", "6222001"))
    attempt(store, "k1", "2025-05-10 09:30")
    run_drain(store, "http://127.0.0.1:9", "2025-05-10 09:31")
    same: dict[str, Any] = {"borrower": "B1", "on": date(2025, 5, 10), "known_on": date(2025, 5, 10)}
    with store.connect() as connection:
        if stopped == "hold":
            tell(
                connection,
                HoldPlaced(
                    **same, reference="H1", hold="insolvency", reason="told by a court", review_on=date(2025, 6, 1)
                ),
            )
        else:
            revoke_mandate(connection, "M1", date(2025, 5, 10), date(2025, 5, 10))
    with bank_at("2025-05-10") as (bank, url):
        done = run_drain(store, url, "2025-05-10 09:45")
        assert not bank.debits and (done.total("dropped"), done.total("refused")) == (1, 0)
    assert [t["reason"] for t in told(store, "debit.failed")] == ["not_sent"]

"""Jobs: asked once under a key, followed step by step, stopped at a safe point; played days."""

import json
from datetime import date
from typing import Any

import pytest

from afterloan.close import close_through
from afterloan.dates import number_of
from afterloan.desk.work import JobWorker
from afterloan.store.jobs import job_named
from tests.desk.web.served import Served

CLOSED = number_of(date(2026, 2, 9))


@pytest.fixture
def played(served: Served) -> Served:
    close_through(served.store, CLOSED)
    return served


def asked(served: Served, days: int, key: str = "go", seat: str = "lead") -> Any:
    return served.api(seat).post("/v1/sandbox/advances", json={"days": days}, headers={"idempotency-key": key})


def events_of(text: str) -> list[tuple[int, str, dict[str, Any]]]:
    found = []
    for block in text.strip().split("\n\n"):
        told = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(("retry", ":")))
        if "data" in told:
            found.append((int(told["id"]), told["event"], json.loads(told["data"])))
    return found


def test_days_are_played_one_by_one_and_the_clock_is_where_they_end(played: Served) -> None:
    begun = asked(played, 2)
    assert begun.status_code == 202 and begun.headers["location"] == "/v1/jobs/go"
    assert asked(played, 2).json()["id"] == "go", "the same key is the same job"
    worker = JobWorker(played.store)
    with worker._stack:
        assert worker.do_next() and not worker.do_next()
    lead = played.api("lead")
    job = lead.get("/v1/jobs/go").json()
    assert job["state"] == "done", job
    assert job["progress"] == {"done": 2, "total": 2, "unit": "days"}
    clock = lead.get("/v1/business-date").json()
    assert (clock["business_date"], clock["closed_through"]) == ("2026-02-12", "2026-02-11")
    told = events_of(lead.get("/v1/jobs/go/events").text)
    assert told[-1][1] == "end" and told[-1][2]["state"] == "done"
    steps = {(one["day"], one["step"]) for _, name, one in told if name == "step"}
    assert {("2026-02-10", "sent"), ("2026-02-11", "day"), ("2026-02-11", "bank"), ("2026-02-12", "reached")} <= steps
    later = events_of(lead.get("/v1/jobs/go/events", headers={"last-event-id": str(told[2][0])}).text)
    assert later == told[3:]


def test_a_job_is_stopped_at_a_safe_point_and_one_that_waits_at_once(played: Served) -> None:
    asked(played, 30)
    lead = played.api("lead")
    waiting = lead.delete("/v1/jobs/go")
    assert waiting.status_code == 202 and waiting.json()["state"] == "cancelled"
    assert not JobWorker(played.store).do_next()
    asked(played, 30, "again")
    worker = JobWorker(played.store)
    worker.ending.set()  # as when the process is told to end
    with worker._stack:
        worker.do_next()
    with played.store.connect() as connection:
        job = job_named(connection, "again")
    assert job is not None and job.state == "queued", "it waits for the next worker"
    assert lead.get("/v1/business-date").json()["business_date"] == "2026-02-10", "no day was half played"


def test_a_job_that_cannot_be_done_says_why(played: Served) -> None:
    finance = played.api("finance")
    finance.post("/v1/closes", json={"through": "2020-01-01"}, headers={"idempotency-key": "c"})
    JobWorker(played.store).do_next()
    job = finance.get("/v1/jobs/c").json()
    assert job["state"] in ("failed", "done")
    if job["state"] == "failed":
        assert job["refused"]["reason"] == "invalid" and job["refused"]["detail"]


def test_who_may_begin_and_see_jobs(played: Served) -> None:
    agent = played.api("agent")
    no = agent.post("/v1/closes", json={"through": "2026-02-10"}, headers={"idempotency-key": "c"})
    assert (no.status_code, no.json()["reason"], no.json()["verb"]) == (403, "not-permitted", "day.run")
    asked(played, 1, "mine", "agent")
    assert agent.get("/v1/jobs/mine").status_code == 200
    other = played.api("borrower:B1")
    for path in ("/v1/jobs/mine", "/v1/jobs/none", "/v1/jobs/mine/events"):
        assert other.get(path).status_code == 404
    assert agent.get("/v1/jobs").status_code == 403


@pytest.mark.parametrize("body", [{}, {"days": 0}, {"days": 1, "to": "2026-02-12"}, {"to": "2026-02-10"},
                                  {"to": "2028-02-10"}, {"days": "many"}])  # fmt: skip
def test_days_that_cannot_be_played_are_refused(served: Served, body: dict[str, Any]) -> None:
    answer = served.api("lead").post("/v1/sandbox/advances", json=body, headers={"idempotency-key": "x"})
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid")


def test_a_book_that_is_real_has_no_sandbox(served: Served) -> None:
    real = Served(served.store, demo=False)
    assert real.browser("api").get("/v1/sandbox/clock").status_code == 404


def test_the_clock_of_a_played_book_is_set_within_its_day_and_never_back(served: Served) -> None:
    """At 23:00 of the same day the contact rules are those of the night; a real book has no clock to set."""
    lead = served.api("lead")

    def set_to(day: str, at: str, key: str) -> Any:
        return lead.post("/v1/sandbox/clock/setting", json={"day": day, "at": at}, headers={"idempotency-key": key})

    assert set_to("2026-02-10", "23:00", "night").status_code == 201
    sent = {"template": "reminder-due-today", "channel": "push"}
    late = lead.post("/v1/borrowers/B1/messages", json=sent, headers={"idempotency-key": "m"})
    assert late.status_code == 422 and late.json()["reason"] == "too-early", late.text
    assert late.json()["rule"]["clause"] and late.json()["next_at"].startswith("2026-02-11T00:00")
    assert set_to("2026-02-09", "09:00", "back").status_code == 422
    with served.store.connect() as connection:
        connection.execute("delete from setting where name = 'clock'")
    assert set_to("2026-02-11", "09:00", "real").status_code == 403


def test_money_is_put_onto_an_account_at_the_played_bank(served: Served) -> None:
    lead, worker = served.api("lead"), JobWorker(served.store)
    told = {"account": "6222001234", "amount_fen": 50_000}
    begun = lead.post("/v1/sandbox/bank", json=told, headers={"idempotency-key": "put"})
    assert begun.status_code == 202, begun.text
    with worker._stack:
        before = worker.world.bank.balance("6222001234")
        assert worker.do_next() and worker.world.bank.balance("6222001234") == before + 50_000
    result = lead.get(begun.headers["location"]).json()["result"]
    assert result == {"account": "1234", "balance_fen": before + 50_000}

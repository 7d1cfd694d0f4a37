"""The worker of jobs goes on when the database comes back; what breaks the database each time ends as failed."""

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from afterloan.desk import work
from afterloan.desk.bulk import Step
from afterloan.desk.work import JobWorker
from afterloan.facts.act import Who
from afterloan.store.jobs import Job, ask_job, job_named
from afterloan.store.server import Store
from tests.databases import CUT

LEAD = Who("person", "Li", ("lead",), "keyboard")


def cut(store: Store) -> None:
    """Every connection to the book ends, as when PostgreSQL is stopped for a new version."""
    with psycopg.connect(store.as_owner().url, autocommit=True) as connection:
        connection.execute(CUT)


@pytest.fixture
def broken(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Kinds of job that cut the line while they work: `once` the first time, `always` each time; their turns."""
    turns: list[int] = []

    def does(often: int) -> Any:
        def steps(worker: JobWorker, asked: Mapping[str, Any]) -> Iterator[Step]:
            turns.append(1)
            yield Step(0, 2, "steps", {})
            with worker.store.connect() as connection:
                connection.execute("insert into setting (name, value) values ('tried', '1') on conflict do nothing")
                if len(turns) <= often:
                    cut(worker.store)
                connection.execute("select 1")
            yield Step(2, 2, "steps", {})

        return steps

    monkeypatch.setitem(work.KINDS, "once", does(1))
    monkeypatch.setitem(work.KINDS, "always", does(1_000))
    monkeypatch.setattr(work, "PAUSE", 0.01)
    return turns


def worked(store: Store, kind: str, job: str) -> Job:
    with store.connect() as connection:
        ask_job(connection, job, kind, {}, LEAD, datetime(2026, 1, 5, tzinfo=UTC))
    worker = JobWorker(store)
    worker.start()
    try:
        return ended(store, job)
    finally:
        worker.stop()


def ended(store: Store, job: str) -> Job:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(psycopg.OperationalError), store.connect() as connection:  # it is cut off as well
            told = job_named(connection, job)
            assert told is not None
            if told.over:
                return told
        time.sleep(0.02)
    raise AssertionError(f"{job} was never ended")


def test_a_job_under_which_the_database_went_away_is_begun_again(store: Store, broken: list[int]) -> None:
    told = worked(store, "once", "j-1")
    assert (told.state, len(broken)) == ("done", 2)


def test_a_job_that_takes_the_database_away_each_time_ends_as_failed(store: Store, broken: list[int]) -> None:
    told = worked(store, "always", "j-1")
    assert (told.state, len(broken)) == ("failed", work.TURNS)
    assert told.refused is not None and told.refused["reason"] == "mistake"


def test_the_worker_outlives_a_database_that_was_away_while_nothing_waited(store: Store, broken: list[int]) -> None:
    worker = JobWorker(store)
    worker.start()
    try:
        time.sleep(0.2)
        cut(store)
        with store.connect() as connection:
            ask_job(connection, "j-2", "once", {}, LEAD, datetime(2026, 1, 5, tzinfo=UTC))
        broken.append(1)  # its one cut is behind it
        assert ended(store, "j-2").state == "done" and worker.thread.is_alive()
    finally:
        worker.stop()

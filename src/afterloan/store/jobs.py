"""Jobs in the store: asked, running, what each told so far, ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from afterloan.facts.act import Who


@dataclass(frozen=True, slots=True)
class Job:
    """A job: its `kind`, who asked it, how far it is (`done` of `total` `unit`), what it came to."""

    job: str
    kind: str
    asked: dict[str, Any]
    who_kind: str
    who: str
    state: str
    done: int
    total: int
    unit: str
    result: dict[str, Any] | None
    refused: dict[str, Any] | None
    stop_asked: bool
    asked_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.state in ("done", "failed", "cancelled")

    @property
    def sha256(self) -> str:
        """The digest of the file that it made; empty where there is none."""
        return str((self.result or {}).get("sha256", ""))

    def told(self) -> dict[str, Any]:
        """JSON values."""
        moments = {"asked_at": self.asked_at, "begun_at": self.begun_at, "ended_at": self.ended_at}
        return {
            "id": self.job, "href": f"/v1/jobs/{self.job}", "kind": self.kind, "state": self.state,
            "progress": {"done": self.done, "total": self.total, "unit": self.unit}, "asked": self.asked,
            "by": self.who, "result": self.result, "refused": self.refused, "stop_asked": self.stop_asked,
            **{name: at.isoformat() if at else None for name, at in moments.items()},
        }  # fmt: skip


COLUMNS = (
    "job, kind, asked, who_kind, who, state, done, total, unit, result, refused, stop_asked, asked_at, begun_at, "
    "ended_at"
)


def ask_job(
    connection: psycopg.Connection[Any], job: str, kind: str, asked: Mapping[str, Any], who: Who, at: datetime
) -> bool:
    """Queue a job under a name; False where one of that name is there already."""
    done = connection.execute(
        "insert into job (job, kind, asked, who_kind, who, asked_at) values (%s, %s, %s, %s, %s, %s) "
        "on conflict (job) do nothing",
        (job, kind, Jsonb(dict(asked)), who.kind, who.name, at),
    )
    return done.rowcount == 1


def job_named(connection: psycopg.Connection[Any], job: str) -> Job | None:
    """The job of a name, or None."""
    row = connection.execute(f"select {COLUMNS} from job where job = %s", (job,)).fetchone()
    return Job(*row) if row else None


def was_released(connection: psycopg.Connection[Any], job: str, sha256: str) -> bool:
    """Whether a second person let a job's file of this content leave."""
    row = connection.execute(
        "select exists (select from act where verb = 'file.release' and asked->>'job' = %s and asked->>'sha256' = %s)",
        (job, sha256),
    ).fetchone()
    return bool(row and row[0])


def jobs_told(connection: psycopg.Connection[Any], most: int = 50, kind: str = "") -> list[Job]:
    """Jobs, of a kind or all, the newest first."""
    rows = connection.execute(
        f"select {COLUMNS} from job where %(kind)s in ('', kind) order by asked_at desc, job limit %(most)s",
        {"kind": kind, "most": most},
    ).fetchall()
    return [Job(*row) for row in rows]


def take_job(connection: psycopg.Connection[Any], at: datetime) -> Job | None:
    """The job that waits longest, now running; None where none waits. Two workers never take the same."""
    row = connection.execute(
        "update job set state = 'running', begun_at = %s where job = (select job from job where state = 'queued' "
        f"order by asked_at, job limit 1 for update skip locked) returning {COLUMNS}",
        (at,),
    ).fetchone()
    return Job(*row) if row else None


def progress_of(connection: psycopg.Connection[Any], job: str, done: int, total: int, unit: str) -> bool:
    """Note how far a job is; whether it was asked to stop."""
    row = connection.execute(
        "update job set done = %s, total = %s, unit = %s where job = %s returning stop_asked", (done, total, unit, job)
    ).fetchone()
    return bool(row and row[0])


def tell_news(connection: psycopg.Connection[Any], job: str, told: Mapping[str, Any]) -> None:
    """What a job has to tell, for whoever looks on."""
    connection.execute("insert into job_news (job, told) values (%s, %s)", (job, Jsonb(dict(told))))


def news_after(connection: psycopg.Connection[Any], job: str, after: int) -> list[tuple[int, dict[str, Any]]]:
    """What a job told after a number, in order: the number of each and what it says."""
    return connection.execute(
        "select news, told from job_news where job = %s and news > %s order by news limit 500", (job, after)
    ).fetchall()


def end_job(
    connection: psycopg.Connection[Any], job: str, state: str, at: datetime, result: Any = None, refused: Any = None
) -> None:
    """A job is over: done, failed or cancelled."""
    came, why = (Jsonb(told) if told is not None else None for told in (result, refused))
    connection.execute(
        "update job set state = %s, ended_at = %s, result = %s, refused = %s where job = %s",
        (state, at, came, why, job),
    )


def stop_job(connection: psycopg.Connection[Any], job: str, at: datetime) -> None:
    """Ask a job to stop at its next safe point; one that waits is cancelled at once."""
    connection.execute(
        "update job set stop_asked = true, state = case when state = 'queued' then 'cancelled' else state end, "
        "ended_at = case when state = 'queued' then %s else ended_at end "
        "where job = %s and state in ('queued', 'running')",
        (at, job),
    )


def put_back_job(connection: psycopg.Connection[Any], job: str) -> None:
    """One job that was broken off waits again, and goes on where it stopped."""
    connection.execute("update job set state = 'queued' where job = %s and state = 'running'", (job,))


def put_back_jobs(connection: psycopg.Connection[Any]) -> int:
    """Jobs with which a worker ended wait again, and go on where they stopped; returns how many."""
    return connection.execute("update job set state = 'queued' where state = 'running'").rowcount

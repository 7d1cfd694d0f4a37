"""Work that takes longer than an answer may: jobs, and what each told while it ran."""

from alembic import op

revision = "0022"
down_revision = "0021"

TABLES = """
create table job (
    job text primary key,
    kind text not null,
    asked jsonb not null,
    who_kind text not null,
    who text not null,
    state text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed', 'cancelled')),
    done integer not null default 0,
    total integer not null default 0,
    unit text not null default '',
    result jsonb,
    refused jsonb,
    stop_asked boolean not null default false,
    asked_at timestamptz not null,
    begun_at timestamptz,
    ended_at timestamptz
);
create index job_open on job (asked_at) where state in ('queued', 'running');
create table job_news (
    news bigint generated always as identity primary key,
    job text not null references job,
    told jsonb not null
);
create index job_news_job on job_news (job, news);
"""


def upgrade() -> None:
    """Two tables."""
    op.execute(TABLES)

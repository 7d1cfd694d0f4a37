"""Seals: each day's acts, facts, events, contracts and entries chained by shard, so that a later change shows."""

from alembic import op

revision = "0021"
down_revision = "0020"

TABLES = """
alter table act add column told xid8 not null default pg_current_xact_id();
create index act_told on act (told);

-- rows of one table and shard that a day sealed (afterloan.store.seals). `ids`: their numbers, `marks`: four bytes a
-- row that tell which one was changed; `digest`: SHA-256 of the rows; `head`: SHA-256 over the head before and this
create table seal (
    part text not null,
    shard smallint not null,
    closed_on date not null,
    rows integer not null check (rows > 0),
    ids bytea not null,
    marks bytea not null,
    digest bytea not null,
    head bytea not null,
    primary key (part, shard, closed_on)
);
create index seal_day_of on seal (closed_on);

-- `told`: what was told before this transaction number is sealed with this day or before it
create table seal_day (
    closed_on date primary key,
    told xid8 not null,
    rows bigint not null,
    head bytea not null,
    sealed_at timestamptz not null default now()
);
"""

FOR_EVER = ("seal", "seal_day")


def upgrade() -> None:
    """Tables, and triggers that keep what is written. Rows that are there are sealed by the next close."""
    op.execute(TABLES)
    for table in FOR_EVER:
        op.execute(
            f"create trigger {table}_for_ever before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )

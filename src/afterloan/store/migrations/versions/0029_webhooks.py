"""Receivers outside that the log of events is pushed to, how far each is, and what became of each delivery."""

from alembic import op

revision = "0029"
down_revision = "0028"

TABLES = """
create table webhook (
    webhook text primary key,
    url text not null,
    types text[] not null,
    whole boolean not null,
    secret_number integer not null default 1,
    renewed_at timestamptz,
    -- the place in the log after which it goes on
    place text not null,
    tries integer not null default 0,
    first_failed_at timestamptz,
    -- null: at once
    next_at timestamptz,
    off_on date,
    off_why text not null default '',
    ended boolean not null default false
);
create table webhook_delivery (
    delivery bigint generated always as identity primary key,
    webhook text not null references webhook,
    place text not null,
    type text not null,
    at timestamptz not null,
    good boolean not null,
    detail text not null
);
create index webhook_delivery_of on webhook_delivery (webhook, delivery);
"""


def upgrade() -> None:
    """Two tables that move on: what was asked of a webhook is for ever in its acts."""
    op.execute(TABLES)

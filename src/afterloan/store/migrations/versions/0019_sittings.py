"""Who is signed in at the desk, the portal or the API: the sitting, its secret as a digest only."""

from alembic import op

revision = "0019"
down_revision = "0018"

TABLE = """
create table sitting (
    sitting bigint generated always as identity primary key,
    digest bytea not null unique,
    host text not null check (host in ('desk', 'my', 'api')),
    who_kind text not null check (who_kind in ('person', 'borrower', 'partner')),
    who text not null check (who <> ''),
    -- roles of a demonstration's seat; else empty, and the roles are those the book gives the person at each request
    roles text[] not null default '{}',
    way text not null,
    begun_at timestamptz not null,
    seen_at timestamptz not null,
    ends_at timestamptz not null,
    idle_seconds integer not null check (idle_seconds > 0),
    stepped_up_at timestamptz,
    ended_at timestamptz,
    ended_why text
);
create index sitting_who on sitting (who_kind, who) where ended_at is null;
"""


def upgrade() -> None:
    """The table."""
    op.execute(TABLE)

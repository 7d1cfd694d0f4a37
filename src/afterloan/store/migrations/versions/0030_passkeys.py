"""Passkeys of people and borrowers, and what was asked to be signed by one: each challenge good once."""

from alembic import op

revision = "0030"
down_revision = "0029"

TABLES = """
create table passkey (
    passkey bigint generated always as identity primary key,
    credential bytea not null unique,
    who_kind text not null check (who_kind in ('person', 'borrower')),
    who text not null,
    public_key bytea not null,
    sign_count bigint not null,
    name text not null,
    made_at timestamptz not null,
    used_at timestamptz,
    ended_at timestamptz
);
create index passkey_by_who on passkey (who_kind, who) where ended_at is null;
create unlogged table passkey_asked (
    challenge bytea primary key,
    why text not null,
    browser bytea not null,
    asked_at timestamptz not null
);
"""


def upgrade() -> None:
    """The tables."""
    op.execute(TABLES)

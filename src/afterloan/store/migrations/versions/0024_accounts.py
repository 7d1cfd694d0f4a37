"""Accounts of the lender's people, keys of programs, and each try to sign in."""

from alembic import op

revision = "0024"
down_revision = "0023"

TABLES = """
create table account (
    person text primary key,
    hash text not null,
    totp text not null,
    totp_used bigint not null default 0,
    made_at timestamptz not null,
    disabled_at timestamptz
);
create table recovery_code (
    person text not null references account,
    digest bytea not null,
    used_at timestamptz,
    primary key (person, digest)
);
create table sign_in_try (
    try bigint generated always as identity primary key,
    person text not null,
    at timestamptz not null,
    good boolean not null
);
create index sign_in_try_person on sign_in_try (person, at);
create table api_key (
    key bigint generated always as identity primary key,
    digest bytea not null unique,
    name text not null unique check (name <> ''),
    scopes text[] not null,
    made_by text not null,
    made_at timestamptz not null,
    ends_at timestamptz not null,
    revoked_at timestamptz,
    used_on date
);
"""


def upgrade() -> None:
    """Four tables."""
    op.execute(TABLES)

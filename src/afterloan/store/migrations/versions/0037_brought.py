"""Books that are brought in: files in pieces, how they are read, what a check found; nothing of it is in the book."""

from alembic import op

revision = "0037"
down_revision = "0036"

TABLES = """
-- a large file in pieces, each kept once under the digest of the whole
create table kept_piece (
    sha256 text not null,
    piece integer not null,
    content bytea not null,
    primary key (sha256, piece)
);

-- files that somebody sent to be brought in; `name` is the job's key
create table brought (
    name text primary key,
    who_kind text not null,
    who text not null,
    on_day date not null,
    at timestamptz not null,
    system text not null,
    files jsonb not null
);

-- what a check of them found: how they were read, each file's counts; `sha256` is of all that it says
create table brought_check (
    number bigint generated always as identity primary key,
    brought text not null references brought,
    at timestamptz not null,
    maps jsonb not null,
    as_of date not null,
    told jsonb not null,
    sha256 text not null
);
create index brought_check_of on brought_check (brought);

-- a row that would be refused, or a figure of which the other system says otherwise
create table brought_finding (
    number bigint not null references brought_check,
    kind text not null check (kind in ('refused', 'differs')),
    place integer not null,
    body jsonb not null,
    primary key (number, kind, place)
);
"""


def upgrade() -> None:
    """The tables, and the triggers that keep what is written."""
    op.execute(TABLES)
    for table in ("kept_piece", "brought", "brought_check", "brought_finding"):
        op.execute(
            f"create trigger {table}_for_ever before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )

"""Reports as they were made: of which day, as known when; a later one stands beside an earlier one."""

from alembic import op

revision = "0041"
down_revision = "0040"

TABLE = """
create table report_kept (
    number bigint generated always as identity primary key,
    name text not null check (name <> ''),
    on_day date not null,
    known_on date,
    told xid8 not null,
    made_by text not null,
    made_at timestamptz not null default now(),
    content jsonb not null,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    act bigint default current_act()
);
create index report_kept_of on report_kept (name, on_day, number);
create trigger report_kept_for_ever before update or delete or truncate on report_kept
    for each statement execute function refuse_change();
"""


def upgrade() -> None:
    """The table."""
    op.execute(TABLE)

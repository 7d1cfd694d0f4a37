"""Acts: what was done through a door, by whom, what was asked and answered; and their number on what they told."""

from alembic import op

revision = "0011"
down_revision = "0010"

TABLES = """
create sequence act_number;
create table act (
    act bigint primary key,
    reference text not null unique,
    verb text not null,
    who_kind text not null check (who_kind in ('person', 'borrower', 'partner', 'rule')),
    who text not null,
    roles text[] not null,
    door text not null,
    on_day date not null,
    at timestamptz not null,
    asked jsonb not null,
    answer jsonb not null
);
create index act_day on act using brin (at);
create index act_verb on act (verb, on_day);
create index act_who on act (who);

-- the act of this transaction; null outside one
create function current_act() returns bigint stable parallel safe language sql as
    $$ select nullif(current_setting('afterloan.act', true), '')::bigint $$;
"""

FOR_EVER = ("act",)
TOLD = ("fact", "event", "outbox", "finding")


def upgrade() -> None:
    """The table; rows that are there belong to act 0, `before acts were kept` (no table is written anew)."""
    op.execute(TABLES)
    for table in FOR_EVER:
        op.execute(
            f"create trigger {table}_for_ever before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )
    for table in TOLD:
        op.execute(f"alter table {table} add column act bigint default 0")
        op.execute(f"alter table {table} alter column act set default current_act()")
        op.execute(f"create index {table}_act on {table} using brin (act) with (autosummarize = on)")

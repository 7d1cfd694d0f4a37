"""A book says how many shards it has: 64 where nothing else is chosen before its first borrower (`store.shards`)."""

from alembic import op

revision = "0042"
down_revision = "0041"

TABLE = """
create table shards (
    one boolean primary key default true check (one),
    number smallint not null check (number between 1 and 4096 and number & (number - 1) = 0)
);
insert into shards (number) values (64);
create trigger shards_for_ever before update or delete or truncate on shards
    for each statement execute function refuse_change();
alter table contract drop constraint contract_shard_check, add check (shard between 0 and 4095);
"""

LOCKS_APART = """
do $$ begin
    execute replace(pg_get_functiondef('chain_denied'::regproc), 'new.shard + 1000)', 'new.shard + 10000)');
end $$
"""
"""Shard 1,000 of what was seen must not wait for shard 0 of what was refused."""


def upgrade() -> None:
    """The table, with what books had before it; no borrower changes shard."""
    op.execute(TABLE)
    op.execute(LOCKS_APART)

"""Entries are found by shard where a seal of many days, or the first, reads some shards of the book at a time."""

from alembic import op

revision = "0054"
down_revision = "0053"

BY_SHARD = """
create index entry_by_shard on entry using brin (shard) with (pages_per_range = 32);

create function count_entries() returns void
language sql security definer set search_path = public, pg_temp as $$
    select brin_summarize_new_values('entry_by_shard');
    select brin_summarize_new_values('entry_day')
$$;
"""
"""A close writes a shard's entries one after the other, so 32 pages are of one shard or two: such an index says which,
in a few hundred kilobytes, and costs next to nothing to keep. It knows nothing of pages written since it last looked:
they are read whatever their shard, until somebody has it look, which asks for the rights of the owner."""


def upgrade() -> None:
    """The index, and a way for the program to bring it up to what is written."""
    op.execute(BY_SHARD)

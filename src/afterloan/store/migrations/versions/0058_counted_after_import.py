"""After a book came in, what was told of its borrowers, what was planned and what was found are counted too."""

from alembic import op

revision = "0058"
down_revision = "0057"

COUNT = """
create or replace function count_rows() returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    analyze borrower, contract, promised, fact, event, outbox, finding;
end $$;
"""
"""A book brings mandates, limits, contacts and promises: hundreds of thousands of events of which nothing was counted
before the database counted by itself, a minute or more later. The first night was planned without."""


def upgrade() -> None:
    """The same function over three tables more."""
    op.execute(COUNT)

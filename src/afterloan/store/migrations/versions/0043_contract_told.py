"""An index by which a shard's contracts told since a moment are found: every close asks twice for each shard."""

from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    """As `fact_told`: without it each question read all contracts of the shard, which lie all over the table."""
    op.execute("create index contract_told on contract (shard, told) include (loan)")

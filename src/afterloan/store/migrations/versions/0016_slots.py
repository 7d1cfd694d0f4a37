"""A closing says how many running totals it booked, so that a version that books more asks the journal itself."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Closings made before booked fewer."""
    op.execute("alter table closing add column slots smallint not null default 0")

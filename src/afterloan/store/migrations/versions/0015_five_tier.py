"""What was furnished carries the class of five that went with it."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Rows told before say "": their record said unclassified (9)."""
    op.execute("alter table furnished add column five_tier text not null default ''")

"""The bureau's date of first delinquency has a name of its own; the oldest due date that began it has another."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Rename the column; what was told stays as it was told."""
    op.execute("alter table furnished rename column first_delinquent_on to dofd_on")

"""What a device was asked to sign is forgotten by its time: by an index, for each asking forgets what is over."""

from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """The index."""
    op.execute("create index passkey_asked_by_time on passkey_asked (asked_at)")

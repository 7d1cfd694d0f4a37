"""A message that was sent is found by its code."""

from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    """The index."""
    op.execute("create index if not exists event_message_code on event ((body->>'code')) where kind = 'message.sent'")

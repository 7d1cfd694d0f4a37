"""Payer, account and words of lines of bank statements stand enciphered, each under a key of the line's own."""

from typing import Any

from alembic import op

from afterloan.store.enciphering import encipher_lines

revision = "0050"
down_revision = "0049"


def upgrade() -> None:
    """All in one transaction: killed or refused for want of keys, the book is as it was, and is tried again."""
    connection: Any = op.get_bind().connection.driver_connection
    encipher_lines(connection)

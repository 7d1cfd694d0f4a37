"""Values of rows that were refused, of imports and of banks' files, stand enciphered."""

from typing import Any

from alembic import op

from afterloan.store.enciphering import encipher_refusals

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    """All in one transaction: killed or refused for want of keys, the book is as it was, and is tried again."""
    connection: Any = op.get_bind().connection.driver_connection
    encipher_refusals(connection)

"""Values of rows that checks of files found stand enciphered, as those of rows that imports refused."""

from typing import Any

from alembic import op

from afterloan.store.enciphering import encipher_findings

revision = "0057"
down_revision = "0056"


def upgrade() -> None:
    """All in one transaction: killed or refused for want of keys, the book is as it was, and is tried again."""
    connection: Any = op.get_bind().connection.driver_connection
    encipher_findings(connection)

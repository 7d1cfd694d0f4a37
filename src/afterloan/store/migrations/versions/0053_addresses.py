"""The address to which a message went stands under its borrower's own key."""

from typing import Any

from alembic import op

from afterloan.store.enciphering import encipher_events

revision = "0053"
down_revision = "0052"


def upgrade() -> None:
    """All in one transaction. Days that sealed such rows in clear are sealed anew, their heads until then kept."""
    connection: Any = op.get_bind().connection.driver_connection
    encipher_events(connection, ["message.sent"], revision)

"""Accounts and holders of mandates stand under their borrower's own key, apart from the bodies of events."""

from typing import Any

from alembic import op

from afterloan.store.enciphering import encipher_events

revision = "0048"
down_revision = "0047"

BEFORE = """
-- null: nothing is told, or the borrower was purged before
alter table event add column words bytea;
create type enciphered_body as (key bytea, place bytea, value bytea, body bytea);
"""


def upgrade() -> None:
    """All in one transaction. Days that sealed such rows in clear are sealed anew, their heads until then kept."""
    connection: Any = op.get_bind().connection.driver_connection
    connection.execute(BEFORE)
    encipher_events(connection, ["mandate.signed"], revision)

"""What acts asked and answered of a person stands apart, under the borrower's own key or one of the act."""

from typing import Any

from alembic import op

from afterloan.store.enciphering import encipher_acts

revision = "0049"
down_revision = "0048"

BEFORE = """
-- `borrower`: under whose key the words are; null: under the act's own in act_key, or there are none
alter table act add column borrower bigint references borrower, add column asked_words bytea,
    add column answer_words bytea;
create table act_key (act bigint primary key, key bytea not null);
create trigger act_key_for_ever before update or truncate on act_key
    for each statement execute function refuse_change();
"""


def upgrade() -> None:
    """All in one transaction. Days that sealed such rows in clear are sealed anew, their heads until then kept."""
    connection: Any = op.get_bind().connection.driver_connection
    connection.execute(BEFORE)
    encipher_acts(connection, revision)

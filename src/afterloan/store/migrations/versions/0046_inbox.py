"""Subjects and texts of messages in the inbox stand under their borrower's own key."""

from typing import Any

from alembic import op

from afterloan.store.inbox import words_told
from afterloan.store.persons import enciphered_words, open_here

revision = "0046"
down_revision = "0045"

BEFORE = """
create type enciphered_words as (key bytea, place bytea, value bytea);
create temp table inbox_kept (message bigint primary key, words bytea not null) on commit drop;
"""
BATCH = 10_000
ROWS = (
    "select i.message, i.key, i.subject, i.text, (b.name).key from inbox i join borrower b using (borrower) "
    "where i.message > %s and (b.name).key is not null order by i.message limit %s"
)
KEPT = "copy inbox_kept (message, words) from stdin"
AFTER = """
drop trigger inbox_for_ever on inbox;
-- null: nothing is told, or the borrower was purged before
alter table inbox add column words bytea;
update inbox i set words = k.words from inbox_kept k where k.message = i.message;
alter table inbox drop column subject, drop column text;
-- the table is written anew: the rows that were changed, and the columns dropped, leave nothing on the disk
alter table inbox alter column version type integer using version + 0;
create trigger inbox_for_ever before update or delete or truncate on inbox
    for each statement execute function refuse_change();
"""


def upgrade() -> None:
    """All in one transaction. No seal covers the inbox. What a purged borrower was written goes with this."""
    connection: Any = op.get_bind().connection.driver_connection
    connection.execute(BEFORE)
    open_here(connection)
    last = 0
    while rows := connection.execute(ROWS, (last, BATCH)).fetchall():
        with connection.cursor() as cursor, cursor.copy(KEPT) as copy:
            for message, key, subject, text, owner in rows:
                words = enciphered_words(bytes(owner), f"inbox|{key}", words_told(subject, text), None)
                copy.write_row((message, words))
        last = rows[-1][0]
    connection.execute(AFTER)

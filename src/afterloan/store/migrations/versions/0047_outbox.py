"""What tells of a person in messages of the outbox stands apart, under the borrower's own key."""

import json
from typing import Any

from alembic import op

from afterloan.store.outbox import PERSONAL, PERSONAL_VALUES, parted
from afterloan.store.persons import enciphered_words, open_here

revision = "0047"
down_revision = "0046"

BEFORE = """
-- null: nothing is told, or the borrower was purged before
alter table outbox add column words bytea;
alter table outbox disable trigger outbox_for_ever;
create temp table outbox_kept (action bigint primary key, body jsonb not null, words bytea) on commit drop;
"""
BATCH = 10_000
ROWS = (
    "select o.action, o.key, o.kind, o.body, (b.name).key from outbox o join borrower b using (borrower) "
    "where o.action > %(last)s and (o.kind like 'message.%%' or o.kind in ('notice.adverse', 'bureau.notice')) "
    "and (o.body->'values' ?| %(values)s::text[] "
    "or exists (select from unnest(%(fields)s::text[]) f where o.body->>f <> '')) "
    "order by o.action limit %(most)s"
)
KEPT = "copy outbox_kept (action, body, words) from stdin"
AFTER = """
update outbox o set body = k.body, words = k.words from outbox_kept k where k.action = o.action;
alter table outbox enable trigger outbox_for_ever;
"""


def upgrade() -> None:
    """All in one transaction. No seal covers the outbox; rows of purged borrowers lose what told of them."""
    connection: Any = op.get_bind().connection.driver_connection
    connection.execute(BEFORE)
    open_here(connection)
    told = {"last": 0, "most": BATCH, "fields": list(PERSONAL), "values": list(PERSONAL_VALUES)}
    while rows := connection.execute(ROWS, told).fetchall():
        with connection.cursor() as cursor, cursor.copy(KEPT) as copy:
            for action, key, kind, body, owner in rows:
                clear, personal = parted(kind, body)
                words = enciphered_words(bytes(owner), f"outbox|{key}", personal, None) if owner and personal else None
                copy.write_row((action, json.dumps(clear), words))
        told["last"] = rows[-1][0]
    connection.execute(AFTER)

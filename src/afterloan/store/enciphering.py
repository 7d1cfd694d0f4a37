"""What stood in clear before is enciphered when an older book is opened: for migrations, as the owner of the tables."""

import json
from collections.abc import Sequence
from typing import Any

import psycopg

from afterloan.facts.events import part_body
from afterloan.store.events import words_of_event
from afterloan.store.persons import open_here
from afterloan.store.resealing import TABLE, sealed_anew

BATCH = 10_000
EVENTS = (
    "select e.event, e.kind, e.reference, e.body, (b.name).key from event e join borrower b using (borrower) "
    "where e.kind = any(%s) and e.words is null and e.event > %s order by e.event limit %s"
)


def encipher_events(connection: psycopg.Connection[Any], kinds: Sequence[str], version: str) -> None:
    """Take what tells of a person out of the bodies of events of some kinds, and seal them anew. Raises StoreRefused.

    Of a borrower who was purged it goes. All in the caller's transaction.
    """
    connection.execute(TABLE)
    connection.execute(
        "create temp table event_kept (event bigint primary key, body jsonb not null, words bytea) on commit drop"
    )
    open_here(connection)
    last, changed = 0, list[int]()
    while rows := connection.execute(EVENTS, (list(kinds), last, BATCH)).fetchall():
        with connection.cursor() as cursor, cursor.copy("copy event_kept (event, body, words) from stdin") as copy:
            for event, kind, reference, body, key in rows:
                clear, personal = part_body(kind, body)
                if personal:
                    copy.write_row((event, json.dumps(clear), words_of_event(connection, key, reference, personal)))
                    changed.append(event)
        last = rows[-1][0]
    with sealed_anew(connection, "event", changed, version):
        connection.execute(
            "update event e set body = k.body, words = k.words from event_kept k where k.event = e.event"
        )
    connection.execute("drop table event_kept")

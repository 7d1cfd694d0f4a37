"""What a borrower finds in the portal: its subject and text stand under the borrower's own key (`store/persons.py`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from afterloan.store.persons import words_at, words_for


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """A message as it is kept; `borrower` is the store's number, `key` that of the action it comes of."""

    borrower: int
    key: str
    subject: str
    text: str
    language: str
    template: str
    version: int


def keep_in_inbox(connection: psycopg.Connection[Any], messages: Sequence[InboxMessage], at: datetime) -> None:
    """Keep messages in the caller's transaction; one whose key is there is left. Raises StoreRefused: no keys.

    To a borrower who was purged a message is kept without its words.
    """
    kept = words_for(connection, [(m.borrower, f"inbox|{m.key}", words_told(m.subject, m.text)) for m in messages])
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into inbox (borrower, key, at, language, template, version, words) "
            "values (%s, %s, %s, %s, %s, %s, %s) on conflict (key) do nothing",
            [
                (m.borrower, m.key, at, m.language, m.template, m.version, words)
                for m, words in zip(messages, kept, strict=True)
            ],
        )


def words_told(subject: str, text: str) -> dict[str, str]:
    """What is enciphered of a message."""
    return {"subject": subject, "text": text}


INBOX = (
    f"select i.key, {words_at('inbox', 'i', 'key', 'words')} from inbox i join borrower b using (borrower) "
    "where b.reference = %(of)s and i.at <= %(now)s order by i.at desc limit 100"
)


def in_inbox(connection: psycopg.Connection[Any], borrower: str, now: datetime) -> dict[str, tuple[str, str]]:
    """Subject and text of the last 100 messages in a borrower's inbox up to a moment, by key; "" once they are purged.

    Raises StoreRefused: the file of keys is not there, or a row was changed from outside.
    """
    rows = connection.execute(INBOX, {"of": borrower, "now": now}).fetchall()
    return {key: (told.get("subject", ""), told.get("text", "")) for key, told in rows}

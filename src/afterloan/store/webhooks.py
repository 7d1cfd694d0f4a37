"""Webhooks in the store: who is told of events, from where in the log on, and what became of each delivery."""

import base64
import hmac
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

import psycopg

from afterloan.store.locks import webhook_held
from afterloan.store.settings import secret_kept

OVERLAP = timedelta(hours=24)
"""How long what is sent is signed with the secret before the newest, too."""
KEPT = 1_000
"""Deliveries of a webhook that are kept."""


@dataclass(frozen=True, slots=True)
class KeptWebhook:
    """A receiver. `types`: beginnings of event types, none: all; `whole`: with what was asked and answered.

    `place`: after which the log goes on; `tries` since it failed first; `off_on`: switched off by its failures.
    """

    webhook: str
    url: str
    types: tuple[str, ...]
    whole: bool
    secret_number: int
    renewed_at: datetime | None
    place: str
    tries: int
    first_failed_at: datetime | None
    next_at: datetime | None
    off_on: date | None
    off_why: str
    ended: bool

    def wants(self, kind: str) -> bool:
        """Whether it is told of events of a type: `afterloan.repayment.` of all repayments."""
        return not self.types or kind.startswith(self.types)

    def told(self) -> dict[str, Any]:
        """JSON values; the secret is nowhere."""
        state = "ended" if self.ended else "off" if self.off_on else "failing" if self.tries else "on"
        return {
            "webhook": self.webhook, "url": self.url, "types": list(self.types), "whole": self.whole, "state": state,
            "place": self.place, "tries": self.tries, "first_failed_at": self.first_failed_at, "next_at": self.next_at,
            "off_on": self.off_on, "off_why": self.off_why, "secret_number": self.secret_number,
        }  # fmt: skip


COLUMNS = (
    "webhook, url, types, whole, secret_number, renewed_at, place, tries, first_failed_at, next_at, off_on, off_why, "
    "ended"
)


def _webhook(row: Sequence[Any]) -> KeptWebhook:
    return KeptWebhook(row[0], row[1], tuple(row[2]), *row[3:])


def webhooks_told(connection: psycopg.Connection[Any]) -> list[KeptWebhook]:
    """Every webhook, also those that ended, by name."""
    return [_webhook(row) for row in connection.execute(f"select {COLUMNS} from webhook order by webhook").fetchall()]


def webhook_named(connection: psycopg.Connection[Any], name: str) -> KeptWebhook | None:
    """The webhook of a name, or None."""
    row = connection.execute(f"select {COLUMNS} from webhook where webhook = %s", (name,)).fetchone()
    return _webhook(row) if row else None


def add_webhook(
    connection: psycopg.Connection[Any], name: str, url: str, types: Sequence[str], whole: bool, place: str
) -> bool:
    """Add a webhook; False where one of that name is, or was, there."""
    done = connection.execute(
        "insert into webhook (webhook, url, types, whole, place) values (%s, %s, %s, %s, %s) "
        "on conflict (webhook) do nothing",
        (name, url, list(types), whole, place),
    )
    return done.rowcount == 1


def end_webhook(connection: psycopg.Connection[Any], name: str) -> None:
    """A webhook is told of nothing any more."""
    connection.execute("update webhook set ended = true where webhook = %s", (name,))


def go_on_from(connection: psycopg.Connection[Any], name: str, place: str) -> None:
    """A webhook goes on after a place in the log, at once; what it failed at before is forgotten."""
    connection.execute(
        "update webhook set place = %s, tries = 0, first_failed_at = null, next_at = null, off_on = null, off_why = '' "
        "where webhook = %s",
        (place, name),
    )


def renew_secret(connection: psycopg.Connection[Any], name: str, at: datetime) -> int:
    """The number of a webhook's new secret; the one before signs beside it for a day."""
    row = connection.execute(
        "update webhook set secret_number = secret_number + 1, renewed_at = %s where webhook = %s "
        "returning secret_number",
        (at, name),
    ).fetchone()
    assert row is not None
    return int(row[0])


def secrets_of(connection: psycopg.Connection[Any], webhook: KeptWebhook, now: datetime) -> list[str]:
    """The secrets that sign now, the newest first: worked out of the book's own, so that none lies anywhere."""
    own = secret_kept(connection, "webhooks").encode()

    def numbered(number: int) -> str:
        digest = hmac.new(own, f"{webhook.webhook}:{number}".encode(), sha256).digest()
        return "whsec_" + base64.b64encode(digest).decode()

    both = webhook.renewed_at is not None and now < webhook.renewed_at + OVERLAP
    return [numbered(webhook.secret_number), *([numbered(webhook.secret_number - 1)] if both else [])]


def due_webhooks(connection: psycopg.Connection[Any], now: datetime) -> list[str]:
    """Webhooks that may be told something now, those that wait longest first."""
    rows = connection.execute(
        "select webhook from webhook where not ended and off_on is null and (next_at is null or next_at <= %s) "
        "order by next_at nulls first, webhook",
        (now,),
    ).fetchall()
    return [str(row[0]) for row in rows]


@contextmanager
def held_webhook(connection: psycopg.Connection[Any], name: str, now: datetime) -> Iterator[KeptWebhook | None]:
    """A webhook held while it is told; None where somebody else tells it, or it is not due any more.

    The connection commits each statement by itself: no transaction stays open while a receiver thinks, which would
    hold back the log for everybody.
    """
    with webhook_held(connection, name) as held:
        found = webhook_named(connection, name) if held else None
        due = found is not None and not found.ended and not found.off_on and (not found.next_at or found.next_at <= now)
        yield found if due else None


def delivered(connection: psycopg.Connection[Any], name: str, before: str, place: str) -> bool:
    """A webhook has been told everything up to a place; False where it was sent elsewhere (a replay) meanwhile."""
    done = connection.execute(
        "update webhook set place = %s, tries = 0, first_failed_at = null, next_at = null "
        "where webhook = %s and place = %s",
        (place, name, before),
    )
    return done.rowcount == 1


def not_delivered(
    connection: psycopg.Connection[Any], name: str, first_at: datetime, next_at: datetime, off_on: date | None, why: str
) -> None:
    """A webhook did not take an event: it is tried again at `next_at`, or is off from a day on."""
    connection.execute(
        "update webhook set tries = tries + 1, first_failed_at = %s, next_at = %s, off_on = %s, off_why = %s "
        "where webhook = %s",
        (first_at, next_at, off_on, why if off_on else "", name),
    )


def note_delivery(
    connection: psycopg.Connection[Any], name: str, place: str, kind: str, at: datetime, good: bool, detail: str
) -> None:
    """Keep what became of one delivery; of each webhook the newest thousand stay."""
    row = connection.execute(
        "insert into webhook_delivery (webhook, place, type, at, good, detail) values (%s, %s, %s, %s, %s, %s) "
        "returning delivery",
        (name, place, kind, at, good, detail[:500]),
    ).fetchone()
    assert row is not None
    connection.execute(
        "delete from webhook_delivery where webhook = %s and delivery <= (select delivery from webhook_delivery "
        "where webhook = %s order by delivery desc offset %s limit 1)",
        (name, name, KEPT),
    )


def deliveries_of(
    connection: psycopg.Connection[Any], name: str, before: int = 1 << 62, most: int = 50
) -> list[dict[str, Any]]:
    """Deliveries of a webhook, the newest first."""
    cursor = connection.execute(
        "select delivery, place, type, at, good, detail from webhook_delivery where webhook = %s and delivery < %s "
        "order by delivery desc limit %s",
        (name, before, most),
    )
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

"""Pushes the log of events to webhooks: in order, signed, thin; again after a failure for three days, then off."""

import json
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import SplitResult

import httpx
import psycopg

from afterloan.enquiry.clock import clock_of
from afterloan.enquiry.happenings import Happening, happened_after
from afterloan.facts import FactRefused
from afterloan.sending.webhook import TIMEOUT, signed
from afterloan.servicing.outward import LookUp, look_up, outward_url, public_address
from afterloan.store.server import Store
from afterloan.store.webhooks import (
    KeptWebhook,
    delivered,
    due_webhooks,
    held_webhook,
    not_delivered,
    note_delivery,
    secrets_of,
)

GIVES_UP = timedelta(days=3)
"""How long after its first failure a webhook is switched off."""
AGAIN = tuple(timedelta(minutes=n) for n in (0.1, 0.5, 2, 5, 15, 30, 60, 120, 240, 480))
"""How long is waited after the first, second … failure; the last for all later ones."""
AT_ONCE = 20
"""Events that a webhook is told before the next one has its turn."""
Post = Callable[[str, str, Mapping[str, str]], str]
"""Posts (url, body, headers): empty where the receiver took it, else why not."""


def post_outward(url: str, body: str, headers: Mapping[str, str], looked_up: LookUp = look_up) -> str:
    """Post to an address outside, looked up now and called as looked up; no redirect is followed, no proxy asked."""
    try:
        parts = outward_url(url)
        address = public_address(parts, looked_up)
    except FactRefused as refusal:
        return refusal.reason
    except OSError:
        return f"{httpx.URL(url).host} is not known"
    return post_to(address, parts, body, headers)


def post_to(
    address: str, parts: SplitResult, body: str, headers: Mapping[str, str], trusted: ssl.SSLContext | None = None
) -> str:
    """Post to an address under the name of its host, which its certificate must bear; what it says is not read on.

    `trusted`: whose certificates are believed; those of the machine unless given.
    """
    host = f"[{address}]" if ":" in address else address
    url = parts._replace(netloc=f"{host}:{parts.port or 443}").geturl()
    sent = {**headers, "host": parts.netloc, "user-agent": "afterloan"}
    verify: ssl.SSLContext | bool = trusted if trusted is not None else True
    try:
        with (
            httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False, verify=verify) as client,
            client.stream(
                "POST", url, content=body.encode(), headers=sent, extensions={"sni_hostname": str(parts.hostname)}
            ) as answer,
        ):
            return "" if answer.is_success else f"answered HTTP {answer.status_code}"
    except httpx.HTTPError as error:
        return f"{type(error).__name__}: the receiver could not be told"


def headers_for(secrets: list[str], name: str, at: datetime, body: str) -> dict[str, str]:
    """The headers of Standard Webhooks; with two secrets in force both sign, by blanks."""
    headers = signed(secrets[0], name, at, body)
    more = [signed(secret, name, at, body)["webhook-signature"] for secret in secrets[1:]]
    return {**headers, "webhook-signature": " ".join([headers["webhook-signature"], *more])}


def push_due(store: Store, now: datetime, post: Post = post_outward) -> int:
    """Tell every webhook that is due what happened since; returns how many deliveries were tried.

    A webhook is told in the order of the log and waits at what it does not take, so that nothing is told out of turn.
    """
    with store.connect(autocommit=True) as connection:
        tried = 0
        for name in due_webhooks(connection, now):
            with held_webhook(connection, name, now) as webhook:
                if webhook is not None:
                    tried += _push(connection, webhook, now, post)
    return tried


def _push(connection: psycopg.Connection[Any], webhook: KeptWebhook, now: datetime, post: Post) -> int:
    """Tell one webhook what it has not been told, until it fails; each that it took is on record before the next."""
    secrets, place, tried = secrets_of(connection, webhook, now), webhook.place, 0
    for one in happened_after(connection, place, AT_ONCE):
        kind = str(one.told(thin=True)["type"])
        if webhook.wants(kind):
            tried += 1
            why = deliver(webhook, one, secrets, now, post)
            note_delivery(connection, webhook.webhook, one.place, kind, now, not why, why or "taken")
            if why:
                _failed(connection, webhook, tried == 1, now, why)
                return tried
        if not delivered(connection, webhook.webhook, place, one.place):
            return tried
        place = one.place
    return tried


def _failed(connection: psycopg.Connection[Any], webhook: KeptWebhook, again: bool, now: datetime, why: str) -> None:
    """Note a failure: tried once more later, or off, with a task, where it has failed for three days.

    `again`: it is the event at which the webhook stood before, so that its failures count from the first.
    """
    first = webhook.first_failed_at if again and webhook.first_failed_at else now
    wait = AGAIN[min(webhook.tries if again else 0, len(AGAIN) - 1)]
    off = clock_of(connection, now).on if now - first >= GIVES_UP else None
    not_delivered(connection, webhook.webhook, first, now + wait, off, why)


def deliver(webhook: KeptWebhook, happened: Happening, secrets: list[str], now: datetime, post: Post) -> str:
    """Post one event to a webhook; empty where it took it, else why not. Its id is its place: told twice, known."""
    body = json.dumps(happened.told(thin=not webhook.whole), ensure_ascii=False, sort_keys=True)
    return post(webhook.url, body, headers_for(secrets, f"evt_{happened.place}", now, body))


def post_test(webhook: KeptWebhook, secrets: list[str], now: datetime, post: Post = post_outward) -> str:
    """Post an event that nothing happened for; empty where it was taken, else why not."""
    told = {"specversion": "1.0", "id": "test", "source": "/v1/events", "type": "afterloan.test.v1",
            "time": now.isoformat(), "data": {"webhook": webhook.webhook}}  # fmt: skip
    body = json.dumps(told, sort_keys=True)
    return post(webhook.url, body, headers_for(secrets, f"test_{int(now.timestamp())}", now, body))

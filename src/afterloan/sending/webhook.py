"""Signed webhooks (Standard Webhooks): sent with the key as their name, and callbacks verified before they are read."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from afterloan.expected import ExpectedFailure
from afterloan.sending.channels import needed, only, secret
from afterloan.sending.drain import (
    ChannelPlace,
    Handler,
    Item,
    Outcome,
    Promise,
    Retry,
    SendRefused,
    Sent,
    Unknown,
    message_of,
    register,
)
from afterloan.sending.messages import Message, Messages, token
from afterloan.sending.spool import Spool

TIMEOUT = 10.0


class CallbackRefused(ExpectedFailure, ValueError):
    """A callback that is not to be believed: wrong signature, or a moment too old or too new."""


def signed(secret_text: str, name: str, at: datetime, body: str) -> dict[str, str]:
    """The headers of a signed webhook: webhook-id, webhook-timestamp, webhook-signature."""
    moment = at.astimezone(UTC).replace(microsecond=0)
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret_text).sign(name, moment, body),
        "content-type": "application/json",
    }


def verified(secret_text: str, headers: Mapping[str, str], body: bytes) -> Any:
    """The JSON of a callback, when its signature is right and it is no older or newer than five minutes.

    Raises CallbackRefused.
    """
    try:
        return Webhook(secret_text).verify(body, dict(headers))
    except WebhookVerificationError as error:
        raise CallbackRefused(f"callback refused: {error}") from error
    except (ValueError, UnicodeDecodeError) as error:
        raise CallbackRefused(f"callback refused: not readable: {error}") from error


def judged(answer: httpx.Response) -> Outcome:
    """What an HTTP answer means for a message that went out under a key."""
    code = answer.status_code
    if code < 300:
        return Sent(_receipt(answer))
    if code == 409:
        return Sent(_receipt(answer), {"known": True})
    if code in (408, 425, 429) or code >= 500:
        return Retry(f"HTTP {code}: {answer.text[:200]}")
    return SendRefused(f"HTTP {code}: {answer.text[:200]}")


def _receipt(answer: httpx.Response) -> str:
    try:
        told = answer.json()
    except ValueError:
        return ""
    return str(told.get("id", ""))[:200] if isinstance(told, dict) else ""


def posted(client: httpx.Client, url: str, body: str, headers: Mapping[str, str]) -> Outcome:
    """Post, and judge the answer or its absence."""
    try:
        return judged(client.post(url, content=body.encode(), headers=dict(headers)))
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        return Retry(f"{url} does not answer: {error}")
    except httpx.HTTPError as error:
        return Unknown(f"the line broke after the request went out: {type(error).__name__} {error}")


def payload(message: Message) -> dict[str, Any]:
    """What a gateway or webhook is told of a message."""
    text = message.text
    return {
        "key": message.item.key,
        "kind": message.item.kind,
        "borrower": message.item.borrower,
        "to": message.to,
        "subject": text.subject,
        "text": text.whole(),
        "language": text.language,
        "template": text.template,
        "version": text.version,
    }


class Hook(Messages):
    """POST to `url`, signed with the secret of `secret_env`; `webhook-id` is the key's token, so tries are one."""

    promise = Promise.KEYED
    contact = "webhook"

    def __init__(self, channel: str, place: ChannelPlace) -> None:
        """Raises ChannelsRefused."""
        super().__init__(channel, place)
        only(place, "url", "secret_env")
        self.url, self.secret = str(needed(place, "url")), secret(place, "secret_env")
        self.client = httpx.Client(timeout=TIMEOUT)

    def address(self, item: Item) -> str:
        """All go to one address, the lender's own."""
        return message_of(item).to or self.url

    def deliver(self, messages: Sequence[Message], now: datetime) -> Sequence[Outcome]:
        """One by one on a kept connection."""
        return [self._one(m) for m in messages]

    def _one(self, message: Message) -> Outcome:
        import json

        body = json.dumps({"type": message.item.kind, "data": payload(message)}, ensure_ascii=False)
        headers = signed(self.secret, token(message.item.key), datetime.now(UTC), body)
        return posted(self.client, self.url, body, headers)


def _make(place: ChannelPlace) -> Handler:
    if place.config.get("use", "spool") == "webhook":
        return Hook("webhook", place)
    only(place, "folder")
    return Spool("webhook", place)


register("webhook", ("message.webhook",), _make)

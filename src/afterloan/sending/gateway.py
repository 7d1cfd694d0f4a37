"""SMS and chat through a gateway: our HTTP form with idempotency keys, or any service that Apprise speaks."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import apprise
import httpx

from afterloan.sending.channels import ChannelsRefused, needed, only, secret
from afterloan.sending.drain import ChannelPlace, Handler, Item, Outcome, Promise, Retry, Sent, Unknown, register
from afterloan.sending.messages import Message, Messages, token
from afterloan.sending.spool import Spool
from afterloan.sending.webhook import TIMEOUT, payload, posted, signed


class Http(Messages):
    """The documented adapter: `POST url` with header `Idempotency-Key`, signed; `GET url/TOKEN` answers for a key.

    The gateway answers 2xx {"id": …} when it has the message, 409 when it had it under that key, 429 and 5xx for
    later, other 4xx for never. Receipts come back as signed callbacks (docs/messages.md).
    """

    promise = Promise.KEYED

    def __init__(self, channel: str, place: ChannelPlace) -> None:
        """Raises ChannelsRefused."""
        super().__init__(channel, place)
        only(place, "url", "secret_env")
        self.url, self.secret = str(needed(place, "url")).rstrip("/"), secret(place, "secret_env")
        self.client = httpx.Client(timeout=TIMEOUT)

    def deliver(self, messages: Sequence[Message], now: datetime) -> Sequence[Outcome]:
        """One by one on a kept connection."""
        return [self._one(m) for m in messages]

    def _one(self, message: Message) -> Outcome:
        name = token(message.item.key)
        body = json.dumps(payload(message), ensure_ascii=False)
        headers = {**signed(self.secret, name, datetime.now(UTC), body), "idempotency-key": name}
        return posted(self.client, self.url, body, headers)

    def ask(self, item: Item) -> Outcome:
        """`GET url/TOKEN`: 200 it has it, 404 it never had it."""
        answer = self.client.get(f"{self.url}/{token(item.key)}")
        if answer.status_code == 404:
            return Retry("the gateway never had it")
        if answer.status_code == 200:
            return Sent(str(answer.json().get("id", "")), {"asked": True})
        return Unknown(f"asked, the gateway answers HTTP {answer.status_code}")


class Apprise(Messages):
    """Any of Apprise's services; `url_env` names the variable with its URL, in which `{to}` is the address.

    Apprise knows neither keys nor a way to ask and tells yes or no: after a no the message may still have gone out
    (a gateway that answers late), so it is in doubt and a person decides.
    """

    promise = Promise.ONCE

    def __init__(self, channel: str, place: ChannelPlace) -> None:
        """Raises ChannelsRefused."""
        super().__init__(channel, place)
        only(place, "url_env")
        self.url = secret(place, "url_env")
        if not apprise.Apprise.instantiate(self.url.replace("{to}", "10000000000")):
            raise ChannelsRefused(f"{place.config.get('where')}: url_env: {place.config['url_env']}: not for Apprise")

    def deliver(self, messages: Sequence[Message], now: datetime) -> Sequence[Outcome]:
        """One by one: each address makes a service of its own."""
        return [self._one(m) for m in messages]

    def _one(self, message: Message) -> Outcome:
        service = apprise.Apprise()
        service.add(self.url.replace("{to}", message.to))
        done = service.notify(body=message.text.whole(), title=message.text.subject)
        return Sent("apprise") if done else Unknown("Apprise says no, and not whether anything went out")


def _make(channel: str, place: ChannelPlace) -> Handler:
    use = place.config.get("use", "spool")
    if use == "http":
        return Http(channel, place)
    if use == "apprise":
        return Apprise(channel, place)
    if use != "spool":
        raise ChannelsRefused(f"{place.config.get('where')}: use: {use}: write http, apprise or spool")
    only(place, "folder")
    return Spool(channel, place)


register("sms", ("message.sms",), lambda place: _make("sms", place))
register("chat", ("message.chat",), lambda place: _make("chat", place))

"""Verbs of webhooks: who outside is told of events, from where in the log on, with which secret."""

from datetime import date
from typing import Any

from pydantic import Field

from afterloan.enquiry.happenings import last_place
from afterloan.facts import FactRefused
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.servicing.outward import outward_url
from afterloan.store.webhooks import KeptWebhook, add_webhook, end_webhook, go_on_from, renew_secret, webhook_named

PLACE = r"^(\d{1,20}-\d{1,18})?$"


class _OfWebhook(Asked):
    """The base of verbs about a webhook that is there."""

    webhook: str = Field(min_length=1, max_length=100)


class Subscribe(Asked):
    """A receiver at `url` (https, no private address) is told of events from now on, or `after` a place in the log.

    `types`: beginnings of their types (`afterloan.repayment.`), none: all. `whole`: with what was asked and answered;
    thin otherwise: what happened to whom under which reference, and nothing personal.
    """

    webhook: str = Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")
    url: str = Field(max_length=2_000)
    types: tuple[str, ...] = Field(default=(), max_length=50)
    whole: bool = False
    after: str | None = Field(default=None, pattern=PLACE)


def subscribe(desk: Desk, asked: Subscribe, on: date) -> dict[str, Any]:
    """Add the webhook. Raises FactRefused: a name that is taken, an address that is not taken, a type that is none."""
    outward_url(asked.url)
    for kind in asked.types:
        if not kind.startswith("afterloan."):
            raise FactRefused("types", kind, "no event has such a type", "write the beginning of one: afterloan.hold.")
    place = asked.after if asked.after is not None else last_place(desk.connection)
    if not add_webhook(desk.connection, asked.webhook, asked.url, asked.types, asked.whole, place):
        raise FactRefused("webhook", asked.webhook, "a webhook of that name is there", "name it otherwise", "conflict")
    return {"webhook": asked.webhook, "after": place}


class EndWebhook(_OfWebhook):
    """The webhook is told of nothing any more; its name stays taken. `reason` says why."""

    reason: str = Field(default="", max_length=2_000)


def end(desk: Desk, asked: EndWebhook, on: date) -> dict[str, Any]:
    """End a webhook."""
    _there(desk, asked.webhook)
    end_webhook(desk.connection, asked.webhook)
    return {"webhook": asked.webhook}


class Replay(_OfWebhook):
    """The webhook is told everything `after` a place in the log once more (empty: from the beginning), or goes on
    where it stood when it was switched off (none given)."""

    after: str | None = Field(default=None, pattern=PLACE)


def replay(desk: Desk, asked: Replay, on: date) -> dict[str, Any]:
    """Go on after a place, at once; one that was off is on again. The receiver knows events again by their ids."""
    stood = _there(desk, asked.webhook).place
    place = asked.after if asked.after is not None else stood
    go_on_from(desk.connection, asked.webhook, place)
    return {"webhook": asked.webhook, "after": place}


class RenewSecret(_OfWebhook):
    """The webhook signs with a new secret; for a day the one before signs beside it."""


def renew(desk: Desk, asked: RenewSecret, on: date) -> dict[str, Any]:
    """Give the webhook a new secret; the answer has its number, an administrator reads it (`GET …/secret`)."""
    _there(desk, asked.webhook)
    return {"webhook": asked.webhook, "secret_number": renew_secret(desk.connection, asked.webhook, desk.now)}


def _there(desk: Desk, name: str) -> KeptWebhook:
    found = webhook_named(desk.connection, name)
    if found is None or found.ended:
        raise FactRefused("webhook", name, "no webhook of that name", "`GET /v1/webhooks` lists them", "unknown")
    return found

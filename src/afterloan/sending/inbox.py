"""Push to the borrower's inbox in the portal; there too the notices that a bureau's gate waits for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg

from afterloan.sending.channels import ChannelsRefused, only
from afterloan.sending.drain import ChannelPlace, Handler, Item, Outcome, Promise, Retry, Sent, register
from afterloan.sending.messages import Message, Messages
from afterloan.servicing.receipts import notice_told
from afterloan.store.inbox import InboxMessage, keep_in_inbox
from afterloan.store.sending import tell_rows


class Inbox(Messages):
    """A row of table `inbox`, written with the outcome: there once or not at all; to be there is to be delivered."""

    promise = Promise.KEYED
    contact = "push"
    delivers = True

    def address(self, item: Item) -> str:
        """The portal knows the borrower by reference."""
        return item.borrower

    def deliver(self, messages: Sequence[Message], now: datetime) -> Sequence[Outcome]:
        """Nothing leaves: `recorded` writes it."""
        return [Sent("inbox") for _ in messages]

    def ask(self, item: Item) -> Outcome:
        """What was not recorded is not in the inbox."""
        return Retry("not in the inbox")

    def recorded(
        self, connection: psycopg.Connection[Any], judged: Sequence[tuple[Item, Outcome]], now: datetime
    ) -> None:
        """The rows of the inbox, the facts, and for a bureau's notice the fact that its gate waits for."""
        sent = [(i, self.made[i.action]) for i, o in judged if isinstance(o, Sent)]
        keep_in_inbox(connection, [_kept(i, m) for i, m in sent], now)
        super().recorded(connection, judged, now)
        tell_rows(connection, [r for i, _ in sent for r in notice_told(i, self.contact, now)])


def _kept(item: Item, message: Message) -> InboxMessage:
    text = message.text
    return InboxMessage(
        item.borrower_number, item.key, text.subject, text.whole("\n\n"), text.language, text.template, text.version
    )


def _make(channel: str, place: ChannelPlace) -> Handler:
    only(place)
    if place.config.get("use", "inbox") != "inbox":
        raise ChannelsRefused(f"{place.config.get('where')}: use: {place.config['use']}: only inbox is known here")
    return Inbox(channel, place)


register("push", ("message.push",), lambda place: _make("push", place))
register("notice", ("notice.adverse", "bureau.notice"), lambda place: _make("notice", place))

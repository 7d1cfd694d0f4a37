"""What a channel promises the drain: how a kind of action is sent, what a send comes to, and how to ask afterwards.

A room that sends something writes a class with the shape of `Handler` and registers it once, at import:

    register("debit", ("debit.attempt",), lambda place: Debits(place))

The drain imports every module of `afterloan.sending`, makes one handler per worker, and calls, for each batch of due
actions of that channel (see docs/messages.md):

    1. admit(connection, items, now)   in the transaction that writes the try as `started`; committed before step 2
    2. send(items, now)                outside every transaction; one outcome for each item, in order
    3. recorded(connection, item, outcome, now)   in the transaction that writes the outcome: tell facts there

A worker that dies between 1 and 3 leaves actions *in doubt*. They are never simply sent again: `ask(item)` asks the
receiver. `Sent`/`Refused`: that is what happened. `Retry`: the receiver never had it, so it is sent. `Unknown`: nobody
can say; a KEYED channel sends again under the same key, a ONCE channel leaves it to a person (a `worklist` action of
the queue `sending-in-doubt`).
"""

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import psycopg

from afterloan.facts.outbox import MessageBody, OutboxBody


class Promise(Enum):
    """What a receiver makes of the same key twice."""

    ONCE = "once"
    """It may act twice, so nothing is sent that may have been sent: debits, letters, plain SMTP, most gateways."""
    KEYED = "keyed"
    """It honours idempotency keys, so the same key may be sent again."""


@dataclass(frozen=True, slots=True)
class Item:
    """One action as its handler sees it. `key` goes with the send; `number` is the try, from 1.

    `borrower` and `loan` are references (`loan` None when the action names none); `attributes` are the borrower's.
    """

    action: int
    key: str
    number: int
    kind: str
    borrower: str
    borrower_number: int
    loan: str | None
    name: str
    attributes: Mapping[str, Any]
    body: OutboxBody
    not_before: datetime


def message_of(item: Item) -> MessageBody:
    """What an item of a message channel says."""
    assert isinstance(item.body, MessageBody), f"{item.key}: {item.kind} is no message"
    return item.body


@dataclass(frozen=True, slots=True)
class Sent:
    """The receiver has it. `receipt`: the receiver's own name for it (a message id, a batch number)."""

    receipt: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SendRefused:
    """It will not be done, now or later: a bad address, a rejected account, an order of the governor. Says why."""

    why: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dropped:
    """It is not wanted any more: nothing was tried, nobody was contacted. Says why."""

    why: str


@dataclass(frozen=True, slots=True)
class Retry:
    """It certainly has not been done: connection refused, 4xx of SMTP, HTTP 429. `at`: not before (else back-off)."""

    why: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been done: the line broke after the request went out. The action is in doubt."""

    why: str


Outcome = Sent | SendRefused | Retry | Unknown


class Handler(Protocol):
    """How one channel sends. `batch`: most items in one send; `rate`: most items a second (None: no limit)."""

    channel: str
    promise: Promise
    batch: int
    rate: int | None
    tries: int

    def admit(
        self, connection: psycopg.Connection[Any], items: Sequence[Item], now: datetime
    ) -> Sequence[SendRefused | Retry | Dropped | None]:
        """The last word before sending, in the transaction that starts the try: None lets an item go."""

    def send(self, items: Sequence[Item], now: datetime) -> Sequence[Outcome]:
        """Send; one outcome for each item, in order. Whatever it raises makes the whole batch Unknown."""

    def ask(self, item: Item) -> Outcome:
        """What became of an item in doubt, by asking the receiver under its key."""

    def recorded(
        self, connection: psycopg.Connection[Any], items: Sequence[tuple[Item, Outcome]], now: datetime
    ) -> None:
        """Tell the facts of these outcomes, in the transaction that records them."""


@dataclass(frozen=True, slots=True)
class ChannelPlace:
    """What a handler is made with: the channel's configuration (channels.yaml), and the folder AFTERLOAN_HOME."""

    config: Mapping[str, Any]
    home: Path


@dataclass(frozen=True, slots=True)
class Registered:
    """A channel, the kinds of action it sends, and how its handler is made."""

    channel: str
    kinds: tuple[str, ...]
    make: Callable[[ChannelPlace], Handler]


CHANNELS: dict[str, Registered] = {}


def register(channel: str, kinds: Sequence[str], make: Callable[[ChannelPlace], Handler]) -> None:
    """Name the channel that sends some kinds of action. Each kind belongs to one channel."""
    for other in CHANNELS.values():
        both = set(other.kinds) & set(kinds)
        assert other.channel == channel or not both, f"{both} belong to channel {other.channel}"
    CHANNELS[channel] = Registered(channel, tuple(kinds), make)


def channels() -> dict[str, Registered]:
    """Every channel there is, by name: all modules of `afterloan.sending` are imported for it."""
    from afterloan import sending

    for module in sorted(m.name for m in pkgutil.iter_modules(sending.__path__)):
        import_module(f"afterloan.sending.{module}")
    return dict(CHANNELS)

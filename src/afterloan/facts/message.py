"""Facts of messages: sent, delivered, bounced, opened, failed. An opt-out is `contact.opted_out`."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AwareDatetime, Field

from afterloan.facts.events import Event, Name, hidden

Key = Annotated[str, Field(min_length=1, max_length=190)]
"""The key of the action that the message carries out."""


class MessageSent(Event):
    """The channel's receiver took the message. `reference` is `sent:` + its key.

    `amounts`: the money of which its text was made, by name, in minor units (`arrears_fen`: 40.00 is 4000).
    `code`: by which whoever has it finds out that it is ours, where it has one.
    """

    KIND: ClassVar[str] = "message.sent"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(address="")
    at: AwareDatetime
    key: Key
    channel: Name
    template: str = ""
    version: int = 0
    language: str = ""
    address: str = ""
    receipt: str = ""
    amounts: dict[str, int] = Field(default_factory=dict)
    code: str = ""


class MessageFailed(Event):
    """The message will not be sent: no address, refused for good. `reference` is `failed:` + its key.

    `lacks`: the borrower's attribute that was not told, where that is why.
    """

    KIND: ClassVar[str] = "message.failed"
    at: AwareDatetime
    key: Key
    channel: Name
    why: str
    lacks: str = ""


class MessageDelivered(Event):
    """It reached the borrower's device, box or door. `reference` is `delivered:` + its key."""

    KIND: ClassVar[str] = "message.delivered"
    at: AwareDatetime
    key: Key
    channel: Name
    receipt: str = ""


class MessageBounced(Event):
    """It came back. `hard`: the address is no good. `reference` is `bounced:` + its key."""

    KIND: ClassVar[str] = "message.bounced"
    at: AwareDatetime
    key: Key
    channel: Name
    hard: bool = True
    reason: str = ""


class MessageOpened(Event):
    """The borrower opened it for the first time that we know of. `reference` is `opened:` + its key."""

    KIND: ClassVar[str] = "message.opened"
    at: AwareDatetime
    key: Key
    channel: Name

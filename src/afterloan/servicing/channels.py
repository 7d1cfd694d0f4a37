"""Verb of an administrator: a channel is tried by a message to one's own address."""

from datetime import date
from typing import Any

from pydantic import Field

from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk


class TryChannel(Asked):
    """A message that says that it is a test goes through `channel` to the address `to`, one's own."""

    channel: str = Field(min_length=1, max_length=40)
    to: str = Field(min_length=1, max_length=500)


def try_channel(desk: Desk, asked: TryChannel, on: date) -> dict[str, Any]:
    """Keep that the channel is tried, by whom, to which address; it leaves after this is kept, and once."""
    return {"channel": asked.channel, "to": asked.to}

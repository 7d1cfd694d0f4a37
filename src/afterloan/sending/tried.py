"""A channel as it is set up is tried by one message, which says that it is a test and tells of nobody."""

from datetime import datetime

from afterloan.facts.outbox import MessageBody
from afterloan.sending.channels import ChannelSetting, ChannelsRefused
from afterloan.sending.drain import Item, Outcome, channels
from afterloan.sending.messages import Message, Messages
from afterloan.sending.templates import Text

TRIED = ("sms", "chat", "email")
"""Channels that can be tried: a letter is paper, the inbox is a borrower's, a debit moves money, a webhook has a test
of its own."""
WORDS = {
    "en": ("Test of a channel", "This is a test by {who}. It is about nobody, and nothing has to be done."),
    "zh-CN": ("通道测试", "这是{who}发出的通道测试，与任何人无关，无需处理。"),
}


class ChannelOnTrial:
    """A channel ready to be tried: its setting is read and sound before anything is kept or sent."""

    def __init__(self, told: ChannelSetting, channel: str) -> None:
        """Raises ChannelsRefused: no such channel to try, or one that is set up wrongly."""
        if channel not in TRIED:
            raise ChannelsRefused(f"{channel}: cannot be tried by a message; those that can are {', '.join(TRIED)}")
        self.channel = channel
        self.handler = channels()[channel].make(told.place(channel))

    def send(self, to: str, who: str, key: str, language: str, now: datetime) -> Outcome:
        """Send the test to an address under a key; what the receiver said. Raises ChannelsRefused for no address."""
        tongue = "zh-CN" if language == "zh" else "en"
        subject, words = WORDS[tongue]
        text = Text("channel-test", 1, tongue, subject, subject, words.format(who=who), (), False, ())
        body = MessageBody(template="channel-test", purpose="service", to=to)
        item = Item(0, f"channel-test:{key}", 1, f"message.{self.channel}", "", 0, None, "", {}, body, now)
        assert isinstance(self.handler, Messages), "only channels of messages are tried"
        try:
            address = self.handler.address(item)
        except ValueError as error:
            raise ChannelsRefused(f"to: {error}") from error
        (outcome,) = self.handler.deliver([Message(item, address, text, "", "UTC")], now)
        return outcome

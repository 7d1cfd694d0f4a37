"""Channels over HTTP: how each is set up and does, and a test message to one's own address."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from afterloan.desk.api.asked import question
from afterloan.desk.api.doing import Key
from afterloan.desk.api.routing import router_at
from afterloan.desk.web.asking import Asking, SignedIn, seldom
from afterloan.desk.web.refusing import refuse
from afterloan.enquiry.channelled import NAMES, channels_of_late
from afterloan.sending.channels import setting
from afterloan.sending.drain import Retry, SendRefused, Sent, Unknown, channels
from afterloan.sending.tried import TRIED, ChannelOnTrial
from afterloan.store.acts import act_known
from afterloan.store.rates import MostOften

CHANNEL_VERBS = ("channel.test",)
"""Verbs that are done here: the message leaves after the act is kept."""
MOST_OFTEN = (MostOften("channel-test", 10, timedelta(hours=1)),)


class ChannelTried(BaseModel):
    """The address to which the test goes, one's own."""

    model_config = ConfigDict(extra="forbid")
    to: str = Field(min_length=1, max_length=500)


def channel_routes() -> APIRouter:
    """Channels: only an administrator's."""
    router = router_at("/v1")

    @question(router, "/channels", "admin.do", "administration")
    def channels_(asking: SignedIn) -> Any:
        """Every channel: by what it sends, what came of the last 24 hours, whether it can be tried."""
        return channels_told(asking)

    @router.post("/channels/{channel}/tests", status_code=201, tags=["administration"],
                 openapi_extra={"x-verb": "channel.test"})  # fmt: skip
    def test(asking: SignedIn, key: Key, channel: str, asked: ChannelTried) -> Response:
        """Send a test message through a channel to one's own address; who did is on record. Ten an hour."""
        return JSONResponse(try_channel(asking, channel, asked.to, key), 201)

    return router


def channels_told(asking: Asking) -> list[dict[str, Any]]:
    """Every channel by name; counts are by the clock of the book."""
    told, late = setting(), channels_of_late(asking.connection, asking.clock.now)
    rows = []
    for name in sorted(channels()):
        config = told.told.get(name, {})
        says = {"use": str(config.get("use", "spool")), "at": _at(config)}
        counts = late.get(name) or dict.fromkeys(NAMES, 0) | {"last_sent_at": None}
        rows.append({"channel": name, **says, **counts, "can_be_tried": name in TRIED})
    return rows


def _at(config: Mapping[str, Any]) -> str:
    """The host to which a channel sends, all that is told of where; "": a folder of this machine, or a named secret."""
    return str(config.get("host") or urlsplit(str(config.get("url", ""))).hostname or "")


def try_channel(asking: Asking, channel: str, to: str, key: str) -> dict[str, Any]:
    """Try a channel; `taken`: the receiver has it, has not, or None: nobody can say, or it was asked before.

    Raises RefusedHere: no such channel (404), too often (429); ChannelsRefused: set up wrongly, no such address.
    """
    asking.within("channel.test")
    if channel not in channels():
        raise refuse(404, "unknown", "no such channel", "GET /v1/channels lists them", "channel")
    tried = ChannelOnTrial(setting(), channel)
    if act_known(asking.connection, key) is None:
        seldom(asking, MOST_OFTEN, f"channel-test:{asking.person.name}", "ten tests within an hour are the most")
    answer = asking.do("channel.test", {"channel": channel, "to": to}, key)
    if answer.known:
        return {**answer.told(), "taken": None, "detail": "asked before, and sent then"}
    outcome = tried.send(to, asking.person.name, key, asking.language, asking.house.now())
    taken = {Sent: True, SendRefused: False, Retry: False, Unknown: None}[type(outcome)]
    detail = f"taken{f': {outcome.receipt}' if outcome.receipt else ''}" if isinstance(outcome, Sent) else outcome.why
    return {**answer.told(), "taken": taken, "detail": detail}

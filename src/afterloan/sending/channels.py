"""How this lender's channels are set: one YAML file, checked when it is read; secrets come from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from afterloan.expected import ExpectedFailure
from afterloan.sending.drain import ChannelPlace
from afterloan.store.server import home
from afterloan.texts import TextRefused, utf8_file, yaml_told

FILE = "AFTERLOAN_CHANNELS"
LENDER: dict[str, Any] = {
    "name": {"zh-CN": "示例消费金融有限公司", "en": "Example Consumer Finance"},
    "address": {"zh-CN": "上海市示例路1号", "en": "1 Example Road, Shanghai"},
    "phone": "400-000-0000",
    "opt_out": "https://example.com/stop",
    "currency": "CNY",
    "verify_at": "",
}
"""The lender of the demonstration; a channels file says who you are. `verify_at`: where a message's code is checked,
such as `my.lender.example/verify`; empty: messages have none."""


class ChannelsRefused(ExpectedFailure, ValueError):
    """A channel is set up wrongly: which file, channel and field, and what to write."""


@dataclass(frozen=True, slots=True)
class ChannelSetting:
    """What the file says, by channel; a channel that is not named is spooled to AFTERLOAN_HOME/sent."""

    home: Path
    file: str = ""
    told: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    lender: Mapping[str, Any] = field(default_factory=lambda: dict(LENDER))

    def place(self, channel: str) -> ChannelPlace:
        """What a handler is made with: its own part of the file, and the lender under `lender`."""
        where = f"{self.file or 'channels'}: {channel}"
        return ChannelPlace({**self.told.get(channel, {}), "lender": dict(self.lender), "where": where}, self.home)


def setting(path: Path | None = None) -> ChannelSetting:
    """The setting of AFTERLOAN_CHANNELS, of AFTERLOAN_HOME/channels.yaml, or none. Raises ChannelsRefused."""
    named = path or (Path(os.environ[FILE]) if os.environ.get(FILE) else None)
    file = named or home() / "channels.yaml"
    if not file.exists():
        if named:
            raise ChannelsRefused(f"{file}: no such file; correct {FILE} or unset it to spool messages to a folder")
        return ChannelSetting(home())
    try:
        told = yaml_told(utf8_file(file), str(file)) or {}
    except TextRefused as bad:
        raise ChannelsRefused(str(bad)) from bad
    return read_setting(told, str(file))


def read_setting(told: Any, file: str = "channels") -> ChannelSetting:
    """A setting out of plain values: channels by name, and `lender`. Raises ChannelsRefused."""
    from afterloan.sending.drain import channels

    if not isinstance(told, dict):
        raise ChannelsRefused(f"{file}: write channels by name, e.g. email: {{use: smtp, host: localhost}}")
    known = channels()
    for name, value in told.items():
        if name not in known and name != "lender":
            raise ChannelsRefused(f"{file}: {name}: no such channel; there are: {', '.join(sorted(known))}, and lender")
        if not isinstance(value, dict):
            raise ChannelsRefused(f"{file}: {name}: write its fields, e.g. {{use: spool}}")
    lender = told.get("lender", {})
    for name in lender:
        if name not in LENDER:
            raise ChannelsRefused(f"{file}: lender: {name}: no such field; there are: {', '.join(LENDER)}")
    channels_told = {k: v for k, v in told.items() if k != "lender"}
    return ChannelSetting(home(), file, channels_told, {**LENDER, **lender})


def needed(place: ChannelPlace, name: str) -> Any:
    """A field that a channel cannot do without. Raises ChannelsRefused."""
    if place.config.get(name) in (None, ""):
        raise ChannelsRefused(f"{place.config.get('where', 'channels')}: {name}: missing; write it")
    return place.config[name]


def only(place: ChannelPlace, *names: str) -> None:
    """Refuse fields that mean nothing for this way of sending. Raises ChannelsRefused."""
    common = {"use", "rate", "tries", "batch", "lender", "where", "settle_seconds"}
    for name in place.config:
        if name not in common and name not in names:
            there = ", ".join(sorted({*names, *common} - {"lender", "where"}))
            raise ChannelsRefused(f"{place.config.get('where')}: {name}: no such field; there are: {there}")


def secret(place: ChannelPlace, name: str) -> str:
    """A secret: the field `name` names the environment variable that holds it. Raises ChannelsRefused."""
    variable = str(needed(place, name))
    value = os.environ.get(variable)
    if not value:
        raise ChannelsRefused(f"{place.config.get('where')}: {name}: the variable {variable} is not set; set it")
    return value

"""What is asked of a verb: plain fields, no field that is not named, nothing changed afterwards."""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Self

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

MOST_FEN = 10**12
"""The largest amount of an act, in minor units: ten thousand million of the currency, as the facts' own bound."""


def _refuse_amounts(name: str, value: Any) -> None:
    """Who writes 12000.00 means twelve thousand, not 120.00: minor units with a point are refused, also further in.

    So is what is beyond `MOST_FEN` either way, before anything is reckoned with it.
    """
    if isinstance(value, Mapping):
        for inner, one in value.items():
            _refuse_amounts(str(inner), one)
    elif isinstance(value, list | tuple):
        for one in value:
            _refuse_amounts(name, one)
    elif name.endswith("_fen") and (isinstance(value, float) or (isinstance(value, str) and "." in value)):
        plain = name.removesuffix("_fen")
        raise ValueError(f"whole minor units have no point; at the command line {plain}=12000.00 is an amount")
    elif name.endswith("_fen") and _is_whole(value) and abs(int(value)) > MOST_FEN:
        raise ValueError(f"no act has more than {MOST_FEN} minor units; look at the amount again")


def _is_whole(value: Any) -> bool:
    """A whole number, also as digits: what a field of minor units reads as one. More digits than 40 are none."""
    text = str(value).strip()
    return isinstance(value, int | str) and len(text) <= 40 and text.removeprefix("-").isdecimal()


class Asked(BaseModel):
    """The base of every verb's record."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _amounts_are_whole_and_bounded(cls, value: Any, info: ValidationInfo) -> Any:
        _refuse_amounts(info.field_name or "", value)
        return value


def file_told(content: bytes) -> dict[str, str]:
    """A file as a verb of a bulk door asks it: its content in base64, and its digest, which the act keeps."""
    return {"content": b64encode(content).decode(), "sha256": sha256(content).hexdigest()}


class AskedFile(Asked):
    """The base of verbs that take a file in: `content` is the file in base64, `sha256` its digest, which names it.

    The act keeps the digest. A proposal keeps the file itself beside it (`store/files.py`), so that what is approved
    is what was proposed.
    """

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    content: Base64Bytes = Field(exclude=True, repr=False)

    @model_validator(mode="after")
    def _is_it(self) -> Self:
        if sha256(self.content).hexdigest() != self.sha256:
            raise ValueError("sha256 is not the digest of the content")
        return self

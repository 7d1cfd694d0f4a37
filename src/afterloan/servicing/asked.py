"""What is asked of a verb: plain fields, no field that is not named, nothing changed afterwards."""

from base64 import b64encode
from hashlib import sha256
from typing import Self

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, model_validator


class Asked(BaseModel):
    """The base of every verb's record."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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

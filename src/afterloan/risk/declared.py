"""What an analyst says of a table before anything is fitted: signs, special codes, columns left out, groups watched."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

ALWAYS_PROTECTED = (
    "sex",
    "gender",
    "race",
    "ethnic",
    "religion",
    "nationality",
    "marital",
    "marriage",
    "disab",
    "pregnan",
)
"""Parts of names of columns that are held out of a model unless the declaration lists `protected` itself."""


class Declared(BaseModel):
    """Of one column. `sign` +1: more is worse; -1: more is better; 0: as the data say."""

    model_config = ConfigDict(extra="forbid")

    sign: Literal[-1, 0, 1] = 0
    special: list[float] = Field(default_factory=list)
    kind: Literal["number", "word"] | None = None
    known_before: bool = False  # it stood before the outcome, however well it tells it


class Declaration(BaseModel):
    """A declaration file. `protected`: never in the model, the groups by which it is watched with `groups`."""

    model_config = ConfigDict(extra="forbid")

    columns: dict[str, Declared] = Field(default_factory=dict)
    leave_out: list[str] = Field(default_factory=list)
    protected: list[str] | None = None
    groups: list[str] = Field(default_factory=list)
    sources: dict[str, list[str]] = Field(default_factory=dict)  # by name, columns whose effect is measured as a whole
    histories: bool = True  # numbered columns also as mean, greatest, least and trend

    def is_protected(self, name: str) -> bool:
        """Whether a column may never enter."""
        if self.protected is not None:
            return name in self.protected
        return any(part in name.lower() for part in ALWAYS_PROTECTED)

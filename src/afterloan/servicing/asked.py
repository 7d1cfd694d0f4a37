"""What is asked of a verb: plain fields, no field that is not named, nothing changed afterwards."""

from pydantic import BaseModel, ConfigDict


class Asked(BaseModel):
    """The base of every verb's record."""

    model_config = ConfigDict(extra="forbid", frozen=True)

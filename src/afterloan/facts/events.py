"""Facts of a borrower that are no money of a loan: a message delivered, a promise, a mandate, a dispute."""

import pkgutil
from collections.abc import Mapping
from datetime import date, datetime
from importlib import import_module
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from afterloan import facts
from afterloan.facts import FactRefused
from afterloan.facts.act import BLANK

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^\S(.*\S)?$")]
Fen = Annotated[int, Field(ge=0, le=10**12)]
CARRIED = frozenset({"borrower", "loan", "on", "at", "known_on", "reference"})
"""Fields that are columns of the store; all others travel in its `body`."""


def hidden(**gone: Any) -> Mapping[str, Any]:
    """Fields of an event that tell of a person, each with what it says once nobody can open it: `hidden(text="-")`."""
    return MappingProxyType(gone)


class Event(BaseModel):
    """Something that happened to a borrower: took effect `on`, learnt `known_on`, told once under `reference`.

    Subclasses are named by past participles and set `KIND`, by which they are kept and found again. `at` is
    the moment with its offset where the hour matters (a call, a debit). Money is `_fen`, whole minor units.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    KIND: ClassVar[str] = ""
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden()
    """Fields that tell of a person, kept under the borrower's own key; what each says once nobody can open them."""
    borrower: Name
    on: date
    known_on: date
    reference: Name
    loan: Name | None = None
    at: AwareDatetime | None = None

    def __init_subclass__(cls, **options: Any) -> None:
        """Register the class under its KIND."""
        super().__init_subclass__(**options)
        if cls.KIND:
            known = KINDS.setdefault(cls.KIND, cls)
            assert known.__qualname__ == cls.__qualname__, f"{cls.KIND} names {known.__qualname__} already"

    @model_validator(mode="after")
    def _known_after(self) -> "Event":
        if self.known_on < self.on:
            raise ValueError(f"known_on {self.known_on} is before {self.on}, the day it took effect; correct one")
        return self

    def body(self) -> dict[str, Any]:
        """The fields that are no columns, as JSON values."""
        return self.model_dump(mode="json", exclude=set(CARRIED))

    def parted(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """`body` as it stands in clear, and what of it tells of a person."""
        return part_body(self.KIND, self.body())

    def is_told_by(self, stored: "Event") -> bool:
        """Whether what the store has is this, or was before what tells of a person was purged."""
        return stored == self or stored == self.model_copy(update=dict(self.PERSONAL))


def part_body(kind: str, body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The body of an event of a kind as it stands in clear, and what of it tells of a person; a blank stays."""
    if kind not in KINDS:
        _import_kinds()
    hidden = KINDS[kind].PERSONAL if kind in KINDS else {}
    if not hidden:
        return dict(body), {}
    clear = {name: value for name, value in body.items() if name not in hidden or value in BLANK}
    return clear, {name: value for name, value in body.items() if name not in clear}


KINDS: dict[str, type[Event]] = {}
"""Every kind of event that has been imported."""


def _import_kinds() -> None:
    """Import every room of facts: a kind is known once its class has been imported."""
    for module in pkgutil.iter_modules(facts.__path__):
        import_module(f"{facts.__name__}.{module.name}")


def event_of(
    kind: str,
    borrower: str,
    loan: str | None,
    on: date,
    at: datetime | None,
    known_on: date,
    reference: str,
    body: dict[str, Any],
) -> Event:
    """An event out of its columns and body. Raises FactRefused for an unknown kind or a wrong field.

    Fields that tell of a person and are not in the body, or cannot be opened any more, say what their class says.
    """
    if kind not in KINDS:
        _import_kinds()
    if kind not in KINDS:
        raise FactRefused("kind", kind, "no event of that kind", f"there are: {', '.join(sorted(KINDS))}")
    columns = {"borrower": borrower, "loan": loan, "on": on, "at": at, "known_on": known_on, "reference": reference}
    return read_event(KINDS[kind], {**KINDS[kind].PERSONAL, **body, **columns})


def read_event(cls: type[Event], told: dict[str, Any]) -> Event:
    """An event of a class from plain values. Raises FactRefused naming the field."""
    try:
        return cls.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or cls.KIND
        raise FactRefused(place, first.get("input"), first["msg"], "correct the field and tell it again") from error

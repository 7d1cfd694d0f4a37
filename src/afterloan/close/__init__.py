"""The day over the whole book: read, reckon, post, decide, prove."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from afterloan.close.day import Closed, CloseRefused, close_through

__all__ = ["CloseRefused", "Closed", "close_through"]


def __getattr__(name: str) -> Any:
    """The close itself, read when it is asked for: who begins worker processes first needs none of it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from afterloan.close import day

    return getattr(day, name)

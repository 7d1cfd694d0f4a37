"""The day over the whole book: read, reckon, post, decide, prove."""

from afterloan.close.day import Closed, CloseRefused, close_through

__all__ = ["CloseRefused", "Closed", "close_through"]

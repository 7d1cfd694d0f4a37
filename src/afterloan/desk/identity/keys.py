"""Keys of programs: `al_live_…`, 256 bits and a checksum by which a leaked one is known; shown once."""

import secrets
import zlib

LIVE, TEST = "al_live_", "al_test_"


def new_key(demo: bool) -> str:
    """A new key: its kind, 43 characters of chance, 8 of a checksum over both."""
    told = (TEST if demo else LIVE) + secrets.token_urlsafe(32)
    return told + _sum(told)


def is_key(text: str) -> bool:
    """Whether a text can be a key at all: kind and checksum are right."""
    return text.startswith((LIVE, TEST)) and len(text) == len(LIVE) + 51 and _sum(text[:-8]) == text[-8:]


def _sum(told: str) -> str:
    return f"{zlib.crc32(told.encode()):08x}"

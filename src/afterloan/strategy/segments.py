"""Segments, champion and challengers, hold-out: which version of a ladder a borrower gets, the same every day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

PARTS = 1_000
HOLD_OUT = "hold_out"
CHAMPION = "champion"


@dataclass(frozen=True, slots=True)
class Arms:
    """Shares of borrowers in per mille: the hold-out, then each challenger (name, share); the rest is the champion."""

    salt: str
    hold_out_permille: int = 0
    challengers: tuple[tuple[str, int], ...] = ()


def share_of(switched: Mapping[str, Any], ladder: str) -> int:
    """The hold-out of a ladder in per mille: none unless a person has switched it on."""
    return int(switched.get(ladder, {}).get("permille", 0))


def place_in_line(salt: str, borrower: str) -> int:
    """A borrower's number 0 … 999 under a salt: stable over days, machines and Python versions.

    The first 8 bytes of BLAKE2b over `salt`, a zero byte and the reference, modulo 1000.
    """
    digest = blake2b(f"{salt}\0{borrower}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % PARTS


def arm_of(arms: Arms, borrower: str) -> str:
    """`hold_out`, a challenger's name, or `champion`."""
    number = place_in_line(arms.salt, borrower)
    if number < arms.hold_out_permille:
        return HOLD_OUT
    stop = arms.hold_out_permille
    for name, share in arms.challengers:
        stop += share
        if number < stop:
            return name
    return CHAMPION


def arms_of(arms: Arms, borrowers: Iterable[str]) -> list[str]:
    """The arm of each borrower."""
    if not arms.hold_out_permille and not arms.challengers:
        return [CHAMPION for _ in borrowers]
    return [arm_of(arms, borrower) for borrower in borrowers]

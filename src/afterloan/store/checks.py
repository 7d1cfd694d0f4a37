"""CRC-32 of many short texts at once, as `zlib.crc32` gives it for each."""

import zlib

import numpy as np
import numpy.typing as npt

SHORT = 96
"""Longer texts are left to zlib, one by one: a call for each costs less than so many steps for few of them."""
AT_ONCE = 16_384
"""Texts that are taken together: what is worked on stays in the processor's cache."""


def _table() -> npt.NDArray[np.uint32]:
    """What the division by the polynomial of CRC-32 (reflected: EDB88320, as in zlib) leaves of each byte [256]."""
    left = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        left = np.where(left & 1, (left >> 1) ^ np.uint32(0xEDB88320), left >> 1).astype(np.uint32)
    return left


_LEFT = _table()


def crc32_of_each(text: bytes, lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """CRC-32 [n] of texts that stand one after another in `text`; `lengths` [n] in bytes, together all of it.

    `crc32_of_each(b"123456789", [9])` is `[0xCBF43926]`, the check value that every CRC-32 is known by. A night seals
    a row for each fact of the book: 1.2 million references one by one through zlib took a second and a half.
    """
    ends = np.cumsum(lengths)
    found = np.zeros(len(lengths), np.int64)
    data = np.frombuffer(text, np.uint8)
    for first in range(0, len(lengths), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        found[some] = _of_short(data, ends[some] - lengths[some], lengths[some])
    view = memoryview(text)
    for i in np.flatnonzero(lengths > SHORT).tolist():
        found[i] = zlib.crc32(view[ends[i] - lengths[i] : ends[i]])
    return found


def _of_short(
    data: npt.NDArray[np.uint8], begins: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint32]:
    """CRC-32 [n] of the texts that are short; of the others, something else.

    Byte by byte over all texts side by side, the longest first, so that those that still have a byte are the first k.
    """
    sizes = np.where(lengths > SHORT, 0, lengths)
    order = np.argsort(-sizes, kind="stable")
    at, sizes = begins[order], sizes[order]
    left = np.full(len(order), 0xFFFFFFFF, np.uint32)
    longest = int(sizes[0]) if len(sizes) else 0
    having = np.searchsorted(-sizes, -np.arange(1, longest + 1), side="right")  # how many have a 1st, 2nd, … byte
    for step, k in enumerate(having.tolist()):
        byte = data[at[:k] + step]
        left[:k] = _LEFT[(left[:k] ^ byte) & np.uint32(0xFF)] ^ (left[:k] >> np.uint32(8))
    found = np.empty_like(left)
    found[order] = left ^ np.uint32(0xFFFFFFFF)
    return found

"""CRC-32 of many texts at once is zlib's, and the check value that is published for it."""

import zlib
from itertools import pairwise

import numpy as np

from afterloan.store.checks import AT_ONCE, SHORT, crc32_of_each


def test_the_published_check_value() -> None:
    assert crc32_of_each(b"123456789", np.array([9])).tolist() == [0xCBF43926]


def test_nothing_and_empty_texts() -> None:
    assert crc32_of_each(b"", np.zeros(0, np.int64)).tolist() == []
    assert crc32_of_each(b"", np.zeros(3, np.int64)).tolist() == [0, 0, 0]


def test_each_text_as_zlib_has_it() -> None:
    """Lengths from nothing to beyond what is taken side by side, more texts than are taken at once."""
    chance = np.random.default_rng(7)
    lengths = chance.integers(0, SHORT + 12, AT_ONCE + 700)
    lengths[:6] = [0, 1, SHORT - 1, SHORT, SHORT + 1, 5_000]
    text = chance.integers(0, 256, int(lengths.sum()), np.uint8).tobytes()
    ends = [0, *np.cumsum(lengths).tolist()]
    assert crc32_of_each(text, lengths).tolist() == [zlib.crc32(text[a:b]) for a, b in pairwise(ends)]

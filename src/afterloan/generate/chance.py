"""Chance as an argument: one key a borrower, and a small counter-based generator that starts from it.

Keys come from NumPy's Philox, one stream a block of borrowers, so borrower 1,000,000 is the same
whoever asks for him and however many are generated. Within a borrower the draws are SplitMix64
(Steele, Lea, Flood 2014): a counter, mixed.
"""

import numpy as np
import numpy.typing as npt

from afterloan.compiled import leaf

BLOCK = 65_536
STEP = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)
S27, S30, S31, S33 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(33)
MILLION = 1_000_000


def keys_of_block(seed: int, block: int) -> npt.NDArray[np.uint64]:
    """The keys [65,536] of one block of borrowers. `seed` is any whole number from 0 to 2**64 - 1."""
    words = np.array([seed, block], np.uint64)
    return np.random.Philox(key=words).random_raw(BLOCK)


@leaf
def below(chance, n):
    """The next draw: a whole number from 0 to n - 1, for n up to 2**31. `chance` uint64 [1] moves on."""
    chance[0] += STEP
    z = chance[0]
    z = (z ^ (z >> S30)) * MIX_1
    z = (z ^ (z >> S27)) * MIX_2
    z = z ^ (z >> S31)
    return (np.int64(z >> S33) * n) >> 31


@leaf
def between(chance, low, high):
    """A whole number from low to high, both included; low when there is no room between them."""
    return low + below(chance, high - low + 1) if high > low else low


@leaf
def happens(chance, ppm):
    """Whether something of `ppm` parts per million happens."""
    return below(chance, MILLION) < ppm


@leaf
def pick(chance, shares):
    """An index, each as often as its whole share: shares [3, 1] give 0 three times in four."""
    total = 0
    for k in range(len(shares)):
        total += shares[k]
    left = below(chance, total)
    for k in range(len(shares)):
        left -= shares[k]
        if left < 0:
            return k
    return len(shares) - 1


@leaf
def quantile(chance, table):
    """A value from equally likely steps between 101 quantiles."""
    k = below(chance, len(table) - 1)
    return between(chance, table[k], table[k + 1])

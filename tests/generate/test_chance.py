"""The generator of chance gives the published numbers, and every borrower his own."""

import numpy as np

from afterloan.generate.chance import BLOCK, below, keys_of_block, pick, quantile


def test_the_draws_are_splitmix64():
    # SplitMix64 from state 0: e220a8397b1dcdaf, 6e789e6aa1b965f4, 06c45d188009454f (Vigna, splitmix64.c);
    # a draw below 2^31 is the upper 31 bits
    chance = np.zeros(1, np.uint64)
    assert [below(chance, 2**31) for _ in range(3)] == [
        0xE220A8397B1DCDAF >> 33,
        0x6E789E6AA1B965F4 >> 33,
        0x06C45D188009454F >> 33,
    ]


def test_shares_are_kept():
    chance = np.array([7], np.uint64)
    seen = np.bincount([pick(chance, np.array([3, 0, 1])) for _ in range(20_000)], minlength=3)
    assert seen[1] == 0
    assert abs(seen[0] - 15_000) < 250  # four standard deviations of √(20000·¾·¼) = 61


def test_quantiles_stay_inside_their_table():
    chance = np.array([7], np.uint64)
    table = np.array([1] * 51 + [10] * 50)
    drawn = [quantile(chance, table) for _ in range(20_000)]
    assert min(drawn) == 1 and max(drawn) == 10
    # fifty of a hundred steps are 1 to 1, forty-nine 10 to 10, one runs between
    assert abs(sum(v == 1 for v in drawn) - 10_000) < 320


def test_keys_depend_on_seed_and_block_only():
    assert (keys_of_block(5, 3) == keys_of_block(5, 3)).all()
    everyone = np.concatenate([keys_of_block(5, 0), keys_of_block(5, 1), keys_of_block(6, 0)])
    assert len(np.unique(everyone)) == 3 * BLOCK

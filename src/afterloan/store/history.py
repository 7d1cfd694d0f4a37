"""A loan's contract, promised rows and facts as few bytes, so that a million are read in about a second.

Words of 8 bytes: 5 for the contract, 4 for each promised row, 3 for each fact. Derived from the rows of the
store; dropping the table loses nothing.
"""

import numpy as np
import numpy.typing as npt

from afterloan.compiled import records, stage
from afterloan.dates import NEVER
from afterloan.loan.book import Offsets, Records
from afterloan.loan.terms import CONTRACT, FACT, PROMISED

Words = npt.NDArray[np.int64]
CONTRACT_WORDS = 5
PROMISED_WORDS = 4
FACT_WORDS = 3
LOW = 0xFFFFFFFF
DAY_BITS = 17  # days up to 2099 are below 2^16; all ones: never
DAY = (1 << DAY_BITS) - 1
FOREVER = NEVER


@stage
def _pack(contracts, promised, promised_at, facts, fact_at, words):
    w = 0
    for i in range(len(contracts)):
        c = contracts[i]
        rows = promised_at[i + 1] - promised_at[i]
        told = fact_at[i + 1] - fact_at[i]
        words[w] = c.loan
        words[w + 1] = c.principal_fen
        words[w + 2] = c.rate | (c.product << 32)
        words[w + 3] = c.signed_on | (c.first_due_on << 32)
        words[w + 4] = (
            c.unit
            | (c.due_dom << 4)
            | (c.every << 9)
            | (c.instalments << 18)
            | (c.grace_principal << 26)
            | (c.grace_interest << 33)
            | (c.interest_free << 40)
            | (rows << 47)
        )
        w += CONTRACT_WORDS
        for k in range(promised_at[i], promised_at[i + 1]):
            words[w] = promised[k].due_on
            words[w + 1] = promised[k].principal_fen
            words[w + 2] = promised[k].interest_fen
            words[w + 3] = promised[k].fee_fen
            w += PROMISED_WORDS
        for k in range(fact_at[i], fact_at[i + 1]):
            f = facts[k]
            words[w] = f.amount_fen
            words[w + 1] = f.on | (f.known_on << DAY_BITS) | (f.due_on << 2 * DAY_BITS)
            words[w + 2] = (
                min(f.gone_on, DAY)
                | (f.from_on << DAY_BITS)
                | (f.kind << 34)
                | (f.component << 42)
                | (f.count << 46)
                | (f.every << 54)
            )
            words[w + 1] |= f.unit << 3 * DAY_BITS
            w += FACT_WORDS
        assert told >= 0
    return w


@stage
def _measure(words, at, promised_at, fact_at):
    """Where each loan's rows will stand: fills the two offset tables."""
    for i in range(len(at) - 1):
        rows = words[at[i] + 4] >> 47
        length = at[i + 1] - at[i] - CONTRACT_WORDS - rows * PROMISED_WORDS
        promised_at[i + 1] = promised_at[i] + rows
        fact_at[i + 1] = fact_at[i] + length // FACT_WORDS


@stage
def _unpack(words, at, contracts, promised, promised_at, facts, fact_at):
    for i in range(len(at) - 1):
        w = at[i]
        c = contracts[i]
        c.loan = words[w]
        c.principal_fen = words[w + 1]
        c.rate = words[w + 2] & LOW
        c.product = words[w + 2] >> 32
        c.signed_on = words[w + 3] & LOW
        c.first_due_on = words[w + 3] >> 32
        small = words[w + 4]
        c.unit = small & 15
        c.due_dom = (small >> 4) & 31
        c.every = (small >> 9) & 511
        c.instalments = (small >> 18) & 255
        c.grace_principal = (small >> 26) & 127
        c.grace_interest = (small >> 33) & 127
        c.interest_free = (small >> 40) & 127
        w += CONTRACT_WORDS
        for k in range(promised_at[i], promised_at[i + 1]):
            promised[k].due_on = words[w]
            promised[k].principal_fen = words[w + 1]
            promised[k].interest_fen = words[w + 2]
            promised[k].fee_fen = words[w + 3]
            w += PROMISED_WORDS
        for k in range(fact_at[i], fact_at[i + 1]):
            f = facts[k]
            f.amount_fen = words[w]
            f.on = words[w + 1] & DAY
            f.known_on = (words[w + 1] >> DAY_BITS) & DAY
            f.due_on = (words[w + 1] >> 2 * DAY_BITS) & DAY
            f.unit = words[w + 1] >> 3 * DAY_BITS
            f.gone_on = words[w + 2] & DAY
            if f.gone_on == DAY:
                f.gone_on = FOREVER
            f.from_on = (words[w + 2] >> DAY_BITS) & DAY
            f.kind = (words[w + 2] >> 34) & 255
            f.component = (words[w + 2] >> 42) & 15
            f.count = (words[w + 2] >> 46) & 255
            f.every = words[w + 2] >> 54
            f.fact = 0
            w += FACT_WORDS


def pack(
    contracts: Records, promised: Records, promised_at: Offsets, facts: Records, fact_at: Offsets
) -> tuple[Words, Offsets]:
    """Loans as words, and where each begins [n + 1]: a loan of 13 facts is 44 words, 352 bytes.

    `contracts` CONTRACT [n], the others cut by their offsets as in `Book`; facts are already in order.
    """
    lengths = CONTRACT_WORDS + PROMISED_WORDS * np.diff(promised_at) + FACT_WORDS * np.diff(fact_at)
    at = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    words = np.zeros(int(at[-1]), np.int64)
    if len(contracts):
        end = _pack(records(contracts), records(promised), promised_at, records(facts), fact_at, words)
        assert end == at[-1]
    return words, at


def unpack(words: Words, at: Offsets) -> tuple[Records, Records, Offsets, Records, Offsets]:
    """The inverse of `pack`: contracts, promised, promised_at, facts, fact_at. Fact numbers are not kept (0)."""
    n = len(at) - 1
    promised_at = np.zeros(n + 1, np.int64)
    fact_at = np.zeros(n + 1, np.int64)
    if n:
        _measure(words, at, promised_at, fact_at)
    contracts = np.zeros(n, CONTRACT)
    promised = np.zeros(int(promised_at[-1]), PROMISED)
    facts = np.zeros(int(fact_at[-1]), FACT)
    if n:
        _unpack(words, at, records(contracts), records(promised), promised_at, records(facts), fact_at)
    return contracts, promised, promised_at, facts, fact_at

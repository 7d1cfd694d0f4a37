"""What a generated book came to, by the reckoning: the book in memory, and the lateness of its payments."""

import numpy as np
import numpy.typing as npt

from afterloan.dates import NEVER
from afterloan.generate.book import Share, borrowers_of, generated_products, live_chunk
from afterloan.generate.chunk import Chunk
from afterloan.generate.habits import offer
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.terms import FACT, PROMISED, Cause, FactKind

Whole = npt.NDArray[np.int64]


def book_of(chunk: Chunk) -> Book:
    """A chunk as a book in memory, with the facts that its files tell; reversals close the fact they take back."""
    n, k = len(chunk.contracts), len(chunk.receipts)
    facts = np.zeros(n + k, FACT)
    facts["gone_on"] = NEVER
    facts["kind"][:n], facts["kind"][n:] = int(FactKind.DISBURSED), int(FactKind.REPAID)
    facts["on"][:n] = facts["known_on"][:n] = chunk.contracts["signed_on"]
    facts["amount_fen"][:n] = chunk.contracts["principal_fen"]
    for name in ("on", "known_on", "amount_fen"):
        facts[name][n:] = chunk.receipts[name]
    bounced = chunk.receipts["bounced_on"]
    facts["gone_on"][n:] = np.where(bounced > 0, bounced, NEVER)
    loan = np.concatenate([np.arange(n), chunk.receipts["loan"] - chunk.contracts["loan"][0]])
    nth = np.concatenate([np.zeros(n, np.int64), chunk.receipts["nth"]])
    order = np.lexsort((nth, facts["kind"], facts["on"], loan))
    fact_at = np.searchsorted(loan[order], np.arange(n + 1)).astype(np.int64)
    none = np.zeros(n + 1, np.int64)
    products = generated_products()
    return Book(
        products,
        chunk.contracts,
        np.zeros(0, PROMISED),
        none,
        facts[order],
        fact_at,
        np.zeros((0, 0), np.bool_),
    )


def lateness(book: Book, as_of: int) -> tuple[Whole, npt.NDArray[np.bool_]]:
    """Days late of each payment of each instalment, and whether it paid less than the instalment.

    One row a payment and instalment, as lenders' payment files have it. Of money in advance only the next
    instalment counts: what pays off a loan is no payment of all the instalments it ends.
    """
    late: list[int] = []
    part: list[bool] = []
    for i in range(len(book)):
        told = reckon_loan(book, i, as_of)
        moves = told.movements[(told.movements["cause"] == int(Cause.REPAID)) & (told.movements["instalment"] > 0)]
        paid: dict[tuple[int, int], int] = {}
        for move in moves:
            pair = (int(move["fact"]), int(move["instalment"]))
            paid[pair] = paid.get(pair, 0) + int(move["amount_fen"])
        ahead: set[int] = set()
        for (fact, number), amount in sorted(paid.items()):
            row = told.instalments[number - 1]
            days = int(book.facts[book.fact_at[i] + fact]["on"] - row["due_on"])
            if days < 0 and fact in ahead:
                continue
            if days < 0:
                ahead.add(fact)
            late.append(days)
            part.append(amount < int(row["due_fen"].sum()))
    return np.array(late, np.int64), np.array(part, np.bool_)


def sample(seed: int, borrowers: int, first_day: int, last_day: int) -> Chunk:
    """The first borrowers of a seed's book, lived through to `last_day`."""
    share: Share = borrowers_of(seed, borrowers)
    return live_chunk(share, 0, min(borrowers, len(share.keys)), first_day, last_day, offer())

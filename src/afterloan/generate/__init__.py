"""A believable book made up from a seed: borrowers, loans, repayments; `generate` writes it to a folder."""

from afterloan.generate.book import BookWritten, generate

__all__ = ["BookWritten", "generate"]

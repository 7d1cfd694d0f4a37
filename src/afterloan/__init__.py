"""afterloan: what a consumer lender runs after the money has been paid out."""

__version__ = "0.3.0"

"""What can be expected to go wrong and is told to whoever asked; our own mistakes are never one of these."""


class ExpectedFailure(Exception):
    """Something that was asked and cannot be done. Its text says what, where, and what to do, in one line."""

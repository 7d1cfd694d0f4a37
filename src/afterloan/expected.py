"""What can be expected to go wrong and is told to whoever asked; our own mistakes are never one of these."""


class ExpectedFailure(Exception):
    """Something that was asked and cannot be done. Its text says what, where, and what to do, in one line."""


class BadInput(ExpectedFailure, ValueError):
    """What was given cannot be used: a name that there is not, a file of no known form, a value out of its bounds."""

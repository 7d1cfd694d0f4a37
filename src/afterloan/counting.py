"""Counted words of English sentences: the one printer of a number together with what it counts."""

import re

NOUNS = {
    **{f"{one}s": one for one in (
        "action", "borrower", "case", "contract", "day", "fact", "instalment", "line", "loan", "message", "month",
        "part", "payment", "promise", "row", "step", "task", "time", "year",
    )},
    "entries": "entry",
    "tries": "try",
}  # fmt: skip
"""Nouns that stand behind a number in sentences that are filled in, many to one."""
ONE = re.compile(rf"(?<![\w.,:/+-])1 ({'|'.join(NOUNS)})\b")


def counted(number: int, one: str, many: str = "") -> str:
    """A number with what it counts: `counted(1, "loan") == "1 loan"`, `counted(1200, "loan") == "1,200 loans"`.

    `many`: what stands after other numbers, where an s at the end of `one` is not it: `counted(2, "row waits", "rows
    wait")`, `counted(0, "entry", "entries") == "0 entries"`.
    """
    return f"{number:,} {one if abs(number) == 1 else many or one + 's'}"


def agreeing(sentence: str) -> str:
    """A sentence that was filled in, with nouns that agree with a one: `agreeing("1 days late") == "1 day late"`.

    For words that stand whole in two languages; sentences made here say `counted`.
    """
    return ONE.sub(lambda found: f"1 {NOUNS[found[1]]}", sentence)

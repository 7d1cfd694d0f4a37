"""The tables of `docs/reckoning.md`, made from the packs of products: `python -m tests.house.reckoning_tables`."""

import re
from collections.abc import Iterable
from pathlib import Path

from afterloan.rules.products import ProductTerms, builtin

PAGE = Path(__file__).parents[2] / "docs" / "reckoning.md"
PLACE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head: str, rows: Iterable[tuple[object, ...]]) -> str:
    """A table of Markdown; `head` with bars between its words."""
    lines = [f"| {head} |", "|" + " --- |" * len(head.split(" | "))]
    return "\n".join([*lines, *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)]) + "\n"


def days(count: int) -> str:
    """1 is `1 day`."""
    return f"{count} day{'' if count == 1 else 's'}"


def starts(terms: ProductTerms) -> str:
    """When penalty starts, in words."""
    grace = terms.grace.penalty_days
    if terms.penalty.multiple == 0:
        return "never"
    if grace == 0:
        return "the day after the due date"
    since = "the due date" if terms.penalty.start.name == "RETROACTIVE" else f"day {grace} after it"
    return f"on day {grace + 1} after the due date, counted from {since}"


def order(terms: ProductTerms) -> str:
    """The order of money in one line: `past due: penalty, fee …; due: …`."""
    told: dict[str, list[str]] = {}
    for line in terms.order:
        *timing, part = line.split()
        told.setdefault(" ".join(timing).replace("_", " "), []).append(part)
    return "; ".join(f"{timing}: {', '.join(parts)}" if timing else ", ".join(parts) for timing, parts in told.items())


def products() -> str:
    """What interest runs on."""
    return table(
        "product | instalments | rate by the | days | interest on | half a cent",
        (
            (
                f"`{code}`",
                f"`{t.method.name.lower()}`",
                t.rate_per.name.lower(),
                f"`{t.day_count.name.lower()}`",
                "what is outstanding" if t.accrual.name == "ACTUAL" else "the schedule",
                t.rounding.name.lower().replace("_", " "),
            )
            for code, t in sorted(builtin().items())
        ),
    )


def penalty() -> str:
    """When penalty starts, on what, at which rate, up to where."""
    return table(
        "product | penalty starts | on overdue | rate | cap a year | late fee after | bureau hears after",
        (
            (
                f"`{code}`",
                starts(t),
                "principal and interest" if t.penalty.on_interest else "principal",
                f"contract rate × {t.penalty.multiple}" if t.penalty.multiple else "none",
                f"{t.penalty.cap_percent_year} %" if t.penalty.cap_percent_year else "none",
                days(t.grace.fee_days) if t.penalty.late_fee_fen else "none charged",
                days(t.grace.bureau_days),
            )
            for code, t in sorted(builtin().items())
        ),
    )


def orders() -> str:
    """Which debt money meets first."""
    return table(
        "product | order | direction | ahead | principal early",
        (
            (f"`{code}`", order(t), *(f"`{w.name.lower()}`" for w in (t.direction, t.in_advance, t.early)))
            for code, t in sorted(builtin().items())
        ),
    )


TABLES = {"products": products, "penalty": penalty, "order": orders}


def written(text: str) -> str:
    """The page with its tables made anew. Raises KeyError: a table that nobody makes."""
    return PLACE.sub(lambda found: found[1] + TABLES[found[2]]() + found[3], text)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

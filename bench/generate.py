"""How fast a book is made up and written, against the bare writing of the same rows."""

import json
import resource
import shutil
import tempfile
from pathlib import Path
from time import perf_counter

import polars as pl

from afterloan.generate import generate

LOANS = 1_000_000
MONTHS = 24
FILES = (
    "borrowers", "contracts", "disbursements", "repayments", "reversals", "mandates", "limits", "holds", "contacts",
)  # fmt: skip


def bare_writing(book: Path, copy: Path) -> float:
    """Loans a second of writing the finished tables from memory, by polars on all cores: what no generator beats."""
    tables = {name: pl.read_parquet(book / f"{name}.parquet") for name in FILES}
    copy.mkdir()
    started = perf_counter()
    for name, table in tables.items():
        table.write_parquet(copy / f"{name}.parquet", compression="snappy")
    return LOANS / (perf_counter() - started)


def figures() -> list[dict[str, object]]:
    """Loans a second, and the memory it took in MB (at most; the compiler's own share included)."""
    folder = Path(tempfile.mkdtemp(prefix="afterloan-bench-"))
    try:
        generate(1_000, MONTHS, 1, folder / "warm")
        made = generate(LOANS, MONTHS, 1, folder / "book")
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        bare = bare_writing(folder / "book", folder / "copy")
    finally:
        shutil.rmtree(folder)
    speed = made.loans_per_second
    return [
        {
            "figure": "generate",
            "value": speed,
            "unit": "loans/s",
            "baseline": round(bare),
            "ratio": round(speed / bare, 3),
        },
        {
            "figure": "generate-memory",
            "value": round(memory),
            "unit": "MB",
            "baseline": 2_048,
            "ratio": round(memory / 2_048, 3),
        },
    ]


if __name__ == "__main__":
    for figure in figures():
        print(json.dumps(figure))

"""How fast a Metro 2 month is written and parsed back, against the same bytes moved bare."""

import os
from datetime import date
from time import perf_counter

import numpy as np
import polars as pl

from afterloan.bureau.metro2.month import read_month, write_month
from afterloan.bureau.metro2.rows import header, segments

ACCOUNTS = int(os.environ.get("AFTERLOAN_BENCH_LOANS", "1000000"))
END = date(2025, 12, 31)


def month(n: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Reported rows and identities of `n` made-up accounts, a tenth of them delinquent."""
    k = np.arange(n)
    late = k % 10 == 0
    rows = pl.DataFrame(
        {
            "loan": k, "month_end": pl.Series([END]).new_from_index(0, n), "turn": np.zeros(n, np.int64),
            "record": pl.Series(["account"]).new_from_index(0, n),
            "status": np.where(late, "71", "11").tolist(), "rating": pl.Series([""]).new_from_index(0, n),
            "history": np.where(late, "1" + "0" * 11 + "B" * 12, "0" * 12 + "B" * 12).tolist(),
            "annotation": pl.Series([""]).new_from_index(0, n), "special": pl.Series([""]).new_from_index(0, n),
            "opened_on": pl.Series((k % 365 + 19_700).astype(np.int32)).cast(pl.Date),
            "ended_on": pl.Series([None], dtype=pl.Date).new_from_index(0, n),
            "dofd_on": pl.Series(np.where(late, 20_000, 0).astype(np.int32)).cast(pl.Date),
            "last_paid_on": pl.Series((k % 30 + 20_400).astype(np.int32)).cast(pl.Date),
            "principal_fen": k % 1_000_000 + 100_000, "owed_fen": k % 900_000,
            "overdue_30_fen": np.where(late, 5_000, 0),
            "paid_fen": k % 50_000, "next_due_fen": k % 60_000, "lost_fen": np.zeros(n, np.int64),
        }
    )  # fmt: skip
    rows = rows.with_columns(dofd_on=pl.when(pl.col("status") == "71").then("dofd_on"))
    attributes = pl.DataFrame({"k": k}).select(
        pl.concat_str(
            pl.lit('{"surname":"TEST'), "k", pl.lit('","first_name":"PERSON","ssn":"'), pl.col("k") + 10**8,
            pl.lit('","date_birth":"1985-05-15","address":"'), "k",
            pl.lit(' MAIN STREET","city":"SPRINGFIELD","state":"IL","zip":"62701"}'),
        )
    )  # fmt: skip
    who = pl.DataFrame(
        {
            "loan": k, "reference": pl.DataFrame({"k": k}).select(r=pl.format("L{}", "k"))["r"],
            "borrower": k, "person": pl.Series(["B"]).new_from_index(0, n),
            "name": pl.Series([""]).new_from_index(0, n),
            "attributes": attributes.to_series(), "method": pl.Series(["equal_instalment"]).new_from_index(0, n),
            "unit": np.full(n, 3), "every": np.ones(n, np.int64), "instalments": np.full(n, 12),
        }
    )  # fmt: skip
    return rows, who


def figures() -> list[dict[str, object]]:
    """Writing a month of ACCOUNTS from reported rows, and parsing the file back; baseline: the bytes copied."""
    rows, who = month(ACCOUNTS)
    started = perf_counter()
    base, refused = segments(rows, who, {"identification_number": "AFT0012345"})
    pieces = list(write_month(header({"reporter_name": "LENDER", "reporter_address": "1 MAIN ST"}, END), base))
    wrote = perf_counter() - started
    assert not len(refused)
    raw = b"".join(pieces)
    started = perf_counter()
    bytearray(raw)
    moved = perf_counter() - started
    started = perf_counter()
    _, back = read_month(raw)
    parsed = perf_counter() - started
    told = base.head(1000).with_columns(pl.col(pl.String).fill_null(""))
    same = back.head(1000).select(base.columns).equals(told.cast(dict(back.select(base.columns).schema)))
    assert len(back) == ACCOUNTS and same
    return [
        {"figure": name, "value": seconds, "unit": "s", "baseline": moved, "ratio": seconds / moved}
        for name, seconds in (("metro2 write", wrote), ("metro2 parse", parsed))
    ]


FIGURES = {"bureau": figures}

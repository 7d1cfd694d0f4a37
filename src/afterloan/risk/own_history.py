"""The sources of a borrower's own history out of a book, as known the evening before a day: rows for the features."""

import numpy as np
import numpy.typing as npt
import polars as pl

from afterloan.dates import NEVER, date_of
from afterloan.loan.book import Book, Records
from afterloan.loan.due_rows import due_rows, owners_of_facts
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import FactKind, State
from afterloan.risk.features.compute import known_before
from afterloan.risk.spells import PLANS

GONE = (int(State.PAID_OFF), int(State.SOLD), int(State.WRITTEN_OFF))
LOOKS_BACK = (30, 60, 90, 120, 150, 180, 240, 300, 360)
"""Days before the day on whose evenings loans are looked at."""
MOST_EARLY = 31
"""Days before its due day, at most, that a payment counts as early."""
PRINCIPAL = 3
Days = npt.NDArray[np.int64]


def live(positions: Records) -> npt.NDArray[np.bool_]:
    """Loans that are paid out, not ended and not refused by the reckoning, [n]."""
    return np.asarray((positions["error"] == 0) & (positions["disbursed_fen"] > 0) & ~np.isin(positions["state"], GONE))


def own_sources(
    book: Book, owners: Days, as_of: int, contacts: pl.DataFrame | None = None, now: Records | None = None
) -> dict[str, pl.DataFrame]:
    """The rows of group `own_history` as of a day: by source, with `borrower`, amounts in major units.

    `owners`: the borrower of each loan [n]; `contacts`: events with `borrower`, `kind`, `outcome`, `on`, `known_on`.
    Reads only facts with `known_on < as_of`. `now`: positions of that day where they are there already.
    """
    known = as_of - 1
    positions = reckon_book(book, as_of, known) if now is None else now
    told = {
        "loans": _loans(book, owners, positions, as_of),
        "evenings": _evenings(book, owners, as_of, known),
        **_instalments(book, owners, as_of, known),
        **_facts(book, owners, as_of),
    }
    if contacts is not None:
        told["contacts"] = known_before(contacts, date_of(as_of), "contacts")
    return told


def _major(fen: Days) -> npt.NDArray[np.float64]:
    return np.asarray(fen, np.float64) * 0.01


def _loans(book: Book, owners: Days, positions: Records, as_of: int) -> pl.DataFrame:
    here = live(positions)
    p = positions[here]
    due = np.where(p["due_today_fen"].sum(axis=1) > 0, p["due_today_fen"].sum(axis=1), p["next_due_fen"])
    ahead = np.where(p["next_due_on"] < NEVER, p["next_due_on"] - as_of, NEVER)
    frame = _standing(p, owners[here])
    return frame.with_columns(
        disbursed=_major(p["disbursed_fen"]),
        instalment=_major(due),
        worst_days_past_due=np.ascontiguousarray(p["worst_days_past_due"]),
        days_on_book=as_of - book.contracts["signed_on"][here].astype(np.int64),
        days_to_due=pl.when(pl.Series(ahead) < NEVER).then(pl.Series(ahead)),
    )


def _standing(p: Records, owners: Days) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "borrower": owners,
            "days_past_due": np.ascontiguousarray(p["days_past_due"]),
            "is_late": (p["days_past_due"] > 0).astype(np.int64),
            "arrears": _major(p["arrears_fen"].sum(axis=1)),
            "principal": _major(p["outstanding_fen"][:, PRINCIPAL]),
        }
    )


def _evenings(book: Book, owners: Days, as_of: int, known: int) -> pl.DataFrame:
    """How loans stood some days back, as we know it now."""
    found = []
    positions = None
    for age in LOOKS_BACK:
        positions = reckon_book(book, as_of - age, known, positions)
        here = live(positions)
        found.append(_standing(positions[here], owners[here]).with_columns(age=pl.lit(age, pl.Int64)))
    return pl.concat(found)


def _instalments(book: Book, owners: Days, as_of: int, known: int) -> dict[str, pl.DataFrame]:
    rows = due_rows(book, as_of, known)
    grace = book.products["grace_bureau_days"][book.contracts["product"][rows["row"]]].astype(np.int64)
    due_on, cleared = rows["due_on"].astype(np.int64), np.minimum(rows["cleared_on"], as_of).astype(np.int64)
    late = np.maximum(cleared - due_on, -MOST_EARLY)
    frame = pl.DataFrame(
        {
            "borrower": owners[rows["row"]],
            "age": as_of - due_on,
            "ended": as_of - cleared,
            "days_late": late,
            "due": _major(rows["due_fen"]),
            "was_late": (late > 0).astype(np.int64),
            "was_over_grace": (late > grace).astype(np.int64),
            "was_early": (late < 0).astype(np.int64),
            "was_on_day": (late == 0).astype(np.int64),
        }
    )
    delays = frame.filter(pl.col("days_late") > 0).select("borrower", "days_late", age="ended")
    return {"instalments": frame.drop("ended"), "delays": delays}


def _facts(book: Book, owners: Days, as_of: int) -> dict[str, pl.DataFrame]:
    """Money, money taken back, and plans: facts known before the day."""
    facts = book.facts
    of = owners[owners_of_facts(book)]
    known = (facts["known_on"] < as_of) & (facts["on"] < as_of)
    stands = known & (facts["gone_on"] >= as_of)
    repaid = facts["kind"] == int(FactKind.REPAID)

    def rows(mask: npt.NDArray[np.bool_], on: str) -> pl.DataFrame:
        few = facts[mask]
        return pl.DataFrame({"borrower": of[mask], "age": as_of - few[on], "amount": _major(few["amount_fen"])})

    return {
        "money": rows(stands & repaid, "on"),
        "taken_back": rows(known & repaid & (facts["gone_on"] < as_of), "gone_on"),
        "plans": rows(stands & np.isin(facts["kind"], PLANS), "on"),
    }

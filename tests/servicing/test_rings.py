"""A group that exchanges money, borrowed together and stopped together becomes a task of a person, and nothing else."""

import itertools
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from afterloan.dates import date_of, day
from afterloan.enquiry import rings
from afterloan.enquiry.tasks import tasks
from afterloan.facts.act import Answer, Who
from afterloan.intake.flows import bring_consents, bring_flows, read_flow_map
from afterloan.loan.reckon import reckon_book
from afterloan.store.server import Store
from tests.risk.book import generated, whole
from tests.servicing.test_models import ANALYST, LEAD, done

ON = date(2025, 7, 1)
WHO = Who("person", "li", ("analyst",), "keyboard")
COUNTED = ("fact", "event", "outbox", "entry")


@pytest.fixture(scope="module")
def book_store(server: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with generated(server, tmp_path_factory.mktemp("rings"), "t_rings", loans=2_000) as store:
        yield store


def four_who_stopped_together(store: Store) -> list[str]:
    """Borrowers 1 to 45 days late on the day, whose last loans were signed within 45 days of each other."""
    part = whole(store)
    positions = reckon_book(part.book, day(str(ON)), day(str(ON)) - 1)
    loans = {"borrower": part.owners, "signed": part.book.contracts["signed_on"], "late": positions["days_past_due"]}
    each = pl.DataFrame(loans).group_by("borrower").max().filter(pl.col("late").is_between(1, 45)).sort("signed")
    near = (pl.col("signed").cast(pl.Int64).shift(-3) - pl.col("signed").cast(pl.Int64)) <= 45
    start = each.select(near.fill_null(False).arg_max()).item()
    with store.connect() as connection:
        rows = connection.execute(
            "select reference from borrower where borrower = any(%s)", (each["borrower"][start : start + 4].to_list(),)
        ).fetchall()
    return sorted(row[0] for row in rows)


def counts(store: Store) -> list[int]:
    with store.connect() as connection:
        found = [connection.execute(f"select count(*) from {name}").fetchone() for name in COUNTED]
    return [row[0] for row in found if row is not None]


def test_a_ring_is_a_task_of_a_person_and_withdrawing_hides_it(
    book_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rings, "STOPPED_DAYS", 1)  # few of a small book are later than 30 days, and none together
    ring = four_who_stopped_together(book_store)
    consents = ["borrower,source,uses,on,ended_on", *(f"{b},bank,fraud collect,2024-01-01," for b in ring)]
    moved = ["reference,borrower,on,known_on,amount,balance,category,counterparty"]
    moved += [
        f"T{k},{a},2025-05-01,2025-05-01,-50.00,,transfer,{b}" for k, (a, b) in enumerate(itertools.pairwise(ring))
    ]
    for name, lines in (("c.csv", consents), ("f.csv", moved)):
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert bring_consents(book_store, tmp_path / "c.csv", WHO, ON).taken == 4
    assert bring_flows(book_store, tmp_path / "f.csv", "bank", read_flow_map(None), WHO, ON).taken == 3

    before = counts(book_store)
    looked = done(book_store, ANALYST, "network.watch", {}, ON, "rings-1")
    assert isinstance(looked, Answer)
    (found,) = looked.body["rings"]
    assert found["borrowers"] == ring and found["transfers"] == 3 and found["owed_fen"] > 0
    assert counts(book_store) == before  # nobody is held, barred, written to or booked
    with book_store.connect() as connection:
        (task,) = [t for t in tasks(connection, (), ON) if t.queue == "ring"]
    assert task.borrower == ring[0] and all(b in task.what for b in ring) and "look whether they are one" in task.what
    assert isinstance(done(book_store, LEAD, "task.done", {"of": task.key, "how": "a family"}, ON, "seen"), Answer)
    with book_store.connect() as connection:
        assert not [t for t in tasks(connection, (), ON) if t.queue == "ring"]

    # two in the middle withdraw: what is left are pairs, of whom nothing is said
    ended = ["borrower,source,uses,on,ended_on", *(f"{b},bank,fraud collect,2024-01-01,2025-06-01" for b in ring[1:3])]
    (tmp_path / "w.csv").write_text("\n".join(ended) + "\n", encoding="utf-8")
    bring_consents(book_store, tmp_path / "w.csv", WHO, ON)
    again = done(book_store, ANALYST, "network.watch", {}, date_of(day(str(ON)) + 1), "rings-2")
    assert isinstance(again, Answer) and again.body["rings"] == []

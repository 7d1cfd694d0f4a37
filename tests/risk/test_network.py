"""Transfers among borrowers: features without oneself as of a day, by hand; groups that borrow and stop together."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from afterloan.intake.flow_features import features_of_file
from afterloan.risk.declared import Declaration
from afterloan.risk.measure import auc
from afterloan.risk.model import fit
from afterloan.risk.network import edges_of, network_of, rings_of
from afterloan.risk.table import TableRefused

DAY = date(2025, 6, 1)
SCHEMA = {"payer": pl.Int64, "payee": pl.Int64, "on": pl.Date, "known_on": pl.Date}


def transfers(*pairs: tuple[int, int], on: date = date(2025, 5, 1)) -> pl.DataFrame:
    rows = [(a, b, on, on) for a, b in pairs]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def features(told: pl.DataFrame, n: int, bad: list[int], as_of: date = DAY) -> pl.DataFrame:
    gone = np.isin(np.arange(n), bad)
    return network_of(edges_of(told, as_of), np.arange(n), gone)


def test_features_by_hand() -> None:
    # a triangle 0 1 2 with a tail 2-3; 4 is alone; 1 went bad: the average is 1 of 5, .2; three of it are mixed in
    told = features(transfers((0, 1), (1, 2), (2, 0), (2, 3), (0, 1)), 5, [1])
    assert told["net_degree"].to_list() == [2, 2, 3, 1, 0]
    # 0 has 1 and 2: (1 + .6) / (2 + 3); 2 has 0, 1, 3: 1.6 / 6; 3 has 2: .6 / 4; 1 has 0 and 2, both fine: .6 / 5
    assert told["net_rate_1"].to_list() == pytest.approx([1.6 / 5, 0.6 / 5, 1.6 / 6, 0.6 / 4, 0.2])
    # two steps from 3: over 2 to 0 and 1: (1 + .6) / (2 + 3). From 0: over 1 to 2, over 2 to 1 and 3: 1.6 / (3 + 3)
    # from 1, who went bad: over 0 to 2, over 2 to 0 and 3; itself is not among them: .6 / 6
    assert told["net_rate_2"].to_list() == pytest.approx([1.6 / 6, 0.6 / 6, 1.6 / 5, 1.6 / 5, 0.2])
    assert told["net_core"].to_list() == [2, 2, 2, 1, 0] and told["net_size"].to_list() == [4, 4, 4, 4, 1]


def test_no_walk_carries_ones_own_outcome() -> None:
    rng = np.random.Generator(np.random.Philox(4))
    n = 400
    pairs = [(int(a), int(b)) for a, b in rng.integers(0, n, (900, 2)) if a != b]
    edges, bad = edges_of(transfers(*pairs), DAY), rng.random(n) < 0.2
    before = network_of(edges, np.arange(n), bad)
    average_moves = 1 / n  # the average mixed in is that of all
    for one in range(0, n, 7):
        other = bad.copy()
        other[one] = ~other[one]
        after = network_of(edges, np.arange(n), other)
        for name in ("net_rate_1", "net_rate_2"):
            assert abs(after[name][one] - before[name][one]) <= average_moves + 1e-12, (one, name)
    # outcomes dealt out at random: the neighbours' say is worth nothing, with the way back it would seem to be
    for name in ("net_rate_1", "net_rate_2"):
        assert abs(auc(before[name].to_numpy(), bad.astype(np.int64))[0] - 0.5) < 0.09, name


def test_what_was_transferred_or_known_later_changes_nothing() -> None:
    now = transfers((0, 1), (1, 2))
    late = transfers((0, 3)).with_columns(known_on=pl.lit(DAY))  # happened before, known on the day itself
    after = transfers((2, 3), on=DAY + timedelta(days=3))
    assert features(pl.concat([now, late, after]), 4, [1]).equals(features(now, 4, [1]))
    assert not features(late, 4, [1], DAY + timedelta(days=1)).equals(features(late, 4, [1]))
    with pytest.raises(TableRefused, match="known_on"):
        edges_of(now.drop("known_on"), DAY)


def loans(*rows: tuple[int, date, date | None]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"borrower": pl.Int64, "on": pl.Date, "stopped_on": pl.Date}, orient="row")


def test_a_group_that_borrows_and_stops_together_is_shown_and_friends_are_not() -> None:
    start, stop = date(2025, 1, 10), date(2025, 3, 1)
    ring = [(k, start + timedelta(days=3 * k), stop + timedelta(days=5 * k)) for k in range(5)]
    friends = [(k, start + timedelta(days=90 * (k - 10)), None) for k in range(10, 16)]
    unlucky = [(k, start + timedelta(days=100 * (k - 20)), stop) for k in range(20, 25)]  # stop together, began apart
    chain = [(a, a + 1) for first, last in ((0, 4), (10, 15), (20, 24)) for a in range(first, last)]
    edges = edges_of(transfers(*chain), DAY)
    (found,) = rings_of(edges, loans(*ring, *friends, *unlucky))
    assert found.borrowers == (0, 1, 2, 3, 4) and found.transfers == 4
    assert found.borrowed == (start, start + timedelta(days=12)) and found.stopped == (stop, stop + timedelta(days=20))
    assert rings_of(edges_of(transfers(), DAY), loans(*ring)) == []  # no money between them: nothing is said


def lenders_table(folder: Path) -> tuple[Path, Path]:
    """600 borrowers in circles of six who pay each other; in a third of the circles half go bad, and half knew it."""
    rng = np.random.Generator(np.random.Philox(11))
    n = 600
    circle = np.arange(n) // 6
    bad = rng.random(n) < np.where(circle % 3 == 0, 0.5, 0.08)
    early = bad & (rng.random(n) < 0.5)
    told = pl.DataFrame({
        "borrower": [f"B{k}" for k in range(n)], "as_of": ["2025-06-01"] * n, "outcome": bad.astype(int),
        "age": rng.normal(size=n), "sex": np.where(rng.random(n) < 0.5, "man", "woman"),
        "defaulted_on": ["2025-04-01" if e else "" for e in early],
    })  # fmt: skip
    told.write_csv(folder / "asked.csv")
    rows = ["reference,borrower,on,known_on,amount,category,counterparty"]
    for k in range(n):
        for d in (1, 2):
            to = 6 * circle[k] + (k + d) % 6
            rows.append(f"T{k}-{d},B{k},2025-05-0{d},2025-05-0{d},-10.00,transfer,B{to}")
    (folder / "moved.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "moved.csv", folder / "asked.csv"


def test_the_card_says_what_switching_the_network_on_brings_and_for_whom(tmp_path: Path) -> None:
    moved, asked = lenders_table(tmp_path)
    plain = features_of_file(moved, asked, None).frame
    assert not [name for name in plain.columns if name.startswith("net_")]  # off unless asked for
    told = features_of_file(moved, asked, None, network=True).frame
    names = [name for name in told.columns if name.startswith("net_")]
    # whoever is known to have gone bad is learnt from by none: as a lender would, only the others are asked about
    rest = told.filter(pl.col("defaulted_on").is_null()).select("outcome", "age", "sex", *names)
    declare = Declaration(groups=["sex"], sources={"network": names})
    card = fit(rest, "outcome", declare).card["switched"]["network"]
    for half in ("champion", "challenger"):
        assert card[half]["with"] - card[half]["without"] == pytest.approx(card[half]["gain"], abs=1e-5)
        assert card[half]["low"] > 0.02, half  # the circles tell
        assert all(0.7 < x <= 1 for x in card[half]["impact"]["sex"])


def test_the_network_asks_who_was_in_default(tmp_path: Path) -> None:
    moved, asked = lenders_table(tmp_path)
    pl.read_csv(asked).drop("defaulted_on").write_csv(tmp_path / "less.csv")
    with pytest.raises(TableRefused, match="column defaulted_on is missing"):
        features_of_file(moved, tmp_path / "less.csv", None, network=True)

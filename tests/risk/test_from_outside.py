"""What banks and bureaus told of a book's borrowers: read with consent alone, as of the day, and never of oneself."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import psycopg
import pytest
from polars.testing import assert_frame_equal

from afterloan.dates import date_of, day
from afterloan.enquiry.agreed_rows import AgreedRows, Network, agreed_sources, network_on
from afterloan.enquiry.panels import (
    Part,
    allowed_of,
    features_asked,
    features_on,
    network_of_book,
    panel_of,
    parts_of_book,
)
from afterloan.facts.act import Who
from afterloan.intake.bureau_reports import bring_reports
from afterloan.risk.features.compute import features_of
from afterloan.risk.measure import auc
from afterloan.risk.outcomes import PURPOSES
from afterloan.risk.training import OUTCOME, split_by_time, train
from afterloan.store.connect import reader_to
from afterloan.store.server import Store
from tests.risk.book import generated

WHO, ON = Who("person", "li", ("analyst",), "keyboard"), date(2025, 12, 31)
AS_OF = day("2025-06-01")
CURE = PURPOSES["cure"]
OUTSIDE = features_asked(["bureau", "network"], CURE)


@pytest.fixture(scope="module")
def book_store(server: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with generated(server, tmp_path_factory.mktemp("outside"), "t_outside", loans=3_000) as store:
        with store.connect() as connection:
            planted(connection)
            connection.commit()
        yield store


COPY_FLOWS = "copy flow (source, reference, borrower, on_day, known_on, amount_fen, category, counterparty) from stdin"
COPY_REPORTS = (
    "copy bureau_account (source, borrower, known_on, account, opened_on, is_active, is_card, granted_fen, "
    "balance_fen, overdue_fen, worst_overdue_fen, prolonged, ends_on, months) from stdin"
)


def planted(connection: psycopg.Connection) -> None:
    """Nine of ten agree to a bank, eight to a bureau too; what is told is dealt out by chance."""
    people = connection.execute("select borrower, reference from borrower order by borrower").fetchall()
    rng = np.random.Generator(np.random.Philox(5))
    consents, flows, reports = [], [], []
    for k, (borrower, _) in enumerate(people):
        if k % 10 == 3:
            continue
        told = ["bank"] + ["bureau"] * (k % 10 != 4)
        consents += [(borrower, source, ["collect", "limit"], date(2023, 1, 1)) for source in told]
        for nth in range(4):
            on, late = date(2024, 3, 1) + timedelta(days=int(rng.integers(0, 600))), int(rng.integers(0, 3))
            other = people[int(rng.integers(0, len(people)))][1]
            known = on + timedelta(days=late)
            flows.append(("bank", f"F{k}-{nth}", borrower, on, known, -1000, "transfer", other))
        for fetched in (date(2024, 12, 5), date(2025, 5, 20), date(2025, 9, 1))[: 3 * (len(told) - 1)]:
            late = int(rng.integers(0, 4))
            figures = (True, True, 500_000, 100_000 * late, 0, 0, 0, None, f"2024-11:{late} 2024-10:0")
            reports.append(("bureau", borrower, fetched, "A1", date(2023, 5, 1), *figures))
    for row in consents:
        connection.execute("insert into flow_consent (borrower, source, uses, on_day) values (%s, %s, %s, %s)", row)
    for statement, rows in ((COPY_FLOWS, flows), (COPY_REPORTS, reports)):
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)


def read(store: Store, days: list[int]) -> Part:
    with store.connect() as connection, reader_to(store.url) as reader:
        network = network_of_book(connection, reader, ["network"], days)
        (part,) = parts_of_book(connection, reader, ["bureau", "network"], network)
    return part


@pytest.fixture(scope="module")
def part(book_store: Store) -> Part:
    return read(book_store, [AS_OF])


def test_reports_are_taken_once_and_refused_row_by_row(book_store: Store, tmp_path: Path) -> None:
    head = "borrower,known_on,account,opened_on,active,kind,granted,balance,overdue,ends_on,months\n"
    rows = (
        "B0000000001,2025-05-20,X1,2024-01-01,true,card,5000.00,120.50,0,2027-01-01,2025-04:0 2025-02:2\n"
        "B0000000001,2025-05-20,X2,2025-06-01,true,loan,1.00,1.00,0,,\n"  # opened after the report
        "B0000000001,2025-05-20,X3,2024-01-01,maybe,loan,1.00,1.00,0,,\n"
        "B0000000001,2025-05-20,X4,2024-01-01,1,loan,-1.00,1.00,0,,\n"
        "B0000000001,2025-05-20,X5,2024-01-01,1,loan,1.00,1.00,0,,2025-13:0\n"
        "NOBODY,2025-05-20,X6,2024-01-01,1,loan,1.00,1.00,0,,\n"
        "B0000000004,2025-05-20,X7,2024-01-01,1,loan,1.00,1.00,0,,\n"  # the fourth borrower agreed to nothing
        "B0000000002,2025-05-21,,,,,,,,,\n"  # a report that names no account
    )
    file = tmp_path / "reports.csv"
    file.write_text(head + rows, encoding="utf-8")
    told = bring_reports(book_store, file, "bureau", WHO, ON)
    assert {r.row: (r.column, r.reason) for r in told.refused} == {
        2: ("opened_on", "is after the day of the report"),
        3: ("active", "is none of true, 1, yes, active, false, 0, no, closed"),
        4: ("granted", "is no amount"),
        5: ("months", "is not written like `2025-05:0 2025-04:2` (0 in order … 5)"),
        6: ("borrower", "no borrower of that reference"),
        7: ("borrower", "no consent to source bureau holds on that day"),
    }
    assert (told.read, told.taken, told.known) == (8, 2, 0)
    again = bring_reports(book_store, file, "bureau", WHO, ON)
    assert (again.taken, again.known) == (0, 2)
    file.write_text(head + rows.replace("120.50", "120.60"), encoding="utf-8")
    other = bring_reports(book_store, file, "bureau", WHO, ON)
    assert (1, "account", "was told otherwise in the same report before") in {
        (r.row, r.column, r.reason) for r in other.refused
    }
    with book_store.connect() as connection:
        kept = connection.execute(
            "select granted_fen, balance_fen, overdue_fen, worst_overdue_fen, is_card, months from bureau_account "
            "where account = 'X1'"
        ).fetchall()
    assert kept == [(500_000, 12_050, 0, None, True, "2025-04:0 2025-02:2")]


def test_features_of_a_report_by_hand() -> None:
    row = {
        "borrower": 1, "source": "bureau", "known_on": date(2025, 5, 20), "account": "X1",
        "opened_on": date(2025, 2, 21), "active": 1, "card": 1, "granted": 4000.0, "balance": 1000.0, "overdue": 0.0,
        "worst_overdue": 50.0, "prolonged": 0, "ends_on": date(2025, 7, 1), "months": "2025-04:0 2025-03:2",
    }  # fmt: skip
    older = row | {"known_on": date(2025, 1, 5), "opened_on": date(2024, 1, 1)}
    both = pl.DataFrame([row, older | {"balance": 3000.0, "months": "2024-12:5"}])
    schema = {"borrower": pl.Int64, "source": pl.String, "uses": pl.List(pl.String)}
    consents = pl.DataFrame(
        [(1, "bureau", ["collect"], date(2025, 1, 1), None)],
        schema | {"on_day": pl.Date, "ended_on": pl.Date}, orient="row",
    )  # fmt: skip
    agreed = AgreedRows(consents, reports=both)
    features = features_asked(["bureau"], CURE)

    def as_of(on: str) -> dict[str, float]:
        told = agreed_sources(agreed, day(on), "collect")
        return features_of(told, features, pl.Series("borrower", [1])).row(0, named=True)

    june = as_of("2025-06-01")
    # opened on 21 February, 100 days before; 1,000 of 4,000 used; a month to the end; March, 92 days ago, is the worst
    assert (june["bureau_accounts"], june["bureau_newest"], june["bureau_use"]) == (1, 100, 0.25)
    assert (june["bureau_longest_left"], june["bureau_worst_365"], june["bureau_last_adverse"]) == (30, 2, 92)
    assert june["bureau_in_order"] == 0.5, "of two months that were reported; others are not taken for months in order"
    # on the day of the report nothing of it is known: the one of January stands
    may = as_of("2025-05-20")
    assert (may["bureau_balance"], may["bureau_worst"]) == (3000, 5)
    gone = as_of("2026-06-01")
    assert gone["bureau_accounts"] is None, "a report of over a year ago tells nothing any more"


def known(agreed: AgreedRows, before: int) -> AgreedRows:
    on = date_of(before)
    told = {n: getattr(agreed, n).filter(pl.col("known_on") < on) for n in ("flows", "reports")}
    net = agreed.network
    return replace(
        agreed, **told, network=Network(net.moved.filter(pl.col("known_on") < on), net.consents, net.defaulted)
    )


def test_what_became_known_later_changes_no_feature(part: Part) -> None:
    borrowers = np.unique(part.owners)
    now = features_on(part, AS_OF, OUTSIDE, borrowers, "collect")
    then = features_on(replace(part, agreed=known(part.agreed, AS_OF)), AS_OF, OUTSIDE, borrowers, "collect")
    assert_frame_equal(now, then, rel_tol=1e-12, abs_tol=1e-12)
    assert now["bureau_balance"].drop_nulls().n_unique() > 2 and now["net_degree"].max() > 2
    with pytest.raises(AssertionError):
        early = replace(part, agreed=known(part.agreed, AS_OF - 20))
        assert_frame_equal(now, features_on(early, AS_OF, OUTSIDE, borrowers, "collect"))


def test_who_did_not_agree_is_not_asked_of_a_model_that_reads_it(part: Part) -> None:
    borrowers = np.unique(part.owners)
    by_group = {
        name: set(allowed_of(part, AS_OF, CURE, features_asked([name], CURE), borrowers).tolist())
        for name in ("own_history", "network", "bureau")
    }
    both = set(allowed_of(part, AS_OF, CURE, OUTSIDE, borrowers).tolist())
    assert by_group["own_history"] == set(borrowers.tolist())
    assert both == by_group["network"] & by_group["bureau"]
    assert by_group["bureau"] - by_group["network"], "some agreed to both, and no movement was known yet"
    bank = part.agreed.consents.filter(pl.col("source") == "bank")["borrower"]
    assert by_group["network"] <= set(bank.to_list()) and not set(borrowers.tolist()) <= set(bank.to_list())
    # consent ends: from that day on the borrower is not asked
    one = min(both)
    ended = part.agreed.consents.with_columns(
        ended_on=pl.when((pl.col("borrower") == one) & (pl.col("source") == "bureau")).then(date(2025, 5, 1))
    )
    less = replace(part, agreed=replace(part.agreed, consents=ended))
    assert set(allowed_of(less, AS_OF, CURE, OUTSIDE, borrowers).tolist()) == both - {one}


def test_no_step_carries_ones_own_outcome(part: Part) -> None:
    network, at = part.agreed.network, AS_OF
    borrowers, bad = network.defaulted[at]
    assert 0.01 < bad.mean() < 0.9
    before = network_on(network, at, "collect")
    for one in range(0, len(borrowers), len(borrowers) // 40):
        turned = bad.copy()
        turned[one] = ~turned[one]
        after = network_on(Network(network.moved, network.consents, {at: (borrowers, turned)}), at, "collect")
        for name in ("net_rate_1", "net_rate_2"):
            # the average that is mixed in is that of all: one of them more moves it by 1 / n
            assert abs(after[name][one] - before[name][one]) <= 1 / len(borrowers) + 1e-12
    # outcomes dealt out by chance, ten times: what neighbours did says nothing of oneself
    rng, areas = np.random.Generator(np.random.Philox(2)), []
    for _ in range(10):
        mixed = rng.random(len(bad)) < 0.3
        told = network_on(Network(network.moved, network.consents, {at: (borrowers, mixed)}), at, "collect")
        areas.append([auc(told[name].to_numpy(), mixed.astype(np.int64))[0] for name in ("net_rate_1", "net_rate_2")])
    assert np.abs(np.mean(areas, axis=0) - 0.5).max() < 0.03, np.mean(areas, axis=0)


def test_an_edge_needs_the_consent_of_both(part: Part) -> None:
    network = part.agreed.network
    told = network_on(network, AS_OF, "collect")
    agreed = part.agreed.network.consents.filter(pl.col("source") == "bank")["borrower"].to_list()
    without = told.filter(~pl.col("borrower").is_in(agreed))
    assert len(without) and without["net_degree"].max() == 0
    assert network_on(network, AS_OF, "fraud")["net_degree"].max() == 0, "agreed to other uses"


def test_outcomes_turned_at_random_are_not_foreseen(book_store: Store) -> None:
    features = features_asked(["own_history", "bureau", "network"], CURE)
    panel = panel_of(book_store, CURE, features, day("2025-12-31"), day("2025-01-01"))
    assert panel["net_degree"].max() > 2 and panel["bureau_balance"].drop_nulls().n_unique() > 2
    mixed = np.random.Generator(np.random.Philox(1)).permutation(panel[OUTCOME].to_numpy())
    panel = panel.with_columns(pl.Series(OUTCOME, mixed))
    model, test = train(panel, CURE, features), split_by_time(panel).test
    areas = [auc(p, test[OUTCOME].to_numpy().astype(np.int64))[0] for p in model.probabilities(test).values()]
    assert abs(np.mean(areas) - 0.5) < 0.07, areas
    assert sorted(model.card["feature_groups"]) == ["bureau", "network", "own_history"]

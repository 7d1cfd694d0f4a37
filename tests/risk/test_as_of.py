"""Features as of a day know nothing of later days, say the same in another engine, and outcomes are those by hand."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import psycopg
import pytest
from polars.testing import assert_frame_equal

from afterloan.dates import NEVER, day
from afterloan.enquiry.panels import Part, features_asked, features_on, panel_of, sources_of
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_book
from afterloan.risk.features.compute import features_of, known_before
from afterloan.risk.features.declared import FROM_FEATURES, Feature, groups, reasons
from afterloan.risk.measure import auc
from afterloan.risk.outcomes import PURPOSES, UNDECIDED, asked_about, outcomes_of, worst_between
from afterloan.risk.table import TableRefused
from afterloan.risk.training import OUTCOME, split_by_time, train
from afterloan.store.server import Store
from tests.risk.book import generated, whole

AS_OF = day("2025-06-01")
OWN = features_asked(["own_history"], PURPOSES["cure"])


@pytest.fixture(scope="module")
def book_store(server: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with generated(server, tmp_path_factory.mktemp("as_of"), "t_as_of") as store:
        yield store


@pytest.fixture(scope="module")
def part(book_store: Store) -> Part:
    return whole(book_store)


def only(part: Part, keep: np.ndarray, gone_from: int | None = None) -> Part:
    """The same loans with some of their facts; what was taken back from `gone_from` on still stands."""
    book, facts = part.book, part.book.facts[keep].copy()
    if gone_from is not None:
        facts["gone_on"][facts["gone_on"] >= gone_from] = NEVER
    ends = np.concatenate([[0], np.cumsum(keep)])[book.fact_at].astype(np.int64)
    return replace(
        part, book=Book(book.products, book.contracts, book.promised, book.promised_at, facts, ends, book.calendars)
    )


def test_what_became_known_later_changes_no_feature(part: Part) -> None:
    borrowers = np.unique(part.owners)
    known = part.book.facts["known_on"] < AS_OF
    assert 0.2 < known.mean() < 0.9, "there is a past and a future"
    late_told = (part.book.facts["on"] < AS_OF) & ~known
    assert late_told.sum() > 0, "some was paid before the day and told after it"
    now = features_on(part, AS_OF, OWN, borrowers, "collect")
    then = features_on(only(part, known, AS_OF), AS_OF, OWN, borrowers, "collect")
    assert_frame_equal(now, then, rel_tol=1e-12, abs_tol=1e-12)  # sums of the same rows in another order
    # the test can fail: without what was told the evening before, something is another
    evening_before = part.book.facts["known_on"] < AS_OF - 1
    with pytest.raises(AssertionError):
        assert_frame_equal(now, features_on(only(part, evening_before), AS_OF, OWN, borrowers, "collect"))


def test_the_day_shifted_by_one_moves_only_the_edge_of_a_window() -> None:
    # paid on 10 March, told on the 12th: not seen as of the 12th, two days old as of the 12th + 1 = 3 days
    rows = pl.DataFrame({"borrower": [1], "on": [date(2025, 3, 10)], "known_on": [date(2025, 3, 12)], "x": [5.0]})
    count = Feature(
        name="seen_90", source="rows", rule="count(x)", window=90, missing=0, group="local", reason="late_now"
    )
    told = {}
    for as_of in (date(2025, 3, 12), date(2025, 3, 13), date(2025, 6, 8), date(2025, 6, 9)):
        seen = known_before(rows, as_of, "rows")
        told[as_of.isoformat()] = features_of({"rows": seen}, [count], pl.Series("borrower", [1]))["seen_90"].to_list()
    # 10 March + 90 days is 8 June: the last day on which it is in the window
    assert told == {"2025-03-12": [0.0], "2025-03-13": [1.0], "2025-06-08": [1.0], "2025-06-09": [0.0]}


def test_a_source_without_a_day_of_knowledge_is_refused() -> None:
    with pytest.raises(TableRefused, match="no column known_on"):
        known_before(pl.DataFrame({"borrower": [1], "on": [date(2025, 1, 1)]}), date(2025, 2, 1), "district")


def test_the_same_declaration_says_the_same_in_sql(part: Part, server: Store) -> None:
    sources = sources_of(part, AS_OF, "collect")
    sources["contacts"] = pl.DataFrame(
        {
            "borrower": [1, 1, 2],
            "age": [3, 95, 10],
            "kind": ["debit.failed", "debit.failed", "promise.made"],
            "outcome": [""] * 3,
        }
    )
    borrowers = np.unique(part.owners)[:400]
    ours = features_of(sources, OWN, pl.Series("borrower", borrowers))
    with psycopg.connect(server.url) as connection:
        for name, rows in sources.items():
            kinds = {pl.String: "text", pl.Int64: "bigint", pl.Float64: "double precision"}
            columns = ", ".join(f'"{c}" {kinds[t.base_type()]}' for c, t in rows.schema.items())
            connection.execute(f"create temp table {name} ({columns})")
            few = rows.filter(pl.col("borrower").is_in(borrowers))
            with connection.cursor() as cursor, cursor.copy(f"copy {name} from stdin") as copy:
                for row in few.iter_rows():
                    copy.write_row(row)
        checked = 0
        for feature in OWN:
            if feature.source == FROM_FEATURES:
                continue
            theirs = dict(connection.execute(feature.sql()).fetchall())
            for number, value in zip(borrowers.tolist(), ours[feature.name].to_list(), strict=True):
                told = theirs.get(number)
                otherwise = None if feature.missing == "not_recorded" else float(feature.missing)
                expected = otherwise if told is None else float(told)
                if expected is None:
                    assert value is None, feature.name
                else:
                    assert value == pytest.approx(expected, abs=1e-9), (feature.name, number)
                    checked += 1
    assert checked > 5_000


def test_every_reason_has_its_sentences_and_every_actionable_one_what_to_do() -> None:
    for group in groups().values():
        for feature in group.features:
            told = reasons()[feature.reason]
            assert "{value}" in told["en"] and "{value}" in told["zh"], feature.reason
            if feature.act:
                assert told["act_en"] and told["act_zh"], feature.name


def test_outcomes_by_hand(part: Part) -> None:
    """Every borrower of a purpose against the plain reading of the words, evening by evening."""
    for name in ("early_warning", "cure"):
        purpose = PURPOSES[name]
        asked = asked_about(purpose, reckon_book(part.book, AS_OF, AS_OF - 1), part.owners)
        told = outcomes_of(purpose, part.book, part.owners, AS_OF, asked)
        days = range(AS_OF, AS_OF + purpose.window_days + 1)
        late = np.zeros((len(days), len(part.book)), np.int64)
        for k, evening in enumerate(days):
            late[k] = reckon_book(part.book, evening)["days_past_due"]
        for i, borrower in enumerate(asked.tolist()):
            mine = late[:, part.owners == borrower]
            if name == "early_warning":
                expected = int(mine[1:].max() >= 30)
            else:
                expected = int(not (mine.max(axis=1) == 0).any())
            assert told[i] == expected, (name, borrower)
        assert {0, 1} == set(told.tolist()) - {UNDECIDED}


def test_the_worst_evening_of_a_window_is_found_to_the_day(part: Part) -> None:
    until = AS_OF + 45
    told = worst_between(part.book, AS_OF, until)
    by_hand = np.max([reckon_book(part.book, d)["days_past_due"] for d in range(AS_OF + 1, until + 1)], axis=0)
    assert np.array_equal(told, by_hand)


def test_outcomes_turned_at_random_are_not_foreseen(book_store: Store) -> None:
    panel = panel_of(book_store, PURPOSES["cure"], OWN, day("2025-12-31"))
    test = split_by_time(panel).test
    seen = train(panel, PURPOSES["cure"], OWN)
    areas = []
    for seed in (1, 2):
        mixed = np.random.Generator(np.random.Philox(seed)).permutation(panel[OUTCOME].to_numpy())
        model = train(panel.with_columns(pl.Series(OUTCOME, mixed)), PURPOSES["cure"], OWN)
        gone = split_by_time(panel.with_columns(pl.Series(OUTCOME, mixed))).test[OUTCOME].to_numpy()
        areas.append(auc(model.probabilities(test)["champion"], gone)[0])
    assert abs(np.mean(areas) - 0.5) < 0.05, areas
    assert seen.card["out_of_time"]["champion"]["auc"] > 0.8

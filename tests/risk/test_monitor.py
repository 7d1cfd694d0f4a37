"""Months compared: a code that means something else is told from risk; figures moved; outcomes no longer fit."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from afterloan.desk.keyboard.main import app
from afterloan.enquiry.monitoring import monitor_table
from afterloan.intake.tables import read_table
from afterloan.risk.monitor import (
    against_card,
    binomial,
    latest_of,
    watch_bands,
    watch_codes,
    watch_figures,
    watch_outcomes,
)
from afterloan.risk.stability import by_chance, edges_of, shares_by
from afterloan.risk.table import TableRefused

CARDS = Path(__file__).parents[2].parent / "shared" / "data" / "taiwan" / "credit_card_clients.csv"


def test_a_code_that_was_rare_and_is_common_is_a_change_of_definition_not_risk() -> None:
    usual = {"0": 0.6, "1": 0.001, "2": 0.3, "3": 0.099}
    _, alarms = watch_codes(
        "STATUS", {"June": usual, "July": usual, "August": {"0": 0.5, "1": 0.12, "2": 0.28, "3": 0.1}}
    )
    assert [(a.kind, a.where, a.month) for a in alarms] == [("definition", "STATUS", "August")]
    assert "code 1 is 12.0%" in alarms[0].found and "at most 0.10%" in alarms[0].found


def test_a_wave_of_risk_is_not_a_change_of_definition() -> None:
    # months late come one after another: shares that were there already grow
    months = {
        "June": {"0": 0.8, "1": 0.12, "2": 0.08},
        "July": {"0": 0.6, "1": 0.25, "2": 0.15},
        "August": {"0": 0.3, "1": 0.3, "2": 0.4},
    }
    rows, alarms = watch_codes("STATUS", months)
    assert {a.kind for a in alarms} == {"moved"}
    # July against June by hand: -.2 log .75 + .13 log 2.083 + .07 log 1.875 = .0575 + .0954 + .0440
    assert rows[1]["index"] == pytest.approx(0.197, abs=1e-3)


def test_a_code_that_goes_and_a_column_that_is_no_longer_filled_are_told() -> None:
    months = {"June": {"A": 0.5, "B": 0.5}, "July": {"A": 0.5, "B": 0.5}, "August": {"A": 0.9, "not recorded": 0.1}}
    _, alarms = watch_codes("STATUS", months)
    assert [a.kind for a in alarms] == ["definition", "missing"]


@pytest.mark.skipif(not CARDS.is_file(), reason="the card accounts are not here")
def test_september_is_found_in_the_card_accounts_and_nothing_else() -> None:
    found = monitor_table(read_table(CARDS))
    assert [(a.kind, a.where, a.month) for a in found.alarms] == [("definition", "PAY", "PAY_0")]
    other_way_round = monitor_table(read_table(CARDS), oldest_first=True)
    assert {(a.kind, a.where) for a in other_way_round.alarms if a.where == "PAY"} == {("definition", "PAY")}


def test_figures_that_moved_and_figures_that_did_not() -> None:
    rng = np.random.Generator(np.random.Philox(1))
    months = {"June": rng.normal(0, 1, 5_000), "July": rng.normal(0, 1, 5_000), "August": rng.normal(0.8, 1, 5_000)}
    rows, alarms = watch_figures("income", months)
    assert rows[0]["index"] < 0.02
    assert [(a.kind, a.month) for a in alarms] == [("moved", "August")]
    months["August"] = np.where(np.arange(5_000) % 10 == 0, np.nan, months["July"])
    assert [(a.kind, a.month) for a in watch_figures("income", months)[1]] == [("missing", "August")]


def test_few_rows_of_the_same_population_are_no_alarm_and_of_another_they_are() -> None:
    """60 rows, .7 and .3 of them where .5 and .5 were: χ² with one degree is above 9.6 with a chance of .00195."""
    assert by_chance([0.5, 0.5], [0.7, 0.3], 60) == pytest.approx(0.00195, abs=1e-5)
    rng = np.random.Generator(np.random.Philox(4))
    learnt = rng.normal(0, 1, 4_000)
    told = {"edges": edges_of(learnt), "shares": shares_by(learnt, edges_of(learnt))}
    alike = [against_card("score", str(k), rng.normal(0, 1, 60), told)[1] for k in range(400)]
    assert sum(map(len, alike)) <= 4
    moved = [against_card("score", str(k), rng.normal(1.5, 1, 60), told)[1] for k in range(10)]
    assert all(moved)
    (one,) = latest_of([alarm for day in moved for alarm in day], 12)
    assert one.month == "9" and one.found.endswith("moved on 10 of 12 days")


def test_outcomes_that_no_longer_fit_the_score_are_told() -> None:
    rng = np.random.Generator(np.random.Philox(2))
    p = 1 / (1 + np.exp(-rng.normal(-1, 1.2, 6_000)))
    bad = (rng.uniform(size=6_000) < p).astype(np.int64)
    learnt = 0.78
    rows, alarms = watch_outcomes({"June": p, "July": rng.permutation(p)}, {"June": bad, "July": bad}, learnt)
    assert [(a.kind, a.month) for a in alarms] == [("discrimination", "July")]
    assert rows[0]["auc_low"] < rows[0]["auc"] < rows[0]["auc_high"]
    bands = np.where(p < 0.2, "A", "B")
    assert watch_bands(bands, p, bad)[1] == []
    assert [a.where for a in watch_bands(bands, np.where(bands == "B", p * 0.7, p), bad)[1]] == ["band B"]


def test_the_chance_of_a_band_by_hand() -> None:
    # ten throws, eight or more: (45 + 10 + 1) / 1024 = .0547, twice that for both sides
    assert binomial(10, 8, 0.5) == pytest.approx(0.109375)
    assert binomial(1_000, 20, 0.02) > 0.9


def test_a_table_at_the_keyboard_with_its_page(tmp_path: Path) -> None:
    rows = [
        {"month": m, "status": "late" if (m == "2025-03" and i % 5 == 0) else "fine", "x": i * 1.0}
        for m in ("2025-01", "2025-02", "2025-03")
        for i in range(400)
    ]
    pl.DataFrame(rows).write_parquet(tmp_path / "t.parquet")
    out = tmp_path / "watched"
    told = CliRunner().invoke(
        app, ["risk", "monitor", str(tmp_path / "t.parquet"), "--month", "month", "--out", str(out), "--json"]
    )
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert [(a["kind"], a["where"], a["month"]) for a in found["alarms"]] == [("definition", "status", "2025-03")]
    page = (out / "monitor.html").read_text(encoding="utf-8")
    assert "code late is 20.0%" in page
    assert "src=" not in page.split("<script>")[0] and "https://" not in page.split("<script>")[0]
    assert (out / "codes.csv").read_text(encoding="utf-8").startswith("where,month,against,index,shares")


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(TableRefused, match="no numbered columns"):
        monitor_table(pl.DataFrame({"a": [1, 2], "b": [2, 3]}))
    with pytest.raises(TableRefused, match="no such column"):
        monitor_table(pl.DataFrame({"a": [1]}), "month")

"""The page of a model: what is drawn, by hand, and the whole of it from a table at the keyboard."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from afterloan.desk.keyboard.main import app
from afterloan.intake.tables import read_table
from afterloan.report.drawn import percent
from afterloan.risk.curves import curve, gap, lift, said_and_came, wilson
from afterloan.risk.declared import Declaration
from afterloan.risk.model import fit, parts
from afterloan.store.models import write_folder
from tests.risk.test_models_on_tables import people

SAID, GONE = np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])


def test_a_curve_and_a_gap_by_hand() -> None:
    # from the worst: .8 bad, .4 good, .35 bad, .1 good
    assert curve(SAID, GONE) == [(0, 0), (0, 0.5), (0.5, 0.5), (0.5, 1), (1, 1)]
    told = gap(SAID, GONE)  # from the best: good ½, bad 0 after .1: the widest, ½, comes first
    assert (told["widest"], told["at"], told["at_rows"]) == (0.5, 0.1, 0.25)
    assert told["good"] == [0.5, 0.5, 1.0, 1.0] and told["bad"] == [0.0, 0.5, 0.5, 1.0]


def test_the_worst_tenth_and_its_interval_by_hand() -> None:
    # 100 rows, the 10 worst all bad, 10 of the others: the worst tenth has half the bad, 1 / .2 = 5 times the average
    said = np.arange(100) / 100
    gone = np.r_[np.ones(10), np.zeros(80), np.ones(10)].astype(np.int64)
    assert lift(said, gone)[0] == {"rows": 10, "came": 1.0, "times": pytest.approx(5.0), "caught": 0.5}
    assert said_and_came(said, gone)[0]["came"] == 1.0
    assert [round(x, 3) for x in wilson(0.1, 100)] == [0.055, 0.174]  # Wilson 1927, 10 of 100
    assert [percent(x) for x in (0.0825, 0.5, 0.0)] == ["8.2 %", "50 %", "0 %"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("report")
    people(600, 31).drop("truth").write_csv(place / "own.csv")
    write_folder(place / "m", parts(fit(read_table(place / "own.csv"), "outcome", Declaration(groups=["sex"]))))
    told = people(600, 32).drop("truth").with_columns(line=pl.lit(1_000.0))
    told.write_csv(place / "new.csv")
    treated = {"rows": 60, "uplift": 0.1, "low": 0.05, "high": 0.15}
    prices = {"treatments": {"call": treated}, "assigned": {"call": 7}, "price": {"call": 12.5}}
    (place / "t.json").write_text(json.dumps(prices), encoding="utf-8")
    return place


def report(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["risk", "report", *words])
    return done.exit_code, done.output


@pytest.mark.parametrize(("language", "title"), [("en", "A model, as measured"), ("zh", "模型报告")])
def test_the_whole_page_needs_no_network_and_tells_every_part(folder: Path, language: str, title: str) -> None:
    out = folder / f"{language}.html"
    code, said = report(
        str(folder / "m"), str(folder / "new.csv"), "--label", "outcome", "--limit", "line",
        "--treatments", str(folder / "t.json"), "--out", str(out), "--language", language,
    )  # fmt: skip
    assert code == 0, said
    page = out.read_text(encoding="utf-8")
    assert title in page and "<script" not in page and "http" not in page and "undefined" not in page
    assert page.count("<svg") == 4 and page.count("<h2>") == 13  # every part, with lines, prices and notes
    assert "12.50" in page and "<h3>sex:" in page


def test_a_page_of_the_table_it_learnt_from_says_so_and_nothing_is_written_over(folder: Path) -> None:
    out = folder / "own.html"
    asked = (str(folder / "m"), str(folder / "own.csv"), "--label", "outcome", "--out", str(out))
    assert report(*asked)[0] == 0
    assert "flatter" in out.read_text(encoding="utf-8")
    assert report(*asked)[0] == 1


def test_what_cannot_be_reported_is_refused(folder: Path) -> None:
    for words, why in (
        ((str(folder / "m"),), "name a table with outcomes"),
        ((str(folder / "no"), str(folder / "new.csv")), "no such folder"),
    ):
        done = CliRunner().invoke(app, ["risk", "report", *words, "--out", str(folder / "x.html")])
        assert done.exit_code == 1 and why in str(done.exception) + done.output

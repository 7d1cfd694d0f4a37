"""The cases of others that lie beside the project: the numbers may only grow."""

from collections import Counter

import pytest

from tests.cases.__main__ import SHARED, run

LEAST = {
    "fineract-*.jsonl": {"A": 39, "B": 24, "C": 150, "D": 161, "E": 358},
    "apr.json": {"Reg Z appendix J": 7, "EU APR": 38, "XIRR by day count": 6, "XIRR": 36, "day counts": 78},
    "actus/ann.json": {"ANN": 20},
    "actus/lam.json": {"LAM": 16},
    "actus/nam.json": {"NAM": 16},
    "actus/pam.json": {"PAM": 19},
}


@pytest.mark.parametrize("name", LEAST)
def test_no_fewer_pass(name: str) -> None:
    paths = sorted((SHARED / "cases").glob(name))
    if not paths:
        pytest.skip(f"{SHARED / 'cases' / name} is not here")
    passed = Counter(result.level for path in paths for result in run(path) if result.passed)
    assert {level: min(passed[level], least) for level, least in LEAST[name].items()} == LEAST[name], passed

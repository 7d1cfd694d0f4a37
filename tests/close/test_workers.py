"""Parts that worker processes do are answered in order, a few ahead, and nothing goes on after a failure."""

import time
from pathlib import Path

import pytest

from afterloan.close.workers import AHEAD, in_order

pytestmark = pytest.mark.usefixtures("store")  # worker processes keep the environment in which they are started


def _done(folder: Path, part: int) -> int:
    if part == 0:
        time.sleep(0.3)  # the first is the last to be done
    (folder / str(part)).touch()
    return part


def _fails(folder: Path, part: int) -> int:
    if part == 1:
        raise ValueError("part 1 fails")
    return _done(folder, part)


@pytest.mark.parametrize("workers", [1, 2])
def test_answers_come_in_order_and_none_is_far_ahead(tmp_path: Path, workers: int) -> None:
    found = []
    for part in in_order(workers, _done, [(tmp_path, k) for k in range(12)]):
        found.append(part)
        assert len(list(tmp_path.iterdir())) <= part + AHEAD * workers
    assert found == list(range(12))


@pytest.mark.parametrize("workers", [1, 2])
def test_what_was_begun_is_at_its_end_when_a_part_fails(tmp_path: Path, workers: int) -> None:
    with pytest.raises(ValueError, match="part 1 fails"):
        list(in_order(workers, _fails, [(tmp_path, k) for k in range(40)]))
    there = len(list(tmp_path.iterdir()))
    time.sleep(0.3)
    assert len(list(tmp_path.iterdir())) == there < 40

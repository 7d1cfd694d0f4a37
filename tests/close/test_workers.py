"""Parts that worker processes do are answered in order, a few ahead, and nothing goes on after a failure."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from afterloan.close.workers import AHEAD, in_order
from afterloan.compiled import PLAIN
from afterloan.store.server import Store
from tests.strategy.books import borrower, loan, repaid

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


CLOSE_AND_DECIDE = """
import sys
from afterloan.close.workers import begin
begin(1)
assert not {"numpy", "polars", "psycopg", "afterloan.close.day"} & set(sys.modules), "who begins workers reads little"
import afterloan.close.ready
from afterloan.close import close_through
from afterloan.close.decide import decide
from afterloan.close.transitions import changed
from afterloan.dates import day
from afterloan.loan.reckon import reckon_many
from afterloan.store.history import _measure, _unpack
from afterloan.store.server import Store

called = {"unpack": _unpack, "measure": _measure, "reckon": reckon_many, "changed": changed}
ready = {name: list(function.signatures) for name, function in called.items()}
store = Store(sys.argv[1])
close_through(store, day("2025-05-11"), only=True)
print(decide(store, day("2025-05-12")).borrowers)
for name, function in called.items():
    assert ready[name] and function.signatures == ready[name], (name, ready[name], function.signatures)
"""


@pytest.mark.skipif(PLAIN, reason="nothing is compiled in this run")
def test_what_is_read_before_workers_are_forked_is_what_closing_and_deciding_call(store: Store) -> None:
    """Compiled code is found by the types of the arguments: of another type it would be read, or made, once more."""
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
        repaid(connection, "L1", "2025-05-01", 100)
    told = subprocess.run([sys.executable, "-c", CLOSE_AND_DECIDE, store.url], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert int(told.stdout) == 1


CLOSED_AND_DECIDED_BY_TWO = """
if __name__ == "__main__":  # each worker reads this file, too
    import sys
    from afterloan.close.workers import begin
    begin(2)
    from afterloan.close import close_through
    from afterloan.close.decide import decide
    from afterloan.dates import day
    from afterloan.store.server import Store
    store = Store(sys.argv[1])
    assert not close_through(store, day("2025-05-11"), only=True, workers=2).failed
    print(decide(store, day("2025-05-12"), workers=2).borrowers)
"""


def test_what_two_workers_have_from_the_process_they_are_forked_from_lets_them_close_and_decide(
    store: Store, tmp_path: Path
) -> None:
    """A thread of the process from which they are forked is not theirs: a worker that needs it waits for ever."""
    with store.connect() as connection:
        for k in range(12):
            borrower(connection, f"B{k}")
            loan(connection, f"L{k}", f"B{k}", "2025-04-10")
    program = tmp_path / "by_two.py"
    program.write_text(CLOSED_AND_DECIDED_BY_TWO, encoding="utf-8")
    told = subprocess.run([sys.executable, program, store.url], capture_output=True, text=True, timeout=240)
    assert told.returncode == 0, told.stderr
    assert int(told.stdout) == 12

"""A few worlds in the default suite; `python -m tests.simulation --seeds N` lives many more."""

from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import psycopg
import pytest

from afterloan.store.server import Store
from tests.simulation.auditor import INTEREST_FIRST, Ledger, Message, Signed
from tests.simulation.run import Disagreement, Run
from tests.simulation.world import world_of


@pytest.mark.parametrize("seed", [3, 11])
def test_the_auditor_agrees_whatever_the_bank_sends_and_whoever_dies(store: Store, tmp_path: Path, seed: int) -> None:
    with psycopg.connect(store.as_owner().url, autocommit=True) as connection:
        connection.execute(f"alter database {connection.info.dbname} set synchronous_commit = off")
    assert Run(world_of(seed, loans=10, days=90), store, tmp_path / "in", kills=1).run() > 100


def test_the_same_seed_is_the_same_world() -> None:
    assert world_of(5, 6, 60).arrives == world_of(5, 6, 60).arrives
    assert world_of(5, 6, 60).loans != world_of(6, 6, 60).loans


def test_a_cent_too_much_is_found(store: Store, tmp_path: Path) -> None:
    # the system is told a cent less than the auditor was: one of them must complain
    world = world_of(3, loans=4, days=60)
    run = Run(world, store, tmp_path / "in", kills=0)
    run._sign()
    loan = min(world.loans, key=lambda x: x.signed_on)
    loan.fen += 1
    from afterloan.close import close_through
    from tests.simulation.run import number

    close_through(store, number(loan.signed_on))
    with pytest.raises(Disagreement, match=rf"seed 3, {loan.signed_on}, .*the auditor says"):
        run._compare(loan.signed_on)


def test_the_auditor_by_hand() -> None:
    # RULES 6.6: 800.00 at 0.05 % a day from 10 April; due 10 May: 12.00 interest. Ten days late, x 1.5: 6.00,
    # capped at 24 % a year (0.06575 % a day): 800 x 10 x 0.06575 % = 5.26
    loan = Signed("L", INTEREST_FIRST, 80_000, Fraction(5, 100), date(2026, 4, 10), 1)
    on = date(2026, 5, 20)
    ledger = Ledger(loan, on, on)
    assert (ledger.due(2), ledger.due(0), ledger.days_past_due(), ledger.payoff()) == (1_200, 526, 10, 81_726)
    in_grace = Ledger(loan, date(2026, 5, 13), on)
    assert (in_grace.due(0), in_grace.days_past_due()) == (0, 3)
    # paid on the day and taken back on the 15th: on the 12th nobody knew
    due = date(2026, 5, 10)
    loan.messages.append(Message("m", "repaid", due, due, 81_200, gone_on=due + timedelta(5)))
    assert Ledger(loan, due + timedelta(2), due + timedelta(2)).payoff() == 0
    assert Ledger(loan, on, on).payoff() == 81_726

"""Arms of a ladder against its hold-out: counted on a small book, and as figures worked out by hand."""

from datetime import date

import pytest

from afterloan.close import close_through
from afterloan.enquiry.arms import arms_compared, arms_told, as_drawn
from afterloan.store.ladders import keep_ladder
from afterloan.store.server import Store
from afterloan.store.settings import Setting, set_parts
from afterloan.strategy.ladder import read_ladder
from afterloan.strategy.segments import arm_of
from tests.enquiry.test_worklist import LADDER
from tests.strategy.books import borrower, day_of, loan, repaid


def test_the_difference_and_its_interval_are_those_worked_out_by_hand() -> None:
    """Champion 90 of 100 cured, hold-out 20 of 40: +40.0 points. Standard error by hand:
    √(.9·.1/100 + .5·.5/40) = √(.0009 + .00625) = .084558; 1.96 of it: 16.57 points; so 23.4 to 56.6."""
    ladder = read_ladder(LADDER, "short").with_hold_out(300)
    names = [f"N{k}" for k in range(400)]
    held = [n for n in names if arm_of(ladder.arms, n) == "hold_out"][:40]
    champions = [n for n in names if arm_of(ladder.arms, n) == "champion"][:100]
    rows = [(n, k < 20, 0) for k, n in enumerate(held)] + [(n, k < 90, 2) for k, n in enumerate(champions)]
    hold_out, champion = arms_told(ladder, rows)
    assert (hold_out.borrowers, hold_out.cured, hold_out.effect) == (40, 20, None)
    assert (champion.borrowers, champion.cured, champion.messages, champion.permille) == (100, 90, 200, 700)
    assert champion.effect is not None and champion.effect.sure
    told = champion.effect.difference_ppm, champion.effect.low_ppm, champion.effect.high_ppm
    assert told == pytest.approx((400_000, 234_266, 565_734), abs=5)
    # 40 of 140 where 42 are expected, standard error 5.4
    assert hold_out.as_drawn and champion.as_drawn
    _, few = arms_told(ladder, [row for row in rows if row[0] not in held[29:]])
    assert few.effect is None


def test_a_split_that_chance_does_not_bring_is_told() -> None:
    """5 % of 1,000: 50 expected, standard error 6.89, three of them 20.7: 70 fits, 71 does not."""
    assert as_drawn(70, 1_000, 50) and not as_drawn(71, 1_000, 50) and as_drawn(30, 1_000, 50)
    assert not as_drawn(29, 1_000, 50)


def test_who_came_late_and_cured_within_thirty_days_is_counted(store: Store) -> None:
    """All are due on 10 March. B1 pays on the 20th: cured. B2 pays on 20 April, 40 days after: not. B3 never pays.
    B4 is at another place. B5's instalment is of 15 March. On 20 April all have had their 30 days; on 5 April none has,
    so nobody is counted. Another ladder from 14 March on: those late on the 11th were treated by the one before."""
    with store.connect() as connection:
        for k, place in enumerate(("CN", "CN", "CN", "US"), 1):
            borrower(connection, f"B{k}", jurisdiction=place)
            loan(connection, f"L{k}", f"B{k}", "2025-02-10")
        borrower(connection, "B5", jurisdiction="CN")
        loan(connection, "L5", "B5", "2025-02-15")
        repaid(connection, "L1", "2025-03-20", 150_000)
        repaid(connection, "L2", "2025-04-20", 300_000)
        told = {"permille": 100, "by": "Wang", "on": "2025-01-01", "reason": "a test"}
        set_parts(connection, Setting.LADDERS, {"CN": LADDER})
        set_parts(connection, Setting.HOLD_OUT, {"short": told})
    close_through(store, day_of("2025-04-20"))
    with store.connect() as connection:
        found = arms_compared(connection, "CN", date(2025, 4, 20))
        early = arms_compared(connection, "CN", date(2025, 4, 5))
        keep_ladder(connection, "CN", date(2025, 3, 14), LADDER + "# changed\n")
        changed = arms_compared(connection, "CN", date(2025, 4, 20))
        keep_ladder(connection, "CN", date(2025, 4, 21), LADDER + "# to come\n")
        to_come = arms_compared(connection, "CN", date(2025, 4, 20))
    assert (found.ladder, found.first, found.last) == ("short", date(2025, 1, 1), date(2025, 3, 21))
    assert sum(one.borrowers for one in found.arms) == 4 and sum(one.cured for one in found.arms) == 1
    assert [one.arm for one in found.arms] == ["hold_out", "champion"] and found.arms[0].permille == 100
    assert sum(one.borrowers for one in early.arms) == 0
    assert (changed.first, changed.last) == (date(2025, 3, 14), date(2025, 3, 21)) and changed == to_come
    assert sum(one.borrowers for one in changed.arms) == 1


def test_a_place_without_a_ladder_of_its_own_is_compared_with_all_that_go_by_the_one_for_any(store: Store) -> None:
    """Of the four, B1 and B2 live in the UK and B3 in India: no ladder names either, so `any-gentle` treats all three,
    and each of these places tells the arms of the three. B4 in China goes by another."""
    with store.connect() as connection:
        for k, place in enumerate(("UK", "UK", "IN", "CN"), 1):
            borrower(connection, f"B{k}", jurisdiction=place)
            loan(connection, f"L{k}", f"B{k}", "2025-02-10")
        repaid(connection, "L1", "2025-03-20", 150_000)
    close_through(store, day_of("2025-04-20"))
    with store.connect() as connection:
        for place, borrowers, cured in (("UK", 3, 1), ("IN", 3, 1), ("ANY", 3, 1), ("CN", 1, 0)):
            found = arms_compared(connection, place, date(2025, 4, 20))
            told = sum(arm.borrowers for arm in found.arms), sum(arm.cured for arm in found.arms)
            assert told == (borrowers, cured), place

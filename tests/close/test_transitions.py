"""Each night's comparison names what happened, on the right night, once."""

from collections import defaultdict

import numpy as np

from afterloan.close.transitions import Transition, transitions_between
from afterloan.dates import day, iso
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import POSITION, Component, State
from tests.journal.books import Loan, book_of


def story(loan, since, through):
    """{date: [transition names]} of one loan closed every day."""
    book = book_of([loan])
    told = defaultdict(list)
    for on in range(day(since), day(through) + 1):
        rows = transitions_between(reckon_book(book, on - 1, on - 1), reckon_book(book, on, on), on)
        told[iso(on)] += [Transition(int(row["kind"])).name.lower() for row in rows]
    return {on: names for on, names in told.items() if names}


def test_an_unpaid_instalment_goes_from_due_through_grace_to_worse_buckets():
    # Due 10 February; 3 days of grace for the bureau, so overdue, and in M1, from the 4th day past due: 14 February.
    # M2 starts 31 days past due: 10 February + 31 = 13 March. The second instalment is due on 10 March.
    assert story(Loan().disbursed(), "2026-01-10", "2026-03-13") == {
        "2026-02-10": ["became_due"],
        "2026-02-11": ["entered_grace"],
        "2026-02-14": ["became_overdue", "rolled_worse"],
        "2026-03-10": ["became_due"],
        "2026-03-13": ["rolled_worse"],
    }


def test_paid_on_the_due_day_is_due_and_nothing_more():
    told = story(Loan().disbursed().repaid("2026-02-10", 130_000), "2026-02-01", "2026-03-01")
    assert told == {"2026-02-10": ["became_due"]}


def test_paid_in_advance_is_not_due():
    # 1,300.00 on 9 February is more than the instalment asks for (about 1,092.00).
    told = story(Loan().disbursed().repaid("2026-02-09", 130_000), "2026-02-01", "2026-03-01")
    assert told == {}


def test_a_cure_tells_what_the_arrears_were():
    loan = Loan().disbursed().repaid("2026-02-20", 130_000)
    assert story(loan, "2026-02-15", "2026-03-01") == {"2026-02-20": ["cured"]}
    book = book_of([loan])
    before, after = (reckon_book(book, day(on)) for on in ("2026-02-19", "2026-02-20"))
    (cured,) = transitions_between(before, after, day("2026-02-20"))
    assert cured["days_past_due"] == 9
    assert cured["amount_fen"] == before["arrears_fen"].sum()
    assert (cured["from_bucket"], cured["to_bucket"]) == (1, 0)


def test_paid_off_and_opened_again_when_the_money_is_taken_back():
    # 13,000.00 on 15 January repays 12,000.00 and five days of interest; the bank takes it back on 20 January.
    loan = Loan().disbursed().repaid("2026-01-15", 1_300_000).taken_back(2, "2026-01-20")
    assert story(loan, "2026-01-10", "2026-02-01") == {"2026-01-15": ["paid_off"], "2026-01-20": ["reopened"]}


def test_late_news_that_heals_makes_no_transition_on_the_day_it_tells_of():
    # Paid on 10 February, known on 20 February: the cure is of 20 February, when we learnt it.
    loan = Loan().disbursed().repaid("2026-02-10", 130_000, known="2026-02-20")
    assert story(loan, "2026-02-10", "2026-02-28") == {
        "2026-02-10": ["became_due"],
        "2026-02-11": ["entered_grace"],
        "2026-02-14": ["became_overdue", "rolled_worse"],
        "2026-02-20": ["cured"],
    }


def test_a_loan_that_could_not_be_reckoned_on_either_day_has_no_transition():
    positions = np.zeros(2, POSITION)
    worse = positions.copy()
    worse["state"], worse["bucket"] = State.OVERDUE, 1
    positions[0]["error"] = 2
    worse[1]["error"] = 2
    assert len(transitions_between(positions, worse, 1)) == 0


def test_a_loss_is_no_cure():
    # Due 10 February, never paid, lost on 1 April. The evening before: 18 + 31 = 49 days past due, all of it owed.
    for name, told in (("charged_off", ["charged_off"]), ("written_off", ["written_off"]), ("sold", ["sold"])):
        loan = getattr(Loan().disbursed(), name)("2026-04-01")
        assert story(loan, "2026-03-30", "2026-04-09") == {"2026-04-01": told}, name
        book = book_of([loan])
        before, after = (reckon_book(book, day(on)) for on in ("2026-03-31", "2026-04-01"))
        (lost,) = transitions_between(before, after, day("2026-04-01"))
        assert lost["days_past_due"] == 49
        assert lost["amount_fen"] == before["outstanding_fen"].sum()


def test_arrears_of_a_charged_off_loan_are_cured_when_they_are_paid():
    loan = Loan().disbursed().charged_off("2026-02-20").repaid("2026-02-25", 130_000)
    assert story(loan, "2026-02-15", "2026-03-01") == {"2026-02-20": ["charged_off"], "2026-02-25": ["cured"]}


def test_arrears_that_are_waived_are_cured_and_a_loan_that_is_waived_has_ended():
    loan = Loan(instalments=1).disbursed()
    for component in Component:
        loan.waived("2026-02-20", 10**9, component)
    assert story(loan, "2026-02-15", "2026-03-01") == {"2026-02-20": ["cured", "paid_off"]}


def test_arrears_moved_by_a_plan_are_re_aged_and_cured_once_they_are_met():
    # Due 10 February: about 1,092.00, with ten days of penalty 1,099.80 on the 20th, moved into the eleven instalments
    # left. Nobody has paid them, so nothing is cured; 1,300.00 on 10 March is more than they were, and is the cure.
    loan = Loan().disbursed().re_installed("2026-02-20").repaid("2026-03-10", 130_000)
    assert story(loan, "2026-02-15", "2026-03-20") == {
        "2026-02-20": ["re_aged"],
        "2026-03-10": ["became_due", "cured"],
    }
    book = book_of([loan])
    before, after = (reckon_book(book, day(on)) for on in ("2026-02-19", "2026-02-20"))
    (moved,) = transitions_between(before, after, day("2026-02-20"))
    assert (moved["days_past_due"], moved["amount_fen"]) == (9, before["arrears_fen"].sum())
    before, after = (reckon_book(book, day(on)) for on in ("2026-03-09", "2026-03-10"))
    cured = transitions_between(before, after, day("2026-03-10"))[1]
    assert (cured["days_past_due"], cured["amount_fen"]) == (27, 0)  # 10 February to 9 March, nothing past due itself


def test_a_plan_on_arrears_that_are_paid_at_once_is_a_cure():
    loan = Loan().disbursed().repaid("2026-02-20", 130_000).re_installed("2026-02-20")
    assert story(loan, "2026-02-15", "2026-03-01") == {"2026-02-20": ["cured"]}


def test_a_re_aged_loan_that_falls_behind_again_is_no_cure_when_a_second_plan_moves_it():
    loan = Loan().disbursed().re_installed("2026-02-20").re_installed("2026-03-20")
    told = story(loan, "2026-02-15", "2026-03-25")
    assert told["2026-02-20"] == told["2026-03-20"] == ["re_aged"]
    assert not [on for on, names in told.items() if "cured" in names]

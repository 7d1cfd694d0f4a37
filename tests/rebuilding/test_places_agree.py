"""Standing, classification and road map say the same of a loan, by the rules of the borrower's place."""

from datetime import date
from pathlib import Path

import numpy as np

from afterloan.bureau.places import bureau_of_place
from afterloan.dates import day
from afterloan.enquiry.classes import classify_book, classify_loan
from afterloan.enquiry.way_back import draw, stand
from afterloan.facts.legal import LegalStepEnded
from afterloan.generate import generate
from afterloan.intake.book import bring_in
from afterloan.loan.reckon import reckon_book
from afterloan.rebuilding.road_map import road_map
from afterloan.rebuilding.standing import judged_loans, standing_frame
from afterloan.risk.by_place import classes, classify, names_of
from afterloan.store.connect import reader_to
from afterloan.store.contacts import set_defaults
from afterloan.store.events import tell
from afterloan.store.read import read_loans
from afterloan.store.rebuilding import person_of_loan
from afterloan.store.server import Store
from tests.strategy.books import borrower, loan
from tests.strategy.loans import loan as one_loan

ON = day("2025-10-14")  # fifteen weeks after the last repayment: loans of bad classes, and classes ahead
PLACES = ("CN", "US", "EU", "UK", "IN", "ZZ")


def test_the_three_agree_over_a_generated_book(store: Store, tmp_path: Path) -> None:
    """A generated book of 18 months, seen by the rules of every place."""
    generate(100, 18, 3, tmp_path / "book")
    bring_in(store, tmp_path / "book")
    with store.connect() as connection, reader_to(store.url) as reader:
        book = read_loans(connection, reader, "true")
    days = reckon_book(book, ON)["days_past_due"]
    late = np.flatnonzero((days > 0) & (days < 91))[:4].tolist()
    for place in PLACES:
        told = classes(book, ON, place)
        assert [classify(book, i, ON, place).name for i in range(len(book))] == told
        frame = standing_frame(book, np.arange(len(book)), ON, jurisdiction=place)
        stands = {r["loan"]: r["code"] for r in frame.iter_rows(named=True) if r["what"] == "class"}
        names = zip(book.contracts["loan"].tolist(), told, strict=True)
        worse = {loan: name for loan, name in names if name and name != names_of(place)[0]}
        assert stands == worse and worse
        ahead = 0
        for i in late:
            nothing = next(w for w in road_map(book, i, ON, jurisdiction=place) if w.name == "nothing")
            assert nothing.cost_fen > 0
            for m in nothing.milestones:
                if m.kind in ("class", "month"):
                    assert m.rule.split(".")[0] in (place.lower(), "ifrs9", "eu"), (place, m)
                if m.kind == "class":
                    assert classify(book, i, m.on, place).name == m.values["code"], (place, i, m)
                    ahead += 1
        assert ahead, place


def test_whoever_asks_at_the_door_gets_the_same(store: Store) -> None:
    """Never paid, first due on 10 February; 9 June is 119 days: in China substandard, in the United States as well;
    11 June is 121: the United States have a loss, China has not. The lender is of the United States, A says CN."""
    with store.connect() as connection:
        set_defaults(connection, jurisdiction="US")
        for who, told in (("A", {"jurisdiction": "CN"}), ("B", {})):
            borrower(connection, who, **told)
            loan(connection, f"L{who}", who, "2025-01-10")
    for who, on, name in (
        ("A", "2025-06-11", "substandard"),
        ("B", "2025-06-09", "substandard"),
        ("B", "2025-06-11", "loss"),
    ):
        at = day(on)
        person = person_of_loan(store, f"L{who}")
        assert classify_loan(store, f"L{who}", at).name == name
        things = {thing.what: thing for thing in stand(store, person, at).things}
        assert things["class"].code == name
        mark = things["mark"]
        assert (mark.code, mark.rule) == (("4", "cn.pboc.status") if who == "A" else ("80", "us.metro2.status"))
        nothing = draw(store, person, f"L{who}", at).ways[-1]
        assert {m.rule.split(".")[0] for m in nothing.milestones} <= {"contract", "cn" if who == "A" else "us"}
    assert classify_book(store, day("2025-06-11"), "US")["classes"] == {"loss": 2}


def test_after_a_judgment_no_cure_by_arrears_is_offered(store: Store) -> None:
    """Before: pay what is due, in one or in parts. After the judgment of 1 May: the whole claim, or nothing."""
    with store.connect() as connection:
        borrower(connection, "A")
        loan(connection, "LA", "A", "2025-01-10")
    may = date(2025, 5, 1)
    person = person_of_loan(store, "LA")
    assert [w.name for w in draw(store, person, "LA", day("2025-04-30")).ways] == ["pay_now", "pay_in_parts", "nothing"]
    with store.connect() as connection:
        tell(connection, LegalStepEnded(
            borrower="A", loan="LA", on=may, known_on=may, reference="J1", of="P1", step="suit", outcome="granted",
            amount_fen=1_300_000, perform_by=date(2025, 5, 20),
        ))  # fmt: skip
    at = day("2025-05-02")
    ways = draw(store, person, "LA", at).ways
    assert [w.name for w in ways] == ["pay_whole", "nothing"]
    payoff = int(reckon_book(person.book, at)["payoff_fen"][0])
    assert ways[0].pays == ((at, payoff),)
    things = stand(store, person, at).things
    assert {t.lifted_by for t in things if t.what in ("arrears", "class")} == {"pay_whole"}
    assert judged_loans([], may) == set()


def test_doing_nothing_without_interest_costs_what_it_costs() -> None:
    """1,200.00 without interest or penalty: doing nothing costs no money, and all of it is still owed. With interest at
    0.05 % a day and penalties it costs more than paying now."""
    free = road_map(one_loan("1200.00", "0", "2026-01-10", 12, []), 0, day("2026-06-20"))
    assert {w.name: w.total_fen for w in free}["nothing"] == 120_000
    dear = {w.name: w for w in road_map(one_loan("1200.00", "0.05", "2026-01-10", 12, []), 0, day("2026-06-20"))}
    assert dear["nothing"].cost_fen > 0


def test_every_place_has_its_bureau() -> None:
    assert [bureau_of_place(place) for place in ("CN", "US", "IN", "EU")] == ["pboc", "metro2", "neutral", "neutral"]

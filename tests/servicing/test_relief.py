"""Relief through the store: exactly as quoted or not at all, plans, hardship, flags, lessons, limits."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from afterloan.dates import NEVER, day
from afterloan.enquiry.classes import classify_book, classify_loan
from afterloan.enquiry.flags import flags_told
from afterloan.enquiry.way_back import draw, stand
from afterloan.facts import FactRefused, Repaid, Reversed
from afterloan.facts.act import Answer, Refused, Who
from afterloan.facts.limit import LimitFrozen, LimitSet
from afterloan.facts.relief import PLAN_EVENTS, Evidence, Means, VulnerabilityFlagged, VulnerabilityRead
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.terms import ArrearsInterest
from afterloan.servicing import difficulty, lessons, quotes, relief
from afterloan.servicing.booking import take
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.servicing.evidence import evidence_of
from afterloan.servicing.relief import plan_state
from afterloan.store.events import events_of, tell
from afterloan.store.rebuilding import person_of, person_of_loan
from afterloan.store.server import Store
from afterloan.strategy.hardship import application
from afterloan.strategy.quote import Want
from afterloan.strategy.simulation import reinstalment
from tests.databases import dropped, made
from tests.strategy.books import borrower, loan, repaid

MEANS = Means(income_fen=400_000, spending_fen=300_000)


def _in(store: Store, function: Any, *told: Any, **more: Any) -> Any:
    """Do it in a transaction of its own."""
    with store.connect() as connection:
        return function(connection, *told, **more)


def apply(store: Store, applied: Any) -> None:
    _in(store, difficulty.apply_for_hardship, applied)


def decide(store: Store, *told: Any, **more: Any) -> Any:
    return _in(store, difficulty.decide_hardship, *told, **more)


@pytest.fixture(scope="module")
def one(server: Store) -> Iterator[Store]:
    """One database for this module: each test has a borrower of its own."""
    yield made(server, "relief")
    dropped(server, "relief")


@pytest.fixture
def who(one: Store, request: pytest.FixtureRequest) -> str:
    """A borrower named after the test: 12,000.00 signed on 10 January 2026, the first instalment paid."""
    name = request.node.name.removeprefix("test_")[:40]
    with one.connect() as connection:
        borrower(connection, name)
        loan(connection, f"L-{name}", name, "2026-01-10")
        repaid(connection, f"L-{name}", "2026-02-10", 114_000)
    return name


def position(store: Store, loan_: str, on: str, known_on: str = "") -> Any:
    person = person_of_loan(store, loan_)
    return reckon_loan(person.book, person.row(loan_), day(on), day(known_on or on)).position


def count(store: Store, table: str) -> int:
    with store.connect() as connection:
        return int(connection.execute(f"select count(*) from {table}").fetchone()[0])  # type: ignore[index]


def test_a_quote_is_executed_exactly(one: Store, who: str) -> None:
    made = _in(one, quotes.give_quote, f"L-{who}", Want("full"), day("2026-02-20"), day("2026-02-15"), f"q-{who}")
    assert _in(one, quotes.execute_quote, f"q-{who}", day("2026-02-20"), f"x-{who}").done
    then = position(one, f"L-{who}", "2026-02-20")
    assert (then["paid_off_on"], then["unapplied_fen"]) == (day("2026-02-20"), 0)
    assert then["repaid_fen"] == 114_000 + made.pay_fen
    before = count(one, "fact")
    assert _in(one, quotes.execute_quote, f"q-{who}", day("2026-02-20"), f"x2-{who}").done  # the same again: known
    assert count(one, "fact") == before


def test_a_quote_that_no_longer_holds(one: Store, who: str) -> None:
    _in(one, quotes.give_quote, f"L-{who}", Want("full"), day("2026-02-20"), day("2026-02-15"), f"q-{who}")
    with one.connect() as connection:
        repaid(connection, f"L-{who}", "2026-02-16", 1_000)
    before = count(one, "fact")
    done = _in(one, quotes.execute_quote, f"q-{who}", day("2026-02-20"), f"x-{who}")
    assert (done.done, done.why) == (False, "something was told of the loan since")
    assert count(one, "fact") == before  # nothing half-done
    assert _in(one, quotes.execute_quote, done.reference, day("2026-02-20"), f"y-{who}").done  # the fresh one holds
    late = give_quote_late(one, who)
    assert late == "it was for 2026-02-20"


def give_quote_late(one: Store, who: str) -> str:
    with one.connect() as connection:
        borrower(connection, f"{who}2")
        loan(connection, f"L-{who}2", f"{who}2", "2026-01-10")
    _in(one, quotes.give_quote, f"L-{who}2", Want("full"), day("2026-02-20"), day("2026-02-20"), f"q-{who}2")
    return _in(one, quotes.execute_quote, f"q-{who}2", day("2026-02-21"), f"x-{who}2").why


def states(store: Store, who: str, of: str, on: str) -> str:
    with store.connect() as connection:
        return plan_state(events_of(connection, who, list(PLAN_EVENTS)), of, date.fromisoformat(on))


def test_a_plan_from_offer_to_breach(one: Store, who: str) -> None:
    today = day("2026-04-20")  # March's and April's instalments are unpaid
    able, found, offers = _in(one, relief.find_plans, f"L-{who}", MEANS, today, f"s-{who}")
    assert able.amount_fen == 60_000  # 4,000 − 3,000 − 400
    assert found.offers and offers[0].simulation["effects"]["days_past_due"] == [41, 0]
    of = offers[0].reference
    other = _in(one, relief.find_plans, f"L-{who}", MEANS, today, f"t-{who}")[2][0].reference
    assert states(one, who, of, "2026-04-20") == "offered"
    assert states(one, who, of, "2026-05-05") == "expired"
    assert _in(one, relief.accept_plan, of, day("2026-04-22"), f"a-{who}").done
    assert _in(one, relief.accept_plan, of, day("2026-04-22"), f"a2-{who}").why == "known already"
    # what else was offered was made for the contract as it was: it gives way, and cannot be agreed to any more
    assert [states(one, who, other, f"2026-04-{on}") for on in (21, 22)] == ["offered", "withdrawn"]
    with pytest.raises(FactRefused, match="is withdrawn, not offered"):
        _in(one, relief.accept_plan, other, day("2026-04-22"), f"a3-{who}")
    then = position(one, f"L-{who}", "2026-04-22")
    assert then["days_past_due"] == 0
    assert then["oldest_due_on"] == day("2026-03-10")  # no plan moves it
    # what was offered is what the loan asks for, to the cent
    rows = offers[0].simulation["pays"]
    assert then["next_due_fen"] == next(a for d, a in rows if d > "2026-04-22")
    assert any(s.code == "plan_running" for s in stand(one, person_of(one, who), day("2026-04-22")).things)
    assert _in(one, relief.watch_plan, of, day("2026-05-20")).state == "running"  # ten days after the first due day
    kept = _in(one, relief.watch_plan, of, day("2026-05-26"))
    assert (kept.state, kept.missed_on) == ("broken", day("2026-05-10"))
    assert states(one, who, of, "2026-05-26") == "broken"
    assert position(one, f"L-{who}", "2026-05-26")["days_past_due"] == 77  # back to 10 March
    assert _in(one, relief.watch_plan, of, day("2026-05-27")).state == "broken"  # told once


def test_late_news_makes_a_fresh_offer(one: Store, who: str) -> None:
    today = day("2026-04-20")
    offers = _in(one, relief.find_plans, f"L-{who}", MEANS, today, f"s-{who}")[2]
    with one.connect() as connection:
        take(connection, Repaid(f"L-{who}", f"late-{who}", day("2026-04-15"), day("2026-04-21"), 50_000))
    before = count(one, "fact")
    done = _in(one, relief.accept_plan, offers[0].reference, day("2026-04-22"), f"a-{who}")
    assert not done.done
    assert done.fresh is not None
    assert count(one, "fact") == before
    assert done.fresh.simulation["total_fen"] < offers[0].simulation["total_fen"]
    assert _in(one, relief.accept_plan, done.fresh.reference, day("2026-04-22"), f"b-{who}").done


def test_money_before_the_plan_that_is_told_after_it(one: Store, who: str) -> None:
    offers = _in(one, relief.find_plans, f"L-{who}", MEANS, day("2026-04-20"), f"s-{who}")[2]
    assert _in(one, relief.accept_plan, offers[0].reference, day("2026-04-20"), f"a-{who}").done
    thought = position(one, f"L-{who}", "2026-05-01")
    with one.connect() as connection:
        take(connection, Repaid(f"L-{who}", f"late-{who}", day("2026-04-15"), day("2026-05-01"), 50_000))
    knows = position(one, f"L-{who}", "2026-05-01")
    assert knows["payoff_fen"] < thought["payoff_fen"] - 50_000 + 500  # less interest as well
    assert position(one, f"L-{who}", "2026-05-01", "2026-04-30")["payoff_fen"] == thought["payoff_fen"]
    with one.connect() as connection:
        take(connection, Reversed("-", f"back-{who}", day("2026-05-02"), day("2026-05-02"), f"late-{who}"))
    assert position(one, f"L-{who}", "2026-05-02")["repaid_fen"] == 114_000


def test_cancelled_it_is_as_if_it_had_not_been(one: Store, who: str) -> None:
    today = day("2026-04-20")
    before = position(one, f"L-{who}", "2026-04-20")["payoff_fen"]
    plan = _in(one, relief.plan_named, f"L-{who}", "reinstalment", today, 12)
    _in(one, relief.offer_plan, f"L-{who}", plan, today, f"o-{who}")
    assert _in(one, relief.accept_plan, f"o-{who}", today, f"a-{who}").done
    with pytest.raises(FactRefused, match="is running, not offered"):
        _in(one, relief.decline_plan, f"o-{who}", today, f"d-{who}")
    _in(one, relief.cancel_plan, f"o-{who}", today, f"c-{who}", "asked for by mistake")
    then = position(one, f"L-{who}", "2026-04-20")
    assert (then["payoff_fen"], then["days_past_due"]) == (before, 41)
    assert states(one, who, f"o-{who}", "2026-04-20") == "cancelled"


def test_settlement_and_completion(one: Store, who: str) -> None:
    today = day("2026-06-20")  # 102 days past due
    with pytest.raises(FactRefused, match="no hardship has been granted"):
        _in(
            one,
            relief.offer_plan,
            f"L-{who}",
            _in(one, relief.plan_named, f"L-{who}", "settlement", today, 0, 900_000, "2026-07-01"),
            today,
            "x",
        )
    with pytest.raises(FactRefused, match="expired before"):
        _in(one, relief.plan_named, f"L-{who}", "settlement", today, 0, 900_000, "2026-06-19")
    apply(one, application(who, None, date(2026, 6, 20), f"h-{who}", "family", "ill", MEANS))
    assert decide(one, f"h-{who}", today, "officer", f"hd-{who}").granted
    plan = _in(one, relief.plan_named, f"L-{who}", "settlement", today, 0, 900_000, "2026-07-01")
    _in(one, relief.offer_plan, f"L-{who}", plan, today, f"o-{who}")
    assert _in(one, relief.accept_plan, f"o-{who}", today, f"a-{who}").done
    with one.connect() as connection:
        repaid(connection, f"L-{who}", "2026-06-30", 900_000)
    assert _in(one, relief.watch_plan, f"o-{who}", day("2026-07-01")).state == "completed"
    assert position(one, f"L-{who}", "2026-07-01")["paid_off_on"] == day("2026-06-30")


def test_a_plan_above_the_cap_changes_nothing(one: Store, who: str) -> None:
    with one.connect() as connection:
        connection.execute(
            "insert into contract (reference, borrower, shard, product, principal_fen, rate, signed_on, unit, every, "
            "instalments, due_dom, known_on) select %s, borrower, shard, product, 1000000, 15000, '2026-01-10', 3, 1, "
            "12, 10, '2026-01-10' from contract where reference = %s",
            (f"D-{who}", f"L-{who}"),
        )
        from afterloan.facts import Disbursed

        take(connection, Disbursed(f"D-{who}", f"DD-{who}", day("2026-01-10"), day("2026-01-10"), 1_000_000))
    today = day("2026-04-20")
    before = count(one, "event")
    plan = _in(one, relief.plan_named, f"D-{who}", "reinstalment", today, 60)
    with pytest.raises(FactRefused, match=r"raises the total above the cap by .*; take fewer periods or a lower rate"):
        _in(one, relief.offer_plan, f"D-{who}", plan, today, f"o-{who}")
    assert count(one, "event") == before


def test_what_hardship_asks_for_is_said_in_words(who: str) -> None:
    told = (who, None, date(2026, 4, 20), f"h-{who}", "illness", "in hospital", MEANS)
    with pytest.raises(FactRefused, match=r"^evidence: illness asks for 1 document; none came; add what shows it: "):
        application(*told)
    paper = Evidence(name="note.pdf", type="application/pdf", bytes=20_000, sha256="ab" * 32)
    with pytest.raises(FactRefused, match=r"^evidence 'note.pdf': was sent twice; send each once$"):
        application(*told, evidence=[paper, paper])


def test_hardship_holds_collection_and_penalty(one: Store, who: str) -> None:
    apply(one, application(who, None, date(2026, 4, 20), f"h-{who}", "other", "told", MEANS))
    held = position(one, f"L-{who}", "2026-04-30")["penalty_income_fen"]
    assert held == position(one, f"L-{who}", "2026-04-20")["penalty_income_fen"]
    assert any(s.code == "hardship_review" for s in stand(one, person_of(one, who), day("2026-04-21")).things)
    with pytest.raises(FactRefused, match="still open"):
        _in(
            one,
            difficulty.apply_for_hardship,
            application(who, None, date(2026, 4, 21), f"h2-{who}", "other", "again", MEANS),
        )
    with pytest.raises(FactRefused, match="give the reasons"):
        decide(one, f"h-{who}", day("2026-04-25"), "officer", f"d-{who}", granted=False)
    decided = _in(
        one,
        difficulty.decide_hardship,
        f"h-{who}",
        day("2026-04-25"),
        "officer",
        f"d-{who}",
        False,
        ["income is enough"],
    )
    assert (decided.granted, decided.again_from) == (False, date(2026, 5, 25))
    assert position(one, f"L-{who}", "2026-05-05")["penalty_income_fen"] > held
    with pytest.raises(FactRefused, match="apply again from 2026-05-25"):
        _in(
            one,
            difficulty.apply_for_hardship,
            application(who, None, date(2026, 5, 24), f"h3-{who}", "other", "again", MEANS),
        )
    with pytest.raises(FactRefused, match="is decided already"):
        decide(one, f"h-{who}", day("2026-04-26"), "officer", f"d2-{who}")


@pytest.mark.parametrize(
    ("evidence", "cause", "why"),
    [
        ([("a", "text/html", 5_000, "0")], "other", "is not taken"),
        ([("a", "application/pdf", 10_000_001, "0")], "other", "scan it again"),
        ([("a", "application/pdf", 10, "0")], "other", "scan it again"),
        ([("a", "application/pdf", 5_000, "0"), ("b", "application/pdf", 5_000, "0")], "other", "send each once"),
        ([], "illness", "asks for 1 document"),
        ([], "boredom", "not a cause"),
    ],
)
def test_evidence_that_is_not_taken(evidence: list[tuple[str, str, int, str]], cause: str, why: str) -> None:
    papers = [Evidence(name=n, type=t, bytes=b, sha256=d * 64) for n, t, b, d in evidence]
    with pytest.raises(FactRefused, match=why):
        application("B", None, date(2026, 4, 20), "h", cause, "told", MEANS, papers)


def test_evidence_is_what_it_is_not_what_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(b"<html>" + b"x" * 2_000)
    (tmp_path / "photo.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 2_000)
    assert evidence_of(tmp_path / "scan.pdf").type == "unknown"
    assert evidence_of(tmp_path / "photo.txt").type == "image/png"
    with pytest.raises(FactRefused, match="cannot be read"):
        evidence_of(tmp_path / "none.pdf")


def test_breathing_space(one: Store, who: str) -> None:
    with pytest.raises(FactRefused, match="knows no breathing space"):
        _in(one, difficulty.start_breathing_space, who, "CN", day("2026-04-20"), f"b-{who}")
    hold = _in(one, difficulty.start_breathing_space, who, "UK", day("2026-04-20"), f"b-{who}")
    assert hold.ends_on == date(2026, 6, 18)  # 60 days, the first included
    start, end = (position(one, f"L-{who}", d) for d in ("2026-04-20", "2026-06-18"))
    assert end["penalty_income_fen"] == start["penalty_income_fen"]
    assert end["interest_income_fen"] == start["interest_income_fen"]
    with pytest.raises(FactRefused, match="possible again from 2027-04-20"):
        _in(one, difficulty.start_breathing_space, who, "UK", day("2026-07-20"), f"b2-{who}")
    _in(one, difficulty.end_breathing_space, f"b-{who}", day("2026-06-19"))
    assert position(one, f"L-{who}", "2026-06-25")["interest_income_fen"] > end["interest_income_fen"]


def charged(store: Store, who: str, on: str) -> tuple[int, int]:
    """Interest and penalty charged on the loan by a day."""
    then = position(store, f"L-{who}", on)
    return int(then["interest_income_fen"]), int(then["penalty_income_fen"])


def test_a_plan_broken_in_a_breathing_space_ends_nothing_that_the_space_gives(one: Store, who: str) -> None:
    of = _in(one, relief.find_plans, f"L-{who}", MEANS, day("2026-04-20"), f"s-{who}")[2][0].reference
    assert _in(one, relief.accept_plan, of, day("2026-04-22"), f"a-{who}").done
    _in(one, difficulty.start_breathing_space, who, "UK", day("2026-04-24"), f"b-{who}")
    assert _in(one, relief.watch_plan, of, day("2026-05-26")).state == "broken"
    quiet = charged(one, who, "2026-05-26")
    assert charged(one, who, "2026-06-19") == quiet == charged(one, who, "2026-04-24")
    _in(one, difficulty.end_breathing_space, f"b-{who}", day("2026-06-19"))
    # afterwards interest and penalty run again
    after = [charged(one, who, on) for on in ("2026-06-20", "2026-06-25")]
    assert after[1][0] > after[0][0] > quiet[0] and after[1][1] > after[0][1] > quiet[1]


def test_a_plan_that_gives_a_rate_is_not_accepted_in_a_breathing_space(one: Store, who: str) -> None:
    """It would begin interest anew on the day on which it is accepted."""
    apply(one, application(who, None, date(2026, 4, 18), f"h-{who}", "other", "told", MEANS))
    decide(one, f"h-{who}", day("2026-04-19"), "officer", f"d-{who}", granted=True, reasons=["income fell"])
    _in(one, difficulty.start_breathing_space, who, "UK", day("2026-04-20"), f"b-{who}")
    cut = reinstalment(12, day("2026-05-20"), ArrearsInterest.SPREAD, 2_000, 500)
    offer = _in(one, relief.offer_plan, f"L-{who}", cut, day("2026-04-22"), f"o-{who}")
    with pytest.raises(FactRefused, match="a breathing space stands on the loan: no interest runs before its end"):
        _in(one, relief.accept_plan, offer.reference, day("2026-04-23"), f"a-{who}")
    quiet = charged(one, who, "2026-04-23")
    assert charged(one, who, "2026-04-28") == quiet
    _in(one, difficulty.end_breathing_space, f"b-{who}", day("2026-04-28"))
    accepted = _in(one, relief.accept_plan, offer.reference, day("2026-04-28"), f"a2-{who}")
    again = accepted.fresh
    assert again is not None, "the loan has another rate than when it was offered"
    assert _in(one, relief.accept_plan, again.reference, day("2026-04-28"), f"a3-{who}").done
    assert charged(one, who, "2026-05-04")[0] > quiet[0]


def test_a_hardship_decided_in_a_breathing_space_does_not_bring_penalties_back(one: Store, who: str) -> None:
    apply(one, application(who, None, date(2026, 4, 20), f"h-{who}", "other", "told", MEANS))
    _in(one, difficulty.start_breathing_space, who, "UK", day("2026-04-22"), f"b-{who}")
    decide(one, f"h-{who}", day("2026-04-25"), "officer", f"d-{who}", granted=False, reasons=["income is enough"])
    quiet = charged(one, who, "2026-04-25")
    assert charged(one, who, "2026-06-19") == quiet
    _in(one, difficulty.end_breathing_space, f"b-{who}", day("2026-06-19"))
    assert charged(one, who, "2026-06-25")[1] > quiet[1]


def test_a_breathing_space_that_ends_in_a_review_of_hardship_leaves_penalties_held(one: Store, who: str) -> None:
    _in(one, difficulty.start_breathing_space, who, "UK", day("2026-04-20"), f"b-{who}")
    apply(one, application(who, None, date(2026, 5, 4), f"h-{who}", "other", "told", MEANS))
    _in(one, difficulty.end_breathing_space, f"b-{who}", day("2026-05-06"))
    interest, penalty = charged(one, who, "2026-05-06")
    assert charged(one, who, "2026-05-12")[0] > interest and charged(one, who, "2026-05-12")[1] == penalty
    decide(one, f"h-{who}", day("2026-05-12"), "officer", f"d-{who}", granted=False, reasons=["income is enough"])
    assert charged(one, who, "2026-05-20")[1] > penalty


def test_flags_are_read_by_few_and_each_reading_is_kept(one: Store, who: str) -> None:
    told = {"borrower": who, "on": date(2026, 4, 20), "known_on": date(2026, 4, 20)}
    with one.connect() as connection:
        tell(connection, VulnerabilityFlagged(reference=f"v-{who}", flag="health", note="hospital", by="a",
                                              review_on=date(2026, 10, 1), **told))  # fmt: skip
    with desk_of(one) as desk:
        for role, why, kind in (("agent", "call", "forbidden"), ("specialist", " ", "invalid")):
            bob = Who("person", "bob", (role,), "keyboard")
            refused = do(desk, bob, "vulnerability.read", {"borrower": who, "why": why}, f"r-{role}", date(2026, 4, 21))
            assert isinstance(refused, Refused) and refused.kind == kind
        ann = Who("person", "ann", ("specialist",), "keyboard")
        asked = {"borrower": who, "why": "plan"}
        found = do(desk, ann, "vulnerability.read", asked, f"r-{who}", date(2026, 4, 21))
        assert isinstance(found, Answer) and found.body["flags"] == [f"v-{who}"]
        assert flags_told(desk.connection, found.body["flags"]) == {f"v-{who}": "health: hospital"}
    with one.connect() as connection:
        read = events_of(connection, who, [VulnerabilityRead.KIND])
        # the act is shown to more people than may read flags: it does not say what they say
        kept = connection.execute("select answer::text from act where reference = %s", (f"r-{who}",)).fetchone()
    assert [(e.by, e.role) for e in read] == [("ann", "specialist")]  # type: ignore[attr-defined]
    assert kept is not None and "hospital" not in kept[0]


def test_a_map_is_kept_and_marked(one: Store, who: str) -> None:
    drawn = draw(one, person_of(one, who), f"L-{who}", day("2026-04-20"))
    with pytest.raises(FactRefused, match="there are: pay_now"):
        _in(one, lessons.keep_map, person_of(one, who), drawn, "fly", f"m0-{who}")
    _in(one, lessons.keep_map, person_of(one, who), drawn, "pay_now", f"m-{who}")
    due = drawn.ways[0].pays[0][1]
    with one.connect() as connection:
        repaid(connection, f"L-{who}", "2026-04-20", due)
    again = draw(one, person_of(one, who), f"L-{who}", day("2026-04-21"))
    kinds = {m.milestone["kind"]: m.state for m in again.before}
    assert (kinds["pay"], kinds["current"], kinds["ends"]) == ("kept", "kept", "ahead")


def test_limits_come_back_by_application_and_by_rule(one: Store, who: str) -> None:
    base: dict[str, Any] = {"borrower": who, "by": "rule", "reason": "r", "rule": "limits.x"}
    with one.connect() as connection:
        first, later = date(2026, 1, 10), date(2026, 4, 1)
        tell(
            connection, LimitSet(on=first, known_on=first, reference=f"ls-{who}", before_fen=0, after_fen=10**6, **base)
        )
        tell(
            connection,
            LimitFrozen(on=later, known_on=later, reference=f"lf-{who}", before_fen=10**6, after_fen=10**6, **base),
        )
        repaid(connection, f"L-{who}", "2026-04-20", 300_000)
    refused = _in(one, lessons.apply_for_limit, person_of(one, who), 10**6, day("2026-04-25"), f"la-{who}")
    assert not refused.granted
    assert refused.ask_again_on == date(2026, 6, 24)  # two payments of thirty days
    with pytest.raises(FactRefused, match="answered before"):
        _in(one, lessons.apply_for_limit, person_of(one, who), 10**6, day("2026-04-25"), f"la-{who}")
    assert not _in(one, lessons.restore_in, person_of(one, who), day("2026-04-25"), f"lr-{who}").granted
    with one.connect() as connection:
        for month in (5, 6, 7, 8):
            repaid(connection, f"L-{who}", f"2026-0{month}-10", 114_000)
    again = _in(one, lessons.apply_for_limit, person_of(one, who), 10**6, day("2026-08-11"), f"la2-{who}")
    assert again.granted, again.reasons
    assert not any(s.what == "freeze" for s in stand(one, person_of(one, who), day("2026-08-11")).things)


def test_a_lesson_with_its_numbers_and_its_effect(one: Store, who: str) -> None:
    given = _in(one, lessons.give_lesson, person_of(one, who), f"L-{who}", day("2026-04-20"), f"le-{who}", "en")
    assert given is not None
    assert given.because == "late_deep"
    assert _in(one, lessons.give_lesson, person_of(one, who), f"L-{who}", day("2026-04-21"), f"le2-{who}", "en") is None
    with pytest.raises(FactRefused, match="no such answer"):
        _in(one, lessons.check_lesson, f"le-{who}", 9, day("2026-04-20"), f"c0-{who}")
    assert _in(one, lessons.check_lesson, f"le-{who}", 0, day("2026-04-20"), f"c-{who}")
    with pytest.raises(ValueError, match=r"wait"):
        lessons.measure_lesson(one, "deep-arrears", day("2026-04-21"))


def test_classes_of_loan_and_book(one: Store, who: str) -> None:
    assert classify_loan(one, f"L-{who}", day("2026-04-20")).name == "special_mention"  # 41 days
    told = classify_book(one, day("2026-04-20"), "CN")
    assert told["loans"] == sum(told["classes"].values())
    assert told["expected_loss_fen"] > 0
    assert day("2099-12-31") < NEVER


def test_the_command_line(one: Store, who: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import json

    from typer.testing import CliRunner

    from afterloan.desk.keyboard.main import app

    monkeypatch.setenv("AFTERLOAN_DATABASE_URL", one.url)
    on = ["--on", "2026-04-20"]

    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, [*words, *on])
        assert done.exit_code == code, (words, done.output, done.exception)
        return done.output

    stands = json.loads(run("standing", who, "--json"))["stands"]
    assert {s["what"] for s in stands} == {"arrears", "class", "mark"}
    assert [w["way"] for w in json.loads(run("road-map", f"L-{who}", "--json"))["ways"]][-1] == "nothing"
    assert "may be applied for" in run("road-map", f"L-{who}", "--language", "en", "--choose", "pay_now")
    assert "[ahead]" in run("road-map", f"L-{who}", "--language", "zh")
    assert "special mention" in run("classify", f"L-{who}")
    assert "saves" in run("quote", "give", f"L-{who}", "--reference", f"q-{who}")
    assert "done: yes" in run("quote", "execute", f"q-{who}", "--reference", f"x-{who}")
    assert "nothing is owed" in run("road-map", f"L-{who}", "--language", "en")
    with one.connect() as connection:
        loan(connection, f"M-{who}", who, "2026-01-10")
    paper = tmp_path / "proof.png"
    paper.write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 2_000)
    means = ["--income", "4000", "--spending", "3000"]
    told = [
        "hardship",
        "apply",
        who,
        "illness",
        "--told",
        "ill",
        *means,
        "--reference",
        f"h-{who}",
        "--loan",
        f"M-{who}",
    ]
    done = CliRunner().invoke(app, [*told, *on])
    assert done.exit_code == 1 and "asks for 1 document" in str(done.exception)
    run(*told, "--evidence", str(paper))
    assert "decided by 2026-05-05" in run("hardship", "show", who)
    assert "granted: yes" in run("hardship", "decide", f"h-{who}", "--by", "ann", "--reference", f"hd-{who}")
    assert "plans tried" in run("plan", "search", f"M-{who}", *means, "--reference", f"s-{who}")
    assert "done: yes" in run("plan", "accept", f"s-{who}/1", "--reference", f"a-{who}", "--consent", "on the phone")
    assert "running" in run("plan", "show", who)
    assert "running" in run("plan", "watch", f"s-{who}/1")
    assert json.loads(run("plan", "watch-all", "--json"))[f"s-{who}/1"] == "running"
    run("plan", "cancel", f"s-{who}/1", "--reason", "asked", "--reference", f"c-{who}")
    said = run("lesson", "give", f"M-{who}", "--reference", f"l-{who}", "--language", "en")
    assert said.startswith("# ") or "held out" in said
    assert "refused under" in run("limit-application", who, "1000.00", "--reference", f"la-{who}", code=1)

"""Disputes from opening to answer; nothing but a wrong record can be amended."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterloan.bureau.amendments import kinds, records
from afterloan.bureau.disputes import disputes_of, flag, may_decide
from afterloan.bureau.pboc import read_records
from afterloan.bureau.reportable import BUREAUS, TOLD, difference, reportable
from afterloan.enquiry.disputes import disputes_on
from afterloan.facts import FactRefused
from afterloan.facts.act import Answer, Who
from afterloan.facts.bureau import (
    Claim,
    DisputeDecided,
    DisputeOpened,
    FraudConfirmed,
    GuarantorPaid,
    SpecialTransaction,
)
from afterloan.facts.events import KINDS
from afterloan.sending.templates import template_of
from afterloan.servicing.desk import desk_of
from afterloan.servicing.disputes import decide, disagree, dispute_of, notified, open_dispute, take_evidence
from afterloan.servicing.door import do
from afterloan.servicing.evidence import evidence_from
from afterloan.store.events import tell
from afterloan.store.record import record
from afterloan.store.server import Store
from tests.bureau.books import SENDER, book, furnish
from tests.close.test_furnish import deliver, rows
from tests.loan.golden import book_of
from tests.strategy.books import bodies

NOV, DEC = date(2024, 11, 30), date(2024, 12, 31)


def opened(borrower: str, loan: str, months: tuple[date, ...] = (NOV,), **more: Any) -> DisputeOpened:
    told = {"reference": "D1", "bureau": "pboc", "claims": ("status",), "statement": "I paid in time", "by": "borrower"}
    on = date(2024, 12, 5)
    return DisputeOpened(
        **{**told, "borrower": borrower, "loan": loan, "months": months, "on": on, "known_on": on, **more}
    )


@pytest.fixture
def told(store: Store, tmp_path: Path) -> tuple[Store, Path, str, str, int]:
    """A book of which November was furnished to the PBoC, adverse rows included; one late account."""
    book(store, tmp_path / "book", 200)
    furnish(store, NOV, "pboc", tmp_path / "out", sender=SENDER)
    deliver(store, NOV, "pboc")
    furnish(store, NOV, "pboc", tmp_path / "out", date(2024, 12, 1), SENDER)
    borrower, loan, number = rows(
        store,
        "select b.reference, c.reference, c.loan from furnished f join contract c using (loan) join borrower b "
        "on b.borrower = c.borrower where f.adverse order by f.loan limit 1",
    )[0]
    return store, tmp_path / "out", str(borrower), str(loan), int(number)  # type: ignore[call-overload]


def answer(store: Store, outcome: Any, on: date) -> Any:
    with store.connect() as connection, adbc.connect(store.url) as reader:
        return decide(connection, reader, "D1", outcome, "looked into", "clerk-1", on)


def test_accurate_data_is_not_amended(told: tuple[Store, Path, str, str, int]) -> None:
    store, out, borrower, loan, number = told
    with store.connect() as connection:
        open_dispute(connection, opened(borrower, loan))
        take_evidence(connection, "D1", evidence_from(b"%PDF-1.7 receipt", "r.pdf"), "receipt", date(2024, 12, 6))
        assert dispute_of(connection, "D1").answer_by == date(2024, 12, 25)  # 20 days
    with pytest.raises(FactRefused, match="accurate data is not amended"):
        answer(store, "corrected", date(2024, 12, 10))
    assert dispute_of_now(store).decided_on is None
    assert answer(store, "accurate", date(2024, 12, 10)).outcome == "accurate"
    furnish(store, DEC, "pboc", out, sender=SENDER)
    amended = rows(store, "select month_end, record from furnished where loan = %s and turn > 0", number)
    assert amended == []
    with store.connect() as connection:
        asked = [(kind, body) for _, kind, body in bodies(connection, "o.key like 'dispute:D1:%'")]
    assert [kind for kind, _ in asked] == ["task", "message.letter", "message.letter", "bureau.dispute_answer"]
    for _, body in asked[1:3]:  # what the templates need is there
        assert set(template_of(body["template"], date(2024, 12, 10)).needs) <= set(body["values"])
    (notice,) = rows(store, "select body from outbox where kind = 'notice.adverse' limit 1")[0]
    assert set(template_of(notice["template"], NOV).needs) <= set(notice["values"])
    with store.connect() as connection:
        assert not notified(connection, "D1", "borrower", date(2024, 12, 11)).known
        disagree(connection, "D1", "I still say so", date(2024, 12, 12))
        assert flag(dispute_of(connection, "D1"), date(2024, 12, 31)) == "3"
    holds = rows(store, "select kind from event where kind like 'hold.%%' order by event")
    assert holds == [("hold.placed",), ("hold.lifted",)]


def dispute_of_now(store: Store) -> Any:
    with store.connect() as connection:
        return dispute_of(connection, "D1")


def test_a_wrong_record_is_corrected_by_the_book_and_told_to_all(told: tuple[Store, Path, str, str, int]) -> None:
    from afterloan.dates import day
    from afterloan.facts import Repaid

    store, out, borrower, loan, number = told
    with store.connect() as connection:
        open_dispute(connection, opened(borrower, loan))
        record(connection, Repaid(loan, "found-at-the-bank", day("2024-11-01"), day("2024-12-08"), 200_000_000))
    with pytest.raises(FactRefused, match="the book reckons otherwise for 2024-11-30"):
        answer(store, "accurate", date(2024, 12, 10))
    answer(store, "corrected", date(2024, 12, 10))
    furnish(store, DEC, "pboc", out, sender=SENDER)
    last = rows(
        store, "select record, status from furnished where loan = %s and month_end = %s order by turn desc", number, NOV
    )
    assert last[0] == ("212", "C")
    fact = rows(
        store,
        "select body->>'of', body->>'record' from event where kind = 'bureau.correction_furnished' and loan = %s",
        number,
    )
    assert ("D1", "212") in fact


def test_an_open_dispute_flags_the_record(told: tuple[Store, Path, str, str, int]) -> None:
    store, out, borrower, loan, number = told
    with store.connect() as connection:
        open_dispute(connection, opened(borrower, loan))
    furnish(store, DEC, "pboc", out, sender=SENDER)
    assert rows(store, "select annotation from furnished where loan = %s and month_end = %s", number, DEC) == [("1",)]


def test_fraud_proven_by_two_people_takes_the_account_back(told: tuple[Store, Path, str, str, int]) -> None:
    store, out, borrower, loan, number = told
    proof = {"borrower": borrower, "loan": loan, "on": date(2024, 12, 9), "known_on": date(2024, 12, 9),
             "reference": "fraud-1", "sha256": "0" * 64, "found_by": "clerk-1"}  # fmt: skip
    with pytest.raises(ValueError, match="a second one must confirm"):
        FraudConfirmed(**proof, confirmed_by="clerk-1")  # type: ignore[arg-type]
    with store.connect() as connection:
        tell(connection, FraudConfirmed(**proof, confirmed_by="clerk-2"))  # type: ignore[arg-type]
    furnish(store, DEC, "pboc", out, sender=SENDER)
    assert rows(store, "select distinct record from furnished where loan = %s and turn > 0", number) == [("214",)]
    again = furnish(store, date(2025, 1, 31), "pboc", out, sender=SENDER)
    assert rows(
        store,
        "select count(*) from furnished where loan = %s and furnishing = (select max(furnishing) from furnishing)",
        number,
    ) == [(0,)]
    assert again.file.exists()


def test_what_is_no_dispute_is_refused_with_reason_and_remedy(told: tuple[Store, Path, str, str, int]) -> None:
    store, _, borrower, loan, _ = told
    other = str(rows(store, "select reference from borrower where reference <> %s limit 1", borrower)[0][0])

    def refused(event: DisputeOpened) -> str:
        with pytest.raises(FactRefused) as caught, store.connect() as connection:
            open_dispute(connection, event)
        return str(caught.value)

    assert "nothing was furnished to pboc for that month; name months that were: 2024-11-30" in refused(
        opened(borrower, loan, (date(2023, 1, 31),))
    )
    assert f"is not an account of {other}" in refused(opened(other, loan))
    assert "is not an account of" in refused(opened(borrower, "NOSUCH"))
    assert "nothing was furnished to metro2" in refused(opened(borrower, loan, bureau="metro2"))
    with store.connect() as connection:
        open_dispute(connection, opened(borrower, loan))
        for raw, why in ((b"MZ\x90", "neither PDF, PNG nor JPEG"), (b"%PDF-" + b"0" * 10_485_760, "10 MB")):
            with pytest.raises(FactRefused, match=why):
                take_evidence(connection, "D1", evidence_from(raw, "x"), "x", date(2024, 12, 6))
        with pytest.raises(FactRefused, match="not answered yet"):
            notified(connection, "D1", "borrower", date(2024, 12, 7))
        with pytest.raises(FactRefused, match="no dispute"):
            dispute_of(connection, "D9")
    assert rows(store, "select count(*) from event where kind = 'bureau.evidence_received'") == [(0,)]


# --- no path leads to the deletion of accurate data


def test_no_claim_and_no_outcome_asks_for_deletion() -> None:
    words = {*Claim.__args__, *DisputeDecided.model_fields["outcome"].annotation.__args__}  # type: ignore[union-attr]
    assert not {w for w in words if "delet" in w or "remov" in w or "good" in w}
    # no fact of any room carries which record to send; CorrectionFurnished only says which one went
    carries = [name for name, cls in KINDS.items() if "record" in cls.model_fields]
    assert carries == ["bureau.correction_furnished"]


STORY = {
    "product": "equal-principal",
    "contract": {"principal": "300.00", "rate_percent": "0", "signed_on": date(2026, 2, 10), "instalments": 3},
}
paid = st.lists(st.tuples(st.integers(0, 150), st.sampled_from(["50.00", "100.00", "300.00"])), max_size=4)
events = st.lists(st.sampled_from(["open", "evidence", "corrected", "accurate", "disagree"]), max_size=6)


def story(payments: list[tuple[int, str]]) -> Any:
    start = date(2026, 2, 10)
    steps = [{"on": start, "disbursed": "300.00"}]
    steps += [{"on": start + timedelta(days=d), "repaid": amount} for d, amount in payments]
    return book_of({**STORY, "story": steps})


def months(book: Any, bureau: str) -> pl.DataFrame:
    from afterloan.dates import day

    ends = [date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31), date(2026, 6, 30)]
    return pl.concat([reportable(book, day(d.isoformat()), bureau) for d in ends])


@settings(max_examples=30, deadline=None)
@given(paid, paid, st.sampled_from(BUREAUS), events)
def test_only_what_differs_from_the_book_is_ever_amended(
    then: list[tuple[int, str]], now: list[tuple[int, str]], bureau: str, wishes: list[str]
) -> None:
    furnished = months(story(then), bureau).with_columns(turn=pl.lit(0, pl.Int64), record=pl.lit(kinds(bureau)[0]))
    reckoned = months(story(now), bureau)
    changed = difference(reckoned, furnished)
    alive = reckoned["loan"].unique().to_list()
    made = records(changed, bureau, alive, set(), date(2026, 6, 30)).filter(pl.col("turn") > 0)
    same = furnished.join(reckoned, ["loan", "month_end", *TOLD], "semi", nulls_equal=True)
    assert not set(made["month_end"]) & set(same["month_end"])
    # a deletion only of months that the book does not reckon at all
    deleted = made.filter(pl.col("record").is_in(["213", "214", "DA", "DF", "deletion", "whole_deletion"]))
    assert not set(deleted["month_end"]) & set(reckoned["month_end"])
    assert set(made["month_end"]) | set(same["month_end"]) == set(furnished["month_end"])
    # whatever is wished in a dispute, the answer is the book's
    wrong = sorted(set(made["month_end"]))
    for wish in wishes:
        if wish == "corrected" and not wrong:
            with pytest.raises(FactRefused):
                may_decide("corrected", wrong)
        elif wish == "accurate" and wrong:
            with pytest.raises(FactRefused):
                may_decide("accurate", wrong)
        elif wish in ("corrected", "accurate"):
            may_decide(wish, wrong)


def test_flags_of_a_dispute_in_the_united_states() -> None:
    base = {"borrower": "B1", "known_on": date(2026, 3, 1), "on": date(2026, 3, 1)}
    first = DisputeOpened(**base, reference="D", loan="L", bureau="metro2", months=(NOV,), claims=("status",),
                          statement="x", by="bureau")  # type: ignore[arg-type]  # fmt: skip
    later = {**base, "on": date(2026, 3, 20), "known_on": date(2026, 3, 20)}
    done = DisputeDecided(**later, reference="x", of="D", outcome="accurate", reason="y", by="z")  # type: ignore[arg-type]
    dispute = disputes_of([first, done])["D"]
    # RULES 6.8: opened XB; finished XH
    assert [flag(dispute, d) for d in (date(2026, 2, 28), date(2026, 3, 19), date(2026, 3, 20))] == ["", "XB", "XH"]
    assert json.dumps(done.body())


def test_a_guarantor_who_pays_is_told_with_the_special_transaction(told: tuple[Store, Path, str, str, int]) -> None:
    store, out, borrower, loan, number = told
    on = date(2024, 12, 12)
    with store.connect() as connection:
        tell(connection, GuarantorPaid(borrower=borrower, loan=loan, on=on, known_on=on, reference="g1"))
        plan = {"borrower": borrower, "loan": loan, "on": on, "known_on": on, "reference": "s1", "code": "16"}
        tell(connection, SpecialTransaction(**plan))  # type: ignore[arg-type]
    furnish(store, DEC, "pboc", out, sender=SENDER)
    found = rows(store, "select status, special from furnished where loan = %s and month_end = %s", number, DEC)
    assert found == [("D", "16,2")]
    (record,) = [
        r for r in read_records((out / "pboc-2024-12-31-2024-12-31.xml").read_bytes()) if r["account_number"] == loan
    ]
    assert record["special"] == ["16", "2"] and record["status"] == "D"


def test_disputes_are_listed_with_their_clocks(told: tuple[Store, Path, str, str, int]) -> None:
    """Opened on 5 December under the 20 days of China: to be answered by the 25th. On the 20th: 5 days left; on the
    30th: 5 days late. Answered on the 30th, nobody told: it stays until both were told. `bureau`: the place's own."""
    store, _, borrower, loan, _ = told
    asked = {"borrower": borrower, "loan": loan, "months": [NOV], "statement": "I paid in time"}
    clerk = Who("person", "Wang", ("lead", "bureau", "operator"), "keyboard")
    with desk_of(store) as desk:
        answer = do(desk, clerk, "dispute.open", asked, "D1", date(2024, 12, 5))
        assert isinstance(answer, Answer) and answer.body["answer_by"] == "2024-12-25", answer

    def listed(on: date, answered_too: bool = False) -> list[dict[str, Any]]:
        with store.connect() as connection:
            return [line.told() for line in disputes_on(connection, on, answered_too)]

    (line,) = listed(date(2024, 12, 20))
    assert (line["dispute"], line["bureau"], line["months"], line["days_left"]) == ("D1", "pboc", ["2024-11"], 5)
    assert listed(date(2024, 12, 30))[0]["days_left"] == -5
    assert listed(date(2024, 12, 4)) == []
    with store.connect() as connection, adbc.connect(store.url) as reader:
        decide(connection, reader, "D1", "accurate", "no such payment came", "Wang", date(2024, 12, 30))
    assert listed(date(2024, 12, 30))[0]["not_told"] == ["borrower", "bureau"]
    with store.connect() as connection:
        notified(connection, "D1", "borrower", date(2024, 12, 31))
        notified(connection, "D1", "bureau", date(2024, 12, 31))
    assert listed(date(2024, 12, 31)) == []
    assert [line["outcome"] for line in listed(date(2024, 12, 31), answered_too=True)] == ["accurate"]

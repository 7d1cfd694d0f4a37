"""A trial in columns: what is asked once for all of whom the same holds is what each would be told alone."""

from datetime import date, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from afterloan.dates import date_of, day
from afterloan.facts.debit import MandateSigned
from afterloan.rehearsal.trial import try_ladder
from afterloan.store.debits import revoke_mandate, sign_mandate
from afterloan.store.server import Store
from afterloan.strategy.governor import NO_STANDING, ContactStanding, Place, Verdict
from afterloan.strategy.ladder import LadderStep
from afterloan.strategy.plan import slot_for
from afterloan.strategy.trial import Tally, TrialDays, Waiting, _permitted
from tests.close.test_decide import SHORT, run, use
from tests.strategy.books import borrower, loan, mandate

PLACES = (
    Place("CN", ("Asia/Shanghai",), "zh-CN"),
    Place("US", ("America/New_York", "America/Los_Angeles"), "en-US"),
    Place("US", ("America/Phoenix",), "en"),
    Place("GB", ("Europe/London",), "en"),
)
STANDINGS = {
    1: ContactStanding(opted_out=frozenset({"sms"})),
    2: ContactStanding(opted_out=frozenset({"all"})),
    3: ContactStanding(wished=("18:00", "20:00")),
}
"""What is told of borrowers 1 to 3; of the others nothing."""
ROWS = st.lists(
    st.tuples(st.integers(1, 9), st.integers(0, len(PLACES) - 1), st.integers(0, 30), st.booleans()),
    min_size=1,
    max_size=40,
    unique_by=lambda row: (row[0], row[2]),
)
START = day("2025-03-20")
"""Thirty days with a change to summer time in London, weekends, and Qingming."""


@given(
    ROWS,
    st.sampled_from(["message.sms", "message.email", "message.push", "bureau.notice"]),
    st.sampled_from(["reminder", "collection", "service"]),
    st.times().map(lambda t: t.strftime("%H:%M")),
    st.sampled_from([None, "US", "CN"]),
)
@settings(max_examples=60, deadline=None)
def test_the_governor_is_asked_in_columns_as_for_each_alone(
    rows: list[tuple[int, int, int, bool]], do: str, purpose: str, hour: str, pack: str | None
) -> None:
    step = LadderStep.model_validate(
        {"id": "s", "do": do, "day": 1, "at": hour, "purpose": purpose, "template": "overdue-firm"}
    )
    of = {number: place for number, place, _, _ in rows}  # a borrower is in one place
    told = [(k, number, START + on, late, of[number]) for k, (number, _, on, late) in enumerate(rows)]
    schema = {"borrower": pl.Int64, "number": pl.Int64, "day": pl.Int64, "late": pl.Boolean, "place": pl.Int32}
    frame = pl.DataFrame(told, schema=schema, orient="row")
    days = TrialDays(frame, frame, PLACES, STANDINGS, {}, {}, {}, {})
    tally, waits = Tally(), set[Waiting]()
    kept = _permitted(step, frame, days, tally, pack, waits)

    channel, why = (do.removeprefix("message."), purpose) if do != "bureau.notice" else ("push", "legal_notice")
    refused: dict[int, Verdict] = {}
    for key, number, on, late, place in told:
        standing = STANDINGS.get(number, NO_STANDING)
        said = slot_for(hour, why, channel, PLACES[place], standing, date_of(on), late, pack)
        if isinstance(said, Verdict):
            refused[key] = said
    assert kept["borrower"].to_list() == [key for key, *_ in told if key not in refused]
    counted: dict[tuple[str, str], int] = {}
    for said in refused.values():
        counted[said.rule, do] = counted.get((said.rule, do), 0) + 1
    assert tally.refused == counted
    again = {(number, on, "s") for key, number, on, _, _ in told if key in refused and refused[key].next_at}
    assert waits == again


def test_mandates_in_columns_are_tried_on_the_days_on_which_they_were_decided(store: Store) -> None:
    """Due on 10 May, a debit a day from then on. B1's mandate is over all loans, B2's over a loan that owes nothing,
    B3's is signed on the 12th and known on the 13th, B4's taken back on the 12th, B5's over the loan that is late; B6
    has none."""
    ladder = SHORT.replace("day: 0, do: debit.attempt", "day: {from: 1, to: 9}, do: debit.attempt")
    use(store, ladder)
    with store.connect() as connection:
        for k in range(1, 7):
            borrower(connection, f"B{k}")
            loan(connection, f"L{k}", f"B{k}", "2025-04-10")
        loan(connection, "L20", "B2", "2025-05-05")
        mandate(connection, "B1")
        mandate(connection, "B2", of="L20")
        told: dict[str, Any] = {"source": "account", "rail": "gateway"}
        sign_mandate(
            connection,
            MandateSigned(borrower="B3", on=date(2025, 5, 12), known_on=date(2025, 5, 13), reference="M3",
                          account="6222-B3", **told),
        )  # fmt: skip
        mandate(connection, "B4")
        revoke_mandate(connection, "M-B4", date(2025, 5, 12), date(2025, 5, 12))
        mandate(connection, "B5", of="L5")
    run(store, "2025-05-09", "2025-05-16")
    with store.connect() as connection:
        debited = connection.execute(
            "select b.reference, min(o.decided_on), max(o.decided_on), count(*) from outbox o join borrower b "
            "using (borrower) where o.kind = 'debit.attempt' group by 1 order by 1"
        ).fetchall()
    eleventh, last = date(2025, 5, 11), date(2025, 5, 16)
    assert debited == [
        ("B1", eleventh, last, 6),
        ("B3", date(2025, 5, 14), last, 3),
        ("B4", eleventh, date(2025, 5, 12), 2),  # what is taken back on the 12th is known when the 13th is decided
        ("B5", eleventh, last, 6),
    ]
    trial = try_ladder(store, day("2025-05-09"), day("2025-05-16"))
    assert trial.stands.steps == trial.was
    # B2 and B6 on six days each, B3 on three, B4 on four
    assert trial.stands.refused["debit.schedule.cn", "debit.attempt"] == 6 + 6 + 3 + 4
    assert last - eleventh == timedelta(5)


def test_each_step_that_has_no_mandate_is_refused_for_itself_however_its_borrower_is_looked_at(store: Store) -> None:
    """Two debits stand on each day past due. First looked at two days late (row by row, as one taken over), then
    worked daily (in columns): four days, two findings on each."""
    use(store, SHORT.replace(
        "day: 0, do: debit.attempt}",
        "day: {from: 1, to: 9}, do: debit.attempt}\n  - {id: more, day: {from: 1, to: 9}, do: debit.attempt}",
    ))  # fmt: skip
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
    run(store, "2025-05-12", "2025-05-15")
    with store.connect() as connection:
        told = connection.execute(
            "select rule, count(*) from finding where about = 'debit.attempt' group by 1"
        ).fetchall()
    assert told == [("debit.schedule.cn", 8)]
    trial = try_ladder(store, day("2025-05-12"), day("2025-05-15"))
    assert trial.stands.refused["debit.schedule.cn", "debit.attempt"] == 8


def test_a_ladder_on_trial_has_its_own_arms_whatever_its_name(store: Store) -> None:
    """The one in use has no challenger; the one on trial has its name, and nearly all are of its challenger `more`."""
    use(store)
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
    run(store, "2025-05-09", "2025-05-14")
    arms = "arms:\n  challengers: [{name: more, permille: 999}]\nsteps:\n"
    other = SHORT.replace("steps:\n", arms) + "  - {id: again, day: 3, arms: more, do: worklist, queue: early}\n"
    trial = try_ladder(store, day("2025-05-09"), day("2025-05-14"), other)
    assert trial.tried.steps["worklist", "again"] == 1  # on the 13th, the third day past due
    assert trial.stands.steps == trial.was

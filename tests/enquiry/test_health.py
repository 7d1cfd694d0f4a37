"""Whether a book is well: days behind, loans not reckoned, actions that wait too long, jobs that nobody does."""

from datetime import UTC, datetime

from afterloan.enquiry.health import Check, health
from afterloan.store.server import Store
from afterloan.store.settings import Setting, set_parts

MACHINE = datetime(2026, 2, 12, 4, tzinfo=UTC)


def looked_at(store: Store, name: str) -> Check:
    with store.connect() as connection:
        return next(check for check in health(connection, MACHINE) if check.name == name)


def told(store: Store, *statements: str) -> None:
    with store.connect() as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_new_book_is_well_but_for_its_settings(store: Store) -> None:
    with store.connect() as connection:
        states = {check.name: check.state for check in health(connection, MACHINE)}
    assert {name for name, state in states.items() if state != "well"} == {"settings"}


def test_days_that_are_not_closed_are_counted_to_yesterday(store: Store) -> None:
    with store.connect() as connection:
        set_parts(connection, Setting.CLOCK, {"on": "2025-12-31"})
    told(store, "insert into proof (closed_on, loans_in, closed, excepted, entries_fen, totals) "
                "values ('2025-12-28', 2, 1, 1, 0, '{}')",
         "insert into exception (closed_on, shard, loan, reason) values ('2025-12-28', 0, 1, 'no terms')")  # fmt: skip
    days, loans = looked_at(store, "days"), looked_at(store, "loans reckoned")
    assert (days.state, days.count) == ("look", 2)
    assert days.says == "closed through 2025-12-28: 2 days are behind"
    assert days.remedy == "afterloan close --through 2025-12-30"
    assert (loans.state, loans.count) == ("wrong", 1)


def test_a_job_of_eleven_minutes_is_wrong_and_one_of_nine_is_not(store: Store) -> None:
    columns = "insert into job (job, kind, asked, who_kind, who, asked_at)"
    job = columns + " values ('{}', 'close', '{{}}', 'person', 'a', '{}')"
    told(store, job.format("j9", "2026-02-12 03:51+00"))
    assert looked_at(store, "jobs").state == "well"
    told(store, job.format("j11", "2026-02-12 03:49+00"))
    assert (looked_at(store, "jobs").state, looked_at(store, "jobs").count) == ("wrong", 1)


def test_what_has_been_due_for_more_than_an_hour_is_worth_a_look(store: Store) -> None:
    waits = "insert into waiting (action, kind, not_before) values ({}, 'message.sms', '{}')"
    told(store, waits.format(1, "2026-02-12 03:30+00"))
    assert looked_at(store, "outbox").state == "well"
    told(store, waits.format(2, "2026-02-12 02:30+00"))
    assert (looked_at(store, "outbox").count, looked_at(store, "outbox").remedy) == (1, "afterloan drain")

"""What watches over a served book: ready or not and why, measures without a name or a path in them."""

import pytest

from afterloan.store.server import Store
from tests.desk.web.served import Served, small_book


@pytest.fixture
def served(store: Store) -> Served:
    """By an app whose measures begin at nought."""
    small_book(store)
    return Served(store, anew=True)


def test_a_book_that_is_well_is_ready_and_one_with_a_job_that_nobody_does_is_not(served: Served) -> None:
    client = served.browser("api")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "wrong": []})
    with served.store.connect() as connection:
        connection.execute(
            "insert into job (job, kind, asked, who_kind, who, asked_at) "
            "values ('j', 'close', '{}', 'person', 'a', '2026-01-01')"
        )
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["wrong"]) == (503, ["1 wait for more than ten minutes"])


def test_measures_count_answers_by_host_and_status_and_name_nobody(served: Served) -> None:
    assert served.browser("desk").get("/cases/B1").status_code == 303
    text = served.browser("api").get("/metrics").text
    assert 'afterloan_answers_total{host="desk",method="GET",status="303"} 1.0' in text
    assert 'afterloan_answer_seconds_count{host="desk"} 1.0' in text
    assert 'afterloan_found{check="jobs"} 0.0' in text
    assert "B1" not in text and "cases" not in text


def test_with_a_word_set_measures_are_told_only_to_who_knows_it(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERLOAN_METRICS_TOKEN", "a word of many letters")
    client = served.browser("api")
    assert client.get("/metrics").status_code == 401
    wrong = client.get("/metrics", headers={"authorization": "Bearer another"})
    assert wrong.status_code == 401
    right = client.get("/metrics", headers={"authorization": "Bearer a word of many letters"})
    assert right.status_code == 200

"""A database that goes away under an answer: whoever asked is told to send it again, whichever driver noticed."""

from typing import Any

import psycopg
import pytest

from afterloan.desk.api import questions
from afterloan.store.read import fetch
from afterloan.store.server import Store
from tests.desk.web.served import Served, small_book


@pytest.mark.parametrize("how", ["reader", "connection", "mistake"])
def test_the_line_to_the_database_breaks_under_an_answer(
    store: Store, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    def breaks(connection: psycopg.Connection[Any], reader: Any, *_: Any) -> Any:
        asked = "select pg_backend_pid() as it"
        number = int(fetch(reader, asked)["it"][0].as_py())
        if how == "connection":
            number = connection.info.backend_pid
        with psycopg.connect(store.as_owner().url, autocommit=True) as owner:
            if how != "mistake":
                owner.execute("select pg_terminate_backend(%s, 10000)", (number,))
        if how == "connection":
            connection.execute("select 1")
        return fetch(reader, "select 1" if how == "reader" else "select no_such_column")

    small_book(store)
    client = Served(store).api("lead")
    monkeypatch.setattr(questions, "today_told", breaks)
    answer = client.get("/v1/today")
    expected = (500, "mistake") if how == "mistake" else (503, "retry")
    assert (answer.status_code, answer.json()["reason"]) == expected
    assert "select" not in answer.text and "no_such" not in answer.text
    monkeypatch.undo()
    assert client.get("/v1/today").status_code == 200, "the next one finds a new line"

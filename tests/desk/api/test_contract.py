"""The contract in the repository is the contract that is served; the pages say what is true."""

import re
from pathlib import Path

from afterloan.desk.api.__main__ import contract
from afterloan.desk.api.contract import contract_text, llms_text
from afterloan.desk.web.refusing import TITLES
from tests.desk.web.served import Served

ROOT = Path(__file__).parents[3]
SQL = re.compile(r"\"(select|insert into|delete from) [a-z_*(]+|\"update [a-z_]+ set ", re.I)


def test_the_contract_in_the_repository_is_the_one_that_is_served(served: Served) -> None:
    made = "run: python -m afterloan.desk.api"
    assert (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8") == contract_text(contract()), made
    assert (ROOT / "docs" / "llms.txt").read_text(encoding="utf-8") == llms_text(contract()), made
    assert served.browser("api").get("/openapi.json").json() == contract()
    assert served.browser("api").get("/llms.txt").text == llms_text(contract())


def test_operations_have_names_of_their_own_and_a_sentence() -> None:
    told = [one for methods in contract()["paths"].values() for one in methods.values()]
    names = [one["operationId"] for one in told]
    assert len(set(names)) == len(names)
    assert all(one["summary"] for one in told)


def test_every_reason_has_a_page(served: Served) -> None:
    api = served.browser("api")
    for reason, title in TITLES.items():
        assert api.get(f"/problems/{reason}").text == title
    assert api.get("/problems/none").status_code == 404


def test_no_question_of_the_database_is_asked_at_the_desk() -> None:
    for path in (ROOT / "src" / "afterloan" / "desk").rglob("*.py"):
        found = SQL.search(path.read_text(encoding="utf-8"))
        assert not found, f"{path.name}: {found.group() if found else ''}: SQL goes into store/"

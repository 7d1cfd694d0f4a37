"""The Python client is the contract's: made from it, and a loan can be signed, paid out and repaid with it."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from afterloan.desk.api.__main__ import contract, made
from afterloan.desk.api.client import operation_name, operations
from tests.desk.web.served import Served

ROOT = Path(__file__).parents[3]
CLIENT = ROOT / "clients" / "python" / "afterloan_client.py"


@pytest.fixture(scope="module")
def client() -> ModuleType:
    spec = importlib.util.spec_from_file_location("afterloan_client", CLIENT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["afterloan_client"] = module
    spec.loader.exec_module(module)
    return module


def test_the_client_in_the_repository_is_made_from_the_contract() -> None:
    text = made(contract())["clients/python/afterloan_client.py"]
    assert CLIENT.read_text(encoding="utf-8") == text, "run: python -m afterloan.desk.api"


def test_every_operation_has_a_method(client: ModuleType) -> None:
    names = [operation.name for operation in operations(contract())]
    assert len(set(names)) == len(names)
    assert all(callable(getattr(client.Afterloan, name)) for name in names)


def test_names_of_operations_speak_of_one_or_of_many() -> None:
    assert operation_name("GET", "/v1/borrowers/{borrower}/standing") == "get_borrower_standing"
    assert operation_name("GET", "/v1/people/{person}") == "get_person"
    assert operation_name("DELETE", "/v1/jobs/{job}") == "delete_job"


def test_a_loan_is_signed_paid_out_and_repaid_through_the_client(served: Served, client: ModuleType) -> None:
    api: Any = client.Afterloan(served.api("finance"))
    api.borrower_take_in({"borrower": "甲/1", "name": "王小明"})
    terms = {"product": "jiebei-equal", "principal_fen": 1_200_000, "rate_percent": "0.05", "instalments": 12}
    api.contract_sign({"borrower": "甲/1", "loan": "s1/1", "signed_on": "2026-01-10", **terms})
    api.disbursement_record("s1/1", {"amount_fen": 1_200_000, "happened_on": "2026-01-10"})
    paid = {"amount_fen": 110_115, "received_on": "2026-02-10"}
    first = api.repayment_take("s1/1", paid, key="bank-1")
    again = api.repayment_take("s1/1", paid, key="bank-1")
    # 1,200,000 lent + 18,600 interest of 31 days − 110,115 paid
    assert (first["known"], again["known"], first["payoff_fen"]) == (False, True, 1_108_485)
    assert api.get_loan("s1/1", include="schedule")["schedule"][0]["cleared_on"] == "2026-02-10"
    with pytest.raises(client.Refused) as refused:
        api.repayment_take("s1/1", {**paid, "amount_fen": 1}, key="bank-1")
    assert (refused.value.status, refused.value.reason) == (422, "key-reused")
    assert [loan["reference"] for loan in api.pages(api.get_loans, limit=1)] == ["L1", "L2", "s1/1"]
    text = api.get_loan_statement("s1/1", format="csv")
    assert text["type"] == "text/csv" and b"meets principal,91515,1108485" in text["content"]


def test_what_is_not_heard_is_sent_again_under_the_same_key(
    served: Served, client: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    http = served.api("finance")
    api: Any = client.Afterloan(http)
    monkeypatch.setattr(client.time, "sleep", lambda seconds: None)
    sent, send = [], http.request

    def broken_once(*told: Any, **more: Any) -> Any:
        answer = send(*told, **more)
        sent.append(more["headers"]["Idempotency-Key"])
        if len(sent) == 1:
            raise client.httpx.ReadTimeout("the line broke after the request went out")
        return answer

    monkeypatch.setattr(http, "request", broken_once)
    done = api.repayment_take("L1", {"amount_fen": 100, "received_on": "2026-02-10"})
    assert done["known"] and len(sent) == 2 and sent[0] == sent[1] == done["reference"]

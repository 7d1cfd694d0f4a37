"""What is sent by mistake or in bad faith: a clear answer, soon, and nothing half done."""

import time

import pytest

from tests.desk.web.served import Served

TEN = ",".join(["*{}"] * 10)
LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{TEN.format(*[before] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
"""Nine lines that unfold to 10^9 words."""
ENDLESS = {
    "a ladder that is its own step": "steps: &a [*a]\n",
    "lines that unfold to a thousand million": LAUGHS + "steps: *i\n",
    "brackets that never close": "[" * 100_000,
    "401 steps": "ladder: x\nsteps:\n" + "".join(f"- {{id: s{k}, days: [1], action: task}}\n" for k in range(401)),
    "no text at all": "",
}


def repaid(served: Served) -> int:
    with served.store.connect() as connection:
        row = connection.execute("select count(*) from fact where kind = 50").fetchone()
    return int(row[0]) if row else 0


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS)
def test_a_ladder_that_never_ends_is_refused_with_its_line(served: Served, text: str) -> None:
    began = time.process_time()
    answer = served.api("analyst").post("/v1/policies/lint", json={"text": text, "jurisdiction": "CN"})
    assert answer.status_code == 200 and not answer.json()["sound"] and answer.json()["why"]
    assert time.process_time() - began < 20, "it is not unfolded"


@pytest.mark.parametrize("path", ["/v1/loans/L1/repayments", "/v1/bank-statements", "/v1/sandbox/seats"])
def test_a_body_that_says_it_has_two_gigabytes_is_refused_before_it_is_read(served: Served, path: str) -> None:
    told = {"content-length": "2000000000", "idempotency-key": "big", "content-type": "application/json"}
    answer = served.api("finance").post(path, content=b"{}", headers=told)
    assert (answer.status_code, answer.json()["reason"]) == (413, "too-large")


@pytest.mark.parametrize(
    ("amount", "day"),
    [(amount, "2026-02-10") for amount in ("1,284.50", "1284,50", 12.5, -1, True, 2**63, "１２００")]
    + [(100, day) for day in ("2026-02-30", "10/02/2026", "0000-00-00", "+2026-02-10")],
)  # fmt: skip
def test_an_amount_or_a_day_that_is_none_is_refused_and_nothing_is_kept(
    served: Served, amount: object, day: str
) -> None:
    asked = {"amount_fen": amount, "received_on": day}
    answer = served.api("finance").post("/v1/loans/L1/repayments", json=asked, headers={"idempotency-key": "k"})
    assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"], answer.text
    assert repaid(served) == 0

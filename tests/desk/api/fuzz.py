"""Calls made up from the contract, right ones and wrong ones, against the served book: none may end in a server error.

python -m tests.desk.api.fuzz --calls 100000 --seed 1 [--seat finance --seat borrower:B1]
"""

import argparse
import json
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from starlette.testclient import TestClient

from afterloan.desk.api.__main__ import contract
from afterloan.desk.web.seats import SEATS
from tests.desk.web.served import Served

LEFT_OUT = ("/v1/sandbox/advances", "/v1/closes", "/v1/days", "/v1/jobs/{job}/events", "/v1/me/sittings/{sitting}")
"""They play days of the whole book, stream without end, or sign the caller out: their own tests have them."""
EVERY_SEAT = (*SEATS, "borrower:B1")
"""Who calls: every role of the lender's people, and a borrower."""
THERE = {"borrower": "B1", "loan": "L1", "bureau": "pboc", "of": "R-1", "month_end": "2026-01-31"}
"""Names that the book knows: every second call asks by them, so that more than `unknown` is answered."""
SENT = {"method", "url", "headers", "params", "json", "data", "cookies", "content"}


@dataclass(slots=True)
class Fuzzed:
    """What came of a seat's calls: how many by status, and each server error as method, address and body."""

    seat: str = "lead"
    statuses: Counter[int] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


def operations() -> Iterator[Any]:
    """The operations of the contract, but for those left out."""
    schema = schemathesis.openapi.from_dict(contract())
    for result in schema.get_all_operations():
        operation = result.ok()
        if not operation.path.startswith(LEFT_OUT):
            yield operation


def fuzz(served: Served, each: int, first_seed: int, seat: str = "lead") -> Fuzzed:
    """`each` calls of every operation, half of them against the contract; the same seed makes the same calls."""
    told, client = Fuzzed(seat), served.api(seat)
    for operation in operations():
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            _calls(operation, mode, max(1, each // 2), first_seed, client, told)
    return told


def _calls(operation: Any, mode: GenerationMode, count: int, number: int, client: TestClient, told: Fuzzed) -> None:
    @seed(number)
    @settings(
        max_examples=count, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(operation.as_strategy(generation_mode=mode))
    def call(case: Any) -> None:
        sent = {k: v for k, v in case.as_transport_kwargs(base_url="").items() if k in SENT and v is not None}
        headers = {str(k): str(v) for k, v in dict(sent.pop("headers", {})).items() if k.lower() != "authorization"}
        turn = sum(told.statuses.values())
        if turn % 2:
            sent["url"] = _there(operation.path, case, str(sent["url"]))
        if turn % 8:  # the eighth tells no key: that it is asked for is seen often enough
            headers["Idempotency-Key"] = f"fuzz-{told.seat}-{number}-{turn}"
        try:
            answer = client.request(headers=headers, **sent)
        except (UnicodeError, ValueError, TypeError):  # what no client can put on the wire
            return
        told.statuses[answer.status_code] += 1
        if answer.status_code >= 500:
            told.errors.append(f"{sent['method']} {sent['url']} {json.dumps(sent.get('json'), default=repr)[:300]}")

    try:
        call()
    except hypothesis.errors.Unsatisfiable:  # nothing that would be against the contract
        return


def _there(path: str, case: Any, url: str) -> str:
    """The call's path with names that the book knows in place of made-up ones."""
    names = {**{str(k): str(v) for k, v in (case.path_parameters or {}).items()}, **THERE}
    filled = "/".join(names.get(part[1:-1], "x") if part.startswith("{") else part for part in path.split("/"))
    query = url.partition("?")[2]
    return quote(filled, safe="/:-._~") + (f"?{query}" if query else "")


def main() -> None:
    """Fuzz a small book from a number of calls; exit code 1 with the errors."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from afterloan.store.embedded import embedded, stop
    from afterloan.store.server import Store
    from tests.desk.web.served import small_book

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seat", action="append", help="a role, or borrower:B1; again for another; all unless told")
    asked = parser.parse_args()
    seats = asked.seat or EVERY_SEAT
    warnings.simplefilter("ignore")
    errors = 0
    with TemporaryDirectory(prefix="afterloan-fuzz-") as folder:
        Path(folder).chmod(0o755)
        store = Store(embedded(Path(folder) / "pg"))
        store.migrate()
        small_book(store)
        each = max(2, asked.calls // len(seats) // max(1, sum(1 for _ in operations())))
        for seat in seats:
            told = fuzz(Served(store), each, asked.seed, seat)
            errors += len(told.errors)
            _print(told, asked.seed)
        store.close()
        stop(Path(folder) / "pg")
    raise SystemExit(1 if errors else 0)


def _print(told: Fuzzed, number: int) -> None:
    by_status = dict(sorted(told.statuses.items()))
    print(f"{sum(told.statuses.values()):,} calls, seed {number}, {told.seat}: {by_status}", flush=True)
    for error in told.errors[:50]:
        print(error, flush=True)


if __name__ == "__main__":
    main()

"""What a bank says of one debit comes through the one door, whether the drain heard it, a callback or an inquiry."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import psycopg

from afterloan.banks.words import Result
from afterloan.facts import FactRefused
from afterloan.facts.act import Answer, Refused, Who
from afterloan.servicing.desk import Desk
from afterloan.servicing.door import do
from afterloan.store.acts import act_within
from afterloan.store.server import store_behind

DRAIN = Who.rule("drain")
CALLBACK = Who("rule", "gateway callback", ("rule",), "callback")
INQUIRY = Who.rule("inquiry after debits")


def settle(connection: psycopg.Connection[Any], who: Who, result: Result, on: date, now: datetime) -> Mapping[str, Any]:
    """Tell one result (verb `debit.result`), inside the caller's transaction where there is one; the act's answer.

    The act is named by what was told and the day, so that the same told twice is one act, and `known_before` in the
    answer says whether anything was new. Raises FactRefused: an attempt that was never made, another amount.
    """
    desk = Desk(store_behind(connection), connection, now)
    with act_within(connection):
        answer = do(desk, who, "debit.result", {"result": asdict(result)}, _named(result, on), on)
    if isinstance(answer, Refused):
        raise FactRefused(answer.where, answer.value, answer.why, answer.remedy, answer.kind)
    assert isinstance(answer, Answer)
    return {**answer.body, "known_before": answer.known or answer.body["known_before"]}


def _named(result: Result, on: date) -> str:
    told = json.dumps({**asdict(result), "told": on}, default=str, sort_keys=True)
    return f"{result.end_to_end}:{result.status}:{sha256(told.encode()).hexdigest()[:12]}"

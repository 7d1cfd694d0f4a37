"""Plans a shard's day as the ladders ask for it: read once, written by nobody here."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import psycopg

from afterloan.close.known import read_known
from afterloan.dates import date_of
from afterloan.store.ladders import ladder_texts
from afterloan.store.loans import products_kept
from afterloan.store.read import read_shard
from afterloan.store.settings import Setting, setting
from afterloan.strategy.governor import ANY
from afterloan.strategy.ladder import Ladder, builtin_ladders, read_ladder
from afterloan.strategy.plan import DayPlan, KnownBorrowers, plan_day
from afterloan.strategy.segments import share_of


def ladders_of(connection: psycopg.Connection[Any], day: int) -> dict[str, Ladder]:
    """The ladder of each jurisdiction for a day: as chosen (name or YAML text), else those that come with afterloan."""
    ready = builtin_ladders()
    found = {"CN": ready["cn-standard"], "US": ready["us-standard"], ANY: ready["any-gentle"]}
    for place, told in ladder_texts(connection, date_of(day)).items():
        found[place] = ready[told] if told in ready else _read_once(told, f"setting {Setting.LADDERS}.{place}")
    switched = setting(connection, Setting.HOLD_OUT)
    return {place: ladder.with_hold_out(share_of(switched, ladder.id)) for place, ladder in found.items()}


_read_once = lru_cache(16)(read_ladder)


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """What a shard's day asks for. `read`: of whom something was known, None: nobody; `last_loan`: the highest number
    that was looked at."""

    plan: DayPlan
    read: KnownBorrowers | None
    ladders: Mapping[str, Ladder]
    last_loan: int


def plan_shard(connection: psycopg.Connection[Any], reader: adbc.Connection, shard: int, day: int) -> ShardPlan:
    """The plan of a shard that is folded and has contracts."""
    terms, table = products_kept(connection)
    book = read_shard(connection, reader, shard, table)
    ladders = ladders_of(connection, day)
    codes = {number: t.code for number, t in terms.items()}
    read = read_known(connection, reader, shard, book, day, ladders, codes)
    plan = plan_day(read, ladders, date_of(day)) if read is not None else DayPlan()
    return ShardPlan(plan, read, ladders, int(book.contracts["loan"].max(initial=0)))

"""Holds in effect of borrowers in the store: what was told, and promises that are pending by the money that came."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import psycopg

from afterloan.facts.events import Event
from afterloan.facts.hold import HOLD_KINDS
from afterloan.store.contacts import PROMISE_KINDS
from afterloan.store.repaid import repaid_by
from afterloan.strategy.holds import Held
from afterloan.strategy.promises import holds_on

HELD_KINDS = (*HOLD_KINDS, *PROMISE_KINDS)
"""Kinds of events by which somebody is held."""


def held_by(
    connection: psycopg.Connection[Any], events: Mapping[int, Sequence[Event]], on: date, places: Mapping[int, str]
) -> dict[int, list[Held]]:
    """By borrower (store number) the holds in effect on a day.

    `events`: what was told of each, of HELD_KINDS; `places`: the jurisdiction whose holds bind there. 500.00 promised
    on 1 March for the 10th hold back collection, agencies and the law until the 12th, or until it has come.
    """
    money = repaid_by(connection, events)
    return {number: holds_on(told, money[number], on, places[number]) for number, told in events.items()}

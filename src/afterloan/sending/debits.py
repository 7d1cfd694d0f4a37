"""Debits as the drain sends them: planned on the day, told before they are sent, their results told once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import psycopg

from afterloan.banks.words import Order, Result, reference_of
from afterloan.facts import FactRefused
from afterloan.facts.outbox import Action, DebitBody, DebitTask
from afterloan.sending.bank_gateway import Declined, Gateway, HttpGateway, NotSent, Unclear, result_body, result_of
from afterloan.sending.channels import only, secret
from afterloan.sending.drain import (
    ChannelPlace,
    Dropped,
    Item,
    Outcome,
    Promise,
    Retry,
    SendRefused,
    Sent,
    Unknown,
    register,
)
from afterloan.sending.settling import DRAIN, settle
from afterloan.servicing.debits import KIND, OWN, Planned, place_of_borrower, plan_attempt
from afterloan.store.connect import reader_to
from afterloan.store.debits import attempt_of, day_of, outcomes_of, standing_of
from afterloan.store.locks import lock_borrowers
from afterloan.store.outbox import put
from afterloan.store.server import store_behind


class Debits:
    """Sends debits through a gateway, one at a time and at most once; those of file rails wait for their file."""

    channel = "debit"
    promise = Promise.ONCE
    batch = 50
    rate: int | None = None
    tries = 5

    def __init__(self, place: ChannelPlace, gateway: Gateway | None = None) -> None:
        """A handler; `place.config` holds the gateway's `url` and names in `token` the variable with its token."""
        only(place, "url", "token")
        self.gateway: Gateway | None = gateway
        if gateway is None and place.config.get("url"):
            token = secret(place, "token") if place.config.get("token") else ""
            self.gateway = HttpGateway(str(place.config["url"]), token)
        self._orders: dict[str, tuple[str, Order]] = {}
        self._reader: adbc.Connection | None = None

    def admit(
        self, connection: psycopg.Connection[Any], items: Sequence[Item], now: datetime
    ) -> Sequence[SendRefused | Retry | Dropped | None]:
        """Plan each debit on what is owed now and tell it as attempted."""
        reader = self._read_through(connection)
        lock_borrowers(connection, {item.borrower_number for item in items})  # all at once: two workers never wait both
        return [self._admit(connection, reader, item, now) for item in items]

    def _admit(
        self, connection: psycopg.Connection[Any], reader: adbc.Connection, item: Item, now: datetime
    ) -> SendRefused | Retry | Dropped | None:
        assert isinstance(item.body, DebitBody), item.key
        since = item.body.round or item.not_before
        planned: Planned | None = None
        with connection.transaction():
            asked = {x.loan: x.amount_fen for x in item.body.loans} if item.body.by_borrower else None
            planned = plan_attempt(connection, reader, item.borrower, item.key, now, since, asked)
            if planned.attempt is not None and planned.attempt.rail == "gateway" and self.gateway is None:
                raise psycopg.Rollback  # told as attempted only when it will be
        if planned.attempt is None or planned.order is None:
            if planned.answer.again_at is not None:
                return Retry("outside the hours of debits", planned.answer.again_at)
            hold = next((f.inputs["hold"] for f in planned.answer.findings if "hold" in f.inputs), None)
            if hold is not None:
                return self._dropped(connection, item, f"held: {str(hold).replace('_', ' ')}", now)
            why = {f.outcome for f in planned.answer.findings}
            if why and why <= UNAUTHORISED:
                return self._dropped(connection, item, _ask_for_mandate(connection, item, now), now)
            # by rule nothing is asked of the bank: the loan is paid, its money is on the way, the mandate rests
            said = "; ".join(f.outcome for f in planned.answer.findings) or "nothing to collect"
            return self._dropped(connection, item, said, now)
        if planned.attempt.rail == "gateway" and self.gateway is None:
            return Retry("no gateway is configured: write debit: {url: …} in channels.yaml")
        self._orders[planned.attempt.reference] = (planned.attempt.rail, planned.order)
        return None

    def _dropped(self, connection: psycopg.Connection[Any], item: Item, why: str, now: datetime) -> Dropped:
        """Nothing is asked of the bank any more; a try told before, which surely did not reach it, was not sent."""
        self._settle(connection, item, SendRefused(why), now)
        return Dropped(why)

    def _read_through(self, connection: psycopg.Connection[Any]) -> adbc.Connection:
        if self._reader is None:
            self._reader = reader_to(store_behind(connection).url)
        return self._reader

    def send(self, items: Sequence[Item], now: datetime) -> Sequence[Outcome]:
        """Ask the bank, one after another; a broken line leaves that one in doubt and no other."""
        return [self._send(item) for item in items]

    def _send(self, item: Item) -> Outcome:
        reference = reference_of(item.key)
        rail, order = self._orders.pop(reference)
        if rail != "gateway":
            return Sent(reference, {"rail": rail})
        assert self.gateway is not None
        try:
            return _sent(self.gateway.debit(order))
        except NotSent as error:
            return Retry(str(error))
        except Declined as error:
            return SendRefused(str(error), {"declined": True})
        except Unclear as error:
            return Unknown(str(error))

    def ask(self, item: Item) -> Outcome:
        """What became of a debit in doubt, by its key; the gateway never had it: Retry."""
        if self.gateway is None:
            return Unknown("no gateway is configured to ask")
        try:
            result = self.gateway.ask(reference_of(item.key))
        except Unclear as error:
            return Unknown(str(error))
        return Retry("the bank never had it") if result is None else _sent(result)

    def recorded(
        self, connection: psycopg.Connection[Any], items: Sequence[tuple[Item, Outcome]], now: datetime
    ) -> None:
        """Tell the results, and that what was not sent was not."""
        for item, outcome in items:
            self._settle(connection, item, outcome, now)

    def _settle(self, connection: psycopg.Connection[Any], item: Item, outcome: Outcome, now: datetime) -> None:
        result = self._result(connection, item, outcome, now)
        if result is not None:
            zone, _ = place_of_borrower(connection, item.borrower_number)
            settle(connection, DRAIN, result, day_of(now, zone), now)

    def _result(
        self, connection: psycopg.Connection[Any], item: Item, outcome: Outcome, now: datetime
    ) -> Result | None:
        if isinstance(outcome, Sent):
            return result_of(outcome.detail["result"]) if "result" in outcome.detail else None
        if not isinstance(outcome, SendRefused):
            return None  # in doubt, or to be sent again under the same reference
        reference = reference_of(item.key)
        try:
            attempt = attempt_of(connection, reference)
        except FactRefused:
            return None  # never admitted
        if attempt.rail != "gateway" or outcomes_of(connection, attempt):
            return None
        code = "technical" if outcome.detail.get("declined") else "not_sent"
        return Result(reference, "failed", attempt.on, 0, code, OWN, note=outcome.why[:140])


UNAUTHORISED = {"no mandate", "mandate not in effect"}
"""What the schedule finds where nothing authorises a debit any more."""


def _ask_for_mandate(connection: psycopg.Connection[Any], item: Item, now: datetime) -> str:
    """The mandate went between the decision and the debit: a person asks for another, once; why, in words.

    A task that tells already why the last mandate rests is enough.
    """
    standing = standing_of(connection, item.borrower)
    last = max(standing.mandates, key=lambda m: (m.signed_on, m.reference), default=None)
    name = last.reference if last else ""
    why = "no mandate is in effect any more: ask the borrower for one, or for another way to pay"
    task = DebitTask(mandate=name, reason="no_mandate", why=why)
    key = f"mandate:{item.borrower}:{name or 'none'}"
    told = connection.execute(
        "select from outbox where borrower = %s and kind = 'task' and body->>'queue' = 'debits' "
        "and body->>'mandate' = %s limit 1",
        (item.borrower_number, name),
    ).fetchone()
    zone, _ = place_of_borrower(connection, item.borrower_number)
    if told is None:
        put(connection, [Action(key, item.borrower_number, "task", now, day_of(now, zone), None, task)])
    return "no mandate is in effect any more"


def _sent(result: Result) -> Sent:
    return Sent(result.bank_reference, {"result": result_body(result)})


register("debit", (KIND,), lambda place: Debits(place))

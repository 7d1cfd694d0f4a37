"""Days of a book that is only played: what leaves in the day, the close, the next morning, the bank's answers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from afterloan.close.furnish import furnish
from afterloan.close.today import run_day
from afterloan.dates import number_of
from afterloan.enquiry.clock import clock_of
from afterloan.enquiry.furnished import bureau_of
from afterloan.expected import BadInput, ExpectedFailure
from afterloan.facts import FactRefused
from afterloan.facts.act import Refused, Who
from afterloan.money import show_amount
from afterloan.rehearsal.bank.simulator import Bank, Habits
from afterloan.rehearsal.lives import bank_running
from afterloan.sending.channels import read_setting
from afterloan.sending.drain_work import drain, load_also
from afterloan.sending.settling import settle
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.contacts import defaults_of
from afterloan.store.limits import owed_now
from afterloan.store.server import Store, home
from afterloan.store.settings import Setting, setting

HABITS = Habits(late=150, returned=20)
"""How the demonstration's bank behaves: of 1,000 debits 150 are answered later, of those taken 20 go back."""
MOST_DAYS = 400
"""The most days that are played in one go."""
BANK = Who("rule", "the played bank", ("rule",), "callback")
PLAYED = Who("rule", "a borrower of the demonstration", ("rule",), "callback")
EVENING = time(21, 30)
"""When the last message of a played day leaves."""


class PlayedWorld:
    """A book that is played, and its bank; the bank lives as long as the process that plays."""

    def __init__(self, store: Store, bank: Bank, url: str) -> None:
        """`url`: where the bank listens."""
        self.store, self.bank = store, bank
        load_also("afterloan.servicing.money")
        self.channels = read_setting({"debit": {"url": url}})
        for one in self._pinned():  # what comes onto their accounts, their stories say
            bank.balances[str(one["account"])] = 0

    def _pinned(self) -> list[Mapping[str, Any]]:
        """The borrowers with a story."""
        with self.store.connect() as connection:
            return [one for one in setting(connection, Setting.CLOCK).get("pinned", ()) if one.get("story")]

    def today(self) -> date:
        """The day on which the test clock stands. Raises BadInput in a book that is real."""
        with self.store.connect() as connection:
            clock = clock_of(connection, datetime.now(UTC))
        if not clock.test:
            raise BadInput("this book has no test clock: nothing in it is played")
        return clock.on

    def days_to(self, to: date) -> int:
        """How many days there are to be played to reach a day. Raises BadInput: backwards, or too many at once."""
        days = (to - self.today()).days
        if not 0 <= days <= MOST_DAYS:
            raise BadInput(f"{to}: {days} days from the book's day; name a day 0 to {MOST_DAYS} days ahead")
        return days

    def play_day(self) -> Iterator[dict[str, str]]:
        """Play the rest of the day on which the clock stands, and begin the next; tells each step when it is done.

        Messages leave and debits are tried; borrowers of the demonstration do what their story says; the day is
        closed and the next decided; at a month's end the month is told to the bureau; the bank answers. Stopped
        between two steps and begun again, nothing is done twice.
        """
        on = self.today()
        following = on + timedelta(days=1)
        yield _step(on, "sent", self._send(on))
        for words in self._stories(on):
            yield _step(on, "story", words)
        for words in run_day(self.store, number_of(following)):
            yield _step(following, "day", words)
        if following.day == 1:
            yield _step(on, "bureau", self._furnish(on))
        yield _step(following, "bank", self._bank(following))
        self._clock(following)

    def _zone(self) -> ZoneInfo:
        with self.store.connect() as connection:
            return ZoneInfo(str(defaults_of(connection)["zone"]))

    def _send(self, on: date) -> str:
        """Everything that falls due until the evening, at noon and in the evening."""
        zone, sent = self._zone(), []
        for at in (time(12), EVENING):
            sent.append(str(drain(self.store, moment=datetime.combine(on, at, zone).astimezone(UTC),
                                  told=self.channels)))  # fmt: skip
        return "; ".join(sent)

    def _bank(self, on: date) -> str:
        """What the bank has to say up to a morning, each answer through the door."""
        results = self.bank.advance(on)
        taken = refused = 0
        for result in results:
            with self.store.connect() as connection:
                try:
                    settle(connection, BANK, result, on, datetime.combine(on, time(6), UTC))
                    taken += 1
                except FactRefused:
                    refused += 1
        return f"{taken} answers of the bank taken" + (f", {refused} refused" if refused else "")

    def _furnish(self, month_end: date) -> str:
        with self.store.connect() as connection:
            bureau = bureau_of(connection)
        try:
            made = furnish(self.store, month_end, bureau, _folder(), month_end)
        except ExpectedFailure as refusal:
            return f"not furnished: {refusal}"
        return f"{bureau}: {made.reportable} reportable, {made.told} told, {made.held} held for their notice"

    def _stories(self, on: date) -> Iterator[str]:
        """What the pinned borrowers' stories say of a day."""
        for one in self._pinned():
            for came in _on(one["story"].get("bank", ()), on):
                self.bank.put(str(one["account"]), int(came["amount_fen"]))
            for paid in _on(one["story"].get("pays", ()), on):
                yield self._pay(one, paid, on)

    def _pay(self, one: Mapping[str, Any], paid: Mapping[str, Any], on: date) -> str:
        with desk_of(self.store) as desk:
            fen = _amount(desk.connection, str(one["borrower"]), paid, on)
            if not fen:
                return f"{one['borrower']} owes nothing"
            asked = {"loan": one["loan"], "amount_fen": fen, "received_on": on}
            answer = do(desk, PLAYED, "repayment.take", asked, f"in:{one['loan']}:{on}", on)
        return str(answer) if isinstance(answer, Refused) else f"{one['borrower']} paid {show_amount(fen)}"

    def _clock(self, to: date) -> None:
        with desk_of(self.store) as desk:
            answer = do(desk, Who.rule("demonstration"), "sandbox.set_clock", {"day": to}, f"clock:{to}", to)
        if isinstance(answer, Refused):
            raise BadInput(str(answer))


def _step(day: date, step: str, words: str) -> dict[str, str]:
    return {"day": day.isoformat(), "step": step, "words": words}


def _on(told: Any, on: date) -> list[Mapping[str, Any]]:
    return [x for x in told if str(x["day"]) == on.isoformat()]


def _amount(connection: psycopg.Connection[Any], borrower: str, paid: Mapping[str, Any], on: date) -> int:
    """What a story pays: an amount, or the `arrears` of the day."""
    return int(owed_now(connection, borrower, on)) if paid.get("amount") == "arrears" else int(paid["amount_fen"])


def _folder() -> Path:
    folder = home() / "furnished"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def world_of(store: Store) -> Iterator[PlayedWorld]:
    """The played world of a book, its bank listening on this machine while the block lasts."""
    with store.connect() as connection:
        today = clock_of(connection, datetime.now(UTC)).on
    with bank_running(today, HABITS) as (bank, url):
        yield PlayedWorld(store, bank, url)

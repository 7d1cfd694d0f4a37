"""Debits whose answer never came: the bank is asked, nothing is sent again."""

from datetime import datetime, timedelta

from afterloan.banks.words import BankRowRefused, Result
from afterloan.facts.act import Who
from afterloan.sending.bank_gateway import Gateway, Unclear
from afterloan.sending.channels import ChannelSetting, needed
from afterloan.sending.debits import Debits
from afterloan.sending.settling import INQUIRY, settle
from afterloan.servicing.debits import OWN, Settled, place_of_borrower
from afterloan.servicing.money import TakenIn, count_settled
from afterloan.store.debits import day_of, unanswered
from afterloan.store.events import borrower_number
from afterloan.store.server import Store


def gateway_of(channels: ChannelSetting) -> Gateway:
    """The gateway that debits are asked of, as the channels' file names it. Raises ChannelsRefused."""
    place = channels.place("debit")
    needed(place, "url")
    gateway = Debits(place).gateway
    assert gateway is not None
    return gateway


def resolve_doubt(store: Store, gateway: Gateway, now: datetime, after: timedelta, who: Who = INQUIRY) -> TakenIn:
    """Ask the bank about attempts without an answer that are older than `after`: never send them again.

    `who` asks. One that the bank never had is told as failed, `not_sent`; one it still works on stays pending.
    An answer is known from the day of `now` at the borrower's place, whatever day the bank names in it.
    """
    done = TakenIn()
    with store.connect() as connection:
        waiting = unanswered(connection, now - after)
    for attempt in waiting:
        try:
            result = gateway.ask(attempt.reference)
        except Unclear as error:
            done.refused.append(BankRowRefused(attempt.reference, "answer", "", str(error), "ask again later"))
            continue
        if result is None:
            result = Result(attempt.reference, "failed", attempt.on, 0, "not_sent", OWN)
        if result.status == "pending":
            continue
        done.read += 1
        with store.connect() as connection:
            zone, _ = place_of_borrower(connection, borrower_number(connection, attempt.borrower)[0])
            told = settle(connection, who, result, max(result.on, attempt.on, day_of(now, zone)), now)
        settled = Settled(
            attempt.reference, result.status, told["known_before"], tuple(told["money"]), told["unapplied_fen"],
            told["contradicts"], attempt.borrower,
        )  # fmt: skip
        count_settled(done, settled, result)
    return done

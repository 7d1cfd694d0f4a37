"""The verb by which a person whom the borrower named is asked to pass on a request to call: it tells of no debt."""

from datetime import date
from typing import Any, Literal

from pydantic import Field

from afterloan.facts import FactRefused
from afterloan.facts.contact import ThirdPersonNamed
from afterloan.facts.outbox import Action, MessageBody
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.store.events import borrower_number, events_of
from afterloan.store.outbox import put


class AskPerson(Asked):
    """`who`, named by `borrower`, is asked by `caller` (a name, no lender's) to pass on that a call is wished for."""

    borrower: str
    who: str
    caller: str = Field(min_length=1, max_length=100)
    channel: Literal["sms", "email"] = "sms"


def ask_person(desk: Desk, asked: AskPerson, on: date) -> dict[str, Any]:
    """Put the message; whether a third person may be asked at all, and when, the governor says when it leaves."""
    named = [
        e
        for e in events_of(desk.connection, asked.borrower, [ThirdPersonNamed.KIND], on)
        if isinstance(e, ThirdPersonNamed) and e.who == asked.who
    ]
    if not named:
        remedy = "record `contact.name_person` first: only whom the borrower named is asked"
        raise FactRefused("who", asked.who, "was not named by the borrower", remedy, "unknown")
    person = named[-1]
    if not person.address:
        raise FactRefused("who", asked.who, "has no address on file", "name the person once more, with it")
    number, _ = borrower_number(desk.connection, asked.borrower)
    row = desk.connection.execute("select name from borrower where borrower = %s", (number,)).fetchone()
    assert row is not None
    body = MessageBody(
        template="third-person", purpose="locate", to=person.address, person=person.person, who=person.who,
        values={"name": row[0], "caller": asked.caller},
    )  # fmt: skip
    key = f"third-person/{desk.reference}"
    put(desk.connection, [Action(key, number, f"message.{asked.channel}", desk.now, on, None, body)])
    return {"borrower": asked.borrower, "who": asked.who, "key": key}

"""Commands of how a borrower may be reached: consents, opt-outs, wishes, hours, third persons, and what holds now."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

from afterloan.desk.keyboard.options import AsJson, On, book_day, few_loans

By = Annotated[str, typer.Option("--by", help="Who records it; the name you are known by unless given.")]
Named = Annotated[
    str, typer.Option("--reference", help="A name of your own: the same again is answered, not told twice.")
]
Channel = Annotated[str, typer.Argument(help="call, ai_call, visit, sms, email, push, chat, letter or webhook")]
From = Annotated[str, typer.Option("--from", help="HH:MM on the borrower's clock.")]
To = Annotated[str, typer.Option("--to", help="HH:MM on the borrower's clock; 24:00 is midnight.")]


def _tell(verb: str, asked: dict[str, Any], on: str, reference: str, by: str, as_json: bool, words: str) -> None:
    """One verb, told in `words`; what the borrower should hear at once comes after it."""

    from afterloan.desk.keyboard.doing import act, show

    answer = act(verb, asked, book_day(on), reference, by)
    show(answer, as_json, lambda body: words + (f"; {body['said']}" if body.get("said") else ""))


def consent(
    borrower: str, channel: Channel, on: On = "", by: By = "", reference: Named = "", as_json: AsJson = False
) -> None:
    """BORROWER agreed to be reached by CHANNEL."""
    asked = {"borrower": borrower, "channel": channel}
    _tell("contact.consent", asked, on, reference, by, as_json, f"{borrower} agrees to {channel}")


def opt_out(
    borrower: str,
    channel: Annotated[str, typer.Argument(help="A channel, or all: no contact at all.")],
    on: On = "",
    by: By = "",
    reference: Named = "",
    as_json: AsJson = False,
) -> None:
    """BORROWER no longer wants CHANNEL (consent withdrawn), or all of them; what was planned is withdrawn."""
    asked = {"borrower": borrower, "channel": channel}
    wants = "no contact at all" if channel == "all" else f"no {channel} any more"
    _tell("contact.opt_out", asked, on, reference, by, as_json, f"{borrower} wants {wants}")


def wish(
    borrower: str,
    first: From = "",
    last: To = "",
    language: Annotated[str, typer.Option(help="The language wished, e.g. en or zh-CN.")] = "",
    on: On = "",
    by: By = "",
    reference: Named = "",
    as_json: AsJson = False,
) -> None:
    """BORROWER wishes to be contacted between two times, in a language; without any of them earlier hours end."""
    asked = {"borrower": borrower, "not_before": first or None, "not_after": last or None, "language": language or None}
    hours = f" from {first or '00:00'} to {last or '24:00'}" if first or last else ""
    spoken = f" in {language}" if language else ""
    wished = hours + spoken or " at any hour the law allows"
    _tell("contact.wish", asked, on, reference, by, as_json, f"{borrower} wishes contact{wished}")


def hours(
    borrower: str,
    first: From,
    last: To,
    on: On = "",
    by: By = "",
    reference: Named = "",
    as_json: AsJson = False,
) -> None:
    """BORROWER agreed to be contacted between two times that the quiet hours cover, where the law lets them."""
    asked = {"borrower": borrower, "not_before": first, "not_after": last}
    _tell("contact.agree_hours", asked, on, reference, by, as_json, f"{borrower} agrees to {first} to {last}")


def name(
    borrower: str,
    who: Annotated[str, typer.Argument(help="The person's name.")],
    person: Annotated[str, typer.Option(help="How they stand to the debt: guarantor, debt_related or third.")],
    address: Annotated[str, typer.Option(help="Their number or address.")] = "",
    on: On = "",
    by: By = "",
    reference: Named = "",
    as_json: AsJson = False,
) -> None:
    """BORROWER named a person through whom to be found; nobody else is ever asked."""
    asked = {"borrower": borrower, "who": who, "person": person, "address": address}
    _tell("contact.name_person", asked, on, reference, by, as_json, f"{who} is on file as {person} of {borrower}")


def refuse(
    borrower: str,
    who: Annotated[str, typer.Argument(help="The person's name.")],
    on: On = "",
    by: By = "",
    reference: Named = "",
    as_json: AsJson = False,
) -> None:
    """A third person asked to be left alone: never again."""
    asked = {"borrower": borrower, "who": who}
    _tell("contact.refuse_person", asked, on, reference, by, as_json, f"{who} is left alone from now on")


def show_standing(borrower: str, on: On = "", as_json: AsJson = False) -> None:
    """How BORROWER may be reached: place, consents, channels not wanted, wishes, persons, holds."""
    few_loans()

    from afterloan.enquiry.contacting import standing_told
    from afterloan.store.server import open_store

    with open_store().connect() as connection:
        told = standing_told(connection, borrower, book_day(on))
    if as_json:
        print(json.dumps(told.told(), ensure_ascii=False))
    else:
        print("\n".join(told.lines()))


CONTACT_TOLD: dict[str, Callable[..., None]] = {
    "consent": consent,
    "opt-out": opt_out,
    "wish": wish,
    "hours": hours,
    "name": name,
    "refuse": refuse,
    "show": show_standing,
}

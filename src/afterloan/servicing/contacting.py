"""Verbs of how a borrower may be reached: hours agreed and wishes, checked and said back before they bind."""

from datetime import date
from typing import Any

from afterloan.facts import FactRefused
from afterloan.servicing.desk import Desk
from afterloan.servicing.telling import event_verb
from afterloan.strategy.places import check_place, said_of_language

AgreeHours, _agree = event_verb("contact", "HoursAgreed")
Wish, _wish = event_verb("contact", "ContactWished")


def agree_hours(desk: Desk, asked: Any, on: date) -> dict[str, Any]:
    """The borrower agreed to be contacted between two times of one day, although the quiet hours cover them."""
    if asked.not_before >= asked.not_after:
        hours = f"{asked.not_before} to {asked.not_after}"
        raise FactRefused("not_after", hours, "ends before it begins", "tell hours over midnight as two agreements")
    return _agree(desk, asked, on)


def wish(desk: Desk, asked: Any, on: date) -> dict[str, Any]:
    """The borrower's wish for a time of day and a language.

    A wish for nothing takes the hours back, one for a language alone leaves them.

    `said`: what follows that the borrower should hear at once, e.g. that nothing is written in the language.
    """
    if asked.language:
        check_place("language", asked.language)
    done = _wish(desk, asked, on)
    said = said_of_language(asked.language) if asked.language else ""
    return done | ({"said": said} if said else {})

"""What a person may only propose is proposed by the same form: the page says which it was."""

from collections.abc import Mapping
from typing import Any, Literal

from afterloan.desk.web.asking import Asking
from afterloan.servicing.may import may_propose
from afterloan.servicing.verbs import verb_named

Way = Literal["done", "sent", ""]
"""done: it is done; sent: it waits for a second person."""


def way_of(asking: Asking, verb: str) -> Way:
    """How who asks may do a verb: by themself, by asking a second person, or not at all."""
    if asking.could(verb):
        return "done"
    return "sent" if may_propose(asking.person, verb_named(verb), asking.today) is None else ""


def do_or_ask(asking: Asking, verb: str, asked: Mapping[str, Any], key: str, done: str) -> str:
    """Do a verb, or ask a second person where that is needed; `done`, or "sent". Raises RefusedHere."""
    if way_of(asking, verb) == "sent":
        asking.propose(verb, asked, key)
        return "sent"
    asking.do(verb, asked, key)
    return done

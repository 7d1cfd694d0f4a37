"""The verb of papers handed in: kept whole under their digest, so that an application can name them."""

from datetime import date
from typing import Any

from pydantic import Field

from afterloan.facts import FactRefused
from afterloan.servicing.asked import AskedFile
from afterloan.servicing.desk import Desk
from afterloan.servicing.evidence import evidence_from
from afterloan.store.files import keep_file
from afterloan.strategy.eligibility import relief_rule


class HandIn(AskedFile):
    """`borrower` hands in a paper called `name`."""

    borrower: str
    name: str = Field(min_length=1, max_length=200)


def hand_in(desk: Desk, asked: HandIn, on: date) -> dict[str, Any]:
    """Keep the paper; its type is told by its first bytes. Refused: a type or size that the pack does not take."""
    paper = evidence_from(asked.content, asked.name)
    rule = relief_rule("hardship.evidence").parameters
    if paper.type not in rule["types"]:
        raise FactRefused("paper", asked.name, f"type {paper.type} is not taken", f"send {', '.join(rule['types'])}")
    if not rule["least_bytes"] <= paper.bytes <= rule["most_bytes"]:
        limits = f"{rule['least_bytes']} to {rule['most_bytes']}"
        raise FactRefused("paper", asked.name, f"{paper.bytes} bytes; taken are {limits}", "scan it again")
    keep_file(desk.connection, paper.sha256, asked.content, asked.borrower)
    return {"borrower": asked.borrower, "paper": paper.model_dump()}

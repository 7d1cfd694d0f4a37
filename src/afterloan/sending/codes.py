"""The six digits of a one-time code, put into its message at the moment at which it leaves and nowhere else."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psycopg

from afterloan.sending.drain import Dropped, Item, SendRefused, message_of
from afterloan.servicing.signing_in import TEMPLATE
from afterloan.store.codes import code_named, digits_of

USED = Dropped("the code was used, or is over")
Fresh = Item | Dropped | SendRefused


def with_codes(connection: psycopg.Connection[Any], items: Sequence[Fresh]) -> list[Fresh]:
    """Messages that bring a code with it in them; a code that was used, or that nobody asked for, is dropped."""
    return [_with_code(connection, one) if isinstance(one, Item) else one for one in items]


def _with_code(connection: psycopg.Connection[Any], item: Item) -> Fresh:
    body = message_of(item)
    if body.template != TEMPLATE:
        return item
    reference = str(body.values.get("reference", ""))
    found = code_named(connection, reference)
    if found is None or found.used_at is not None:
        return USED
    values = {"host": body.values["host"], "code": digits_of(connection, reference)}
    return replace(item, body=body.model_copy(update={"values": values}))

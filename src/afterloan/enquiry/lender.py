"""The lender's own account, to which borrowers transfer."""

from dataclasses import dataclass
from typing import Any

import psycopg

from afterloan.store.settings import Setting, setting


@dataclass(frozen=True, slots=True)
class LenderAccount:
    """Name, account number and bank as the lender set them."""

    name: str
    account: str
    bank: str


def account_of_lender(connection: psycopg.Connection[Any]) -> LenderAccount | None:
    """The account that collects; None where the lender named none yet."""
    told = setting(connection, Setting.CREDITOR)
    if not told.get("account"):
        return None
    return LenderAccount(str(told.get("name", "")), str(told["account"]), str(told.get("bank", "")))

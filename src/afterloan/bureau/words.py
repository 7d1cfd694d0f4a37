"""What events say about an account in a month beside the money: a flag, a special transaction, who paid instead."""

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from afterloan.bureau.disputes import Dispute, flag
from afterloan.bureau.packs import rule

KINDS = (
    "bureau.dispute_opened",
    "bureau.evidence_received",
    "bureau.dispute_decided",
    "bureau.borrower_disagreed",
    "bureau.guarantor_paid",
    "bureau.assets_taken",
    "bureau.special_transaction",
    "bureau.fraud_confirmed",
)
INSTEAD = {"bureau.guarantor_paid": ("D", "2"), "bureau.assets_taken": ("Z", "3")}
Said = dict[int, dict[str, str]]


def said(
    happened: Iterable[tuple[int, str, date, str]],
    disputes: Iterable[tuple[int, Dispute]],
    bureau: str,
    at: date,
) -> Said:
    """Words by loan number for the month that ends on `at`.

    `happened`: (loan, kind, on, body as JSON) of KINDS that are no disputes; `disputes`: (loan, dispute).
    """
    out: Said = {}
    for loan, kind, on, body in happened:
        if (on.year, on.month) == (at.year, at.month) and bureau == "pboc":
            _special(out.setdefault(loan, {}), kind, json.loads(body))
    for loan, dispute in disputes:
        if dispute.bureau == bureau and (code := flag(dispute, at)):
            out.setdefault(loan, {})["annotation"] = code
    return out


def _special(words: dict[str, str], kind: str, body: dict[str, Any]) -> None:
    code = body.get("code", "")
    if kind in INSTEAD:
        words["status"], code = INSTEAD[kind]
    if code in rule("cn.pboc.elements").parameters["special_transactions"]:
        words["special"] = ",".join(sorted({*filter(None, words.get("special", "").split(",")), code}, key=int))


def not_theirs(happened: Iterable[tuple[int, str, date, str]]) -> set[int]:
    """Loans that somebody else opened, proven: nothing of them is reportable about the borrower."""
    return {loan for loan, kind, _, _ in happened if kind == "bureau.fraud_confirmed"}

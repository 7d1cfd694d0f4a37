"""Collections as ISO 20022 pain.008: written for the bank, read by the simulated one."""

from afterloan.banks.letters import in_sepa
from afterloan.banks.numbers import is_creditor_id, is_iban, plain_account
from afterloan.banks.words import BankFileRefused, BankRowRefused, Collection, Creditor, Order
from afterloan.banks.xml import (
    Node,
    Tree,
    account,
    account_of,
    agent,
    agent_of,
    money,
    read_document,
    write_document,
)
from afterloan.money import decimals_of, show_amount

KIND = "pain.008.001.08"


SEPA = "EUR"
"""Debits in this currency are SEPA core direct debits: IBANs, the scheme's letters, its creditor identifier."""


def refuse_order(order: Order, currency: str) -> BankRowRefused | None:
    """Why a debit cannot stand in the file; None: it can. It is left out then and holds no other up."""
    place = f"debit {order.end_to_end}"
    if currency == SEPA and not is_iban(plain_account(order.account)):
        reason = "is no IBAN, or its check digits are wrong"
        return BankRowRefused(place, "account", order.account, reason, "correct the mandate")
    for what, text, most in (("mandate", order.mandate, 35), ("account", order.account, 34), ("bank", order.bank, 35)):
        if len(text) > most:
            return BankRowRefused(place, what, text, f"is longer than {most} characters", "correct the mandate")
    if currency == SEPA and in_sepa(order.mandate, 35) != order.mandate:
        reason = "has letters that SEPA does not carry"
        return BankRowRefused(place, "mandate", order.mandate, reason, "sign the mandate under a plain reference")
    if not _text(order.name, 70, currency):
        return BankRowRefused(
            place, "name", order.name, "has no letter that can be written", "correct the mandate's holder"
        )
    if len(str(order.amount_fen)) > 11 and currency == SEPA:
        return BankRowRefused(place, "amount_fen", str(order.amount_fen), "is over 999,999,999.99", "ask for less")
    return None


def _text(text: str, width: int, currency: str) -> str:
    """A name or a text in the scheme's letters: SEPA's own; elsewhere as it is, at most `width` characters."""
    return in_sepa(text, width) if currency == SEPA else text.strip()[:width].rstrip()


def _check_creditor(c: Creditor, currency: str) -> None:
    if currency != SEPA:
        return
    if not is_iban(plain_account(c.account)):
        raise BankFileRefused("pain.008", "creditor", f"account {c.account!r} is no IBAN", "correct the creditor")
    if not is_creditor_id(c.scheme_id):
        reason = f"scheme identifier {c.scheme_id!r} is none, or its check digits are wrong"
        raise BankFileRefused(
            "pain.008", "creditor", reason, "name the SEPA creditor identifier, e.g. DE98ZZZ09999999999"
        )


def write_pain008(collection: Collection) -> bytes:
    """The file of one collection: one payment information with all orders, count and control sum on both levels.

    In EUR it is a SEPA core direct debit: service level SEPA, local instrument CORE, charges shared by service level,
    names and texts in SEPA's letters, accounts as IBANs in capitals. Raises FileRefused.
    """
    c = collection
    _check_creditor(c.creditor, c.currency)
    for order in c.orders:
        bad = refuse_order(order, c.currency)
        if bad is not None:
            raise BankFileRefused("pain.008", bad.place, f"{bad.column} {bad.value!r} {bad.reason}", bad.remedy)
    count, total = str(len(c.orders)), show_amount(c.total_fen, decimals_of(c.currency))
    name = _text(c.creditor.name, 70, c.currency)
    head: list[Tree] = [
        ("MsgId", c.message),
        ("CreDtTm", c.made_at.isoformat(timespec="seconds")),
        ("NbOfTxs", count),
        ("CtrlSum", total),
        ("InitgPty", [("Nm", name)]),
    ]
    info: list[Tree] = [
        ("PmtInfId", c.message),
        ("PmtMtd", "DD"),
        ("NbOfTxs", count),
        ("CtrlSum", total),
        ("PmtTpInf", _kind_of_payment(c.currency)),
        ("ReqdColltnDt", c.collect_on.isoformat()),
        ("Cdtr", [("Nm", name)]),
        ("CdtrAcct", account(c.creditor.account)),
        ("CdtrAgt", agent(c.creditor.bank)),
        ("ChrgBr", "SLEV" if c.currency == SEPA else "SHAR"),
        ("CdtrSchmeId", _scheme(c.creditor)),
        *(("DrctDbtTxInf", _order(order, c.currency)) for order in c.orders),
    ]
    return write_document(KIND, ("CstmrDrctDbtInitn", [("GrpHdr", head), ("PmtInf", info)]))


def _kind_of_payment(currency: str) -> list[Tree]:
    sepa: list[Tree] = [("SvcLvl", [("Cd", "SEPA")]), ("LclInstrm", [("Cd", "CORE")])]
    return [*(sepa if currency == SEPA else []), ("SeqTp", "RCUR")]


def _scheme(creditor: Creditor) -> list[Tree] | None:
    if not creditor.scheme_id:
        return None
    named: list[Tree] = [("Id", creditor.scheme_id), ("SchmeNm", [("Prtry", "SEPA")])]
    return [("Id", [("PrvtId", [("Othr", named)])])]


def _order(order: Order, currency: str) -> list[Tree]:
    return [
        ("PmtId", [("EndToEndId", order.end_to_end)]),
        money("InstdAmt", order.amount_fen, currency),
        ("DrctDbtTx", [("MndtRltdInf", [("MndtId", order.mandate), ("DtOfSgntr", order.signed_on.isoformat())])]),
        ("DbtrAgt", agent(order.bank)),
        ("Dbtr", [("Nm", _text(order.name, 70, currency))]),
        ("DbtrAcct", account(order.account)),
        ("RmtInf", [("Ustrd", _text(order.text, 140, currency))]),
    ]


def read_pain008(data: bytes, file: str = "pain.008") -> Collection:
    """The collection in a file. Raises FileRefused: cut off, a wrong count or control sum (both figures told)."""
    _, body = read_document(data, file, {"pain.008.": "CstmrDrctDbtInitn"})
    head, infos = body.one("GrpHdr"), list(body.all("PmtInf"))
    if len(infos) != 1:
        raise BankFileRefused(file, body.place, f"{len(infos)} times <PmtInf>", "send one collection a file")
    info = infos[0]
    orders = tuple(_order_of(node) for node in info.all("DrctDbtTxInf"))
    currencies = {amount.element.get("Ccy") for node in info.all("DrctDbtTxInf") for amount in node.all("InstdAmt")}
    if len(currencies) != 1:
        raise BankFileRefused(
            file, info.place, f"currencies {sorted(map(str, currencies))}", "send one currency a file"
        )
    currency = str(currencies.pop())
    _check(head, orders, currency)
    if any(True for _ in info.all("CtrlSum")):
        _check(info, orders, currency)
    return Collection(
        message=head.text("MsgId"),
        made_at=head.moment("CreDtTm"),
        creditor=Creditor(
            info.text("Cdtr/Nm"),
            account_of(info, "CdtrAcct"),
            agent_of(info, "CdtrAgt"),
            info.text("CdtrSchmeId/Id/PrvtId/Othr/Id", ""),
        ),
        collect_on=info.day("ReqdColltnDt"),
        currency=currency,
        orders=orders,
    )


def _order_of(node: Node) -> Order:
    return Order(
        end_to_end=node.text("PmtId/EndToEndId"),
        amount_fen=node.fen("InstdAmt"),
        mandate=node.text("DrctDbtTx/MndtRltdInf/MndtId"),
        signed_on=node.day("DrctDbtTx/MndtRltdInf/DtOfSgntr"),
        name=node.text("Dbtr/Nm"),
        account=account_of(node, "DbtrAcct"),
        bank=agent_of(node, "DbtrAgt"),
        text=node.text("RmtInf/Ustrd", ""),
    )


def _check(node: Node, orders: tuple[Order, ...], currency: str) -> None:
    count, total = node.whole("NbOfTxs"), node.fen("CtrlSum", currency)
    found = sum(order.amount_fen for order in orders)
    if count != len(orders):
        raise BankFileRefused(
            node.file, node.place, f"says {count} debits, holds {len(orders)}", "send it again, whole"
        )
    if total != found:
        told, held = (show_amount(fen, decimals_of(currency)) for fen in (total, found))
        reason = f"control sum {told}, the debits sum to {held}"
        raise BankFileRefused(node.file, node.place, reason, "have the sum corrected; nothing was taken in")

"""Collections as ISO 20022 pain.008: written for the bank, read by the simulated one."""

from afterloan.banks.words import Collection, Creditor, FileRefused, Order, yuan
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

KIND = "pain.008.001.08"


def write_pain008(collection: Collection) -> bytes:
    """The file of one collection: one payment information with all orders, count and control sum on both levels."""
    c = collection
    count, total = str(len(c.orders)), yuan(c.total_fen)
    head: list[Tree] = [
        ("MsgId", c.message),
        ("CreDtTm", c.made_at.isoformat(timespec="seconds")),
        ("NbOfTxs", count),
        ("CtrlSum", total),
        ("InitgPty", [("Nm", c.creditor.name)]),
    ]
    scheme: list[Tree] = [
        ("Id", [("PrvtId", [("Othr", [("Id", c.creditor.scheme_id), ("SchmeNm", _named("SEPA", c.creditor))])])])
    ]
    info: list[Tree] = [
        ("PmtInfId", c.message),
        ("PmtMtd", "DD"),
        ("NbOfTxs", count),
        ("CtrlSum", total),
        ("PmtTpInf", [("SeqTp", "RCUR")]),
        ("ReqdColltnDt", c.collect_on.isoformat()),
        ("Cdtr", [("Nm", c.creditor.name)]),
        ("CdtrAcct", account(c.creditor.account)),
        ("CdtrAgt", agent(c.creditor.bank)),
        ("CdtrSchmeId", scheme if c.creditor.scheme_id else None),
        *(("DrctDbtTxInf", _order(order, c.currency)) for order in c.orders),
    ]
    return write_document(KIND, ("CstmrDrctDbtInitn", [("GrpHdr", head), ("PmtInf", info)]))


def _named(name: str, creditor: Creditor) -> list[Tree] | None:
    return [("Prtry", name)] if creditor.scheme_id else None


def _order(order: Order, currency: str) -> list[Tree]:
    return [
        ("PmtId", [("EndToEndId", order.end_to_end)]),
        money("InstdAmt", order.amount_fen, currency),
        ("DrctDbtTx", [("MndtRltdInf", [("MndtId", order.mandate), ("DtOfSgntr", order.signed_on.isoformat())])]),
        ("DbtrAgt", agent(order.bank)),
        ("Dbtr", [("Nm", order.name)]),
        ("DbtrAcct", account(order.account)),
        ("RmtInf", [("Ustrd", order.text)]),
    ]


def read_pain008(data: bytes, file: str = "pain.008") -> Collection:
    """The collection in a file. Raises FileRefused: cut off, a wrong count or control sum (both figures told)."""
    _, body = read_document(data, file, {"pain.008.": "CstmrDrctDbtInitn"})
    head, infos = body.one("GrpHdr"), list(body.all("PmtInf"))
    if len(infos) != 1:
        raise FileRefused(file, body.place, f"{len(infos)} times <PmtInf>", "send one collection a file")
    info = infos[0]
    orders = tuple(_order_of(node) for node in info.all("DrctDbtTxInf"))
    currencies = {amount.element.get("Ccy") for node in info.all("DrctDbtTxInf") for amount in node.all("InstdAmt")}
    if len(currencies) != 1:
        raise FileRefused(file, info.place, f"currencies {sorted(map(str, currencies))}", "send one currency a file")
    _check(head, orders)
    if any(True for _ in info.all("CtrlSum")):
        _check(info, orders)
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
        currency=str(currencies.pop()),
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


def _check(node: Node, orders: tuple[Order, ...]) -> None:
    count, total = node.whole("NbOfTxs"), node.fen("CtrlSum")
    found = sum(order.amount_fen for order in orders)
    if count != len(orders):
        raise FileRefused(node.file, node.place, f"says {count} debits, holds {len(orders)}", "send it again, whole")
    if total != found:
        raise FileRefused(
            node.file, node.place, f"control sum {yuan(total)}, the debits sum to {yuan(found)}",
            "have the sum corrected; nothing was taken in",
        )  # fmt: skip

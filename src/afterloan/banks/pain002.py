"""What the bank says of single debits as ISO 20022 pain.002: read as results, written by the simulated bank."""

from datetime import date

from afterloan.banks.words import BankFileRefused, BankRowRefused, Result, Results
from afterloan.banks.xml import Node, Tree, money, read_document, write_document

KIND = "pain.002.001.12"
STATUS = {"ACSC": "succeeded", "ACCC": "succeeded", "RJCT": "failed", "PDNG": "pending", "ACSP": "pending"}
ACCEPTED = ("ACTC", "ACCP", "ACWC", "RCVD", "PART")
"""Statuses that say nothing of money yet."""
CODE = {"succeeded": "ACSC", "failed": "RJCT", "pending": "PDNG"}


def write_pain002(results: Results) -> bytes:
    """A status report. Returns are no status of a debit (they come in camt): such results are left out."""
    told = [r for r in results.results if r.status != "returned"]
    head: list[Tree] = [("MsgId", results.message), ("CreDtTm", results.made_at.isoformat(timespec="seconds"))]
    group: list[Tree] = [("OrgnlMsgId", results.of_message), ("OrgnlMsgNmId", "pain.008")]
    info: list[Tree] = [("OrgnlPmtInfId", results.of_message), *(("TxInfAndSts", _status(r)) for r in told)]
    tree = [("GrpHdr", head), ("OrgnlGrpInfAndSts", group), ("OrgnlPmtInfAndSts", info if told else None)]
    return write_document(KIND, ("CstmrPmtStsRpt", tree))


def _status(result: Result) -> list[Tree]:
    reason: list[Tree] = [("Rsn", [("Cd", result.code)] if result.code else None), ("AddtlInf", result.note)]
    amount = [("Amt", [money("InstdAmt", result.amount_fen, "CNY")])] if result.amount_fen else None
    return [
        ("OrgnlEndToEndId", result.end_to_end),
        ("TxSts", CODE[result.status]),
        ("StsRsnInf", reason),
        ("AccptncDtTm", f"{result.on.isoformat()}T00:00:00"),
        ("AcctSvcrRef", result.bank_reference),
        ("OrgnlTxRef", amount),
    ]


def read_pain002(data: bytes, file: str = "pain.002") -> Results:
    """The results in a status report, row by row.

    A whole group refused by the bank (RJCT on the group) raises FileRefused: a person must look at the file sent.
    A status that has no amount is of the amount asked for: 0 here, filled in where the attempt is known.
    """
    _, body = read_document(data, file, {"pain.002.": "CstmrPmtStsRpt"})
    head, group = body.one("GrpHdr"), body.one("OrgnlGrpInfAndSts")
    made_at = head.moment("CreDtTm")
    nodes = list(body.all("OrgnlPmtInfAndSts/TxInfAndSts"))
    if group.text("GrpSts", "") == "RJCT" and not nodes:
        why = group.text("StsRsnInf/Rsn/Cd", "") or group.text("StsRsnInf/AddtlInf", "no reason given")
        of = group.text("OrgnlMsgId")
        raise BankFileRefused(
            file, group.place, f"the bank refused {of} whole: {why}", "correct that file and send it anew"
        )
    results: list[Result] = []
    refused = [bad for info in body.all("OrgnlPmtInfAndSts") if (bad := _refused_whole(info)) is not None]
    for node in nodes:
        found = _result(node, made_at.date())
        if isinstance(found, BankRowRefused):
            refused.append(found)
        elif found is not None:
            results.append(found)
    return Results(head.text("MsgId"), group.text("OrgnlMsgId"), made_at, tuple(results), tuple(refused))


def _refused_whole(info: Node) -> BankRowRefused | None:
    """A part of a file that the bank refused without naming its debits: a person must send them anew."""
    if info.text("PmtInfSts", "") != "RJCT" or any(True for _ in info.all("TxInfAndSts")):
        return None
    why = info.text("StsRsnInf/Rsn/Cd", "") or info.text("StsRsnInf/AddtlInf", "no reason given")
    of = info.text("OrgnlPmtInfId", "")
    return BankRowRefused(
        info.place, "PmtInfSts", of, f"the bank refused {of} whole: {why}", "correct it and send it anew"
    )


def _result(node: Node, told_on: date) -> Result | BankRowRefused | None:
    code = node.text("TxSts", "")
    if code in ACCEPTED:
        return None
    if code not in STATUS:
        return BankRowRefused(
            node.place, "TxSts", code, "no status known here", f"there are {', '.join([*STATUS, *ACCEPTED])}"
        )
    end_to_end = node.text("OrgnlEndToEndId", "") or node.text("OrgnlInstrId", "")
    if not end_to_end:
        return BankRowRefused(node.place, "OrgnlEndToEndId", "", "is missing", "have the bank name the debit")
    try:
        on = node.day("AccptncDtTm") if any(True for _ in node.all("AccptncDtTm")) else None
        amount = node.fen("OrgnlTxRef/Amt/InstdAmt") if any(True for _ in node.all("OrgnlTxRef/Amt/InstdAmt")) else 0
    except BankFileRefused as bad:
        return BankRowRefused(node.place, "TxInfAndSts", end_to_end, bad.reason, bad.remedy)
    result = Result(
        end_to_end=end_to_end,
        status=STATUS[code],  # type: ignore[arg-type]
        on=on or told_on,
        amount_fen=amount if STATUS[code] == "succeeded" else 0,
        code=node.text("StsRsnInf/Rsn/Cd", "") or node.text("StsRsnInf/Rsn/Prtry", ""),
        bank_reference=node.text("AcctSvcrRef", ""),
        note=node.text("StsRsnInf/AddtlInf", ""),
    )
    return result

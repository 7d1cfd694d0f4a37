"""What moved on an account as ISO 20022 camt.053 (statement) and camt.054 (notification)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from afterloan.banks.words import (
    BankFileRefused,
    BankRowRefused,
    BankStatement,
    Result,
    Results,
    StatementLine,
    Status,
    reference_or_none,
)
from afterloan.banks.xml import Node, Tree, account, account_of, money, read_document, write_document
from afterloan.money import decimals_of, show_amount

KIND_053, KIND_054 = "camt.053.001.08", "camt.054.001.08"
BODIES = {"camt.053.": "BkToCstmrStmt", "camt.054.": "BkToCstmrDbtCdtNtfctn"}
PARTS = {"camt.053.": "Stmt", "camt.054.": "Ntfctn"}


def write_camt(statement: BankStatement, kind: str = KIND_053) -> bytes:
    """A statement (with balances) or a notification (without): an entry for each line, count and sums on top."""
    s = statement
    head: list[Tree] = [("MsgId", s.message), ("CreDtTm", s.made_at.isoformat(timespec="seconds"))]
    body: list[Tree] = [
        ("Id", s.message),
        ("CreDtTm", s.made_at.isoformat(timespec="seconds")),
        ("Acct", [*account(s.account), ("Ccy", s.currency)]),
        *(_balances(s) if kind == KIND_053 else []),
        ("TxsSummry", _summary(s.lines, s.currency)),
        *(("Ntry", _entry(line, s.currency)) for line in s.lines),
    ]
    name = kind[:9]
    return write_document(kind, (BODIES[name], [("GrpHdr", head), (PARTS[name], body)]))


def _balances(s: BankStatement) -> list[Tree]:
    on = (s.lines[-1].booked_on if s.lines else s.made_at.date()).isoformat()
    opening = s.opening_fen or 0
    closing = s.closing_fen if s.closing_fen is not None else opening + sum(x.amount_fen for x in s.lines)
    return [
        (
            "Bal",
            [
                ("Tp", [("CdOrPrtry", [("Cd", code)])]),
                money("Amt", abs(fen), s.currency),
                ("CdtDbtInd", "CRDT" if fen >= 0 else "DBIT"),
                ("Dt", [("Dt", on)]),
            ],
        )
        for code, fen in (("OPBD", opening), ("CLBD", closing))
    ]


def _summary(lines: Sequence[StatementLine], currency: str) -> list[Tree]:
    decimals = decimals_of(currency)
    found: list[Tree] = []
    groups = (
        ("TtlNtries", [abs(x.amount_fen) for x in lines]),
        ("TtlCdtNtries", [x.amount_fen for x in lines if x.amount_fen > 0]),
        ("TtlDbtNtries", [-x.amount_fen for x in lines if x.amount_fen < 0]),
    )
    for name, amounts in groups:
        found.append((name, [("NbOfNtries", str(len(amounts))), ("Sum", show_amount(sum(amounts), decimals))]))
    return found


def _entry(line: StatementLine, currency: str) -> list[Tree]:
    sign = "CRDT" if line.amount_fen > 0 else "DBIT"
    back = [("Rsn", [("Cd", line.code)])] if line.code else None
    details: list[Tree] = [
        ("Refs", [("EndToEndId", line.end_to_end), ("MndtId", line.mandate)]),
        money("Amt", abs(line.amount_fen), currency),
        ("CdtDbtInd", sign),
        (
            "RltdPties",
            [
                ("Dbtr", [("Pty", [("Nm", line.name)] if line.name else None)]),
                ("DbtrAcct", account(line.account) if line.account else None),
            ],
        ),
        ("RmtInf", [("Ustrd", line.text[k : k + 140]) for k in range(0, len(line.text), 140)]),
        ("RtrInf", back),
    ]
    family = "RDDT" if line.mandate else "RCDT"
    sub = ("PMDD" if line.amount_fen > 0 else "RPCR") if line.mandate else "OTHR"
    code: list[Tree] = [("Cd", "PMNT"), ("Fmly", [("Cd", family), ("SubFmlyCd", sub)])]
    return [
        money("Amt", abs(line.amount_fen), currency),
        ("CdtDbtInd", sign),
        ("Sts", [("Cd", "BOOK")]),
        ("BookgDt", [("Dt", line.booked_on.isoformat())]),
        ("ValDt", [("Dt", line.booked_on.isoformat())]),
        ("AcctSvcrRef", line.bank_reference),
        ("BkTxCd", [("Domn", code)]),
        ("NtryDtls", [("TxDtls", details)]),
    ]


def read_camt(data: bytes, file: str = "camt") -> list[BankStatement]:
    """The statements or notifications in a file. Entries are taken row by row; the file is refused whole when its
    counts, sums or balances do not agree with its entries (figures told), or when it is cut off. Raises FileRefused.
    """
    kind, body = read_document(data, file, BODIES)
    name = kind[:9]
    message = body.text("GrpHdr/MsgId")
    return [_statement(node, message, name == "camt.053.") for node in body.all(PARTS[name])]


def _statement(node: Node, message: str, with_balances: bool) -> BankStatement:
    entries = list(node.all("Ntry"))
    currency = node.text("Acct/Ccy", "") or (entries[0].one("Amt").element.get("Ccy") if entries else "") or "CNY"
    amounts = [_signed(entry, currency) for entry in entries]
    _check_sums(node, amounts, currency)
    opening, closing = _balances_of(node, currency) if with_balances else (None, None)
    booked = [a for a, e in zip(amounts, entries, strict=True) if _is_booked(e)]
    if opening is not None and closing is not None and opening + sum(booked) != closing:
        told = [show_amount(fen, decimals_of(currency)) for fen in (opening, sum(booked), closing)]
        right = show_amount(opening + sum(booked), decimals_of(currency))
        reason = f"opens with {told[0]}, entries come to {told[1]}, closes with {told[2]}, not {right}"
        raise BankFileRefused(node.file, node.place, reason, "have the bank send it again; nothing was taken in")
    lines, refused = _all_lines(entries, amounts, currency)
    return BankStatement(
        message=node.text("Id", "") or message,
        account=account_of(node, "Acct"),
        currency=currency,
        made_at=node.moment("CreDtTm") if any(True for _ in node.all("CreDtTm")) else _made_at(node),
        lines=tuple(lines),
        opening_fen=opening,
        closing_fen=closing,
        refused=tuple(refused),
    )


def _all_lines(
    entries: Sequence[Node], amounts: Sequence[int], currency: str
) -> tuple[list[StatementLine], list[BankRowRefused]]:
    """The lines of booked entries, each with its place; what cannot be read is refused row by row."""
    lines: list[StatementLine] = []
    refused: list[BankRowRefused] = []
    position = 0
    for amount, entry in zip(amounts, entries, strict=True):
        first = position + 1
        position += max(1, sum(1 for _ in entry.all("NtryDtls/TxDtls")))
        if not _is_booked(entry) or amount == 0:
            continue
        try:
            found = _lines(entry, amount, currency)
        except BankFileRefused as bad:
            what = f"{entry.text('AcctSvcrRef', '') or entry.text('NtryRef', '')} {show_amount(amount)}".strip()
            refused.append(BankRowRefused(bad.place, "Ntry", what, bad.reason, bad.remedy))
            continue
        lines.extend(replace(line, position=k) for k, line in enumerate(found, first))
    return lines, refused


def _made_at(node: Node) -> datetime:
    return Node(node.element.getparent(), node.file).moment("GrpHdr/CreDtTm")


def _is_booked(entry: Node) -> bool:
    """Pending and information entries move no money. Version 02 has the status as text, later ones as a code."""
    return (entry.text("Sts/Cd", "") or entry.text("Sts", "")) in ("BOOK", "")


def _signed(entry: Node, currency: str) -> int:
    """The amount of an entry: a reversal of a credit is told as a debit already, so RvslInd changes nothing.

    It is in the account's own currency; one in another would be read as the wrong sum. Raises FileRefused.
    """
    amount = entry.fen("Amt", currency)
    named = entry.one("Amt").currency(currency)
    if named != currency:
        reason = f"<Amt> is in {named}, the account in {currency}"
        raise BankFileRefused(entry.file, entry.place, reason, "have the bank tell it in the account's currency")
    way = entry.text("CdtDbtInd")
    if way not in ("CRDT", "DBIT"):
        raise BankFileRefused(entry.file, entry.place, f"<CdtDbtInd> {way!r}", "write CRDT or DBIT")
    return amount if way == "CRDT" else -amount


def _check_sums(node: Node, amounts: Sequence[int], currency: str) -> None:
    decimals = decimals_of(currency)
    groups = {
        "TtlNtries": [abs(a) for a in amounts],
        "TtlCdtNtries": [a for a in amounts if a > 0],
        "TtlDbtNtries": [-a for a in amounts if a < 0],
    }
    for name, found in groups.items():
        for told in node.all(f"TxsSummry/{name}"):
            if any(True for _ in told.all("NbOfNtries")) and told.whole("NbOfNtries") != len(found):
                reason = f"says {told.whole('NbOfNtries')} entries, holds {len(found)}"
                raise BankFileRefused(
                    node.file, told.place, reason, "have the bank send it again; nothing was taken in"
                )
            if any(True for _ in told.all("Sum")) and told.fen("Sum", currency) != sum(found):
                said, held = show_amount(told.fen("Sum", currency), decimals), show_amount(sum(found), decimals)
                reason = f"says {said} in all, the entries sum to {held}"
                raise BankFileRefused(
                    node.file, told.place, reason, "have the bank send it again; nothing was taken in"
                )


def _balances_of(node: Node, currency: str) -> tuple[int | None, int | None]:
    found: dict[str, int] = {}
    for balance in node.all("Bal"):
        code = balance.text("Tp/CdOrPrtry/Cd", "")
        found.setdefault(code, _signed(balance, currency))
    return found.get("OPBD", found.get("PRCD")), found.get("CLBD")


def _lines(entry: Node, amount: int, currency: str) -> list[StatementLine]:
    """An entry as a line, or a line for each of its transactions when it is a batch.

    A batch may be netted: transactions that went the other way and charges of the bank are taken off the sum. Where its
    parts do not come to the entry, the entry stays one line with the doubt said: the money is there either way.
    """
    reference = reference_or_none(entry.text("AcctSvcrRef", ""))
    day = _day(entry)
    details = list(entry.all("NtryDtls/TxDtls"))
    if len(details) <= 1:
        return [_line(entry, details[0] if details else None, reference, day, amount)]
    shares = [_share(detail, amount, currency) for detail in details]
    charges = amount - sum(share for share in shares if share is not None)
    if None in shares or (charges and -charges != _charges(entry, details, currency)):
        decimals = decimals_of(currency)
        parts = show_amount(amount - charges, decimals) if None not in shares else "no sum that can be told"
        doubt = f"is of {show_amount(amount, decimals)}, its {len(details)} transactions come to {parts}"
        whole = _line(entry, None, reference, day, amount)
        names = " ".join(filter(None, (_text(detail) for detail in details)))
        return [replace(whole, text=whole.text or names, doubt=doubt)]
    found = [
        _line(entry, detail, _own_reference(detail, reference, k), day, share)
        for k, (detail, share) in enumerate(zip(details, shares, strict=True), 1)
        if share
    ]
    if charges:
        found.append(StatementLine(reference, day, charges, text="charges of the bank"))
    return found


def _day(entry: Node) -> date:
    """The day of booking, or of value where the bank tells no other."""
    for path in ("BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm"):
        if any(True for _ in entry.all(path)):
            return entry.day(path)
    raise BankFileRefused(
        entry.file, entry.place, "neither <BookgDt> nor <ValDt>", "have the bank say when it was booked"
    )


def _share(detail: Node, whole: int, currency: str) -> int | None:
    """What a transaction adds to its entry, by its own direction where it tells one; None: it does not say how much
    in the account's currency (what a payer instructed in another one is no share of the entry)."""
    way = detail.text("CdtDbtInd", "CRDT" if whole > 0 else "DBIT")
    for path in ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt"):
        if any(told.currency(currency) == currency for told in detail.all(path)):
            return detail.fen(path, currency) * (1 if way == "CRDT" else -1)
    return None


def _charges(entry: Node, details: Sequence[Node], currency: str) -> int:
    """Charges that the bank took off: told on the entry, else on its transactions. Both versions of the form."""
    for nodes in ([entry], details):
        for path in ("Chrgs/TtlChrgsAndTaxAmt", "Chrgs/Rcrd/Amt", "Chrgs/Amt"):
            found = [
                node.fen(path, currency)
                for node in nodes
                if any(told.currency(currency) == currency for told in node.all(path))
            ]
            if found:
                return sum(found)
    return 0


def _own_reference(detail: Node, reference: str, k: int) -> str:
    own = reference_or_none(detail.text("Refs/AcctSvcrRef", ""))
    if own and own != reference:
        return own
    return f"{reference}/{k}" if reference else ""


def _line(entry: Node, detail: Node | None, reference: str, day: date, amount: int) -> StatementLine:
    at = detail or entry
    party = "Dbtr" if (amount > 0) or _name(at, "Dbtr") else "Cdtr"
    reason = at.text("RtrInf/Rsn/Cd", "") or at.text("RtrInf/Rsn/Prtry", "")
    return StatementLine(
        bank_reference=reference or reference_or_none(at.text("Refs/AcctSvcrRef", "")),
        booked_on=day,
        amount_fen=amount,
        end_to_end=reference_or_none(at.text("Refs/EndToEndId", "")),
        mandate=reference_or_none(at.text("Refs/MndtId", "")),
        name=_name(at, party) or _name(at, f"Ultmt{party}"),
        account=account_of(at, f"RltdPties/{party}Acct"),
        text=_text(at) or entry.text("AddtlNtryInf", ""),
        code=reason,
    )


def _name(at: Node, party: str) -> str:
    return at.text(f"RltdPties/{party}/Pty/Nm", "") or at.text(f"RltdPties/{party}/Nm", "")


TEXTS = ("RmtInf/Ustrd", "RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/RfrdDocInf/Nb", "RmtInf/Strd/AddtlRmtInf")
"""Where the payer's words and references stand: free, or structured (a creditor reference, an invoice)."""


def _text(at: Node) -> str:
    """All that the payer wrote, and the bank's own words where the payer wrote nothing."""
    found = [(n.element.text or "").strip() for path in TEXTS for n in at.all(path)]
    return " ".join(filter(None, found)) or at.text("AddtlTxInf", "")


def results_of(statement: BankStatement) -> Results:
    """Lines that name a debit as its results: money in, it succeeded; money out, it went back.

    A line that names none is no result: it is refused, so that its money is not passed over in silence.
    """
    found: list[Result] = []
    refused = list(statement.refused)
    for x in statement.lines:
        if x.end_to_end and not x.doubt:
            status: Status = "succeeded" if x.amount_fen > 0 else "returned"
            amount, code, own = abs(x.amount_fen), x.code, x.bank_reference
            found.append(Result(x.end_to_end, status, x.booked_on, amount, code, "iso20022", own))
        else:
            shown = show_amount(x.amount_fen, decimals_of(statement.currency))
            value = f"{x.bank_reference} {x.booked_on} {shown}".strip()
            reason, remedy = x.doubt or "names no debit", "take the file in as a statement: afterloan bank-statement"
            refused.append(BankRowRefused(f"line {x.position}", "EndToEndId", value, reason, remedy))
    return Results(statement.message, "", statement.made_at, tuple(found), tuple(refused))


def write_camt054_results(results: Results) -> bytes:
    """Results as a notification: what succeeded as money in, what went back as money out; failures move nothing."""
    lines = tuple(
        StatementLine(
            f"{r.bank_reference or r.end_to_end}{'R' if r.status == 'returned' else ''}",
            r.on,
            -r.amount_fen if r.status == "returned" else r.amount_fen,
            r.end_to_end,
            code=r.code if r.status == "returned" else "",
        )
        for r in results.results
        if r.status in ("succeeded", "returned")
    )
    return write_camt(BankStatement(results.message, "LENDER-1", "CNY", results.made_at, lines), KIND_054)

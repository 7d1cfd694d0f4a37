"""What moved on an account as ISO 20022 camt.053 (statement) and camt.054 (notification)."""

from collections.abc import Sequence
from datetime import date, datetime

from afterloan.banks.words import FileRefused, Line, Result, Results, RowRefused, Statement, yuan
from afterloan.banks.xml import Node, Tree, account, account_of, money, read_document, write_document

KIND_053, KIND_054 = "camt.053.001.08", "camt.054.001.08"
BODIES = {"camt.053.": "BkToCstmrStmt", "camt.054.": "BkToCstmrDbtCdtNtfctn"}
PARTS = {"camt.053.": "Stmt", "camt.054.": "Ntfctn"}


def write_camt(statement: Statement, kind: str = KIND_053) -> bytes:
    """A statement (with balances) or a notification (without): an entry for each line, count and sums on top."""
    s = statement
    head: list[Tree] = [("MsgId", s.message), ("CreDtTm", s.made_at.isoformat(timespec="seconds"))]
    body: list[Tree] = [
        ("Id", s.message),
        ("CreDtTm", s.made_at.isoformat(timespec="seconds")),
        ("Acct", [*account(s.account), ("Ccy", s.currency)]),
        *(_balances(s) if kind == KIND_053 else []),
        ("TxsSummry", _summary(s.lines)),
        *(("Ntry", _entry(line, s.currency)) for line in s.lines),
    ]
    name = kind[:9]
    return write_document(kind, (BODIES[name], [("GrpHdr", head), (PARTS[name], body)]))


def _balances(s: Statement) -> list[Tree]:
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


def _summary(lines: Sequence[Line]) -> list[Tree]:
    found: list[Tree] = []
    groups = (
        ("TtlNtries", [abs(x.amount_fen) for x in lines]),
        ("TtlCdtNtries", [x.amount_fen for x in lines if x.amount_fen > 0]),
        ("TtlDbtNtries", [-x.amount_fen for x in lines if x.amount_fen < 0]),
    )
    for name, amounts in groups:
        found.append((name, [("NbOfNtries", str(len(amounts))), ("Sum", yuan(sum(amounts)))]))
    return found


def _entry(line: Line, currency: str) -> list[Tree]:
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
        ("RmtInf", [("Ustrd", line.text)]),
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


def read_camt(data: bytes, file: str = "camt") -> list[Statement]:
    """The statements or notifications in a file. Entries are taken row by row; the file is refused whole when its
    counts, sums or balances do not agree with its entries (figures told), or when it is cut off. Raises FileRefused.
    """
    kind, body = read_document(data, file, BODIES)
    name = kind[:9]
    message = body.text("GrpHdr/MsgId")
    return [_statement(node, message, name == "camt.053.") for node in body.all(PARTS[name])]


def _statement(node: Node, message: str, with_balances: bool) -> Statement:
    lines: list[Line] = []
    refused: list[RowRefused] = []
    entries = list(node.all("Ntry"))
    amounts = [_signed(entry) for entry in entries]
    _check_sums(node, amounts)
    opening, closing = _balances_of(node) if with_balances else (None, None)
    booked = [a for a, e in zip(amounts, entries, strict=True) if _is_booked(e)]
    if opening is not None and closing is not None and opening + sum(booked) != closing:
        raise FileRefused(
            node.file,
            node.place,
            f"opens with {yuan(opening)}, entries come to {yuan(sum(booked))}, closes with {yuan(closing)}, "
            f"not {yuan(opening + sum(booked))}",
            "have the bank send it again; nothing was taken in",
        )
    for amount, entry in zip(amounts, entries, strict=True):
        if not _is_booked(entry):
            continue
        try:
            lines.extend(_lines(entry, amount))
        except FileRefused as bad:
            reference = entry.text("AcctSvcrRef", "") or entry.text("NtryRef", "?")
            refused.append(RowRefused(bad.place, "Ntry", reference, bad.reason, bad.remedy))
    currency = node.text("Acct/Ccy", "") or (entries[0].one("Amt").element.get("Ccy") if entries else "CNY")
    return Statement(
        message=message,
        account=account_of(node, "Acct"),
        currency=currency,
        made_at=node.moment("CreDtTm") if any(True for _ in node.all("CreDtTm")) else _made_at(node),
        lines=tuple(lines),
        opening_fen=opening,
        closing_fen=closing,
        refused=tuple(refused),
    )


def _made_at(node: Node) -> datetime:
    return Node(node.element.getparent(), node.file).moment("GrpHdr/CreDtTm")


def _is_booked(entry: Node) -> bool:
    """Pending and information entries move no money. Version 02 has the status as text, later ones as a code."""
    return (entry.text("Sts/Cd", "") or entry.text("Sts", "")) in ("BOOK", "")


def _signed(entry: Node) -> int:
    """The amount of an entry: a reversal of a credit is told as a debit already, so RvslInd changes nothing."""
    amount = entry.fen("Amt")
    way = entry.text("CdtDbtInd")
    if way not in ("CRDT", "DBIT"):
        raise FileRefused(entry.file, entry.place, f"<CdtDbtInd> {way!r}", "write CRDT or DBIT")
    return amount if way == "CRDT" else -amount


def _check_sums(node: Node, amounts: Sequence[int]) -> None:
    groups = {
        "TtlNtries": [abs(a) for a in amounts],
        "TtlCdtNtries": [a for a in amounts if a > 0],
        "TtlDbtNtries": [-a for a in amounts if a < 0],
    }
    for name, found in groups.items():
        for told in node.all(f"TxsSummry/{name}"):
            if any(True for _ in told.all("NbOfNtries")) and told.whole("NbOfNtries") != len(found):
                reason = f"says {told.whole('NbOfNtries')} entries, holds {len(found)}"
                raise FileRefused(node.file, told.place, reason, "have the bank send it again; nothing was taken in")
            if any(True for _ in told.all("Sum")) and told.fen("Sum") != sum(found):
                reason = f"says {yuan(told.fen('Sum'))} in all, the entries sum to {yuan(sum(found))}"
                raise FileRefused(node.file, told.place, reason, "have the bank send it again; nothing was taken in")


def _balances_of(node: Node) -> tuple[int | None, int | None]:
    found: dict[str, int] = {}
    for balance in node.all("Bal"):
        code = balance.text("Tp/CdOrPrtry/Cd", "")
        found.setdefault(code, _signed(balance))
    return found.get("OPBD", found.get("PRCD")), found.get("CLBD")


def _lines(entry: Node, amount: int) -> list[Line]:
    """An entry as a line, or a line for each of its transactions when it is a batch."""
    reference = entry.text("AcctSvcrRef", "") or entry.text("NtryRef", "")
    if not reference:
        raise FileRefused(
            entry.file, entry.place, "neither <AcctSvcrRef> nor <NtryRef>", "have the bank name the entry"
        )
    day = entry.day("BookgDt/Dt") if any(True for _ in entry.all("BookgDt/Dt")) else entry.day("BookgDt/DtTm")
    details = list(entry.all("NtryDtls/TxDtls"))
    if len(details) <= 1:
        return [_line(entry, details[0] if details else None, reference, day, amount)]
    sign = 1 if amount > 0 else -1
    shares = [
        detail.fen("Amt") if any(True for _ in detail.all("Amt")) else detail.fen("AmtDtls/TxAmt/Amt")
        for detail in details
    ]
    if sum(shares) != abs(amount):
        reason = f"is of {yuan(abs(amount))}, its transactions sum to {yuan(sum(shares))}"
        raise FileRefused(entry.file, entry.place, reason, "have the bank send the entry again")
    return [
        _line(entry, detail, f"{reference}/{k}", day, sign * share)
        for k, (detail, share) in enumerate(zip(details, shares, strict=True), 1)
    ]


def _line(entry: Node, detail: Node | None, reference: str, day: date, amount: int) -> Line:
    at = detail or entry
    party = "Dbtr" if (amount > 0) or at.text("RltdPties/Dbtr/Pty/Nm", "") else "Cdtr"
    name = at.text(f"RltdPties/{party}/Pty/Nm", "") or at.text(f"RltdPties/{party}/Nm", "")
    end_to_end = at.text("Refs/EndToEndId", "")
    return Line(
        bank_reference=reference,
        booked_on=day,
        amount_fen=amount,
        end_to_end="" if end_to_end == "NOTPROVIDED" else end_to_end,
        mandate=at.text("Refs/MndtId", ""),
        name=name,
        account=account_of(at, f"RltdPties/{party}Acct"),
        text=" ".join((n.element.text or "").strip() for n in at.all("RmtInf/Ustrd")) or entry.text("AddtlNtryInf", ""),
        code=at.text("RtrInf/Rsn/Cd", ""),
    )


def results_of(statement: Statement) -> Results:
    """Lines that name a debit as its results: money in, it succeeded; money out, it went back."""
    found = tuple(
        Result(
            x.end_to_end,
            "succeeded" if x.amount_fen > 0 else "returned",
            x.booked_on,
            abs(x.amount_fen),
            x.code,
            "iso20022",
            x.bank_reference,
        )
        for x in statement.lines
        if x.end_to_end
    )
    return Results(statement.message, "", statement.made_at, found, statement.refused)


def write_camt054_results(results: Results) -> bytes:
    """Results as a notification: what succeeded as money in, what went back as money out; failures move nothing."""
    lines = tuple(
        Line(
            f"{r.bank_reference or r.end_to_end}{'R' if r.status == 'returned' else ''}",
            r.on,
            -r.amount_fen if r.status == "returned" else r.amount_fen,
            r.end_to_end,
            code=r.code if r.status == "returned" else "",
        )
        for r in results.results
        if r.status in ("succeeded", "returned")
    )
    return write_camt(Statement(results.message, "LENDER-1", "CNY", results.made_at, lines), KIND_054)

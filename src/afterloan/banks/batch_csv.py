"""Collections and results as the CSV batches of Chinese banks and payment companies; statements as CSV.

Every bank has a form of its own. This is ours, in their manner: a first line with number and sum of the batch, a
line of column names, one row a debit. UTF-8 out; UTF-8 or GB18030 in.
"""

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime

from afterloan.banks.words import (
    BankFileRefused,
    BankRowRefused,
    BankStatement,
    Collection,
    Creditor,
    Order,
    Result,
    Results,
    StatementLine,
    decoded,
    reference_or_none,
)
from afterloan.money import AmountRefused, decimals_of, parse_amount, show_amount

HEAD = ("批次号", "生成时间", "扣款日期", "币种", "商户名称", "商户账号", "商户开户行", "商户号", "笔数", "总金额")
ORDER = ("订单号", "金额", "协议号", "签约日期", "户名", "账号", "开户行", "附言")
RESULT_HEAD = ("批次号", "原批次号", "生成时间", "笔数", "总金额")
RESULT = ("订单号", "处理状态", "处理日期", "实扣金额", "返回码", "银行流水号", "返回信息")
STATEMENT_HEAD = ("对账单号", "账号", "币种", "生成时间", "期初余额", "期末余额", "笔数", "合计")
LINE = ("交易流水号", "交易日期", "金额", "订单号", "协议号", "对方户名", "对方账号", "摘要", "退回原因")
STATUS = {"成功": "succeeded", "失败": "failed", "退回": "returned", "处理中": "pending"}
WORD = {status: word for word, status in STATUS.items()}


def _write(
    head: tuple[str, ...], values: tuple[str, ...], columns: tuple[str, ...], rows: Iterator[tuple[str, ...]]
) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([x for pair in zip(head, values, strict=True) for x in pair])
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8")


def _read(
    data: bytes, file: str, head: tuple[str, ...], columns: tuple[str, ...]
) -> tuple[dict[str, str], list[list[str]]]:
    """First line as a mapping, and the rows. Raises FileRefused: cut off, other columns, a row too short or long."""
    text = decoded(data, file)
    if not text.endswith("\n"):
        line = text.count("\n") + 1
        raise BankFileRefused(
            file, f"line {line}", "ends in the middle of a line: the file is cut off", "send it again, whole"
        )
    try:
        rows = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error as error:
        raise BankFileRefused(file, "file", f"no CSV: {error}", "send it again, whole") from error
    first = rows[0] if rows else []
    told = dict(zip(first[::2], first[1::2], strict=False))
    missing = [name for name in head if name not in told]
    if missing:
        raise BankFileRefused(
            file, "line 1", f"{missing[0]} is missing", f"begin with {','.join(head)}, each with its value"
        )
    if len(rows) < 2 or tuple(rows[1]) != columns:
        raise BankFileRefused(file, "line 2", "other columns than these", f"write {','.join(columns)}")
    for k, row in enumerate(rows[2:], 3):
        if len(row) != len(columns):
            raise BankFileRefused(
                file, f"line {k}", f"{len(row)} columns, must be {len(columns)}", "send it again, whole"
            )
    return told, rows[2:]


def _count(told: dict[str, str], file: str) -> int:
    text = told["笔数"]
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BankFileRefused(file, "line 1", f"笔数 {text!r} is no number", "correct it")
    return int(text)


def _fen(text: str, currency: str, name: str, line: int, file: str) -> int:
    """An amount of a row or of the first line. One that cannot be read leaves the sum unproved: FileRefused."""
    try:
        return parse_amount(text, decimals_of(currency), where=name)
    except AmountRefused as bad:
        raise BankFileRefused(
            file, f"line {line}", f"{name} {text!r} {bad.reason}", f"{bad.remedy}; nothing was taken in"
        ) from bad


def _moment(text: str, file: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise BankFileRefused(file, "line 1", f"{text!r} is no moment", "write 2026-03-10T09:30:00") from error


def _agree(file: str, told: dict[str, str], count: int, total: int, sum_name: str, currency: str) -> None:
    if _count(told, file) != count:
        raise BankFileRefused(
            file, "line 1", f"says {told['笔数']} rows, holds {count} (cut off?)", "send it again, whole"
        )
    if _fen(told[sum_name], currency, sum_name, 1, file) != total:
        held = show_amount(total, decimals_of(currency))
        raise BankFileRefused(
            file, "line 1", f"says {told[sum_name]} in all, the rows sum to {held}", "correct the sum"
        )


def write_batch(collection: Collection) -> bytes:
    """A batch of debits."""
    c = collection
    decimals = decimals_of(c.currency)
    values = (
        c.message,
        c.made_at.isoformat(timespec="seconds"),
        c.collect_on.isoformat(),
        c.currency,
        c.creditor.name,
        c.creditor.account,
        c.creditor.bank,
        c.creditor.scheme_id,
        str(len(c.orders)),
        show_amount(c.total_fen, decimals),
    )
    rows = (
        (
            o.end_to_end,
            show_amount(o.amount_fen, decimals),
            o.mandate,
            o.signed_on.isoformat(),
            o.name,
            o.account,
            o.bank,
            o.text,
        )
        for o in c.orders
    )
    return _write(HEAD, values, ORDER, rows)


def read_batch(data: bytes, file: str = "batch.csv") -> Collection:
    """A batch of debits. Raises FileRefused, also for a wrong row: what is to be paid is taken whole or not."""
    told, rows = _read(data, file, HEAD, ORDER)
    orders: list[Order] = []
    for k, (key, amount, mandate, signed, name, account, bank, text) in enumerate(rows, 3):
        fen = _fen(amount, told["币种"], "金额", k, file)
        try:
            orders.append(Order(key, fen, mandate, date.fromisoformat(signed), name, account, bank, text))
        except ValueError as error:
            raise BankFileRefused(file, f"line {k}", str(error), "correct the row") from error
    _agree(file, told, len(orders), sum(o.amount_fen for o in orders), "总金额", told["币种"])
    creditor = Creditor(told["商户名称"], told["商户账号"], told["商户开户行"], told["商户号"])
    try:
        collect_on = date.fromisoformat(told["扣款日期"])
    except ValueError as error:
        raise BankFileRefused(file, "line 1", f"扣款日期 {told['扣款日期']!r} is no day", "write 2026-03-10") from error
    made_at = _moment(told["生成时间"], file)
    return Collection(told["批次号"], made_at, creditor, collect_on, told["币种"], tuple(orders))


ISO_TO_BATCH = {"AM04": "1001", "AC04": "1002", "AC01": "1003", "AC06": "1004", "MD01": "1005", "MD06": "1008"}


def write_batch_results(results: Results) -> bytes:
    """Results of a batch; codes of ISO 20022 become those of the batch (pack debit.codes.batch)."""
    total = sum(r.amount_fen for r in results.results)
    made_at = results.made_at.isoformat(timespec="seconds")
    values = (results.message, results.of_message, made_at, str(len(results.results)), show_amount(total))
    rows = (
        (
            r.end_to_end,
            WORD[r.status],
            r.on.isoformat(),
            show_amount(r.amount_fen),
            ISO_TO_BATCH.get(r.code, r.code),
            r.bank_reference,
            r.note,
        )
        for r in results.results
    )
    return _write(RESULT_HEAD, values, RESULT, rows)


def read_batch_results(data: bytes, file: str = "results.csv") -> Results:
    """Results of a batch, row by row; number and sum are of the whole file. Raises FileRefused."""
    told, rows = _read(data, file, RESULT_HEAD, RESULT)
    results: list[Result] = []
    refused: list[BankRowRefused] = []
    total = 0
    for k, row in enumerate(rows, 3):
        fen = _fen(row[3], "", "实扣金额", k, file)
        found = _result(row, fen, k)
        total += fen
        if isinstance(found, BankRowRefused):
            refused.append(found)
        else:
            results.append(found)
    _agree(file, told, len(rows), total, "总金额", "")
    made_at = _moment(told["生成时间"], file)
    return Results(told["批次号"], told["原批次号"], made_at, tuple(results), tuple(refused))


def _result(row: list[str], fen: int, line: int) -> Result | BankRowRefused:
    key, status, on, amount, code, bank_reference, note = row
    place = f"line {line}"
    if status not in STATUS:
        return BankRowRefused(place, "处理状态", status, "no status", f"there are {', '.join(STATUS)}")
    try:
        day = date.fromisoformat(on)
    except ValueError:
        return BankRowRefused(place, "处理日期", on, "is no day", "write 2026-03-10")
    if fen < 0:
        return BankRowRefused(place, "实扣金额", amount, "is negative", "write what was taken or went back")
    return Result(key, STATUS[status], day, fen, code, "batch", bank_reference, note)  # type: ignore[arg-type]


def write_statement(statement: BankStatement) -> bytes:
    """A statement as CSV; money out is negative."""
    s = statement
    decimals = decimals_of(s.currency)
    values = (
        s.message,
        s.account,
        s.currency,
        s.made_at.isoformat(timespec="seconds"),
        "" if s.opening_fen is None else show_amount(s.opening_fen, decimals),
        "" if s.closing_fen is None else show_amount(s.closing_fen, decimals),
        str(len(s.lines)),
        show_amount(sum(x.amount_fen for x in s.lines), decimals),
    )
    rows = (
        (
            x.bank_reference,
            x.booked_on.isoformat(),
            show_amount(x.amount_fen, decimals),
            x.end_to_end,
            x.mandate,
            x.name,
            x.account,
            x.text,
            x.code,
        )
        for x in s.lines
    )
    return _write(STATEMENT_HEAD, values, LINE, rows)


def read_statement(data: bytes, file: str = "statement.csv") -> BankStatement:
    """A statement, row by row; refused whole when number, sum or balances do not agree. Raises FileRefused."""
    told, rows = _read(data, file, STATEMENT_HEAD, LINE)
    lines: list[StatementLine] = []
    refused: list[BankRowRefused] = []
    total = 0
    currency = told["币种"]
    for k, (reference, on, amount, key, mandate, name, account, text, code) in enumerate(rows, 3):
        fen = _fen(amount, currency, "金额", k, file)
        total += fen
        try:
            day = date.fromisoformat(on)
        except ValueError:
            refused.append(BankRowRefused(f"line {k}", "交易日期", on, f"is no day ({amount})", "write 2026-03-10"))
            continue
        if fen:
            own = reference_or_none(reference)
            lines.append(StatementLine(own, day, fen, key, mandate, name, account, text, code, position=k - 2))
    _agree(file, told, len(rows), total, "合计", currency)
    opening, closing = (
        _fen(told[name], currency, name, 1, file) if told[name] else None for name in ("期初余额", "期末余额")
    )
    if opening is not None and closing is not None and opening + total != closing:
        shown = [show_amount(fen, decimals_of(currency)) for fen in (opening, total, closing)]
        reason = f"opens with {shown[0]}, rows come to {shown[1]}, closes with {shown[2]}"
        raise BankFileRefused(file, "line 1", reason, "send it again; nothing was taken in")
    made_at = _moment(told["生成时间"], file)
    return BankStatement(
        told["对账单号"], told["账号"], told["币种"], made_at, tuple(lines), opening, closing, tuple(refused)
    )

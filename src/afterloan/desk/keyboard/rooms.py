"""What the rooms of the desk show, at the keyboard: a month before it is furnished, rejections, both readings,
agencies, cash, then against now. With `--json` each answers as its route does."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from afterloan.desk.keyboard.options import AsJson, On, book_day, month_end_of
from afterloan.desk.keyboard.plain import figure, in_currency, speak_of, table
from afterloan.expected import BadInput

if TYPE_CHECKING:
    from datetime import date

    from afterloan.enquiry.cash import CashOf

Bureau = Annotated[str, typer.Option("--bureau", help="metro2, pboc or neutral; that of the place unless given.")]
KnownOn = Annotated[
    str, typer.Option("--known-on", help="As known at the end of that day, YYYY-MM-DD; now unless given.")
]
AsCsv = Annotated[bool, typer.Option("--csv", help="As CSV, in minor units.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app` and to its groups `bureau` and `agency`."""
    groups = {one.name: one.typer_instance for one in app.registered_groups}
    for name, command in (("preview", preview), ("rejected", rejected), ("readings", readings)):
        groups["bureau"].command(name)(command)  # type: ignore[union-attr]
    groups["agency"].command("list")(agencies)  # type: ignore[union-attr]
    app.command("cash")(cash)
    app.command("known")(known)


def _print(told: Any) -> None:
    print(json.dumps(told, ensure_ascii=False, default=str))


def preview(
    month: Annotated[str, typer.Argument(help="YYYY-MM")],
    bureau: Bureau = "",
    known_on: KnownOn = "",
    csv: Annotated[bool, typer.Option("--csv", help="Every row as CSV.")] = False,
    as_json: AsJson = False,
) -> None:
    """What furnishing MONTH would tell: new, changed and why, closed, held back. Nothing is told."""
    from afterloan.close.preview import as_csv, preview_month
    from afterloan.dates import date_told
    from afterloan.enquiry.furnished import bureau_of
    from afterloan.store.server import open_store

    store, end = open_store(), month_end_of(month)
    with store.connect() as connection:
        speak_of(connection)
        chosen = bureau or bureau_of(connection)
    *_, (_, found) = preview_month(store, end, chosen, date_told(known_on) if known_on else None)
    counts, rows = found.counts(), [row for row in found.rows if row.kind != "same"]
    if csv:
        print(as_csv(found), end="")
        return
    if as_json:
        _print({"counts": counts, "totals": dict(found.totals), "last": found.last, "excepted": found.excepted,
                "known_on": found.known_on, "rows": [row.told() for row in rows]})  # fmt: skip
        return
    print(f"{chosen} {end:%Y-%m}, as known on {found.known_on}; nothing is told")
    print("  ".join(f"{kind} {n:,}" for kind, n in counts.items() if n) or "no row")
    shown = [
        {"what": row.kind, "loan": row.loan, "borrower": row.borrower, "month": f"{row.month_end:%Y-%m}",
         "before": row.before, "now": row.now, "overdue_fen": row.overdue_fen, "waits": row.waits,
         "since": "; ".join(f"{one['kind']} {one['on']}" for one in row.since[:3]).replace("_", " ")}
        for row in rows[:200]
    ]  # fmt: skip
    table(shown, f"rows to look at{'' if len(rows) <= 200 else f', 200 of {len(rows):,}; --csv has all'}")


def rejected(bureau: Bureau = "", on: On = "", as_json: AsJson = False) -> None:
    """The lines that bureaus, or one, did not take: the reason, what mends each, whether it went out again."""
    from afterloan.enquiry.rejections import rejected_lines
    from afterloan.store.server import open_store

    with open_store().connect() as connection:
        lines = rejected_lines(connection, book_day(on), bureau)
    if as_json:
        _print([line.as_told() for line in lines])
        return
    mended = {"person": "the borrower's details", "book": "a fact of the loan", "asked": "ask the bureau"}
    rows = [
        {"loan": x.loan, "borrower": x.borrower, "bureau": x.bureau, "month": f"{x.month_end:%Y-%m}",
         "field": x.field.removesuffix("_fen").replace("_", " "), "code": x.code, "reason": x.reason,
         "mended by": mended[x.mends], "again": f"file {x.again}, {x.again_on}" if x.again else "with the next file"}
        for x in lines
    ]  # fmt: skip
    table(rows, "not taken by a bureau")


def readings(loan: str, bureau: Bureau = "", on: On = "", as_json: AsJson = False) -> None:
    """LOAN's months with a bureau in both readings: as they were told, and as we would tell them now."""
    from afterloan.enquiry.readings import both_readings
    from afterloan.store.connect import reader_to
    from afterloan.store.server import open_store

    store = open_store()
    with store.connect() as connection, reader_to(store.url) as reader:
        speak_of(connection, loan=loan)
        told = both_readings(connection, reader, loan, bureau, book_day(on))
    if as_json:
        _print(told)
        return

    def reading(one: dict[str, Any] | None) -> str:
        return "nothing" if one is None else f"{one['status']}  overdue {figure(one['overdue_fen'])}"

    rows = [
        {"month": f"{m['month_end']:%Y-%m}", "told": reading(m["then"]), "we would tell": reading(m["now"]),
         "differs": ", ".join(m["differs"]).replace("_fen", "").replace("_", " "), "times told": m["turns"],
         "not taken": m["rejected"]}
        for m in told["months"]
    ]  # fmt: skip
    table(rows, f"{loan} at {told['bureau']}, {in_currency()}")


def agencies(on: On = "", as_json: AsJson = False) -> None:
    """Cases proposed for agencies and with them, and what each agency came to; contacts against a rule are counted."""
    from afterloan.enquiry.agencies import agencies_on
    from afterloan.store.server import open_store

    with open_store().connect() as connection:
        speak_of(connection)
        told = agencies_on(connection, book_day(on)).told()
    if as_json:
        _print(told)
        return
    titles = {"proposed": "proposed for an agency", "placed": "with an agency", "each": "each agency to date",
              "files": "files for agencies"}  # fmt: skip
    for name, title in titles.items():
        table([{k: "" if v is None else v for k, v in row.items() if k != "key"} for row in told[name]], title)


def cash(
    first: Annotated[str, typer.Option("--first", help="First day; that of the last day's year unless given.")] = "",
    last: Annotated[str, typer.Option("--last", help="Last day; the book's own day unless given.")] = "",
    by: Annotated[str, typer.Option("--by", help="day or month")] = "month",
    csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """What came in and where it went, by day or month; it adds up to the journal's cash account."""
    from afterloan.enquiry.cash import as_csv, cash_between
    from afterloan.store.server import open_store

    if by not in ("day", "month"):
        raise BadInput(f"--by {by!r}: write day or month")
    end = book_day(last)
    with open_store().connect() as connection:
        speak_of(connection)
        found = cash_between(connection, book_day(first) if first else end.replace(month=1, day=1), end, by)  # type: ignore[arg-type]
    if csv:
        print(as_csv(found), end="")
    elif as_json:
        _print(found.told())
    else:
        rows = [_cash_row(one, f"{one.at:%Y-%m}" if by == "month" else str(one.at)) for one in found.rows]
        table([*rows, _cash_row(found.total, "in all")] if rows else [], "where money went")
        print(f"cash account: {figure(found.cash_before)} before, {figure(found.cash_after)} after; "
              f"difference {figure(found.difference)}; {in_currency()}")  # fmt: skip


def _cash_row(row: "CashOf", at: str) -> dict[str, Any]:
    parts = {f"{name}_fen": row.applied[name] for name in ("principal", "interest", "fee", "penalty")}
    rest = {f"{name}_fen": getattr(row, name) for name in ("recovered", "refunded", "waits", "paid_out", "cash")}
    return {"day": at, "received_fen": row.received, **parts, **rest}


def known(
    borrower: str,
    then: Annotated[str, typer.Option("--then", help="As known at the end of that day, YYYY-MM-DD.")],
    on: On = "",
    known_on: KnownOn = "",
    csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """BORROWER as known then against as known now: each loan's position of a day, and the facts that came between."""
    from afterloan.dates import date_told
    from afterloan.enquiry.then_and_now import as_csv, then_and_now
    from afterloan.store.server import open_store

    now: date = date_told(known_on) if known_on else book_day()
    with open_store().connect() as connection:
        speak_of(connection, borrower)
        told = then_and_now(connection, borrower, book_day(on), date_told(then), now)
    if csv:
        print(as_csv(told), end="")
        return
    if as_json:
        _print(told)
        return
    for one in told["loans"]:
        rows = [
            {"what": name.removesuffix("_fen").replace("_", " "), f"known {then}": _value(name, one["then"][name]),
             "known now": _value(name, one["now"][name]), "": "≠" if name in one["differs"] else ""}
            for name in one["then"]
            if name not in ("loan", "borrower")
        ]  # fmt: skip
        table(rows, f"{one['loan']} on {book_day(on)}, {in_currency()}")
    between = [
        {"known": f["known_on"], "on": f["on"], "loan": f["loan"], "what": f["kind"].replace("_", " "),
         "reference": f["reference"], "of": f["of"] or "", "amount_fen": f["amount_fen"]}
        for f in told["facts_between"]
    ]  # fmt: skip
    table(between, "learnt in between")


def _value(name: str, value: Any) -> str:
    if value is None:
        return ""
    return figure(value) if name.endswith("_fen") else str(value).replace("_", " ")

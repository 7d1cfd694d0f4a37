"""Commands of money that others send or are asked for: mandates, debits, statements, the simulated bank."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from afterloan.counting import counted
from afterloan.desk.keyboard.options import On, amount_of, book_day, group
from afterloan.desk.keyboard.plain import money, told_of
from afterloan.expected import BadInput

if TYPE_CHECKING:
    from afterloan.facts.act import Answer

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
Form = Annotated[str, typer.Option("--form", help="pain008, nacha or batch_csv.")]
By = Annotated[str, typer.Option("--by", help="Who sits here; the name you are known by on this machine unless given.")]
Named = Annotated[str, typer.Option("--reference", help="A name of your own for the act.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    mandates = group("Authorities to collect from a borrower's account.")
    mandates.command("add")(mandate_add)
    mandates.command("revoke")(mandate_revoke)
    mandates.command("resume")(mandate_resume)
    mandates.command("list")(mandate_list)
    app.add_typer(mandates, name="mandate")
    debits = group("Debits by file; what the bank says of them.")
    debits.command("creditor")(creditor)
    debits.command("file-out")(file_out)
    debits.command("file-in")(file_in)
    debits.command("presume-paid")(presume_paid)
    debits.command("ask")(ask)
    debits.command("callbacks")(callbacks)
    app.add_typer(debits, name="debit")
    app.command("bank-statement")(bank_statement)
    app.command("unmatched")(unmatched)
    app.command("bank-simulator")(bank_simulator)


def _fen(text: str, option: str) -> int | None:
    return amount_of(text, option) if text else None


def _data(file: Path) -> bytes:
    if not file.is_file():
        raise BadInput(f"{file}: no such file")
    return file.read_bytes()


def _refusals(refused: list[str]) -> None:
    for row in refused:
        typer.echo(f"  {row}", err=True)
    if refused:
        typer.echo(f"{counted(len(refused), 'row')} refused; the others are in", err=True)
        raise typer.Exit(1)


def _file_name(data: bytes, part: int, on: date, taken_as: str = "file") -> str:
    """The reference of the act of a file: what it is taken as, its digest, which part of it, the day of taking it.

    One camt.053 is both: results of debits, and the statement of the account.
    """
    return f"{taken_as}:{hashlib.sha256(data).hexdigest()[:32]}:{part}:{on}"


# -- mandates -----------------------------------------------------------------------------------------------------


def mandate_add(
    reference: str,
    borrower: Annotated[str, typer.Option(help="Reference of the borrower who signed.")],
    account: Annotated[str, typer.Option(help="Number of the account, card or wallet.")],
    source: Annotated[str, typer.Option(help="wallet, card or account.")] = "account",
    bank: Annotated[str, typer.Option(help="BIC, clearing code or routing number.")] = "",
    holder: Annotated[str, typer.Option(help="Name on the account, if it is not the borrower's.")] = "",
    loan: Annotated[str, typer.Option(help="Only for this loan; all unless given.")] = "",
    ceiling: Annotated[str, typer.Option(help="Most in one debit, 1234.56.")] = "",
    ceiling_month: Annotated[str, typer.Option(help="Most in a calendar month.")] = "",
    turn: Annotated[int, typer.Option(min=0, max=99, help="Of several the lower is tried first.")] = 0,
    rail: Annotated[str, typer.Option(help="gateway, pain008, nacha or batch_csv.")] = "gateway",
    account_type: Annotated[str, typer.Option(help="current or savings; NACHA tells them apart.")] = "current",
    signed_on: Annotated[
        str, typer.Option("--signed-on", help="Day of the signature; the book's own day unless given.")
    ] = "",
    whole_only: Annotated[bool, typer.Option("--whole-only", help="Less than is owed may not be asked for.")] = False,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Record mandate REFERENCE as signed by a borrower."""
    from afterloan.desk.keyboard.doing import act

    on = book_day(signed_on)
    asked = {
        "borrower": borrower,
        "loan": loan or None,
        "source": source,
        "account": account,
        "bank": bank,
        "holder": holder,
        "rail": rail,
        "account_type": account_type,
        "ceiling_fen": _fen(ceiling, "--ceiling"),
        "ceiling_month_fen": _fen(ceiling_month, "--ceiling-month"),
        "turn": turn,
        "less_allowed": not whole_only,
    }
    done = act("mandate.sign", asked, on, reference, by)
    told_of(done.told(), as_json, f"{reference}: {'known already' if done.known else f'signed by {borrower} on {on}'}")


def mandate_revoke(reference: str, on: On = "", by: By = "", reason: str = "", as_json: AsJson = False) -> None:
    """End mandate REFERENCE: no debit under it from that day on."""
    from afterloan.desk.keyboard.doing import act

    day = book_day(on)
    done = act("mandate.revoke", {"of": reference, "reason": reason}, day, f"{reference}:revoked:{day}", by)
    told_of(done.told(), as_json, f"{reference}: {'known already' if done.known else f'revoked from {day} on'}")


def mandate_resume(
    reference: str,
    reason: Annotated[str, typer.Option(help="Why it is worth another try.")],
    on: On = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Try debits under mandate REFERENCE again, which rested after failures."""
    from afterloan.desk.keyboard.doing import act

    day = book_day(on)
    done = act("mandate.resume", {"of": reference, "reason": reason}, day, f"{reference}:resumed:{day}", by)
    told_of(done.told(), as_json, f"{reference}: {'known already' if done.known else f'tried again from {day} on'}")


def mandate_list(borrower: str = typer.Argument(""), on: On = "", as_json: AsJson = False) -> None:
    """List mandates as known on a day, of one BORROWER or of all, the newest first; accounts by their last four."""
    from afterloan.enquiry.debits import mandates_on
    from afterloan.store.server import open_store

    with open_store().connect() as connection:
        found = [line.told() for line in mandates_on(connection, book_day(on), borrower or None)]
    if as_json:
        print(json.dumps(found, default=str, ensure_ascii=False))
        return
    for m in found:
        until = f"revoked {m['revoked_on']}" if m["revoked_on"] else "in effect"
        most = f"at most {money(m['ceiling_fen'])}" if m["ceiling_fen"] else "no ceiling"
        scope = m["loan"] or "all loans"
        print(
            f"{m['mandate']:24}{m['borrower']:16}{m['source']:9}{m['account']:24}{m['rail']:11}{scope:16}{most:20}{until}"
        )


# -- debits by file -----------------------------------------------------------------------------------------------


def creditor(
    name: Annotated[str, typer.Option(help="Name of the lender.")],
    account: Annotated[str, typer.Option(help="Account on which money is collected.")],
    bank: Annotated[str, typer.Option(help="BIC, clearing code or routing number.")] = "",
    scheme_id: Annotated[str, typer.Option(help="Creditor identifier of the scheme.")] = "",
    on: On = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Say who collects: it stands in every file."""
    from afterloan.desk.keyboard.doing import act

    asked = {"name": name, "account": account, "bank": bank, "scheme_id": scheme_id}
    told_of(act("debit.creditor", asked, book_day(on), "", by).told(), as_json, f"{name} collects on {account}")


def file_out(
    folder: Path,
    form: Form = "pain008",
    on: On = "",
    currency: str = "CNY",
    again: Annotated[str, typer.Option(help="Write the file of this name once more.")] = "",
    reference: Named = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Write the debits that wait for a file into FOLDER, for collection on a day."""
    from afterloan.banks.files import WRITERS
    from afterloan.desk.keyboard.doing import who_here
    from afterloan.sending.debit_files import file_out as write
    from afterloan.store.server import open_store

    if form not in WRITERS:
        raise BadInput(f"--form {form}: there are {', '.join(WRITERS)}")
    store = open_store()
    with store.connect() as connection:
        who = who_here(connection, by)
    done = write(store, folder, form, book_day(on), currency, again or None, who, reference)
    if as_json:
        left = [{"attempt": one.attempt, "borrower": one.borrower, "why": one.why} for one in done.left_out]
        file = str(done.path) if done.path else None
        told = {"file": file, "debits": done.debits, "total_fen": done.total_fen, "left_out": left}
        print(json.dumps(told, ensure_ascii=False))
        return
    for one in done.left_out:
        print(f"  {one.attempt} of {one.borrower} is left out: {one.why}")
    if done.path is None:
        print(f"no debit waits for a file of form {form}")
    else:
        print(f"{done.path}: {counted(done.debits, 'debit')} of {money(done.total_fen)}")


def file_in(file: Path, on: On = "", by: By = "", as_json: AsJson = False) -> None:
    """Take results from FILE: pain.002, camt.054, camt.053, NACHA returns, CSV batch. `--on`: when we learnt it."""
    from afterloan.banks.files import read_results
    from afterloan.desk.keyboard.doing import act
    from afterloan.servicing.answers import results_in_parts

    data, day = _data(file), book_day(on)
    refused: list[str] = []
    for k, part in enumerate(results_in_parts(read_results(data, file.name)), 1):
        answer = act("debit.results", part.model_dump(), day, _file_name(data, k, day), by)
        _show(answer, as_json)
        refused.extend(answer.body["refused"])
    _refusals(refused)


def _show(answer: "Answer", as_json: bool) -> None:
    """What taking results in came to."""
    from afterloan.desk.keyboard.doing import show

    show(answer, as_json, _results_told)


def _results_told(body: Mapping[str, Any]) -> str:

    words = ", ".join(f"{n:,} {status}" for status, n in body["counts"].items()) or "nothing new"
    taken = money(body["taken_fen"])
    lines = [f"{counted(body['read'], 'result')}: {words}, {body['known_before']:,} known; {taken} taken"]
    for s in body["surplus"]:
        lines.append(f"  {s['attempt']}: the loan was paid already; {money(s['unapplied_fen'])} is owed back")
    for c in body["corrections"]:
        lines.append(f"  {c['of']}: the bank asks to correct {c['code']}: {c['corrected']}")
    for s in body["contradictions"]:
        lines.append(f"  {s['attempt']}: told as {s['now']} after {s['was']}; both stand, ask the bank")
    return "\n".join(lines)


def presume_paid(
    form: Form = "nacha",
    days: Annotated[int, typer.Option(min=1, max=60, help="Days without a return.")] = 3,
    on: On = "",
    reference: Named = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Count debits that were never answered as paid, where the scheme tells only returns."""
    from afterloan.desk.keyboard.doing import act

    answer = act("debit.presume_paid", {"form": form, "days": days}, book_day(on), reference, by)
    _show(answer, as_json)
    _refusals(answer.body["refused"])


def ask(
    url: Annotated[str, typer.Option(help="The gateway.")],
    minutes: Annotated[int, typer.Option(min=0, help="Only attempts older than this.")] = 15,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Ask the gateway what became of attempts without an answer. Nothing is sent again."""
    from afterloan.desk.keyboard.doing import who_here
    from afterloan.sending.bank_gateway import HttpGateway
    from afterloan.sending.doubt import resolve_doubt
    from afterloan.servicing.answers import told_in
    from afterloan.store.server import open_store

    token = os.environ.get("AFTERLOAN_GATEWAY_TOKEN", "")
    store = open_store()
    with store.connect() as connection:
        who = who_here(connection, by)
    done = told_in(resolve_doubt(store, HttpGateway(url, token), datetime.now(UTC), timedelta(minutes=minutes), who))
    print(json.dumps(done, ensure_ascii=False) if as_json else _results_told(done))
    _refusals(done["refused"])


def callbacks(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8401,
    secret: Annotated[str, typer.Option(help="Variable that holds the webhook secret.")] = "AFTERLOAN_GATEWAY_SECRET",
    on: Annotated[str, typer.Option("--today", help="Take results as learnt on this day (for simulated time).")] = "",
) -> None:
    """Listen for signed callbacks of the gateway: POST /callbacks/debit."""
    import uvicorn
    from fastapi import FastAPI

    from afterloan.sending.callbacks import debit_callbacks
    from afterloan.store.server import open_store

    app = FastAPI(title="afterloan callbacks")
    fixed = book_day(on) if on else None
    app.include_router(debit_callbacks(open_store(), _secret(secret), lambda: fixed or date.today()))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


def _secret(variable: str) -> str:
    value = os.environ.get(variable, "")
    if not value:
        raise BadInput(f"the variable {variable} is not set; put the webhook secret (whsec_…) there")
    return value


# -- statements ---------------------------------------------------------------------------------------------------


def bank_statement(file: Path, on: On = "", by: By = "", as_json: AsJson = False) -> None:
    """Take a bank statement (camt.053, camt.054, MT940, CSV) and match its money to loans."""
    from afterloan.banks.files import read_statements
    from afterloan.desk.keyboard.doing import act, show
    from afterloan.servicing.lines import statement_in_parts

    data, day = _data(file), book_day(on)
    parts = [p for statement in read_statements(data, file.name) for p in statement_in_parts(statement, file.name)]
    refused: list[str] = []
    for k, part in enumerate(parts, 1):
        answer = act("statement.take", part.model_dump(), day, _file_name(data, k, day, "statement"), by)
        show(answer, as_json, _statement_told)
        refused.extend(answer.body["refused"])
    _refusals(refused)


def _statement_told(body: Mapping[str, Any]) -> str:

    how = ", ".join(f"{n:,} by {name}" for name, n in body["matched"].items()) or "none"
    net = money(body["matched_fen"])
    counts = f"{counted(body['lines'], 'line')}, {body['known_before']:,} known"
    lines = [f"{body['account']}: {counts}; matched: {how}; {net} net"]
    for x in body["unmatched"]:
        who = f" (maybe {', '.join(x['candidates'])})" if x["candidates"] else ""
        lines.append(f"  {x['line']}: {x['why']}{who}")
    return "\n".join(lines)


def unmatched(
    assign: Annotated[str, typer.Option(help="Bank reference of a line to decide, or its number as #12.")] = "",
    move: Annotated[str, typer.Option(help="A line that was given to the wrong loan: it is for --loan.")] = "",
    take_off: Annotated[
        str, typer.Option("--take-off", help="A line that was given to the wrong loan: it waits again.")
    ] = "",
    send_back: Annotated[
        str, typer.Option("--send-back", help="A line that is for no loan: its money goes back to its payer, --to.")
    ] = "",
    to: Annotated[str, typer.Option(help="The account that money is sent back to.")] = "",
    loan: Annotated[str, typer.Option(help="The loan it is for.")] = "",
    parts: Annotated[
        str, typer.Option(help="It is for several loans: how much for each, as L1=642.20,L2=100.00.")
    ] = "",
    aside: Annotated[str, typer.Option(help="It is for no loan: what it is.")] = "",
    note: Annotated[str, typer.Option(help="How we know.")] = "",
    account: Annotated[str, typer.Option(help="Our account, where several have that reference.")] = "",
    by: By = "",
    on: On = "",
    reference: Named = "",
    refunds: Annotated[bool, typer.Option("--refunds", help="List paid loans that hold money instead.")] = False,
    refused: Annotated[
        bool, typer.Option("--refused", help="List rows of bank files that could not be taken.")
    ] = False,
    done: Annotated[int, typer.Option(min=0, help="Number of a refused row that is done with: --aside HOW.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List money that found no loan; give a line to a loan (--assign … --loan …), set it aside, move it."""
    from afterloan.desk.keyboard.acts import refunds as refunds_list
    from afterloan.desk.keyboard.doing import act, show, told_plainly

    line = assign or move or take_off or send_back
    if line or done:
        verb, asked = (
            ("statement.finish_row", {"number": done, "how": aside})
            if done
            else ("statement.split", {"parts": _parts(parts), "note": note})
            if assign and parts
            else _decided(assign, move, loan, aside, note, send_back, to)
        )
        asked |= {} if done else {"line": line, "account": account or None}
        show(act(verb, asked, book_day(on), reference, by), as_json, lambda body: told_plainly(verb, body, False))
    elif refunds:
        refunds_list(on, as_json)
    elif refused:
        _refused_rows(as_json)
    else:
        _waiting(as_json)


def _decided(
    assign: str, move: str, loan: str, aside: str, note: str, send_back: str, to: str
) -> tuple[str, dict[str, Any]]:
    """The verb for a line that a person decides, and what it asks beside the line."""
    if send_back:
        return "statement.send_back", {"to": to, "note": note}
    if assign and bool(loan) == bool(aside):
        raise BadInput("say either --loan LOAN or --aside WHAT-IT-IS")
    if move and not loan:
        raise BadInput("say --loan LOAN: the loan that the money is for")
    if assign and aside:
        return "statement.set_aside", {"note": aside}
    if assign or move:
        return "statement.give" if assign else "statement.move", {"loan": loan, "note": note}
    return "statement.take_off", {"note": note}


def _parts(text: str) -> list[dict[str, Any]]:
    """`L1=642.20,L2=100.00` as parts of a line. Raises BadInput."""
    told = [part.strip().rpartition("=") for part in text.split(",") if part.strip()]
    if any(not equals for _, equals, _ in told):
        raise BadInput(f"--parts {text}: write LOAN=AMOUNT,LOAN=AMOUNT")
    return [{"loan": loan, "amount_fen": amount_of(amount, "--parts")} for loan, _, amount in told]


def _waiting(as_json: bool) -> None:
    """Lines that found no loan."""
    from afterloan.money import show_money
    from afterloan.store.server import open_store
    from afterloan.store.statements import open_refusals, unmatched_lines

    with open_store().connect() as connection:
        lines, waiting = unmatched_lines(connection), len(open_refusals(connection))
    if as_json:
        print(json.dumps(lines, default=str, ensure_ascii=False))
        return
    for x in lines:
        name = x["bank_reference"] or f"#{x['line']}"
        amount = show_money(x["amount_fen"], x["currency"])
        print(f"{name:24}{x['booked_on']}{amount:>16}  {x['name']}  {x['text']}")
        if x["held"]:
            print(f"  #{x['line']} {x['held']}")
    if waiting:
        print(f"{counted(waiting, 'row')} of bank files could not be taken: see `afterloan unmatched --refused`")


def _refused_rows(as_json: bool) -> None:
    """Rows of bank files that could not be taken."""
    from afterloan.store.server import open_store
    from afterloan.store.statements import open_refusals

    with open_store().connect() as connection:
        rows = open_refusals(connection)
    if as_json:
        print(json.dumps([asdict(row) for row in rows], default=str, ensure_ascii=False))
        return
    for r in rows:
        where = " ".join(filter(None, (r.account, r.source, r.file, r.place)))
        print(f"{r.number:>6} {r.known_on} {r.kind:11}{where}: {r.field} {r.value!r}: {r.reason}; {r.remedy}")


# -- the simulated bank -------------------------------------------------------------------------------------------


def bank_simulator(
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8400,
    seed: int = 1,
    today: Annotated[str, typer.Option("--today", help="The bank's first day; today unless given.")] = "",
    late: Annotated[int, typer.Option(min=0, max=1000, help="Per mille answered days later.")] = 0,
    returned: Annotated[int, typer.Option(min=0, max=1000, help="Per mille of those taken that go back.")] = 0,
    doubled: Annotated[int, typer.Option(min=0, max=1000, help="Per mille told twice.")] = 0,
    lost: Annotated[int, typer.Option(min=0, max=1000, help="Per mille whose answer is lost on the line.")] = 0,
    closed: Annotated[int, typer.Option(min=0, max=1000, help="Per mille of accounts that are closed.")] = 0,
    latency: Annotated[int, typer.Option(min=0, max=60_000, help="Longest delay of an answer, ms.")] = 0,
    partial: Annotated[bool, typer.Option("--partial", help="Take what is there when it is less.")] = False,
    balance: Annotated[str, typer.Option(help="Highest balance of an account not set up.")] = "5000.00",
    callback: Annotated[str, typer.Option(help="Where answers told later are called back.")] = "",
    secret: Annotated[str, typer.Option(help="Variable that holds the webhook secret.")] = "AFTERLOAN_GATEWAY_SECRET",
    file_in: Annotated[Path | None, typer.Option("--file-in", help="File mode: a file of debits.")] = None,
    file_out: Annotated[Path, typer.Option("--file-out", help="File mode: folder of the answers.")] = Path("bank"),
    form: Form = "pain008",
    until: Annotated[str, typer.Option("--until", help="File mode: the day of the answers.")] = "",
) -> None:
    """Be a bank: a server (or, with --file-in, files in and out). The same seed, the same bank."""
    from afterloan.rehearsal.bank.simulator import Bank, Habits

    habits = Habits(
        late=late,
        returned=returned,
        doubled=doubled,
        lost=lost,
        closed=closed,
        latency_ms=latency,
        partial=partial,
        balance_most_fen=max(_fen(balance, "--balance") or 1, 1),
    )
    bank = Bank(seed, book_day(today) if today else date.today(), habits)
    if file_in is not None:
        _answer_by_file(bank, file_in, file_out, form, book_day(until) if until else bank.today)
        return
    import uvicorn

    from afterloan.rehearsal.bank.server import bank_app

    app = bank_app(bank, callback, _secret(secret) if callback else "")
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


def _answer_by_file(bank: Any, file: Path, folder: Path, form: str, until: date) -> None:
    from afterloan.banks.files import read_collection
    from afterloan.rehearsal.bank.server import answers

    first = bank.today
    for order in read_collection(form, _data(file), file.name).orders:
        bank.debit(order)
    bank.advance(until)
    folder.mkdir(parents=True, exist_ok=True)
    forms = {"pain002": "xml", "camt054": "xml", "camt053": "xml", "mt940": "sta", "batch_csv": "csv"}
    if form == "nacha":
        forms = {"nacha_returns": "ach", "camt053": "xml", "mt940": "sta"}
    for name, suffix in forms.items():
        path = folder / f"{name}-{until:%Y%m%d}.{suffix}"
        path.write_bytes(answers(bank, name, first))
        print(path)

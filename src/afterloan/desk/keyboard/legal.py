"""Commands of the law: show a case, propose, approve, refuse, start, end steps; evidence, bundle, losses, people."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from afterloan.counting import counted
from afterloan.desk.keyboard.options import On, amount_of, book_day, group
from afterloan.desk.keyboard.plain import money, speak_of, told_of

Instalments = Annotated[
    list[str] | None,
    typer.Option("--instalment", help="DAY=AMOUNT, once for each part in which the court lets the debtor pay."),
]
Part = Annotated[str, typer.Option(help="As the court says it; all four, or none where all was granted.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
By = Annotated[str, typer.Option("--by", help="Who sits here; the name you are known by on this machine unless given.")]
Reference = Annotated[str, typer.Option(help="The act's own reference: the same again is answered, not done twice.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    room = group("Legal steps: nothing starts without a person's approval.")
    for command in (day, show, propose, approve, refuse, start, end, evidence, bundle, people, loss):
        room.command(command.__name__)(command)
    room.command("approve-loss")(approve_loss)
    room.command("refuse-loss")(refuse_loss)
    app.add_typer(room, name="legal")


@contextmanager
def _both() -> Iterator[Any]:
    from afterloan.store.connect import reader_to
    from afterloan.store.server import open_store

    store = open_store()
    with store.connect() as connection, reader_to(store.url) as reader:
        yield connection, reader


def _act(verb: str, asked: dict[str, Any], on: str, by: str = "", reference: str = "") -> Mapping[str, Any]:
    """Do one verb; the body of its answer."""
    from afterloan.desk.keyboard.doing import act

    return act(verb, asked, book_day(on), reference, by).body


def day(on: On = "", by: By = "", reference: Reference = "", as_json: AsJson = False) -> None:
    """After `decide`: the ladder's wishes of a day become proposals, and what is due by law becomes tasks."""
    told = _act("legal.day", {}, on, by, reference)
    made = told["proposals"]
    words = f"{counted(len(made), 'proposal waits', 'proposals wait')} for people, {counted(told['tasks'], 'new task')}"
    told_of(told, as_json, "\n".join([*made, words]))


def show(loan: str, on: On = "", as_json: AsJson = False) -> None:
    """The steps of LOAN, its deadlines, its period of limitation, the sum owed, what each further step still lacks."""
    import json

    from afterloan.desk.keyboard.plain import plain
    from afterloan.enquiry.legal import legal_case_told, words_of_case
    from afterloan.store.server import open_store

    with open_store().connect() as connection:
        speak_of(connection, loan=loan)
        told = legal_case_told(connection, loan, book_day(on))
    print(json.dumps(told, ensure_ascii=False) if as_json else plain("\n".join(words_of_case(told))))


def propose(
    loan: str,
    step: str,
    by: By = "",
    reason: Annotated[str, typer.Option()] = "unpaid",
    on: On = "",
    reference: Reference = "",
    as_json: AsJson = False,
) -> None:
    """Propose STEP for LOAN; nothing happens by it."""
    told = _act("legal.propose", {"loan": loan, "step": step, "reason": reason}, on, by, reference)
    told_of(told, as_json, told["proposal"])


def approve(
    proposal: str,
    role: Annotated[str, typer.Option()],
    by: By = "",
    on: On = "",
    note: str = "",
    reference: Reference = "",
    as_json: AsJson = False,
) -> None:
    """Approve PROPOSAL in a role that you were appointed to."""
    told = _act("legal.approve", {"proposal": proposal, "role": role, "note": note}, on, by, reference)
    told_of(told, as_json, f"approved by {told['approved_by']} as {role}")


def refuse(
    proposal: str,
    reason: Annotated[str, typer.Option()],
    by: By = "",
    on: On = "",
    reference: Reference = "",
    as_json: AsJson = False,
) -> None:
    """Turn PROPOSAL down."""
    told = _act("legal.refuse", {"proposal": proposal, "reason": reason}, on, by, reference)
    told_of(told, as_json, f"refused by {told['refused_by']}")


def start(
    proposal: str,
    by: By = "",
    on: On = "",
    court: str = "",
    case_number: str = "",
    reference: Reference = "",
    as_json: AsJson = False,
) -> None:
    """Take an approved step."""
    told = _act("legal.start", {"proposal": proposal, "court": court, "case_number": case_number}, on, by, reference)
    more = f", and {money(told['costs_fen'])} of costs" if told["costs_fen"] else ""
    fee = f"; the court's fee is {money(told['fee_fen'])}" if told["fee_fen"] else ""
    words = f"{told['step']} started: {money(told['claim_fen'])} claimed{more}{fee}"
    told_of(told, as_json, words)


def end(
    proposal: str, outcome: str, on: On = "",
    amount: Annotated[str, typer.Option(help="What was paid or granted in all.")] = "0",
    principal: Part = "", interest: Part = "", penalty: Part = "", costs: Part = "",
    rate: Annotated[str, typer.Option(help="Interest from the judgment on, % a day (or the product's unit).")] = "",
    perform_by: str = "", instalment: Instalments = None,
    parts_alone: Annotated[
        bool, typer.Option("--parts-alone", help="Only missed parts may be enforced, not all the rest at once.")
    ] = False,
    case_number: str = "", note: str = "", by: By = "", reference: Reference = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Tell what came of a step: delivered, issued, objected, granted, final, part_paid …"""
    asked: dict[str, Any] = {"proposal": proposal, "outcome": outcome, "amount_fen": amount_of(amount)}
    told = {"principal": principal, "interest": interest, "penalty": penalty, "costs": costs}
    asked |= {f"{name}_fen": amount_of(text, name) for name, text in told.items() if text}
    asked |= {"rate_percent": rate or None, "perform_by": book_day(perform_by) if perform_by else None}
    asked |= {"instalments": [_instalment(text) for text in instalment or ()], "whole_if_missed": not parts_alone}
    done = _act("legal.end", asked | {"case_number": case_number, "note": note}, on, by, reference)
    parts = {name.removesuffix("_fen"): fen for name, fen in done["parts"].items() if fen}
    shown = ", ".join(f"{name} {money(fen)}" for name, fen in parts.items())
    words = f"recorded: {outcome}" + (f"; {money(done['amount_fen'])} = {shown}" if shown else "")
    told_of(done, as_json, words)


def _instalment(text: str) -> dict[str, Any]:
    """One part of a judgment: `_instalment("2026-10-10=300.00")` is 300.00 due on 10 October."""
    day, _, amount = text.partition("=")
    return {"due_on": book_day(day).isoformat(), "amount_fen": amount_of(amount, "instalment")}


def evidence(loan: str, what: str, file: Path, on: On = "", by: By = "", as_json: AsJson = False) -> None:
    """Name FILE as evidence of LOAN by its SHA-256; WHAT: contract, identity, disbursement, notice, court …"""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    asked = {"loan": loan, "what": what, "name": file.name, "sha256": digest}
    told = _act("evidence.keep", asked, on, by, f"evidence:{loan}:{what}:{digest}")
    told_of(told, as_json, f"{digest}  {file.name}")


def people(
    person: str = typer.Argument(""),
    role: Annotated[list[str] | None, typer.Option()] = None,
    on: On = "",
    by: By = "",
    reference: Reference = "",
    as_json: AsJson = False,
) -> None:
    """Show who may approve in which roles, or appoint PERSON (no --role: to none)."""
    from afterloan.store.legal import people as known

    if person:
        _act("people.appoint", {"person": person, "roles": role or []}, on, by, reference)
    with _both() as (connection, _):
        found = {name: list(roles) for name, roles in sorted(known(connection, book_day(on)).items())}
    told_of(found, as_json, "\n".join(f"{name:24}{', '.join(roles)}" for name, roles in found.items()))


def loss(
    loan: str, what: str, by: By = "", on: On = "", price: str = "0", reference: Reference = "", as_json: AsJson = False
) -> None:
    """Propose a charge_off, write_off or sale of LOAN."""
    asked = {"loan": loan, "what": what, "price_fen": amount_of(price, "price")}
    told = _act("loss.propose", asked, on, by, reference)
    told_of(told, as_json, told["proposal"])


def approve_loss(
    proposal: str,
    role: Annotated[str, typer.Option()],
    by: By = "",
    on: On = "",
    reference: Reference = "",
    as_json: AsJson = False,
) -> None:
    """Approve a charge-off, write-off or sale; the last approval books it."""
    told = _act("loss.approve", {"proposal": proposal, "role": role}, on, by, reference)
    told_of(told, as_json, "booked" if told["booked"] else "approved; another approval is needed")


def refuse_loss(
    proposal: str,
    reason: Annotated[str, typer.Option()],
    by: By = "",
    on: On = "",
    reference: Reference = "",
    as_json: AsJson = False,
) -> None:
    """Turn a proposed charge-off, write-off or sale down."""
    told = _act("loss.refuse", {"proposal": proposal, "reason": reason}, on, by, reference)
    told_of(told, as_json, f"refused by {told['refused_by']}")


def bundle(
    loan: str,
    out: Annotated[Path, typer.Option("--out", help="Folder to write to.")],
    on: On = "",
    language: Annotated[str, typer.Option("--language", help="en or zh")] = "zh",
    as_json: AsJson = False,
) -> None:
    """Write the papers and evidence of LOAN: PDFs, statement with working, notices, SHA256SUMS."""
    from afterloan.desk.web.letters import claimant
    from afterloan.enquiry.books import entries_of
    from afterloan.papers.bundle import bundle_of
    from afterloan.papers.court import write_bundle
    from afterloan.store.legal import case_of

    with _both() as (connection, reader):
        case = case_of(connection, loan, book_day(on))
        posted = entries_of(connection, case.loan_number)
        files = bundle_of(connection, reader, case, posted, claimant(language), language)
    written = dict(write_bundle(out, files))
    told_of(written, as_json, "\n".join(f"{digest}  {name}" for name, digest in written.items()))

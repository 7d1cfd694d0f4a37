"""Commands of the strategy: decide a day, try a ladder, worklists, holds, promises, lines, agencies."""

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from afterloan.counting import counted
from afterloan.desk.keyboard.contacting import CONTACT_TOLD
from afterloan.desk.keyboard.options import (
    FirstDay,
    LastDay,
    On,
    OtherContact,
    OtherGrace,
    TriedLadder,
    amount_of,
    book_day,
    day_of,
    group,
)
from afterloan.desk.keyboard.plain import money, plain, table
from afterloan.expected import BadInput

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
By = Annotated[str, typer.Option("--by", help="Who decides or records this.")]
Reference = Annotated[str, typer.Option(help="The message's own reference: the same again is answered, not recorded.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(decide)
    app.command("try")(try_)
    app.command()(worklist)
    app.command("can-draw")(can_draw)
    rooms: tuple[tuple[str, str, dict[str, Callable[..., None]]], ...] = (
        ("ladder", "Ladders: check, use, list; the columns that conditions may speak of.", LADDER),
        ("hold", "Holds: place, lift, show.", HOLD),
        ("promise", "Promises: make, withdraw, show.", PROMISE),
        ("limit", "Credit lines: change, show.", LIMIT),
        ("agency", "Agencies: cases out, their answers in, recall.", AGENCY),
        ("contact", "Ask the contact governor, tell how an attempt ended, show the rules.", CONTACT),
    )
    for name, told, commands in rooms:
        room = group(told)
        for command, step in commands.items():
            room.command(command)(step)
        app.add_typer(room, name=name)


def _number(text: str) -> int:

    return day_of(text)


@contextmanager
def _connection() -> Iterator[Any]:
    from afterloan.store.server import open_store

    with open_store().connect() as connection:
        yield connection


@contextmanager
def _both() -> Iterator[Any]:
    from afterloan.store.connect import reader_to
    from afterloan.store.server import open_store

    store = open_store()
    with store.connect() as connection, reader_to(store.url) as reader:
        yield connection, reader


def decide(
    on: On = "",
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Worker processes; all cores unless given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Decide what is done on a day, from what was known when the day before was closed."""
    from afterloan.close.workers import begin

    cores = begin(workers)
    from afterloan.close.decide import decide as run
    from afterloan.store.server import open_store

    store, day = open_store(), _number(on)
    done = run(store, day, cores)
    print(json.dumps(done.told()) if as_json else done)


def try_(
    ladder: TriedLadder,
    first: FirstDay,
    last: LastDay,
    grace: OtherGrace = None,
    contact: OtherContact = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Worker processes; all cores unless given.")
    ] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Also write the table there.")] = None,
    as_json: AsJson = False,
) -> None:
    """Replay stored history under another LADDER, grace or contact pack, beside what was and what stands."""
    from afterloan.close.workers import begin

    cores = begin(workers)
    from afterloan.rehearsal.trial import try_ladder
    from afterloan.store.server import open_store

    text = None if ladder == "-" else text_of_ladder(ladder)
    store = open_store()
    trial = try_ladder(store, _number(first), _number(last), text, grace, contact, cores)
    show_trial(trial, as_json, csv_file)


def show_trial(trial: Any, as_json: bool, csv_file: Path | None = None) -> None:
    """Print what a trial came to, beside what was and what stands; `csv_file`: the table goes there too."""
    rows = trial.rows()
    if csv_file:
        with csv_file.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    if as_json:
        told = {"first": trial.first, "last": trial.last, "ladder": trial.ladder, "seconds": round(trial.seconds, 2)}
        print(json.dumps({**told, "assumption": trial.assumption, "held_still": trial.held_still, "rows": rows}))
        return
    table(rows, f"{trial.ladder}: {trial.first} to {trial.last}, {trial.seconds:,.1f} s")
    print(trial.assumption)
    if trial.held_still:
        print(f"Not replayed, kept at their defaults: {', '.join(trial.held_still)}")


def text_of_ladder(told: str) -> str:
    """The YAML of a ladder: a file, or one that comes with afterloan."""
    from importlib import resources

    from afterloan.strategy.ladder import builtin_ladders
    from afterloan.texts import utf8_file

    path = Path(told)
    if path.is_file():
        return utf8_file(path)
    if told in builtin_ladders():
        place = resources.files("afterloan.rules") / "packs" / "ladders" / f"{told}.yaml"
        return place.read_text(encoding="utf-8")
    raise BadInput(f"ladder {told!r}: no such file, and none of: {', '.join(sorted(builtin_ladders()))}")


def ladder_check(file: Path, as_json: AsJson = False) -> None:
    """Read FILE as a ladder; a mistake is told with its line."""
    from afterloan.strategy.ladder import sound_ladder
    from afterloan.texts import utf8_file

    ladder = sound_ladder(utf8_file(file), str(file))
    told = {"ladder": ladder.id, "steps": len(ladder.steps)}
    print(json.dumps(told) if as_json else f"{ladder.id}: {counted(len(ladder.steps), 'step')}, sound")


def ladder_use(
    ladder: Annotated[str, typer.Argument(help="A ladder's file or name.")],
    jurisdiction: Annotated[str, typer.Option(help="For borrowers of which place.")] = "CN",
    since: Annotated[str, typer.Option(help="First day it decides, YYYY-MM-DD; the next decision unless given.")] = "",
    as_json: AsJson = False,
) -> None:
    """Use a ladder for the borrowers of a place from a day's decision on."""
    from afterloan.desk.keyboard.doing import act, show

    asked = {"jurisdiction": jurisdiction, "text": text_of_ladder(ladder)} | ({"since": since} if since else {})
    from_on = f" from {since} on" if since else ""
    show(
        act("ladder.use", asked, book_day()), as_json,
        lambda b: f"{b['ladder']} is used for {b['jurisdiction']}{from_on}",
    )  # fmt: skip


def ladder_list(as_json: AsJson = False) -> None:
    """The ladders that come with afterloan."""
    from afterloan.strategy.ladder import builtin_ladders

    if as_json:
        rows = [{"ladder": name, "jurisdiction": x.jurisdiction, "steps": len(x.steps), "title": x.title}
                for name, x in builtin_ladders().items()]  # fmt: skip
        print(json.dumps(rows, ensure_ascii=False))
        return
    for name, ladder in builtin_ladders().items():
        print(f"{name:20}{ladder.jurisdiction:6}{len(ladder.steps):4} steps  {ladder.title.get('en', '')}")


def ladder_columns(as_json: AsJson = False) -> None:
    """The columns that a ladder's conditions may speak of."""
    from afterloan.strategy.columns import COLUMNS

    if as_json:
        print(json.dumps({name: {"type": str(dtype), "about": text} for name, (dtype, text) in COLUMNS.items()}))
        return
    for name, (dtype, text) in COLUMNS.items():
        print(f"{name:26}{dtype!s:9}{text}")


LADDER: dict[str, Callable[..., None]] = {
    "check": ladder_check,
    "use": ladder_use,
    "list": ladder_list,
    "columns": ladder_columns,
}


def worklist(
    on: On = "",
    queue: Annotated[str | None, typer.Option(help="Only this queue.")] = None,
    most: Annotated[int, typer.Option(min=1, help="How many.")] = 50,
    assign: Annotated[str, typer.Option(help="Share the unassigned cases out to these people, a comma between.")] = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """The open cases, the most worth first."""
    from afterloan.desk.keyboard.doing import act
    from afterloan.store.cases import open_cases

    day = book_day(on)
    if assign:
        people = [name.strip() for name in assign.split(",") if name.strip()]
        given = act("case.share_out", {"people": people, "queue": queue}, day, by=by).body["given"]
        print(f"{counted(given, 'case')} given out", file=sys.stderr)
    with _both() as (connection, reader):
        cases = open_cases(connection, reader, day, queue)
    rows = [case.told() for case in cases[:most]]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
    elif rows:
        table(rows, f"{counted(len(cases), 'open case')} on {day}")
    else:
        print(f"no case is open on {day}")


def can_draw(borrower: str, amount: str, on: On = "", as_json: AsJson = False) -> None:
    """Whether BORROWER may draw AMOUNT, with all reasons against it. Exit code 1: no."""
    from afterloan.store.limits import can_draw as ask

    with _connection() as connection:
        answer = ask(connection, borrower, amount_of(amount), book_day(on))
    if as_json:
        told = {"allowed": answer.allowed, "reasons": answer.reasons}
        print(json.dumps({**told, "limit_fen": answer.limit_fen, "available_fen": answer.available_fen}))
    else:
        print("yes" if answer.allowed else plain("no: " + "; ".join(answer.reasons)))
    if not answer.allowed:
        raise typer.Exit(1)


def hold_place(
    borrower: str,
    hold: Annotated[str, typer.Argument(help="dispute_open, hardship_review, deceased, lawyer …")],
    reason: Annotated[str, typer.Option(help="Why.")],
    reference: Reference,
    ends: Annotated[str, typer.Option(help="Its last day.")] = "",
    review: Annotated[str, typer.Option(help="The day to look at it again.")] = "",
    on: On = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Stop a borrower's treatment for a reason, and withdraw what was planned and is now stopped."""
    from afterloan.desk.keyboard.doing import act, show

    asked = {"borrower": borrower, "hold": hold, "reason": reason}
    asked |= {"ends_on": ends} if ends else {}
    asked |= {"review_on": review} if review else {}
    show(act("hold.place", asked, book_day(on), reference, by), as_json, lambda _: f"recorded: {reference}")


def hold_lift(
    borrower: str,
    of: Annotated[str, typer.Argument(help="The reference of the hold.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    on: On = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """End a hold: the day is the first without it."""
    from afterloan.desk.keyboard.doing import act, show

    asked = {"borrower": borrower, "of": of, "reason": reason}
    show(act("hold.lift", asked, book_day(on), f"lift:{of}", by), as_json, lambda _: f"recorded: lift:{of}")


def hold_show(borrower: str, on: On = "", as_json: AsJson = False) -> None:
    """The holds in effect, and what each stops."""
    from afterloan.enquiry.holds import holds_of

    with _connection() as connection:
        held_now = holds_of(connection, borrower, book_day(on))
    if as_json:
        rows = [
            {
                "reference": h.reference,
                "hold": h.hold,
                "since": h.since.isoformat(),
                "until": str(h.until or ""),
                "review_on": str(h.review_on or ""),
                "stops": h.rule.parameters["stops"],
            }
            for h in held_now
        ]
        print(json.dumps(rows, ensure_ascii=False))
        return
    for held in held_now:
        until = held.until or (f"lifted, review {held.review_on}" if held.review_on else "lifted")
        stops = ", ".join(held.rule.parameters["stops"])
        print(f"{held.reference}: {held.hold} since {held.since} until {until}; stops {stops}")


HOLD: dict[str, Callable[..., None]] = {"place": hold_place, "lift": hold_lift, "show": hold_show}


def promise_make(
    borrower: str,
    amount: str,
    due: Annotated[str, typer.Option(help="The day it is promised for.")],
    reference: Reference,
    loan: Annotated[str | None, typer.Option(help="On this loan only.")] = None,
    on: On = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Record that BORROWER promised to pay AMOUNT by a day."""
    from afterloan.desk.keyboard.doing import act, show

    asked = {"borrower": borrower, "loan": loan, "amount_fen": amount_of(amount), "due_on": book_day(due)}
    show(act("promise.make", asked, book_day(on), reference, by), as_json, lambda _: f"recorded: {reference}")


def promise_withdraw(
    borrower: str, of: str, reason: Annotated[str, typer.Option(help="Why.")], on: On = "", as_json: AsJson = False
) -> None:
    """A promise no longer stands, by agreement."""
    from afterloan.desk.keyboard.doing import act, show

    name, asked = f"withdrawn-promise:{of}", {"borrower": borrower, "of": of, "reason": reason}
    show(act("promise.withdraw", asked, book_day(on), name), as_json, lambda _: f"recorded: {name}")


def promise_show(borrower: str, on: On = "", as_json: AsJson = False) -> None:
    """A borrower's promises, judged by the money that came."""
    from afterloan.store.promises import promises_of

    with _connection() as connection:
        judged = promises_of(connection, borrower, book_day(on))
    rows = [
        {
            "promise": j.promise.reference,
            "made": j.promise.on.isoformat(),
            "amount_fen": j.promise.amount_fen,
            "due": j.promise.due_on.isoformat(),
            "counts_until": j.until.isoformat(),
            "paid_fen": j.paid_fen,
            "outcome": j.outcome,
        }
        for j in judged
    ]
    if as_json:
        print(json.dumps(rows))
    else:
        table(rows, f"promises of {borrower}")


PROMISE: dict[str, Callable[..., None]] = {"make": promise_make, "withdraw": promise_withdraw, "show": promise_show}


def limit_change(
    borrower: str,
    change: Annotated[str, typer.Argument(help="set, reduce, freeze, restore, bar or lift")],
    reason: Annotated[str, typer.Option(help="Why.")],
    reference: Reference,
    by: By = "",
    amount: Annotated[str, typer.Option(help="The limit from now on; stays unless given.")] = "",
    bar: Annotated[str, typer.Option(help="The bar's name, for bar and lift.")] = "",
    because: Annotated[
        list[str] | None,
        typer.Option(help="Of a worse line: a principal reason that the borrower is told, by its code (repeatable)."),
    ] = None,
    by_score: Annotated[bool, typer.Option("--by-score", help="Tell the reasons of the borrower's own score.")] = False,
    on: On = "",
    as_json: AsJson = False,
) -> None:
    """Change a borrower's credit line, with who and why; of a worse one the borrower is told why, or it is a task."""
    from afterloan.desk.keyboard.doing import act, show

    asked: dict[str, Any] = {"borrower": borrower, "change": change, "reason": reason, "bar": bar or None}
    asked |= {"reasons": because or [], "by_score": by_score}
    asked |= {"after_fen": amount_of(amount)} if amount else {}
    show(act("limit.change", asked, book_day(on), reference, by), as_json, lambda _: f"recorded: {reference}")


def limit_show(borrower: str, on: On = "", as_json: AsJson = False) -> None:
    """A borrower's line and all its changes."""
    from afterloan.facts.limit import LINE_KINDS
    from afterloan.store.events import events_of
    from afterloan.store.limits import line_now

    day = book_day(on)
    with _connection() as connection:
        line = line_now(connection, borrower, day)
        changes = events_of(connection, borrower, LINE_KINDS, day)
    rows = [{"on": e.on.isoformat(), "kind": e.KIND, **e.body()} for e in changes]
    if as_json:
        told = {"limit_fen": line.limit_fen, "granted_fen": line.granted_fen, "frozen": line.frozen, "bars": line.bars}
        print(json.dumps({**told, "changes": rows}, ensure_ascii=False))
        return
    state = "frozen" if line.frozen else "open"
    bars = f", barred: {', '.join(line.bars)}" if line.bars else ""
    limit, granted = money(line.limit_fen), money(line.granted_fen)
    table(rows, f"{borrower}: {limit} of {granted} granted, {state}{bars}")


LIMIT: dict[str, Callable[..., None]] = {"change": limit_change, "show": limit_show}


def agency_out(
    agency: str,
    file: Path,
    reference: Annotated[str, typer.Option(help="A name of your own: the same again gives the same file again.")] = "",
    on: On = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Place the cases that ladders proposed with AGENCY and write them to FILE."""
    from afterloan.desk.keyboard.doing import act

    with file.open("w", encoding="utf-8") as out:  # before the act: a file that cannot be written places nothing
        done = act("agency.place", {"agency": agency}, book_day(on), reference, by).body
        out.write(done["text"])
    told = {"agency": agency, "cases": done["cases"], "file": str(file)}
    print(json.dumps(told, ensure_ascii=False) if as_json else f"{counted(done['cases'], 'case')}: {file}")


def agency_in(agency: str, file: Path, on: On = "", by: By = "", as_json: AsJson = False) -> None:
    """Take AGENCY's answers in: attempts, promises, returns. Refused rows are told and leave the others."""
    from afterloan.desk.keyboard.doing import act, file_asked

    done = act("agency.answers", {"agency": agency, **file_asked(file.read_bytes())}, book_day(on), by=by).body
    if as_json:
        print(json.dumps(dict(done), ensure_ascii=False))
    else:
        for row in done["refused"]:
            print(f"{file}: {row}", file=sys.stderr)
        broke = f"{done['against_rules']} contacts against a rule"
        print(f"{done['taken']} taken, {done['known']} known, {len(done['refused'])} refused; {broke}")
    if done["refused"]:
        raise typer.Exit(1)


def agency_recall(
    placement: str, reason: Annotated[str, typer.Option(help="Why.")], on: On = "", by: By = "", as_json: AsJson = False
) -> None:
    """Take a case back from its agency."""
    from afterloan.desk.keyboard.doing import act, show

    name, asked = f"recall:{placement}", {"of": placement, "reason": reason}
    show(act("agency.recall", asked, book_day(on), name, by), as_json, lambda _: f"recalled: {placement}")


AGENCY: dict[str, Callable[..., None]] = {"out": agency_out, "in": agency_in, "recall": agency_recall}


def contact_ask(
    borrower: str,
    channel: Annotated[str, typer.Argument(help="call, ai_call, visit, sms, email, push, chat, letter")],
    at: Annotated[str, typer.Option(help="The moment with its offset, e.g. 2026-03-10T09:30:00+08:00.")],
    reference: Reference,
    purpose: Annotated[str, typer.Option(help="reminder, collection, service, legal_notice or locate")] = "collection",
    address: Annotated[str, typer.Option(help="The number or address.")] = "",
    person: Annotated[str, typer.Option(help="borrower, guarantor, debt_related or third")] = "borrower",
    who: Annotated[str, typer.Option(help="The third person's name.")] = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Ask whether BORROWER may be contacted now; if so it is on record as attempted. Exit code 1: no."""
    from afterloan.dates import moment_told
    from afterloan.desk.keyboard.doing import act

    moment = moment_told(at)
    asked = {"borrower": borrower, "channel": channel, "at": moment, "purpose": purpose, "address": address,
             "person": person, "who": who}  # fmt: skip
    verdict = act("contact.ask", asked, moment.date(), reference, by).body
    if as_json:
        print(json.dumps(dict(verdict), ensure_ascii=False))
    elif verdict["allowed"]:
        print("yes")
    if verdict["allowed"]:
        return
    after = f"; next: {verdict['next_at']}" if verdict["next_at"] else ""
    rule = f" ({verdict['rule']})" if verdict["rule"] else ""
    if not as_json:
        print(f"no: {verdict['why']}{rule}{after}")
    raise typer.Exit(1)


def contact_ended(
    borrower: str, of: str, outcome: str, at: Annotated[str, typer.Option(help="The moment.")], as_json: AsJson = False
) -> None:
    """Tell how the attempt OF ended: reached, unanswered, invalid, not_connected, delivered or bounced."""
    from afterloan.dates import moment_told
    from afterloan.desk.keyboard.doing import act, show

    moment = moment_told(at)
    asked = {"borrower": borrower, "of": of, "outcome": outcome, "at": moment}
    show(act("contact.end", asked, moment.date(), f"{of}:end"), as_json, lambda _: f"recorded: {of}:end")


def contact_rules(
    jurisdiction: Annotated[str, typer.Argument(help="CN, US, EU, UK or IN")] = "CN",
    on: On = "",
    as_json: AsJson = False,
) -> None:
    """The contact rules that bind on a day, with source and confidence (M and I are not certain); then the drafts."""
    from afterloan.rules.packs import rules_of
    from afterloan.strategy.governor import contact_rules as binding
    from afterloan.strategy.places import check_place

    check_place("jurisdiction", jurisdiction)
    day = book_day(on)
    if as_json:
        print(json.dumps([rule.model_dump(mode="json") for rule in binding(jurisdiction, day)], ensure_ascii=False))
        return
    for rule in binding(jurisdiction, day):
        print(f"{rule.id:34}{rule.status:12}{rule.confidence:3}{rule.clause} [{rule.source}]")
    for rule in rules_of("contact"):
        if rule.jurisdiction == jurisdiction and rule.status in ("draft", "announced"):
            print(f"{rule.id:34}{rule.status:12}{rule.confidence:3}{rule.clause} [{rule.source}] (binds nobody)")


CONTACT: dict[str, Callable[..., None]] = {
    "ask": contact_ask,
    "ended": contact_ended,
    "rules": contact_rules,
    **CONTACT_TOLD,
}

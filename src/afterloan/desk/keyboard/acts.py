"""Commands that do one verb each, the verbs themselves, tasks of people, and what was done."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from afterloan.counting import counted
from afterloan.desk.keyboard.options import AsJson, On, amount_of, book_day, group

if TYPE_CHECKING:
    from afterloan.store.server import Store

By = Annotated[str, typer.Option("--by", help="Who does it; the name you are known by on this machine unless given.")]
Named = Annotated[
    str, typer.Option("--reference", help="A name of your own: the same again is answered, not done twice.")
]
Dry = Annotated[bool, typer.Option("--dry-run", help="Say what would come of it, and keep nothing.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("do")(do)
    for command in (
        verbs,
        propose,
        approve,
        refuse,
        withdraw,
        reverse,
        refund,
        waive,
        note,
        correct,
        place,
        roles,
        acts,
        verify,
    ):
        app.command(command.__name__)(command)
    app.command("move-repayment")(move_repayment)
    app.command("pass-on")(pass_on)
    app.command("refund-returned")(refund_returned)
    app.command("refunds")(refunds)
    case = group("Cases in one's own hands: take, back.")
    case.command("take")(case_take)
    case.command("back")(case_back)
    app.add_typer(case, name="case")
    task = group("Tasks of people: list, show, done, reopen, assign.")
    task.command("list")(task_list)
    task.command("show")(task_show)
    task.command("done")(task_done)
    task.command("reopen")(task_reopen)
    task.command("assign")(task_assign)
    app.add_typer(task, name="task")


def _do(verb: str, asked: dict[str, Any], on: str, reference: str, by: str, as_json: bool, dry: bool = False) -> None:
    from afterloan.desk.keyboard.doing import act, show, told_plainly

    show(act(verb, asked, book_day(on), reference, by, dry), as_json, lambda body: told_plainly(verb, body, dry))


def _value(name: str, text: str, known: set[str]) -> tuple[str, Any]:
    """A field from `name=text`: lists and records as JSON, `amount=12.00` as `amount_fen`."""
    if name not in known and f"{name}_fen" in known:
        return f"{name}_fen", amount_of(text)
    return name, _plain(name, text)


def _plain(name: str, text: str) -> Any:
    """The value of a text: lists and records are JSON. Raises Stop for one that is begun and is none."""
    from afterloan.desk.keyboard.doing import Stop
    from afterloan.texts import TextRefused, json_told

    if text[:1] not in ("[", "{"):
        return text
    try:
        return json_told(text, name)
    except TextRefused as bad:
        raise Stop(f'{name}: {text!r} {bad.reason}; write a list as ["a", "b"]') from bad


def _attribute(text: str) -> tuple[str, Any]:
    """An attribute from `name=value`; an empty value takes it away. Raises Stop for a name without a mark."""
    from afterloan.desk.keyboard.doing import Stop

    name, mark, value = text.partition("=")
    if not mark or not name.strip():
        raise Stop(f"--attribute {text!r}: no name=value; `{name}=` takes it away")
    return name.strip(), _plain(name, value.strip()) or None


def do(
    verb: Annotated[str, typer.Argument(help="The verb's name: `afterloan verbs` lists them.")],
    fields: Annotated[list[str] | None, typer.Argument(help="What it asks, as name=value.")] = None,
    on: On = "",
    reference: Named = "",
    by: By = "",
    dry_run: Dry = False,
    as_json: AsJson = False,
) -> None:
    """Do any VERB with its fields, e.g. `do charge.waive loan=L1 amount=20.00 component=penalty`."""
    _do(verb, _fields(verb, fields or []), on, reference, by, as_json, dry_run)


def _fields(verb: str, told: list[str]) -> dict[str, Any]:
    """What is asked, from name=value."""
    from afterloan.desk.keyboard.doing import Stop
    from afterloan.servicing.verbs import verb_named

    known = set(verb_named(verb).asked.model_fields)
    asked: dict[str, Any] = {}
    for field in told:
        name, mark, text = field.partition("=")
        if not mark:
            raise Stop(f"{field!r}: no name=value; {verb} asks {', '.join(sorted(known))}")
        if name == "content" and text.startswith("@"):
            asked |= _file(text[1:])
            continue
        key, value = _value(name, text, known)
        asked[key] = value
    return asked


def _file(path: str) -> dict[str, str]:
    """`content=@PATH`: the file and its digest, as verbs that take a file ask them."""
    from pathlib import Path

    from afterloan.desk.keyboard.doing import Stop, file_asked

    try:
        return file_asked(Path(path).read_bytes())
    except OSError as error:
        raise Stop(f"{path}: cannot be read: {error.strerror}; check the path") from error


def propose(
    verb: Annotated[str, typer.Argument(help="The verb's name: `afterloan verbs` lists them.")],
    fields: Annotated[list[str] | None, typer.Argument(help="What it asks, as name=value.")] = None,
    on: On = "",
    reference: Named = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Propose a VERB that a second person has to agree to: it is tried, and has no effect before it is approved."""
    from afterloan.desk.keyboard.doing import act, reference_made, show

    name = reference or reference_made(verb)
    answer = act(verb, _fields(verb, fields or []), book_day(on), name, by, propose_only=True)
    show(
        answer,
        as_json,
        lambda body: f"sent for approval as {name}: waits for {' or '.join(body['waits_for'])} until {body['until']}",
    )


def approve(
    proposal: Annotated[str, typer.Argument(help="The proposal's reference.")],
    on: On = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Agree to a PROPOSAL as a second person; it is done at once."""
    from afterloan.desk.keyboard.doing import agree, show, told_plainly

    answer = agree(proposal, book_day(on), by)
    show(answer, as_json, lambda body: told_plainly(answer.verb, body, False))


Why = Annotated[str, typer.Option(help="Why, to whoever proposed it and for the record.")]


def refuse(
    proposal: Annotated[str, typer.Argument(help="The proposal's reference.")],
    reason: Why,
    on: On = "",
    reference: Named = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Turn a PROPOSAL down that you might have approved: nobody can agree to it any more."""
    _do("proposal.refuse", {"proposal": proposal, "reason": reason}, on, reference, by, as_json)


def withdraw(
    proposal: Annotated[str, typer.Argument(help="The reference of a proposal of your own.")],
    reason: Why,
    on: On = "",
    reference: Named = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Take your own PROPOSAL back."""
    _do("proposal.withdraw", {"proposal": proposal, "reason": reason}, on, reference, by, as_json)


def verbs(
    markdown: Annotated[bool, typer.Option("--markdown", help="As the page docs/verbs.md.")] = False,
    as_json: AsJson = False,
) -> None:
    """Everything that can be done: each verb with what it asks, who may do it and its command."""
    from afterloan.desk.keyboard.verb_page import page, rows

    if markdown:
        print(page(), end="")
    elif as_json:
        print(json.dumps(rows(), ensure_ascii=False))
    else:
        for row in rows():
            asks = row["asks"].replace("_fen", "")  # `do` takes amount=12.00
            print(f"{row['verb']:26}{row['about']}\n{'':26}asks {asks}; may: {row['may']}")


def reverse(
    of: Annotated[str, typer.Argument(help="The reference of what is taken back.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    on: On = "",
    reference: Named = "",
    by: By = "",
    dry_run: Dry = False,
    as_json: AsJson = False,
) -> None:
    """Take a repayment, or another fact, back: the loan is reckoned as if it had never been there."""
    name = reference or f"{of}:reversed"
    _do("repayment.reverse", {"of": of, "reason": reason}, on, name, by, as_json, dry_run)


def refund(
    loan: str,
    amount: str,
    account: Annotated[str, typer.Option(help="The account it is paid out to.")],
    reference: Named,
    on: On = "",
    by: By = "",
    dry_run: Dry = False,
    as_json: AsJson = False,
) -> None:
    """Give AMOUNT that waits on LOAN back to the borrower."""
    asked = {"loan": loan, "amount_fen": amount_of(amount), "account": account}
    _do("refund.pay", asked, on, reference, by, as_json, dry_run)


def refund_returned(
    loan: str,
    amount: str,
    reference: Named,
    reason: Annotated[str, typer.Option(help="What the bank says of it.")] = "",
    on: On = "",
    by: By = "",
    dry_run: Dry = False,
    as_json: AsJson = False,
) -> None:
    """A refund came back: AMOUNT waits on LOAN again and is due to the borrower."""
    asked = {"loan": loan, "amount_fen": amount_of(amount), "reason": reason}
    _do("refund.return", asked, on, reference, by, as_json, dry_run)


def refunds(on: On = "", as_json: AsJson = False) -> None:
    """What is owed back to borrowers: paid loans that hold money, those that wait longest on top."""
    from afterloan.desk.keyboard.plain import table
    from afterloan.enquiry.refunds import refunds_due
    from afterloan.store.server import open_store

    rows = [due.told() for due in refunds_due(open_store(), book_day(on))]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        table(rows, "refunds due")


def move_repayment(
    of: Annotated[str, typer.Argument(help="The repayment's reference.")],
    target: Annotated[str, typer.Argument(help="The loan it was meant for.")],
    amount: Annotated[str, typer.Option(help="A part of it; the whole unless given.")] = "",
    on: On = "",
    reference: Named = "",
    by: By = "",
    dry_run: Dry = False,
    as_json: AsJson = False,
) -> None:
    """Take a repayment to the loan it was meant for: it counts there from the day it was received."""
    asked = {"of": of, "target": target, "amount_fen": amount_of(amount) if amount else None}
    _do("repayment.move", asked, on, reference or f"{of}:moved:{target}", by, as_json, dry_run)


def pass_on(
    loan: str, target: str, amount: str, reference: Named, on: On = "", by: By = "", dry_run: Dry = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Pass AMOUNT that waits on LOAN on to loan TARGET of the same borrower."""
    asked = {"loan": loan, "target": target, "amount_fen": amount_of(amount)}
    _do("money.pass_on", asked, on, reference, by, as_json, dry_run)


def waive(
    loan: str,
    amount: str,
    component: Annotated[str, typer.Argument(help="penalty, fee, interest or principal")],
    reason: Annotated[str, typer.Option(help="Why.")],
    reference: Named,
    on: On = "",
    by: By = "",
    dry_run: Dry = False,
    as_json: AsJson = False,
) -> None:
    """Give up AMOUNT of what is owed on LOAN; more than is owed is refused."""
    asked = {"loan": loan, "amount_fen": amount_of(amount), "component": component, "reason": reason}
    _do("charge.waive", asked, on, reference, by, as_json, dry_run)


def note(borrower: str, text: str, on: On = "", reference: Named = "", by: By = "", as_json: AsJson = False) -> None:
    """Write a note on BORROWER's case."""
    _do("case.note", {"borrower": borrower, "text": text}, on, reference, by, as_json)


Queue = Annotated[str, typer.Option(help="Only in this queue; every one in which the case stands unless given.")]


def case_take(
    borrower: str, queue: Queue = "", on: On = "", reference: Named = "", by: By = "", as_json: AsJson = False
) -> None:
    """Take BORROWER's open case: it is yours from now on, wherever nobody else has it."""
    _do("case.take", {"borrower": borrower, "queue": queue}, on, reference, by, as_json)


def case_back(
    borrower: str, queue: Queue = "", on: On = "", reference: Named = "", by: By = "", as_json: AsJson = False
) -> None:
    """Hand BORROWER's case back: it is free again."""
    _do("case.hand_back", {"borrower": borrower, "queue": queue}, on, reference, by, as_json)


def correct(
    borrower: str,
    reason: Annotated[str, typer.Option(help="How we know.")],
    name: Annotated[str, typer.Option(help="The right name.")] = "",
    attribute: Annotated[list[str] | None, typer.Option(help="name=value; an empty value takes it away.")] = None,
    since: Annotated[str, typer.Option(help="The day from which it holds; the act's day unless given.")] = "",
    on: On = "",
    reference: Named = "",
    by: By = "",
    dry_run: Dry = False,
    as_json: AsJson = False,
) -> None:
    """Change BORROWER's name or attributes (mobile, timezone, jurisdiction, language, address …) from a day on."""
    attributes = dict(map(_attribute, attribute or []))
    asked: dict[str, Any] = {"borrower": borrower, "reason": reason, "attributes": attributes}
    asked |= {"name": name} if name else {}
    asked |= {"since": since} if since else {}
    _do("person.correct", asked, on, reference, by, as_json, dry_run)


def place(
    jurisdiction: str = "", zone: str = "", language: str = "", lender_type: str = "", on: On = "", by: By = "",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Set the lender's own place: what holds where a borrower says nothing."""
    told = {"jurisdiction": jurisdiction, "zone": zone, "language": language, "lender_type": lender_type}
    _do("settings.place", {k: v for k, v in told.items() if v}, on, "", by, as_json)


def roles(
    person: str,
    names: Annotated[list[str] | None, typer.Argument(help="agent, lead, finance …; none: no role any more.")] = None,
    on: On = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Give PERSON roles at the doors. From the first one given, whoever has none may do nothing."""
    _do("people.roles", {"person": person, "roles": names or []}, on, "", by, as_json)


def task_list(
    on: On = "",
    queue: Annotated[str, typer.Option(help="Only this queue.")] = "",
    role: Annotated[str, typer.Option(help="Only what waits for this role.")] = "",
    done: Annotated[bool, typer.Option("--done", help="Also those that are done.")] = False,
    as_json: AsJson = False,
) -> None:
    """What people must look at, the clock that runs out first on top."""
    from afterloan.desk.keyboard.doing import kinds_sent
    from afterloan.desk.keyboard.plain import plain
    from afterloan.enquiry.tasks import tasks
    from afterloan.store.server import open_store

    with open_store().connect() as connection:
        found = [
            t
            for t in tasks(connection, kinds_sent(), book_day(on), done)
            if queue in ("", t.queue) and (not role or role in t.waits_for.split(", "))
        ]
    if as_json:
        print(json.dumps([t.told() for t in found], ensure_ascii=False))
        return
    for t in found:
        clock = f"by {t.due_on}" if t.due_on else f"since {t.since}"
        hands = f" [{t.assigned_to}]" if t.assigned_to else f" [{t.waits_for}]" if t.waits_for else ""
        state = f" done by {t.done_by}" if t.done_by else ""
        print(f"{clock:17}{t.queue:18}{t.borrower} {t.loans}: {plain(t.what)}{hands}{state}\n{'':17}{t.key}")
    print(f"{counted(len(found), 'task')}")


def task_show(key: str, on: On = "", as_json: AsJson = False) -> None:
    """Task KEY, open or done: what it is, until when, what to do, and what became of it so far."""
    from afterloan.desk.keyboard.doing import kinds_sent
    from afterloan.desk.keyboard.plain import plain
    from afterloan.enquiry.tasks import task_of
    from afterloan.store.server import open_store

    with open_store().connect() as connection:
        found, history = task_of(connection, key, kinds_sent(), book_day(on))
    if as_json:
        print(json.dumps({**found.told(), "history": history}, ensure_ascii=False))
        return
    state = f"done by {found.done_by}" if found.done_by else f"with {found.assigned_to or 'nobody'}"
    print(f"{found.queue}: {found.borrower} {found.name} {found.loans}".rstrip())
    print(f"  {plain(found.what)}")
    print(f"  since {found.since}" + (f", by {found.due_on}" if found.due_on else "") + f"; {state}")
    print(f"  to do: {found.todo}")
    for row in history:
        print(f"  {row['on']} {row['what']} by {row['by']}" + (f": {row['words']}" if row["words"] else ""))


def task_done(key: str, how: str, on: On = "", by: By = "", as_json: AsJson = False) -> None:
    """Task KEY is done; HOW says what was done."""
    _do("task.done", {"of": key, "how": how}, on, "", by, as_json)


def task_reopen(key: str, reason: str, on: On = "", by: By = "", as_json: AsJson = False) -> None:
    """Task KEY is not done after all."""
    _do("task.reopen", {"of": key, "reason": reason}, on, "", by, as_json)


def task_assign(key: str, to: str, on: On = "", by: By = "", as_json: AsJson = False) -> None:
    """Give task KEY to a person; an empty name hands it back."""
    _do("task.assign", {"of": key, "to": to}, on, "", by, as_json)


def acts(
    borrower: Annotated[str, typer.Option(help="Only what concerned this borrower.")] = "",
    verb: Annotated[str, typer.Option(help="Only this verb.")] = "",
    most: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """What was done, the newest first: who, through which door, what was asked and answered."""
    from afterloan.enquiry.acts import acts_done
    from afterloan.store.server import open_store

    with open_store().connect() as connection:
        found = acts_done(connection, borrower, verb, most)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for a in found:
        print(f"{a['act']:>8}  {a['on']}  {a['verb']:24}{a['who']} ({a['door']})  {a['reference']}")


def verify(
    head: Annotated[str, typer.Option("--head", help="The head of a day as it was written down elsewhere.")] = "",
    as_json: AsJson = False,
) -> None:
    """Whether acts, facts, events, contracts and entries are still what the closes sealed; names what is not."""
    from afterloan.store.server import open_store

    prove_seals(open_store(), head, as_json)


def prove_seals(store: "Store", head: str, as_json: bool) -> None:
    """Read everything that was sealed again and tell what is not as it was. Raises Exit (1) where anything is not."""
    from dataclasses import asdict

    from afterloan.enquiry.seals import knows_head
    from afterloan.enquiry.seals import verify as look
    from afterloan.store.connect import reader_to

    with store.connect() as connection, reader_to(store.url) as reader:
        found = look(connection, reader)
        day = knows_head(connection, head) if head else ""
    if as_json:
        typer.echo(json.dumps({**asdict(found), "head_given_is_of": day or None}, ensure_ascii=False))
    elif not found.days:
        typer.echo("nothing is sealed yet: the next close seals what is there")
    else:
        for broken in found.broken:
            typer.echo(str(broken))
        typer.echo(
            f"{counted(found.rows, 'row')} in the seals of {counted(found.days, 'day')} to {found.through}: "
            f"{f'{len(found.broken):,} are not as they were sealed' if found.broken else 'all as they were sealed'}"
        )
        typer.echo(f"head of {found.through}: {found.head}")
        if head:
            typer.echo(f"the head given is that of {day}" if day else "the head given is that of no sealed day")
    if found.broken or (head and not day):
        raise typer.Exit(1)

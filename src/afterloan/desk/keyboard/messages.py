"""`afterloan drain`, `template`, `receipts`: actions leave, texts are looked at, receipts come in."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from afterloan.counting import counted
from afterloan.desk.keyboard.doing import say
from afterloan.desk.keyboard.options import On, book_day, group
from afterloan.expected import BadInput

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
Language = Annotated[str, typer.Option("--language", help="zh-CN or en; zh is enough.")]
Jurisdiction = Annotated[str, typer.Option("--jurisdiction", help="Whose lines of law close the text: CN, US, …")]
Channel = Annotated[str, typer.Option("--channel", help="sms, email, push, chat, letter, webhook.")]

# ends of an action after which a person or another run has to act; `held` and `dropped` are as the rules want it
FAILURES = ("refused", "again", "unknown", "doubt")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(drain)
    app.command()(receipts)
    template = group("Message templates: list, preview, check.")
    template.command("list")(list_templates)
    template.command()(preview)
    template.command()(check)
    app.add_typer(template, name="template")


def drain(
    once: Annotated[
        bool, typer.Option("--once", help="Do what is due and stop; else go on until interrupted.")
    ] = False,
    channel: Annotated[list[str] | None, typer.Option("--channel", help="Only this channel (repeatable).")] = None,
    workers: Annotated[int, typer.Option(min=1, max=32, help="Worker processes.")] = 1,
    at: Annotated[str, typer.Option("--at", help="As of this moment, with offset (implies --once).")] = "",
    as_json: AsJson = False,
) -> None:
    """Do the actions that are due: send, write, debit. Channels: AFTERLOAN_HOME/channels.yaml (docs/messages.md)."""
    from afterloan.dates import moment_told
    from afterloan.desk.logs import begin_logs
    from afterloan.sending.drain_work import drain as run
    from afterloan.sending.drain_work import load_also, stay
    from afterloan.store.server import open_store

    begin_logs()
    load_also("afterloan.servicing.money")  # money of debits is reckoned and posted as it comes
    store = open_store()
    if not once and not at:
        stay(store, channel or (), workers=workers)
        return
    done = run(store, channel or (), moment_told(at) if at else None, workers)
    print(json.dumps(done.told()) if as_json else done)
    failed = sum(done.total(end) for end in FAILURES)
    if failed:
        say(f"{failed:,} did not leave or are in doubt; where a person must act, afterloan task list shows it")
        raise typer.Exit(1)


def receipts(file: Path, as_json: AsJson = False) -> None:
    """Take delivery receipts and bounces from FILE (.jsonl, .csv, or a returned mail .eml)."""
    from afterloan.desk.keyboard.doing import act, file_asked

    if not file.is_file():
        raise BadInput(f"{file}: no such file")
    on, told = datetime.now(UTC).date(), file_asked(file.read_bytes())
    done = act("receipt.take", {"name": file.name, **told}, on, f"receipts:{told['sha256']}:{on}").body
    if as_json:
        print(json.dumps(dict(done)))
    else:
        counts = f"{done['new']:,} new, {done['known']:,} known, {len(done['refused']):,} refused"
        print(f"{counted(done['rows'], 'receipt')}: {counts}")
        for row in done["refused"]:
            print(f"  row {row['row']}: {row['why']}")
    if done["refused"]:
        raise typer.Exit(1)


def list_templates(as_json: AsJson = False) -> None:
    """Every template with its version, purpose, needed values and title."""
    from afterloan.sending.templates import templates

    if as_json:
        print(json.dumps([t.model_dump(mode="json") for ts in templates().values() for t in ts], ensure_ascii=False))
        return
    for name, versions in templates().items():
        newest = versions[0]
        print(f"{name:24}v{newest.version:<3}{newest.purpose:14}{newest.title['zh']} / {newest.title['en']}")
        if newest.needs:
            print(f"{'':28}needs: {', '.join(newest.needs)}")


def preview(
    name: str,
    language: Language = "zh-CN",
    channel: Channel = "email",
    jurisdiction: Jurisdiction = "CN",
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Also write the letter there.")] = None,
    on: On = "",
) -> None:
    """Show template NAME with made-up values, as the borrower would read it."""
    from afterloan.sending.channels import setting
    from afterloan.sending.templates import render, sample_values, template_of

    day = book_day(on)
    template, lender = template_of(name, day), setting().lender
    told: dict[str, Any] = {"channel": channel, "jurisdiction": jurisdiction, "on": day}
    text = render(template, language, sample_values(template), lender, **told)
    print(f"{text.template} v{text.version}  {text.language}  {channel}  {jurisdiction}  (made-up values)")
    print(f"subject: {text.subject}\n\n{text.whole(chr(10) * 2)}")
    if text.rules:
        print(f"\nlines of: {', '.join(text.rules)}")
    if pdf:
        pdf.write_bytes(_letter(template, language, lender, jurisdiction, day))
        print(f"letter: {pdf}")


def _letter(template: Any, language: str, lender: Any, jurisdiction: str, day: date) -> bytes:
    from afterloan.papers.documents import render as document
    from afterloan.sending.spool import letter_values
    from afterloan.sending.templates import render, sample_values

    text = render(
        template, language, sample_values(template), lender, channel="letter", jurisdiction=jurisdiction, on=day
    )
    to = {"name": "示例" if text.language == "zh-CN" else "Sample", "address": "…"}
    return document("letter", text.language, letter_values(text, lender, to, "preview", day))


def check(as_json: AsJson = False) -> None:
    """Check every template: both languages, known values, forbidden words, renders on each channel and place."""
    from afterloan.sending.channels import setting
    from afterloan.sending.templates import proofread

    problems = proofread(setting().lender)
    if as_json:
        print(json.dumps(problems, ensure_ascii=False))
    else:
        print("\n".join(problems) or "all templates are sound")
    if problems:
        raise typer.Exit(1)

"""Commands of purges: who may be purged, and the certificates of those that were. A purge itself is proposed."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from afterloan.desk.keyboard.doing import Stop, say
from afterloan.desk.keyboard.options import AsJson, On, book_day, few_loans, group

if TYPE_CHECKING:
    from afterloan.store.purging import PurgeCertificate


def register(app: typer.Typer) -> None:
    """Add the commands."""
    purge = group("Personal data whose time is over: list, certificate. `afterloan propose person.purge` purges.")
    purge.command("list")(list_)
    purge.command()(certificate)
    app.add_typer(purge, name="purge")


def list_(
    borrower: Annotated[str, typer.Argument(help="One borrower; unless given, all of whom it might be time.")] = "",
    after: Annotated[str, typer.Option(help="Go on after this borrower.")] = "",
    most: Annotated[int, typer.Option(min=1, max=10_000)] = 200,
    on: On = "",
    as_json: AsJson = False,
) -> None:
    """Who may be purged on a day, until when others are kept by which rule, what stands against it. Changes nothing."""
    few_loans()
    from afterloan.enquiry.purging import all_to_purge, to_purge
    from afterloan.store.server import open_store

    day = book_day(on)
    with open_store().connect() as connection:
        looked = [to_purge(connection, borrower, day)] if borrower else [*all_to_purge(connection, day, after, most)]
    if as_json:
        print(json.dumps([one.told() for one in looked], ensure_ascii=False))
        return
    print(f"{'borrower':20}{'settled':12}{'kept through':14}what stands against it")
    for one in looked:
        kept = one.kept.day.isoformat() if one.kept else ""
        told = "; ".join(one.against) or f"nothing: may be purged ({one.kept.rule.id if one.kept else ''})"
        print(f"{one.borrower:20}{one.since or '':<12}{kept:14}{told}")
    free = [one.borrower for one in looked if not one.against]
    if free:
        say(f"{len(free)} may be purged: afterloan propose person.purge people=… reason=…; a second person approves")


def certificate(
    named: Annotated[str, typer.Argument(help="A certificate; unless given, all of them are listed.")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="Write it as PDF into this file.")] = None,
    language: Annotated[str, typer.Option("--language", help="zh or en, of the PDF.")] = "zh",
    as_json: AsJson = False,
) -> None:
    """The certificates of purges, or one of them: as JSON, or as PDF with --out."""
    from afterloan.store.purging import certificates
    from afterloan.store.server import open_store

    with open_store().connect() as connection:
        found = certificates(connection, named)
    if named and not found:
        raise Stop(f"{named}: no certificate of that name; `afterloan purge certificate` lists them", "unknown")
    if out is not None:
        if not named:
            raise Stop("which certificate is to be written? `afterloan purge certificate` lists them")
        out.write_bytes(_as_pdf(found[0], language))
        print(f"{out}: {found[0].certificate}, SHA-256 {found[0].sha256}")
    elif as_json:
        told = [{**one.told, "sha256": one.sha256} for one in found]
        print(json.dumps(told[0] if named else told, ensure_ascii=False))
    else:
        print(f"{'certificate':36}{'on':12}{'borrowers':>10}{'files':>8}")
        for one in found:
            files = sum(b["purged"]["files"] for b in one.told.get("borrowers", [])) + one.told.get("files", 0)
            print(f"{one.certificate:36}{one.on!s:12}{len(one.told.get('borrowers', [])):>10,}{files:>8,}")


def _as_pdf(made: "PurgeCertificate", language: str) -> bytes:
    from afterloan.papers.purged import certificate_of_purge
    from afterloan.sending.channels import setting
    from afterloan.sending.templates import letterhead

    tongue = "zh-CN" if language.startswith("zh") else "en"
    return certificate_of_purge(made, letterhead(setting().lender, tongue), tongue)

"""`afterloan bureau`: furnish a month, take answers, disputes, compare a report, show what a bureau was told."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from afterloan.counting import counted
from afterloan.desk.keyboard.options import On, book_day, group, month_end_of
from afterloan.desk.keyboard.plain import figure, told_of
from afterloan.expected import BadInput

if TYPE_CHECKING:
    from afterloan.facts.act import Answer

Bureau = Annotated[str, typer.Option("--bureau", help="metro2, pboc or neutral; that of the place unless given.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]


def register(app: typer.Typer) -> None:
    """Add `bureau` and its commands."""
    bureau = group("Report to bureaus, take their answers, disputes, own reports.")
    dispute = group("Disputes: list, open, evidence, decide, disagree, notified, show.")
    for command in (furnish, sender, rejections, compare, show, files):
        bureau.command()(command)
    bureau.command("import")(import_)
    for name, step in DISPUTE.items():
        dispute.command(name)(step)
    bureau.add_typer(dispute, name="dispute")
    app.add_typer(bureau, name="bureau")


ActReference = Annotated[
    str, typer.Option("--act-reference", help="The act's own reference: the same again is answered, not done twice.")
]
By = Annotated[str, typer.Option("--by", help="Who does it; the name you are known by on this machine unless given.")]


def _act(verb: str, asked: dict[str, Any], on: str, reference: str = "", by: str = "") -> "Answer":
    from afterloan.desk.keyboard.doing import act

    return act(verb, asked, book_day(on), reference, by)


def _sender(path: Path | None) -> dict[str, Any]:
    from afterloan.texts import utf8_file, yaml_told

    told = yaml_told(utf8_file(path), str(path)) if path else {}
    if not isinstance(told, dict):
        raise BadInput(f"{path}: write lines `name: value`, e.g. identification_number: AFT0012345")
    return {str(k): v for k, v in told.items()}


def sender(
    names: Annotated[list[str] | None, typer.Argument(help="name=value, e.g. identification_number=AFT0012345")] = None,
    bureau: Bureau = "", on: On = "", by: By = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Keep who furnishes to a bureau, as its form asks; without NAMES nothing is kept any more."""
    told: dict[str, str] = {}
    for one in names or []:
        name, _, value = one.partition("=")
        if not value:
            raise BadInput(f"{one}: write name=value, e.g. identification_number=AFT0012345")
        told[name] = value
    done = _act("settings.sender", {"bureau": bureau or _bureau(), "sender": told}, on, "", by).told()
    if as_json:
        return print(json.dumps(done, ensure_ascii=False))
    kept = ", ".join(f"{name} {value}" for name, value in told.items()) or "nothing is kept"
    print(f"{done['body']['bureau']}: {kept}")


@contextmanager
def _connection() -> Iterator[Any]:
    from afterloan.store.server import open_store

    with open_store().connect() as connection:
        yield connection


def _bureau(borrower: str = "") -> str:
    """The bureau of a borrower's place, or of the lender's."""
    from afterloan.enquiry.furnished import bureau_of

    with _connection() as connection:
        return bureau_of(connection, borrower or None)


def furnish(
    month: Annotated[str, typer.Argument(help="YYYY-MM")],
    bureau: Bureau = "",
    out: Annotated[Path, typer.Option("--out", help="Folder for the file.")] = Path("furnished"),
    known_on: Annotated[str, typer.Option("--known-on", help="As known at the end of that day.")] = "",
    sender: Annotated[
        Path | None, typer.Option("--sender", help="YAML: identification_number, reporter_name …")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Furnish MONTH to a bureau: only what was not told yet, or is reckoned otherwise by now."""
    from afterloan.close.furnish import furnish as make
    from afterloan.store.server import open_store

    end = month_end_of(month)
    known = book_day(known_on) if known_on else end
    made = make(open_store(), end, bureau or _bureau(), out, known, _sender(sender), workers)
    names = ("reportable", "told", "amended", "gone", "held", "excepted", "elsewhere", "in_file")
    if as_json:
        counts = {name: getattr(made, name) for name in names}
        print(
            json.dumps(
                {"file": str(made.file), "bureau": made.bureau, **counts, "refused": made.refused}, ensure_ascii=False
            )
        )
        return
    print(f"{made.file}")
    for name in names:
        print(f"{name:12}{getattr(made, name):>12,}")
    for loan, field, reason in made.refused[:20]:
        print(f"not told: {loan} {field}: {reason}")
    if len(made.refused) > 20:
        print(f"… and {len(made.refused) - 20:,} more; see `afterloan task list`, queue bureau-refused")
    if made.held:
        print(f"{made.held:,} held back: the notice before the first adverse report is not delivered yet")


def rejections(
    file: Path, month: Annotated[str, typer.Option("--month", help="YYYY-MM")], bureau: Bureau = "", on: On = "",
    by: By = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Take a bureau's answer FILE for a month: each row it did not take becomes a fact and a task."""
    from afterloan.desk.keyboard.doing import file_asked

    told = file_asked(file.read_bytes())
    asked = {"bureau": bureau or _bureau(), "month_end": month_end_of(month), **told}
    taken = _act("bureau.rejections", asked, on, "", by).body
    if as_json:
        print(json.dumps(dict(taken), ensure_ascii=False))
        return
    print(f"recorded {taken['recorded']}, known before {taken['known']}, refused {len(taken['refused'])}")
    for line, loan, reason in taken["refused"]:
        print(f"line {line}: {loan}: {reason}")
    if taken["refused"]:
        raise typer.Exit(1)


def compare(borrower: str, file: Path, on: On = "", as_json: AsJson = False) -> None:
    """Hold a BORROWER's own report FILE against what was furnished; differences are dispute drafts."""
    told = _compared(borrower, file, book_day(on))
    if as_json:
        print(json.dumps([_plain(draft) for draft in told], ensure_ascii=False))
        return
    if not told:
        print("the report shows what was furnished")
    for draft in told:
        print(f"draft: {draft.loan} {draft.bureau} {', '.join(draft.claims)}: {draft.statement}")


def _plain(draft: Any) -> dict[str, Any]:
    return {
        "loan": draft.loan, "bureau": draft.bureau, "months": [m.isoformat() for m in draft.months],
        "claims": list(draft.claims), "statement": draft.statement,
    }  # fmt: skip


def _compared(borrower: str, file: Path, on: date) -> Sequence[Any]:
    from afterloan.enquiry.furnished import compared

    with _connection() as connection:
        return compared(connection, borrower, file.read_bytes(), on)


def import_(
    borrower: str,
    file: Path,
    on: On = "",
    by: Annotated[str, typer.Option("--by", help="borrower, bureau or staff")] = "borrower",
    as_json: AsJson = False,
) -> None:
    """Import a BORROWER's own report FILE and open a dispute for each account that differs."""
    from hashlib import sha256

    mark = sha256(file.read_bytes()).hexdigest()[:16]
    opened, done = _compared(borrower, file, book_day(on)), []
    for draft in opened:
        asked = {
            "borrower": borrower, "loan": draft.loan, "bureau": draft.bureau, "months": draft.months,
            "claims": draft.claims, "statement": draft.statement, "party": by,
        }  # fmt: skip
        told = _act("dispute.open", asked, on, f"report:{mark}:{draft.loan}")
        done.append(told.told() | {"statement": draft.statement})
    words = [f"{'known' if x['known'] else 'opened'} {x['dispute']}: {x['statement']}" for x in done]
    told_of(done, as_json, "\n".join(words) or "the report shows what was furnished: nothing to dispute")


def show(borrower: str, bureau: Bureau = "", on: On = "", as_json: AsJson = False) -> None:
    """What a bureau was told of BORROWER, as its reader sees it on a day."""
    from afterloan.bureau.overlay import Cell, grid, repaid_on
    from afterloan.enquiry.furnished import borrower_told, standing_with

    day = book_day(on)
    bureau = bureau or _bureau(borrower)
    with _connection() as connection:
        number, _ = borrower_told(connection, borrower)
        standing = standing_with(connection, number, bureau)
    told = []
    for loan, rows in standing.items():
        cells = {
            row["month_end"]: Cell(row["month_end"], row["status"], row["overdue_fen"], repaid_on(rows, k))
            for k, row in enumerate(rows)
        }
        views = grid(cells.values(), day) if bureau == "pboc" else []
        shown = {v.cell.month: v for v in views}
        for row in rows:
            view = shown.get(row["month_end"])
            told.append({
                "loan": loan, "month": f"{row['month_end']:%Y-%m}", "furnished": row["status"],
                "shown": view.cell.status if view else (row["status"] if bureau != "pboc" else ""),
                "overdue_fen": row["overdue_fen"], "balance_fen": row["balance_fen"], "annotation": row["annotation"],
                "hidden_by": view.hidden_by if view else "",
            })  # fmt: skip
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    print(f"{'loan':16}{'month':10}{'furnished':>10}{'shown':>8}{'overdue':>14}{'balance':>14}  note")
    for row in told:
        note = row["hidden_by"] or (f"flag {row['annotation']}" if row["annotation"] else "")
        amounts = "".join(f"{figure(row[n]):>14}" for n in ("overdue_fen", "balance_fen"))
        print(f"{row['loan']:16}{row['month']:10}{row['furnished']:>10}{row['shown']:>8}{amounts}  {note}")


def files(as_json: AsJson = False) -> None:
    """The months furnished so far: bureau, month, as known on, rows."""
    from afterloan.store.furnished import files as made

    with _connection() as connection:
        found = list(made(connection))
    names = ("furnishing", "bureau", "month_end", "known_on", "rows")
    lines = [
        f"{number:6}  {bureau:8}{month}  known on {known_on}{rows:>14,}"
        for number, bureau, month, known_on, rows in found
    ]
    told_of([dict(zip(names, row, strict=True)) for row in found], as_json, "\n".join(lines))


# --- disputes


def dispute_open(
    borrower: str,
    loan: str,
    months: Annotated[str, typer.Option("--months", help="YYYY-MM,YYYY-MM …")],
    statement: Annotated[str, typer.Option("--statement")],
    reference: Annotated[str, typer.Option("--reference", help="The dispute's own name.")],
    bureau: Bureau = "",
    claims: Annotated[str, typer.Option("--claims", help="status, amount, date, account, identity, fraud")] = "status",
    by: Annotated[str, typer.Option("--by", help="borrower, bureau or staff")] = "borrower",
    on: On = "",
    as_json: AsJson = False,
) -> None:
    """Open a dispute: what was furnished of LOAN for some months is wrong."""
    asked = {
        "borrower": borrower, "loan": loan, "bureau": bureau, "statement": statement, "party": by,
        "months": [month_end_of(m.strip()) for m in months.split(",")], "claims": claims.replace(" ", "").split(","),
    }  # fmt: skip
    told = _act("dispute.open", asked, on, reference)
    words = f"{'known' if told.known else 'opened'}: {reference}, to be answered by {told.body['answer_by']}"
    told_of(told.told(), as_json, words)


def dispute_evidence(
    reference: str,
    file: Path,
    what: Annotated[str, typer.Option("--what")],
    lengthens: bool = False,
    on: On = "",
    act_reference: ActReference = "",
    as_json: AsJson = False,
) -> None:
    """Record a document (PDF, PNG, JPEG, at most 10 MB) to dispute REFERENCE."""
    from afterloan.servicing.evidence import evidence_from

    paper = evidence_from(file.read_bytes(), file.name).model_dump()
    asked = {"of": reference, "paper": paper, "what": what, "lengthens": lengthens}
    told = _act("dispute.evidence", asked, on, act_reference).told()
    told_of(told, as_json, f"recorded; to be answered by {told['answer_by']}")


def dispute_decide(
    reference: str,
    outcome: Annotated[str, typer.Option("--outcome", help="corrected or accurate: as the book reckons")],
    reason: Annotated[str, typer.Option("--reason")],
    by: By = "",
    on: On = "",
    act_reference: ActReference = "",
    as_json: AsJson = False,
) -> None:
    """Answer dispute REFERENCE; an answer that is not the book's is refused."""
    told = _act("dispute.decide", {"of": reference, "outcome": outcome, "reason": reason}, on, act_reference, by).body
    late = f", {counted(told['late_days'], 'day')} late" if told["late_days"] > 0 else ""
    told_of(told, as_json, f"{reference}: {told['outcome']}{late}")


def dispute_disagree(
    reference: str, statement: Annotated[str, typer.Option("--statement")], on: On = "",
    act_reference: ActReference = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Record that the borrower does not agree with the answer to dispute REFERENCE."""
    told = _act("dispute.disagree", {"of": reference, "statement": statement}, on, act_reference).told()
    told_of(told, as_json, "recorded; the record carries it from the next furnishing on")


def dispute_notified(
    reference: str,
    party: Annotated[str, typer.Argument(help="borrower or bureau")],
    on: On = "",
    act_reference: ActReference = "",
    as_json: AsJson = False,
) -> None:
    """Record that a party was told of the answer to dispute REFERENCE."""
    told_of(_act("dispute.notified", {"of": reference, "party": party}, on, act_reference).told(), as_json, "recorded")


def dispute_show(reference: str, as_json: AsJson = False) -> None:
    """Dispute REFERENCE as it stands; `dispute list` has them all."""
    from afterloan.servicing.disputes import dispute_of

    with _connection() as connection:
        dispute = dispute_of(connection, reference)
    names = ("borrower", "loan", "bureau", "months", "claims", "opened_on", "answer_by", "decided_on", "outcome")
    found = {name: getattr(dispute, name) for name in names}
    shown = {name: ", ".join(map(str, v)) if isinstance(v, tuple) else v for name, v in found.items()}
    told_of(found, as_json, "\n".join(f"{name:12}{value or ''}" for name, value in shown.items()))


def dispute_list(
    on: On = "",
    answered: Annotated[bool, typer.Option("--answered", help="Also those answered and told.")] = False,
    as_json: AsJson = False,
) -> None:
    """The disputes that stand on a day with their clocks, the nearest first; and answers that were not told yet."""
    from afterloan.enquiry.disputes import disputes_on

    with _connection() as connection:
        lines = disputes_on(connection, book_day(on), answered)
    if as_json:
        print(json.dumps([line.told() for line in lines], ensure_ascii=False))
        return
    print(f"{'dispute':20}{'borrower':16}{'loan':16}{'bureau':9}{'opened':12}{'answer by':12}{'clock':>16}  what")
    for line in lines:
        d = line.dispute
        days = f"{d.opened_on!s:12}{d.answer_by!s:12}"
        print(f"{d.reference:20}{d.borrower:16}{d.loan:16}{d.bureau:9}{days}{line.clock:>16}  {line.what}")
    if not lines:
        print("no dispute is open")


DISPUTE: dict[str, Callable[..., None]] = {
    "open": dispute_open,
    "evidence": dispute_evidence,
    "decide": dispute_decide,
    "disagree": dispute_disagree,
    "notified": dispute_notified,
    "show": dispute_show,
    "list": dispute_list,
}

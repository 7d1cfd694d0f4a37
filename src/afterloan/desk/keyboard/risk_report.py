"""`afterloan risk report`: one model as one page that opens without a network."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from afterloan.desk.keyboard.doing import Stop, say
from afterloan.desk.keyboard.options import AsJson, On


def report(
    model: Annotated[str, typer.Argument(help="A model's folder, or a model of the book by its name.")],
    table: Annotated[Path | None, typer.Argument(help="For a folder: a table it did not learn from.")] = None,
    label: Annotated[str, typer.Option("--label", help="The table's column of outcomes.")] = "",
    bad: Annotated[str, typer.Option("--bad", help="The label's value that is bad.")] = "",
    limit: Annotated[str, typer.Option("--limit", help="The table's column of limits, for lines by band.")] = "",
    drawn: Annotated[str, typer.Option("--drawn", help="The table's column of what is drawn.")] = "",
    treatments: Annotated[
        Path | None, typer.Option("--treatments", help="What `risk treat --json` wrote, for its prices.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The new page.")] = Path("model.html"),
    language: Annotated[str, typer.Option("--language", help="en or zh.")] = "en",
    on: On = "",
    as_json: AsJson = False,
) -> None:
    """Write one page on MODEL: curve, KS, calibration, lift, reasons, stability, fairness, lines, treatment prices."""
    from afterloan.report.model_page import model_page

    if out.exists():
        raise Stop(f"{out}: is there already; name another page with --out")
    if Path(model).is_dir():
        told = _of_table(Path(model), table, label, bad, limit, drawn)
    else:
        if table is not None:
            raise Stop(f"{model}: no such folder; a model of the book is measured on the book, leave TABLE out")
        told = _of_book(model, on)
    if treatments is not None:
        told["treatments"] = _read_treatments(treatments)
    out.write_text(model_page(told, language), encoding="utf-8")
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        say(f"page: {out}")


def _of_table(model: Path, table: Path | None, label: str, bad: str, limit: str, drawn: str) -> dict[str, Any]:
    from afterloan.enquiry.lines_tried import lines_of_table, table_policy
    from afterloan.enquiry.model_report import bands_asked, limit_matrix, report_of_table
    from afterloan.intake.tables import read_table
    from afterloan.risk.model import of_parts
    from afterloan.store.models import read_folder

    if table is None or not label:
        raise Stop("name a table with outcomes: `risk report MODEL TABLE --label COLUMN`")
    read, frame = of_parts(read_folder(model)), read_table(table)
    told = report_of_table(read, frame, label, bad)
    if limit:
        tried = lines_of_table(read, frame, limit, drawn, "", table_policy())
        told["lines"] = limit_matrix(tried, bands_asked(read))
    return told


def _of_book(model: str, on: str) -> dict[str, Any]:
    from afterloan.desk.keyboard.options import book_day
    from afterloan.enquiry.model_report import report_of_book
    from afterloan.store.server import open_store

    return report_of_book(open_store(), model, book_day(on))


def _read_treatments(path: Path) -> Any:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Stop(f"{path}: is not what `risk treat --json` writes: {error}") from error
    if not isinstance(told, dict) or not {"treatments", "assigned", "price"} <= told.keys():
        raise Stop(f"{path}: is not what `risk treat --json` writes; treatments, assigned and price are asked for")
    return told

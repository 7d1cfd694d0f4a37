"""A book taken over is worked from its first day on: the golden story of its first ten days."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from afterloan.close import close_through
from afterloan.close.decide import decide
from afterloan.dates import number_of
from afterloan.enquiry.tasks import tasks
from afterloan.facts.hold import HoldLifted
from afterloan.intake.book import bring_in
from afterloan.store.events import tell
from afterloan.store.server import Store

GOLDEN = Path(__file__).parents[1] / "golden" / "strategy" / "0005-a-book-taken-over.yaml"


def folder_of(story: dict[str, Any], folder: Path) -> Path:
    """The story's book as files."""
    loans = story["loans"].items()
    head = "reference,borrower,product,principal,rate_percent,signed_on,instalments\n"
    files = {
        "borrowers": "reference,name\n" + "".join(f"{who},{who}\n" for who, _ in loans),
        "contracts": head + "".join(f"{who}-1,{who},jiebei-equal,12000.00,0.05,{on},12\n" for who, on in loans),
        "disbursements": "reference,contract,on,amount\n"
        + "".join(f"D-{who},{who}-1,{on},12000.00\n" for who, on in loans),
        **story["files"],
    }
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def test_the_first_ten_days_of_a_book_taken_over(store: Store, tmp_path: Path) -> None:
    story = yaml.safe_load(GOLDEN.read_text(encoding="utf-8"))
    reports = bring_in(store, folder_of(story, tmp_path / "book"))
    assert not any(report.refused for report in reports), reports
    on: date = story["first"]
    close_through(store, number_of(on) - 1, only=True)
    while on <= story["last"]:
        decide(store, number_of(on))
        if on in story["lifts"]:
            with store.connect() as connection:
                lifted = {"reference": "h1-up", "of": story["lifts"][on], "reason": "he did not", "by": "li"}
                tell(connection, HoldLifted(borrower="Fang", on=on, known_on=on, **lifted))
        close_through(store, number_of(on))
        on += timedelta(1)
    with store.connect() as connection:
        rows = connection.execute(
            "select o.decided_on, b.reference, array_agg(o.body->>'step' order by o.body->>'step') from outbox o "
            "join borrower b using (borrower) where o.body ? 'step' group by 1, 2 order by 1, 2"
        ).fetchall()
        told = connection.execute(
            "select f.decided_on, b.reference, f.outcome from finding f join borrower b using (borrower) "
            "where f.about = 'ladder' order by 1, 2"
        ).fetchall()
        open_terms = {
            day: [t.what for t in tasks(connection, (), day) if t.queue == "agency"] for day in story["tasks"]
        }
    done: dict[date, list[list[Any]]] = {}
    for day, who, steps in rows:
        done.setdefault(day, []).append([who, steps])
    assert done == {day: [[who, sorted(steps)] for who, steps in lines] for day, lines in story["done"].items()}
    assert [list(row) for row in told] == story["findings"]
    assert open_terms == story["tasks"]

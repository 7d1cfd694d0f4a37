"""One measured run of a book of LOANS loans: generated, imported, closed twice, decided, furnished, its disk counted.

`make scale LOANS=10000000` (`IN=FOLDER` keeps the book there and goes on where a run was broken off;
`AGAINST=FILE` compares with the `scale.json` of a smaller run). Each step is a process of its own, and finds its
modules as bytecode, as an installed program does.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from afterloan.close.workers import begin
from bench.memory import Watch, database_server

if TYPE_CHECKING:
    from afterloan.store.server import Store

MONTHS, SEED = 12, 1
LAST = "2024-12-31"
"""The last day of the generated year; the first to be closed, and the end of the month that is furnished."""
BUREAU = "pboc"
EVERY = 0.5
"""Seconds between two looks at memory and processor time."""
FIGURES = "scale.json"
CORES = os.cpu_count() or 1


@dataclass(slots=True)
class Measured:
    """What a step took. Seconds; MB at the highest; `runs`: more than one where it was broken off before.

    `ours`: this program's processes; `server`: the database's, with its shared buffers. Processor seconds are those
    seen at the last look at a process, twice a second. `told`: what the step said of itself.
    """

    step: str
    seconds: float
    ours_cpu: float
    server_cpu: float
    ours_mb: float
    server_mb: float
    runs: int
    told: dict[str, Any] = field(default_factory=dict)


def generated(_: "Store", folder: Path, loans: int) -> dict[str, Any]:
    """The files of a book, a piece at a time; a folder left half is made anew."""
    from afterloan.generate import generate

    shutil.rmtree(folder / "book", ignore_errors=True)
    made = generate(loans, MONTHS, SEED, folder / "book", workers=CORES)
    return {"borrowers": made.borrowers, "repayments": made.repayments, "files_mb": _size(folder / "book") / 1e6}


def imported(store: "Store", folder: Path, _: int) -> dict[str, Any]:
    """Every file of the book; what is in already from a run before is passed over."""
    from afterloan.intake.book import bring_in

    reports = bring_in(store, folder / "book")
    refused = sum(report.refused for report in reports)
    assert not refused, f"{refused} rows of a generated book were refused: {folder / 'book' / 'refused.csv'}"
    return {report.file: {"rows": report.read, "seconds": round(report.seconds, 1)} for report in reports}


def first_close(store: "Store", _: Path, __: int) -> dict[str, Any]:
    """The first day: the histories of all loans packed and a year posted."""
    return _closed(store, 0)


def next_close(store: "Store", _: Path, __: int) -> dict[str, Any]:
    """A day like any other."""
    return _closed(store, 1)


def _closed(store: "Store", after: int) -> dict[str, Any]:
    from afterloan.close import close_through
    from afterloan.dates import day, iso

    on = day(LAST) + after
    done = close_through(store, on, workers=CORES, only=True)
    assert not done.failed, str(done)
    return {"day": iso(on), "entries": done.entries}


def first_decided(store: "Store", _: Path, __: int) -> dict[str, Any]:
    """The first day that is ever decided: all who are late begin their ladder."""
    return _decided(store, 1)


def next_decided(store: "Store", _: Path, __: int) -> dict[str, Any]:
    """A day like any other."""
    return _decided(store, 2)


def _decided(store: "Store", after: int) -> dict[str, Any]:
    from afterloan.close.decide import decide
    from afterloan.dates import day, iso

    on = day(LAST) + after
    done = decide(store, on, workers=CORES)
    return {"day": iso(on), "borrowers": done.borrowers, "actions": done.actions}


def furnished(store: "Store", folder: Path, _: int) -> dict[str, Any]:
    """A month to a bureau, reckoned, kept and written."""
    from afterloan.close.furnish import furnish

    made = furnish(store, date.fromisoformat(LAST), BUREAU, folder / "furnished", workers=CORES)
    return {"bureau": BUREAU, "told": made.told, "held": made.held, "file_mb": made.file.stat().st_size / 1e6}


STEPS: dict[str, Callable[["Store", Path, int], dict[str, Any]]] = {
    "generate": generated,
    "import": imported,
    "first close": first_close,
    "first day decided": first_decided,
    "next close": next_close,
    "next day decided": next_decided,
    "furnish a month": furnished,
}
"""Each step by its name, in order. A day is decided from the evening before it."""
OF_WORKERS = tuple(STEPS)[2:]
"""Those that worker processes do."""
ESTIMATED = {
    "generate": 12, "import": 230, "first close": 84, "first day decided": 25, "next close": 12,
    "next day decided": 25, "furnish a month": 160,
}  # fmt: skip
"""Microseconds a loan on two cores, where no other run is named: from runs beside other work (docs/scale.md)."""


BYTES, LOG = 4_800, 9_000_000_000
"""Bytes of disk that a loan takes (book, files, bureau's file), and the most that the server's log takes besides."""


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def disk(store: "Store", folder: Path) -> dict[str, Any]:
    """Bytes: database, its largest tables with their indexes, folder with all in it, of that the server's log."""
    with store.connect() as connection:
        row = connection.execute("select pg_database_size(current_database())").fetchone()
        tables = connection.execute(
            "select relname, pg_total_relation_size(oid) from pg_class where relkind = 'r' "
            "and relnamespace = 'public'::regnamespace order by 2 desc limit 8"
        ).fetchall()
    assert row is not None
    log = _size(folder / "pg" / "pg_wal")
    return {"database": row[0], "folder": _size(folder), "log": log, "tables": dict(tables)}


def measure(step: str, folder: Path, loans: int, runs: int) -> Measured:
    """Do a step in a process of its own and look at it. Raises SystemExit where it failed: the same command goes on."""
    server = database_server(folder / "pg")
    words = [sys.executable, "-m", "bench.scale", str(loans), "--in", str(folder), "--step", step]
    started = perf_counter()
    with Watch(server, EVERY) as watch:
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True)
    seconds = perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{step} failed; the same command goes on from there (IN={folder})")
    told = json.loads(done.stdout.splitlines()[-1])
    return Measured(
        step, seconds, watch.ours_cpu, watch.server_cpu, watch.ours_mb, watch.server_mb, runs, told
    )  # fmt: skip


def _known(folder: Path, loans: int, shards: int) -> dict[str, Any]:
    """What was measured in a folder; a new record where there is none. Raises SystemExit: of another book."""
    if not (folder / FIGURES).exists():
        return {
            "loans": loans, "shards": shards, "cores": CORES, "python": platform.python_version(),
            "begun": {}, "steps": [],
        }  # fmt: skip
    known: dict[str, Any] = json.loads((folder / FIGURES).read_text())
    if known["loans"] != loans:
        raise SystemExit(f"{folder} has a run of {known['loans']:,} loans: name another folder")
    return known


def _keep(folder: Path, known: dict[str, Any]) -> None:
    half = folder / f"{FIGURES}.half"
    half.write_text(json.dumps(known, indent=1) + "\n")
    half.replace(folder / FIGURES)


def run(loans: int, shards: int, folder: Path, against: dict[str, Any] | None) -> dict[str, Any]:
    """All steps that are not done yet; after each the record is written."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    known = _known(folder, loans, shards)
    estimate(known, against, folder)
    os.environ.update(
        AFTERLOAN_HOME=str(folder), AFTERLOAN_IDLE_MINUTES="0", AFTERLOAN_SHARDS=str(known["shards"])
    )  # fmt: skip
    os.environ.pop("AFTERLOAN_DATABASE_URL", None)
    if sys.dont_write_bytecode:  # of this machine: without it each process compiles all that it reads, some 2 s
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    from afterloan.store.embedded import stop
    from afterloan.store.server import open_store

    store = open_store()
    try:
        for step in STEPS:
            if step in [one["step"] for one in known["steps"]]:
                continue
            known["begun"][step] = known["begun"].get(step, 0) + 1
            _keep(folder, known)
            store.close()  # this process only looks on
            known["steps"].append(asdict(measure(step, folder, loans, known["begun"][step])))
            known["disk"] = disk(store, folder)
            _keep(folder, known)
            print(line(known["steps"][-1], known, against), flush=True)
    finally:
        store.close()
        stop(folder / "pg")
    return known


def estimate(known: dict[str, Any], against: dict[str, Any] | None, folder: Path) -> None:
    """Say before it begins how long it will take and how much disk it needs."""
    loans, done = known["loans"], [one["step"] for one in known["steps"]]
    took = {one["step"]: 1e6 * one["seconds"] / against["loans"] for one in against["steps"]} if against else ESTIMATED
    seconds = sum(each * loans / 1e6 for step, each in took.items() if step not in done)
    kept = against["disk"]["folder"] - against["disk"]["log"] if against else 0
    needs = (kept / against["loans"] if against else BYTES) * loans + LOG
    free = shutil.disk_usage(folder).free
    print(
        f"{loans:,} loans in {known['shards']} shards on {CORES} cores, in {folder}: "
        f"about {seconds / 60:,.0f} minutes and {needs / 1e9:,.1f} GB of disk ({free / 1e9:,.1f} GB are free)",
        flush=True,
    )
    if free < needs and not done:
        raise SystemExit("not enough disk: name another folder with IN=FOLDER")
    print(
        f"{'step':20}{'wall s':>10}{'CPU s':>10}{'its server':>11}{'MB':>8}{'its server':>11}{'µs a loan':>11}", end=""
    )
    print(f"{'against ' + format(against['loans'], ','):>20}" if against else "", flush=True)


def line(one: dict[str, Any], known: dict[str, Any], against: dict[str, Any] | None) -> str:
    """A row of the table. A star: the step was broken off before, and only its last run was measured."""
    each = 1e6 * one["seconds"] / known["loans"]
    text = (
        f"{one['step']:20}{one['seconds']:9,.1f}{'*' if one['runs'] > 1 else ' '}{one['ours_cpu']:10,.1f}"
        f"{one['server_cpu']:11,.1f}{one['ours_mb']:8,.0f}{one['server_mb']:11,.0f}{each:11,.1f}"
    )
    then = next((two for two in (against or {}).get("steps", ()) if two["step"] == one["step"]), None)
    return text + (f"{one['seconds'] / then['seconds']:19.2f}x" if then else "")


def told(known: dict[str, Any], against: dict[str, Any] | None) -> list[str]:
    """What the whole came to, below the table."""
    steps = known["steps"]
    seconds = sum(one["seconds"] for one in steps)
    most = max(one["ours_mb"] + one["server_mb"] for one in steps)
    size = known["disk"]
    lines = [
        f"{'all':20}{seconds:9,.1f} {sum(one['ours_cpu'] for one in steps):10,.1f}"
        f"{sum(one['server_cpu'] for one in steps):11,.1f}{max(one['ours_mb'] for one in steps):8,.0f}"
        f"{max(one['server_mb'] for one in steps):11,.0f}{1e6 * seconds / known['loans']:11,.1f}",
        f"{known['shards']} shards; memory at most {most:,.0f} MB in one step; "
        f"database {size['database'] / 1e9:,.2f} GB, {size['database'] / known['loans']:,.0f} bytes a loan; "
        f"folder with the files {size['folder'] / 1e9:,.2f} GB",
        "largest tables with indexes: "
        + ", ".join(f"{name} {of / 1e9:,.2f} GB" for name, of in list(size["tables"].items())[:5]),
    ]
    if against:
        before = sum(one["seconds"] for one in against["steps"])
        times = known["loans"] / against["loans"]
        lines.append(
            f"{seconds / before:.2f} times the time of {against['loans']:,} loans for {times:g} times the loans"
        )
    return lines


def main() -> int:
    """Read the words, run the steps, print the table, leave the record in the folder (or beside it)."""
    words = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    words.add_argument("loans", type=int)
    words.add_argument("--shards", type=int, help="shards of the book; one for about 16,000 loans unless given")
    words.add_argument("--in", dest="folder", type=Path, help="where the book lies and stays; a new one that goes away")
    words.add_argument("--out", type=Path, help="also write the record there, as JSON")
    words.add_argument("--against", type=Path, help="the record of another run")
    words.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.step:
        if asked.step in OF_WORKERS:
            begin(CORES)  # before anything else is read, as the commands do
        from afterloan.store.server import open_store

        print(json.dumps(STEPS[asked.step](open_store(), asked.folder, asked.loans)))
        return 0
    from afterloan.store.shards import shards_for

    against = json.loads(asked.against.read_text()) if asked.against else None
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="afterloan-scale-"))
    try:
        known = run(asked.loans, asked.shards or shards_for(asked.loans), folder.resolve(), against)
        print("\n".join(told(known, against)))
        if asked.out:
            asked.out.write_text(json.dumps(known, indent=1) + "\n")
    finally:
        if not asked.folder:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

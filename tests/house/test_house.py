"""The house: import floors, purity of the pure rooms, no addresses or machine paths in what is tracked."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "afterloan"
MODELS = {
    "bins", "boosted", "bureau_rows", "calibrate", "curves", "explain", "fair", "flows", "measure", "model", "monitor",
    "own_history", "promotion", "scorecard", "series", "stability", "table", "training", "treat", "treat_log",
    "written", "forecast", "forecast_money", "in_sql", "network", "choice", "choice_model",
}  # fmt: skip
PURE = sorted(
    path
    for path in [
        *SOURCE.glob("dates.py"),
        *SOURCE.glob("money.py"),
        *SOURCE.glob("loan/*.py"),
        *SOURCE.glob("facts/*.py"),
        *SOURCE.glob("journal/*.py"),
        *SOURCE.glob("bureau/**/*.py"),
        *SOURCE.glob("rebuilding/*.py"),
        *SOURCE.glob("risk/*.py"),
    ]
    # rates, not money; the others join paths of packs with `/`
    if path.name not in ("annual_rate.py", "pboc.py", "lessons.py", "words.py")
    # probabilities are fractions; no money goes through a model
    and not (path.parent.name == "risk" and path.stem in MODELS)
)
CLOCKS = {"now", "today", "utcnow", "time", "monotonic", "perf_counter"}
OUTSIDE = {"time", "random", "secrets", "socket", "requests", "urllib", "psycopg", "sqlalchemy"}


def test_import_floors() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(lint), "--config", "pyproject.toml"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", PURE, ids=[str(p.relative_to(SOURCE)) for p in PURE])
def test_pure_rooms_know_no_fractions_clock_or_chance(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        where = f"{path.name}:{getattr(node, 'lineno', '?')}"
        if isinstance(node, ast.Constant):
            assert not isinstance(node.value, float), f"{where}: a binary fraction"
        if isinstance(node, ast.BinOp):
            assert not isinstance(node.op, ast.Div), f"{where}: `/` makes a binary fraction"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("float", "open"), f"{where}: {node.func.id}()"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in CLOCKS, f"{where}: a clock"
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            assert name.split(".")[0] not in OUTSIDE, f"{where}: imports {name}"


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / line for line in done.stdout.splitlines()]


def test_no_addresses_of_registries_and_no_machine_paths() -> None:
    wrong = re.compile(
        r"--(extra-)?index-url|--find-links|files\.pythonhosted|registry\.npmjs|/root/|/home/\w+/|/work/main"
    )
    for path in tracked():
        if (
            path.suffix in (".py", ".md", ".txt", ".toml", ".yaml", ".j2", "")
            and path != Path(__file__)
            and path.is_file()
        ):
            found = wrong.search(path.read_text(encoding="utf-8", errors="replace"))
            assert not found, f"{path.relative_to(ROOT)}: {found.group() if found else ''}"


def test_commands_and_files_that_the_docs_name_exist() -> None:
    from typer.main import get_command

    from afterloan.desk.keyboard.main import app

    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r"^ {4}(?:\.venv/bin/)?afterloan ([a-z-]+)", text, re.M):
            assert name in commands, f"{page.name}: afterloan {name}"
        for name in re.findall(r"`((?:src|docs|tests|bench)/[\w./-]+\.\w+)`", text):
            assert (ROOT / name).exists(), f"{page.name}: {name}"


def test_what_is_typed_wrongly_is_never_told_as_a_mistake_of_ours() -> None:
    """A plain ValueError is one at the keyboard: BadInput, Stop and DayRefused are told in one line."""
    for path in (SOURCE / "desk").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        found = re.search(r"raise ValueError|\b(date|datetime)\.fromisoformat\((text|on|at|day)\)", text)
        assert not found, f"{path.name}: {found.group() if found else ''}; use BadInput, date_told, moment_told"


def test_connections_are_opened_in_one_place() -> None:
    for path in SOURCE.rglob("*.py"):
        if path.relative_to(SOURCE).as_posix() == "store/connect.py":
            continue
        found = re.search(r"\b(psycopg|adbc)\.connect\(", path.read_text(encoding="utf-8"))
        assert not found, (
            f"{path.name}: {found.group() if found else ''} opens a connection; use afterloan.store.connect"
        )


def test_the_page_of_verbs_is_the_list_of_verbs_and_their_commands_exist() -> None:
    from typer.main import get_command

    from afterloan.desk.keyboard.main import app
    from afterloan.desk.keyboard.verb_page import page
    from afterloan.servicing.verbs import VERBS

    assert (ROOT / "docs" / "verbs.md").read_text(encoding="utf-8") == page(), "run: afterloan verbs --markdown"
    top = get_command(app)
    for verb in VERBS:
        room: Any = top
        for word in verb.command.split():
            assert word in room.commands, f"{verb.name}: no command {verb.command!r}"
            room = room.commands[word]


SQL = re.compile(r"\.execute\(|\.executemany\(|\bselect \S+ from\b|\binsert into\b|\bupdate \S+ set\b", re.IGNORECASE)
"""What a line of SQL looks like: no door has one."""


def test_no_door_speaks_to_the_store_in_sql() -> None:
    doors = sorted((SOURCE / "desk").rglob("*.py"))
    assert len(doors) > 10
    found = [
        f"{path.name}:{number}: {line.strip()}"
        for path in doors
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if SQL.search(line)
    ]
    assert not found, "move the question to enquiry/, the act to servicing/:\n" + "\n".join(found)


BANNED = {
    r"719163": "dates.number_of and dates.date_of",
    r"fromisoformat\(iso\(": "dates.date_of",
    r"\bday\(\w+(\.\w+)*\.isoformat\(\)\)": "dates.number_of",
    r"/ 100:,": "money.show_amount",
}
"""What was written again and again, with what to call instead."""


def test_what_has_one_place_is_not_written_again() -> None:
    for path in SOURCE.rglob("*.py"):
        if path.name == "dates.py":
            continue
        text = path.read_text(encoding="utf-8")
        for pattern, instead in BANNED.items():
            found = re.search(pattern, text)
            assert not found, f"{path.relative_to(SOURCE)}: {found and found.group()!r}; call {instead}"


def test_an_amount_at_the_keyboard_has_its_currency() -> None:
    """An amount alone is 1,000.00 of what? JPY has no decimals at all. One place prints them: `keyboard/plain.py`."""
    for path in (SOURCE / "desk" / "keyboard").glob("*.py"):
        if path.name != "plain.py":
            text = path.read_text(encoding="utf-8")
            found = re.search(r"\bshow_amount\(", text)
            instead = "plain.money, or plain.figure under a heading that says plain.in_currency()"
            assert not found, f"{path.name}: {found and found.group()!r}; call {instead}"


def test_a_class_name_means_one_thing_in_the_whole_house() -> None:
    where: dict[str, list[str]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                where.setdefault(node.name, []).append(str(path.relative_to(SOURCE)))
    assert not {name: places for name, places in where.items() if len(places) > 1}

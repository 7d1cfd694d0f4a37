"""What is installed: every package pinned by hash, what runs apart from what tests."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
BUILDS = ["hatchling", "editables"]
"""What `pip install --no-build-isolation` asks for."""


def locked(name: str) -> dict[str, str]:
    """Packages of a lock file with their lines."""
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", (ROOT / name).read_text())
    return {canonicalize_name(re.match(r"[\w.-]+", b).group()): b for b in blocks if b}  # type: ignore[union-attr]


def needed(roots: list[str]) -> set[str]:
    """All packages that these requirements bring, by what the installed ones say."""
    todo, seen = [Requirement(root) for root in roots], set[tuple[str, frozenset[str]]]()
    while todo:
        one = todo.pop()
        key = (canonicalize_name(one.name), frozenset(one.extras))
        if key in seen:
            continue
        seen.add(key)
        try:
            told = distribution(one.name).requires or []
        except PackageNotFoundError:
            continue  # of another platform
        for more in map(Requirement, told):
            if more.marker is None or any(more.marker.evaluate({"extra": e}) for e in one.extras or {""}):
                todo.append(more)
    return {name for name, _ in seen}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_package_is_pinned_with_hashes_and_no_address(name: str) -> None:
    for package, block in locked(name).items():
        assert re.match(r"[\w.\[\],-]+==\S+ ", block) and "--hash=sha256:" in block, package
    assert not re.search(r"https?:|^-", (ROOT / name).read_text(), re.M)


def test_what_runs_is_locked_by_itself_and_what_tests_comes_on_top() -> None:
    project = PROJECT["project"]
    extras = project["optional-dependencies"]
    runs = needed(project["dependencies"] + extras["risk"] + extras["traces"] + BUILDS)
    ours, added = set(locked("requirements.txt")), set(locked("requirements-dev.txt"))
    assert not ours & added
    assert ours <= runs, "locked, though nothing that runs needs it"
    here = {n for n in runs if _is_here(n)}
    assert here <= ours, "needed to run and not locked"
    tests = {n for n in needed(extras["dev"]) if _is_here(n)}
    assert tests <= ours | added, "needed by tests and not locked"


def _is_here(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def test_the_desk_and_the_command_line_open_without_extras_and_without_what_tests_need() -> None:
    lost = ["scipy", "lightgbm", "opentelemetry.sdk", "playwright", "pytest", "hypothesis", "beancount", "schemathesis"]
    opened = ["afterloan.desk.api", "afterloan.desk.keyboard", "afterloan.servicing.models", "afterloan.risk.monitor"]
    words = f"import sys; sys.modules.update(dict.fromkeys({lost}))" + "".join(f"; import {name}" for name in opened)
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True)
    assert not done.returncode, done.stderr[-600:]

"""The wheel holds all that the program reads, and answers without its sources; `make wheel` plays its demonstration."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.package.wheel import ROOT, build, fresh, run


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield build(tmp_path_factory.mktemp("wheel"))


def test_every_file_of_the_package_is_in_the_wheel_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    package = ROOT / "src" / "afterloan"
    files = {f"afterloan/{p.relative_to(package)}" for p in package.rglob("*") if p.is_file()}
    assert held == {name for name in files if "__pycache__" not in name and not name.endswith((".nbi", ".nbc"))}


def test_it_is_installed_and_answers_where_the_sources_are_not(wheel: Path, tmp_path: Path) -> None:
    program = fresh(tmp_path / "env", wheel, borrowed=True)
    assert "bank-statement" in run(program, tmp_path / "home", "--help")
    python = program.parent / "python"
    where = run(python, tmp_path / "home", "-c", "import afterloan; print(afterloan.__file__)")
    assert str(tmp_path) in where, "the sources answered, not the wheel"

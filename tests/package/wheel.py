"""The wheel: built, installed with its locked dependencies into a fresh environment, and its demonstration run.

`python -m tests.package.wheel` (`make wheel`) does all of it and takes minutes: the reckoning is compiled anew.
"""

import argparse
import os
import subprocess
import sys
import time
import venv
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]


def build(folder: Path) -> Path:
    """The wheel of these sources, in a folder. Needs `hatchling`, which the lock file brings."""
    words = ["--quiet", "--no-deps", "--no-build-isolation", "--no-cache-dir", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *words], check=True, cwd=folder)
    (wheel,) = folder.glob("afterloan-*.whl")
    return wheel


def fresh(folder: Path, wheel: Path, borrowed: bool) -> Path:
    """A new environment with the wheel; `borrowed`: its dependencies are those of this one, found by a path file."""
    venv.create(folder, with_pip=not borrowed)
    python = folder / "bin" / "python"
    site = next((folder / "lib").glob("python*")) / "site-packages"
    if borrowed:
        ours = [p for p in sys.path if p.endswith("site-packages")]
        (site / "borrowed.pth").write_text("\n".join(ours) + "\n")
        words = [sys.executable, "-m", "pip", "--python", str(python)]
    else:
        words = [str(python), "-m", "pip"]
        subprocess.run(
            [*words, "install", "--quiet", "--no-compile", "--require-hashes", "-r", str(ROOT / "requirements.txt")],
            check=True,
        )
    subprocess.run([*words, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    return folder / "bin" / "afterloan"


def run(program: Path, home: Path, *words: str) -> str:
    """A command of the installed program, in a folder where the sources are not; its output."""
    home.mkdir(exist_ok=True)
    home.chmod(0o755)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AFTERLOAN", "PYTHON"))}
    env = {**kept, "AFTERLOAN_HOME": str(home), "AFTERLOAN_IDLE_MINUTES": "0"}
    done = subprocess.run([str(program), *words], cwd=home, env=env, capture_output=True, text=True, timeout=3_600)
    assert done.returncode == 0, f"{' '.join(words)}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def main() -> None:
    """All of it; what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loans", default="5000")
    parser.add_argument("--months", default="24")
    parser.add_argument("--borrowed", action="store_true", help="take the dependencies of this environment")
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="afterloan-wheel-", ignore_cleanup_errors=True) as place:
        folder, began = Path(place), time.monotonic()
        folder.chmod(0o755)
        wheel = build(folder)
        print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB, {time.monotonic() - began:.0f} s", flush=True)
        program = fresh(folder / "env", wheel, asked.borrowed)
        print(f"installed after {time.monotonic() - began:.0f} s", flush=True)
        said = run(program, folder / "home", "demo", "--loans", asked.loans, "--months", asked.months)
        assert "next: afterloan serve --demo" in said, said[-2000:]  # told last, when every life was played
        found = run(program, folder / "home", "doctor")
        run(program, folder / "home", "stop")
        print(said[-600:], found, f"demo and doctor passed after {time.monotonic() - began:.0f} s", sep="\n")


if __name__ == "__main__":
    main()

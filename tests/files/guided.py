"""Files that look for new ways through a reader by themselves (atheris): `python -m tests.files.guided --seconds 60`.

Where `tests.files` spoils good files blindly, here libFuzzer sees which branches of the readers a file took and goes
on from files that took new ones. Each form of file has a process of its own; one that breaks a reader is kept in OUT.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

READERS = ("afterloan.banks", "afterloan.bureau", "afterloan.intake", "afterloan.servicing.receipts",
           "afterloan.strategy.agency_file", "afterloan.strategy.ladder", "afterloan.texts")  # fmt: skip
"""Whose branches are watched: what reads. Compiled functions cannot be, and read nothing."""
LONGEST = 20_000
"""Bytes of a file at most: more takes longer and finds nothing that fewer do not."""
DONE = re.compile(r"#(\d+)\s+DONE\s+cov: (\d+)")
FAILED = re.compile(r"=== Uncaught Python exception: ===\n(.+)")


def one(name: str, seconds: int, folder: Path) -> None:
    """Try files of one form until the time is over or a reader fails; ends the process."""
    import atheris

    with atheris.instrument_imports(include=list(READERS)):
        from tests.files.kinds import KINDS
        from tests.files.told import outcome
    kind = next(kind for kind in KINDS if kind.name == name)
    corpus = folder / "corpus"
    corpus.mkdir()
    for k, sample in enumerate(kind.samples):
        (corpus / str(k)).write_bytes(sample)

    def read(data: bytes) -> None:
        outcome(kind, data)

    told = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-timeout=60", "-rss_limit_mb=4096",
            f"-artifact_prefix={folder}/"]  # fmt: skip
    atheris.Setup([sys.argv[0], str(corpus), *told], read)
    atheris.Fuzz()


def main() -> int:
    """Every form, or those named; exit code 1 where a reader fails."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--seconds", type=int, default=60, help="for each form of file")
    words.add_argument("--out", type=Path, default=Path("build/fuzz"), help="where files that break a reader are kept")
    words.add_argument("--one", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    words.add_argument("kinds", nargs="*")
    asked = words.parse_args()
    if asked.one:
        one(asked.one[0], asked.seconds, Path(asked.one[1]))
    from tests.files.kinds import KINDS

    failed = tried = 0
    for kind in KINDS:
        if asked.kinds and kind.name not in asked.kinds:
            continue
        with tempfile.TemporaryDirectory(prefix="afterloan-guided-") as folder:
            asks = [sys.executable, "-m", "tests.files.guided", "--seconds", str(asked.seconds), "--one", kind.name]
            done = subprocess.run([*asks, folder], capture_output=True, text=True, errors="replace")
            found = DONE.search(done.stderr)
            if done.returncode == 0 and found:
                tried += int(found[1])
                print(f"{kind.name}: {int(found[1]):,} files, {int(found[2]):,} branches seen", flush=True)
                continue
            failed += 1
            asked.out.mkdir(parents=True, exist_ok=True)
            name = kind.name.replace(" ", "-")
            kept = [shutil.copy(file, asked.out / f"{name}-{file.name}") for file in Path(folder).glob("*-*")]
            why = FAILED.search(done.stderr)
            said = why[1] if why else done.stderr[-600:]
            print(f"{kind.name}: FAILED: {said}; kept: {', '.join(map(str, kept)) or 'nothing'}", flush=True)
    print(f"{tried:,} files tried, {failed} forms failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

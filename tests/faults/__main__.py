"""`python -m tests.faults --kills 400`: processes killed in every stage, world by world; counts and seeds told."""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psycopg

from afterloan.store.embedded import stop
from afterloan.store.server import open_store
from tests.databases import SHARDS, divided
from tests.faults.run import Disagreement, Disk, Fault, Faults
from tests.faults.stages import ORDER


def main() -> int:
    """Exit code 1 when anything was lost or doubled."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--kills", type=int, default=400)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--each", type=int, default=80, help="kills in one world")
    words.add_argument("--minutes", type=float, default=600)
    given = words.parse_args()
    done: Counter[str] = Counter()
    wrong: list[str] = []
    until = time.monotonic() + 60 * given.minutes
    with tempfile.TemporaryDirectory(prefix="afterloan-faults-", ignore_cleanup_errors=True) as place:
        home = Path(place)
        home.chmod(0o755)
        disk = Disk(home / "disk") if os.geteuid() == 0 else None  # only who may mount one can fill it
        at = disk.folder if disk else home
        at.chmod(0o755)
        os.environ.update(AFTERLOAN_HOME=str(at), AFTERLOAN_IDLE_MINUTES="0")
        os.environ.pop("AFTERLOAN_DATABASE_URL", None)
        server = open_store().as_owner()
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("create database book_as_new")
        template = open_store(server.url.replace("/postgres?", "/book_as_new?"))
        divided(template, SHARDS)
        template.close()

        def postmaster() -> int:
            return int((at / "pg" / "postmaster.pid").read_text(encoding="utf-8").split()[0])

        def restart() -> None:
            server.close()
            time.sleep(2)  # its children see that they are alone, and end
            open_store()

        seed = given.seed
        while sum(done.values()) < given.kills and time.monotonic() < until:
            faults = Faults(server, home / f"w{seed}", seed, loans=10, days=75)
            tries = [*("kill " + ORDER[k % len(ORDER)] for k in range(given.each - 32)),
                     *(f"server {stage}" for stage in ORDER), *(f"cut {stage}" for stage in ORDER),
                     *(f"full {stage}" for stage in ORDER if disk),
                     *(f"twice {stage}" for stage in ("import", "close", "drain")), "clock"]  # fmt: skip
            for what in tries:
                if sum(done.values()) >= given.kills or time.monotonic() > until:
                    break
                how, _, stage = what.partition(" ")
                try:
                    if how == "kill":
                        faults.kill(stage)
                    elif how == "server":
                        faults.kill_server(stage, postmaster(), restart)
                    elif how == "cut":
                        faults.cut(stage)
                    elif how == "full" and disk:
                        faults.disk_full(stage, disk, restart)
                    elif how == "twice":
                        faults.at_once(stage)
                    else:
                        faults.clock_back()
                except (Fault, Disagreement) as found:
                    wrong.append(str(found))
                    print(f"WRONG: {found}", flush=True)
                done[what] += 1
            print(
                f"seed {seed}: {sum(done.values())} faults, {len(wrong)} wrong; "
                f"{faults.stumbled} of those cut off or without disk ended in an error; words {faults.words}",
                flush=True,
            )
            faults.clear()
            seed += 1
        stop(at / "pg")
        if disk:
            disk.close()
    print(f"seeds {given.seed} to {seed - 1}: {dict(sorted(done.items()))}")
    print(f"{sum(done.values())} faults, {len(wrong)} lost or doubled something")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

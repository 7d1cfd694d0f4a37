"""Looks after an embedded server between commands: a process of its own that stops it when it was idle long enough."""

import fcntl
import os
import sys
import time
from pathlib import Path

from afterloan.store.embedded import postmaster, run_folder, stop

LOOKS_EVERY_SECONDS = 15


def in_use(folder: Path) -> bool:
    """Whether a process holds the server right now."""
    file = os.open(run_folder(folder) / "in-use", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def keep(folder: Path, idle_seconds: float, look_every: float = LOOKS_EVERY_SECONDS) -> None:
    """Wait until the server is gone, or was idle for so long: then stop it. One keeper a folder; others leave."""
    file = os.open(run_folder(folder) / "keeper", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    used = time.time()
    while folder.exists() and postmaster(folder) is not None:
        if in_use(folder):
            used = time.time()
        else:  # a command that came and went between two looks has left its time
            used = max(used, (run_folder(folder) / "in-use").stat().st_mtime)
            if time.time() - used >= idle_seconds and stop(folder):
                return
        time.sleep(min(look_every, max(idle_seconds / 4, 0.05)))


if __name__ == "__main__":
    keep(Path(sys.argv[1]), 60 * int(sys.argv[2]))

"""Commands of the keys that are kept outside the database: look at them, add one, wrap all under the current one."""

import json
from typing import Annotated

import typer

from afterloan.desk.keyboard.doing import Stop, say, who_here
from afterloan.desk.keyboard.options import AsJson, group

By = Annotated[str, typer.Option("--by", help="Who does it, unless AFTERLOAN_WHO or the machine says so.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    keys = group("Keys of personal data, kept outside the database: show, add, rotate.")
    keys.command()(show)
    keys.command()(add)
    keys.command()(rotate)
    app.add_typer(keys, name="keys")


def show(as_json: AsJson = False) -> None:
    """Which file the keys are in, each key's name, which one is current, how many data keys stand under each.

    Never a key itself. Exit code 1 where something in the book cannot be opened with them.
    """
    from afterloan.store.data_keys import keys_wrong, wrapped_by
    from afterloan.store.keyring import open_to_others, read_ring, ring_file
    from afterloan.store.server import open_store

    with open_store().connect() as connection:
        file, under, wrong = ring_file(connection), wrapped_by(connection), keys_wrong(connection)
    ring = read_ring(file) if file.exists() and not wrong else None
    names = sorted({*under, *(ring.keys if ring else ())})
    told = [
        {"key": name, "current": ring is not None and name == ring.current,
         "here": ring is not None and name in ring.keys, "data_keys": under.get(name, 0)}
        for name in names
    ]  # fmt: skip
    if as_json:
        print(json.dumps({"file": str(file), "keys": told, "wrong": wrong}))
    else:
        print(f"{'key':14}{'':10}{'data keys':>12}")
        for row in told:
            print(f"{row['key']:14}{'current' if row['current'] else '':10}{row['data_keys']:>12,}")
        say(f"file: {file}" if file.exists() else f"file: {file}, not there; made when the first value is enciphered")
        if ring is not None and open_to_others(ring):
            say(f"others than its owner may read it: chmod 600 {file}")
    if wrong:
        raise Stop(wrong)


def add(as_json: AsJson = False) -> None:
    """Add a new key, which wraps what is enciphered from now on; where there is no file yet, make it.

    Keep a copy of the file apart from the backups of the database, first.
    """
    from afterloan.store.data_keys import any_data_key
    from afterloan.store.keyring import make_ring, read_ring, ring_file, write_ring
    from afterloan.store.server import open_store

    with open_store().connect() as connection:
        file, needed = ring_file(connection), any_data_key(connection)
    if not file.exists() and not needed:
        made = make_ring(file)
    else:
        made = read_ring(file).with_new()
        write_ring(made, new=False)
    print(json.dumps({"key": made.current, "file": str(file)}) if as_json else made.current)
    say(f"current in {file}; keep a copy apart from the backups; next: afterloan keys rotate")


def rotate(by: By = "", as_json: AsJson = False) -> None:
    """Wrap every data key under the current key, a thousand at a time; broken off, it goes on when begun again.

    The older key stays in the file: backups made before need it.
    """
    from datetime import UTC, datetime

    from afterloan.enquiry.clock import clock_of
    from afterloan.store.acts import begin_act, keep_act
    from afterloan.store.data_keys import wrap_anew
    from afterloan.store.keyring import read_ring, ring_file
    from afterloan.store.server import open_store

    done, store = 0, open_store()
    with store.connect() as connection:
        who, on = who_here(connection, by), clock_of(connection, datetime.now(UTC)).on
        current = read_ring(ring_file(connection)).current
    while True:
        with store.connect() as connection:
            wrapped = wrap_anew(connection)
            if wrapped:
                act = begin_act(connection)
                asked = {"key": current, "data_keys": wrapped}
                keep_act(connection, act, f"keys.rotate:{current}:{act}", "keys.rotate", who, on, asked, {})
        done += wrapped
        if not wrapped:
            break
    told = {"key": current, "data_keys": done}
    print(json.dumps(told) if as_json else f"{done:,} data keys wrapped under {current}")

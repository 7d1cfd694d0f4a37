"""The keys that are kept outside the database: a file of several, of which the current one wraps new data keys.

A key is 32 bytes of chance; its name is the beginning of its digest, so that a key that was mixed up or cut is told
apart from the one that is looked for. The file is JSON, for its owner alone (mode 600):

    {"current": "9f86d081884c", "keys": {"9f86d081884c": "base64 of 32 bytes", …}}

`AFTERLOAN_KEYS` names it. An embedded book has it beside the database, at `keys/ring.json` of its home, made when the
first value is to be enciphered; a book on a server of its own must name it. The database alone, or a backup of it,
opens no enciphered value (`store/data_keys.py`).
"""

import json
import os
import secrets
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg

from afterloan.store.embedded import StoreRefused, home, postmaster

KEYS = "AFTERLOAN_KEYS"
BYTES = 32
"""Length of a key: AES-256."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of a file, by name; `current` names the one that wraps what is new."""

    file: Path
    current: str
    keys: Mapping[str, bytes]

    def secret(self, name: str) -> bytes:
        """The key of a name. Raises StoreRefused: it is not in the file."""
        if name not in self.keys:
            raise StoreRefused(
                f"the key {name}, under which values of this book are enciphered, is not in {self.file} "
                f"(it has {', '.join(self.keys)}): point {KEYS} at the file that was kept apart, "
                "or copy the key into this one; nothing is lost while the key is somewhere"
            )
        return self.keys[name]

    def with_new(self) -> "KeyRing":
        """The same with one more key, which is current."""
        secret = secrets.token_bytes(BYTES)
        return KeyRing(self.file, key_name(secret), {**self.keys, key_name(secret): secret})


def key_name(secret: bytes) -> str:
    """Twelve hexadecimal digits by which a key is known; they tell nothing of it."""
    return sha256(b"afterloan key\0" + secret).hexdigest()[:12]


def ring_file(connection: psycopg.Connection[Any]) -> Path:
    """Where the keys of a book are. Raises StoreRefused: a book on a server of its own, and nobody says where."""
    named = os.environ.get(KEYS)
    if named:
        return Path(named)
    if is_embedded(connection):
        return home() / "keys" / "ring.json"
    raise StoreRefused(
        f"the book is on a server of its own, and {KEYS} does not say where its keys are: set it to a file outside the "
        "database (`afterloan keys add` makes it), the same for `serve`, `drain` and `day`"
    )


def is_embedded(connection: psycopg.Connection[Any]) -> bool:
    """Whether the server that answers is the embedded one of this home."""
    found = postmaster(home() / "pg")
    return found is not None and found[1].endswith(f"?host={connection.info.host}")


def read_ring(file: Path) -> KeyRing:
    """The keys of a file. Raises StoreRefused: not there, not readable, no such file, a key that is not its name's."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        ring = KeyRing(
            file, str(told["current"]), {name: b64decode(key, validate=True) for name, key in told["keys"].items()}
        )
    except FileNotFoundError as error:
        raise StoreRefused(
            f"{file} is not there: put the file of keys that was kept apart there, or point {KEYS} at it; values that "
            "are enciphered under its keys are not lost, they wait for it"
        ) from error
    except OSError as error:
        raise StoreRefused(f"{file} cannot be read: {error.strerror}; let the user of afterloan read it") from error
    except (ValueError, KeyError, TypeError, AttributeError, NotBase64) as error:
        raise StoreRefused(f"{file} is no file of keys: put back the one that was kept apart") from error
    for name, secret in ring.keys.items():
        if len(secret) != BYTES or key_name(secret) != name:
            raise StoreRefused(f"{file}: the key {name} is not the one of that name: put back the file kept apart")
    if ring.current not in ring.keys:
        raise StoreRefused(f"{file}: its current key {ring.current} is not there: put back the file kept apart")
    return ring


def write_ring(ring: KeyRing, *, new: bool) -> None:
    """Write the file, readable by its owner alone; whoever reads it meanwhile has the old one or the new one whole.

    `new`: it must not be there; the first of two at once has its own. Raises StoreRefused: it cannot be written.
    """
    told = {"current": ring.current, "keys": {n: b64encode(k).decode() for n, k in ring.keys.items()}}
    half = ring.file.with_name(f"{ring.file.name}.{secrets.token_hex(4)}")
    try:
        ring.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            json.dump(told, out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        (os.link if new else os.replace)(half, ring.file)
    except FileExistsError:
        if not new:
            raise
    except OSError as error:
        raise StoreRefused(f"{ring.file} cannot be written: {error.strerror}; nothing was changed") from error
    finally:
        half.unlink(missing_ok=True)


def make_ring(file: Path) -> KeyRing:
    """A new file with one key; if somebody else made it at the same moment, theirs."""
    write_ring(KeyRing(file, "", {}).with_new(), new=True)
    return read_ring(file)


def open_to_others(ring: KeyRing) -> bool:
    """Whether anybody else than its owner may read or write the file."""
    return bool(ring.file.stat().st_mode & 0o077)

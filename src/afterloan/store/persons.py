"""What tells who a borrower is (name and attributes), enciphered: its one writer, its one reader, its keyed hashes.

A borrower's row holds `name` and `attributes` as values of two types of their own, each a pair (key, value). The
key names the register's secret, which is wrapped by the file of keys (`store/data_keys.py`), and has 16 bytes of
chance that are the borrower's alone; of both the borrower's key is worked out, and the value is AES-256 in GCM under
it. Emptying a row destroys those bytes of chance: what was enciphered under the key opens no more, wherever it stands.

Every connection knows these types (`knows_persons`): `select name, attributes from borrower` gives text and a
dictionary. So nobody else sees, or needs to know of, what is enciphered. A pair without a key stands in clear: what is
left of a borrower who was purged.

Words that other tables hold of a borrower are under the same key, without repeating it (`words_for`, `words_at`): they
open as long as the borrower's row has it. They also name the place where they stand, so that none is moved.

`clear` repeats what the night and lists ask for in SQL and what tells of no person. `told` says which fields are told,
without their values. `words` are keyed hashes by which the desk finds a person.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import blake2b
from secrets import token_bytes
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader

from afterloan.store.connect import connect_to, url_behind
from afterloan.store.data_keys import DataKey, register_key, register_keys
from afterloan.store.embedded import StoreRefused

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TEXT, FIELDS, WORDS, BODY = "enciphered_text", "enciphered_fields", "enciphered_words", "enciphered_body"
"""The types: the name, the attributes as JSON, words of a row elsewhere (`words_for`), also as JSON, and such words put
back into what the row has in clear (`body_at`)."""
CLEAR = ("jurisdiction", "timezone", "language", "currency", "region", "score_band", "pay_day")
"""Attributes that stand in clear beside the enciphered ones, in the column `clear`: by them no person is found."""
PHONES = ("mobile", "phone")
TAIL = 4
"""Last digits of a phone number by which its owner is found."""
SIGNED_IN_BY = 10
"""Last digits of a mobile by which somebody who signs in is found, whatever country's code stands before them."""
ID, SALT, NONCE, MARK = 6, 16, 12, 6
"""Bytes: of the name of a register's secret, of chance that is the borrower's, of chance before each ciphertext, of the
mark by which words elsewhere tell under which of a borrower's keys they are."""
EMPTY = "(,)"
"""A name that is not told, as a row holds it."""

_SECRETS: dict[bytes, bytes] = {}
"""Secrets of registers that this process has opened, by their name."""


def _named(key: DataKey) -> bytes:
    """The name of a register's secret; what it names is remembered."""
    name = blake2b(key.secret, digest_size=ID, person=b"al register").digest()
    _SECRETS[name] = key.secret
    return name


@dataclass(frozen=True, slots=True)
class KeptPerson:
    """A borrower's row as it is written: the columns of these names."""

    name: str
    attributes: str
    clear: str
    told: list[str]
    words: list[int]


COLUMNS = "name, attributes, clear, told, words"
VALUES = "%(name)s::enciphered_text, %(attributes)s::enciphered_fields, %(clear)s::jsonb, %(told)s, %(words)s::bigint[]"


@dataclass(frozen=True, slots=True)
class Register:
    """The secret of a book's register, opened."""

    name: bytes
    secret: bytes

    def kept(self, name: str, attributes: Mapping[str, Any], key: bytes | None = None) -> KeptPerson:
        """A person as the row holds them; `key` that of the row where they are there already."""
        return self.all_kept([(name, attributes)], key)[0]

    def all_kept(self, persons: Sequence[tuple[str, Mapping[str, Any]]], key: bytes | None = None) -> list[KeptPerson]:
        """Persons as their rows hold them, each under a key of its own unless one is named.

        Step by step for all of them: person by person takes half as long again.
        """
        clear = [canonical({field: told[field] for field in CLEAR if field in told}) for _, told in persons]
        fields = [told_of(name, told) for name, told in persons]
        words = [sorted({self.word(word) for word in words_of(name, told)}) for name, told in persons]
        texts = [(name.encode(), canonical(told).encode()) for name, told in persons]
        sealed = [self._sealed(*two, key) for two in texts]
        rows = zip(sealed, clear, fields, words, strict=True)
        return [KeptPerson(*pairs, plain, of, hashed) for pairs, plain, of, hashed in rows]

    def _sealed(self, name: bytes, attributes: bytes, key: bytes | None) -> tuple[str, str]:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        chance = token_bytes(2 * NONCE + SALT)
        first, second = chance[:NONCE], chance[NONCE : 2 * NONCE]
        key = key or self.name + chance[2 * NONCE :]
        cipher = AESGCM(_of_borrower(self.secret, key))
        return (
            _pair(key, first + cipher.encrypt(first, name, key)),
            _pair(key, second + cipher.encrypt(second, attributes, key)),
        )

    def own_key(self) -> bytes:
        """A key for words that are no one borrower's: destroyed where the row that has it is."""
        return self.name + token_bytes(SALT)

    def word(self, word: str) -> int:
        """The keyed hash of a word, 64 bits: the same word has the same in one book, and no other book's."""
        return _hashed(self.secret, word)

    def mark(self, told: str) -> int:
        """The same of all that something says, which hardly comes again: it is not remembered."""
        return _hash(self.secret, told)


def _hash(secret: bytes, word: str) -> int:
    mark = _begun(secret).copy()
    mark.update(word.encode("utf-8", "surrogatepass"))
    return int.from_bytes(mark.digest(), "big", signed=True)


@lru_cache(maxsize=16)
def _begun(secret: bytes) -> blake2b:
    """The hash of words under a key, with nothing in it yet."""
    return blake2b(key=secret, digest_size=8, person=b"al words")


_hashed = lru_cache(maxsize=65_536)(_hash)
"""Words of names and last digits come again and again."""


def _of_borrower(secret: bytes, key: bytes) -> bytes:
    return blake2b(key, key=secret, digest_size=32, person=b"al person").digest()


def register_of(connection: psycopg.Connection[Any]) -> Register:
    """The register of a book, made when the first person is written. Raises StoreRefused: its keys are not there."""
    key = register_key(connection)
    return Register(_named(key), key.secret)


def hashes_of(connection: psycopg.Connection[Any], words: Iterable[str]) -> list[int] | None:
    """The keyed hashes of words that are looked for; None where the book has no person yet. Raises StoreRefused."""
    keys = register_keys(connection)
    return [_hashed(keys[0].secret, word) for word in words] if keys else None


def called(connection: psycopg.Connection[Any], name: str) -> list[int] | None:
    """What `words` has of all who bear a whole name; None: nobody."""
    return hashes_of(connection, [whole_name(name)]) if name.strip() else None


def with_words(
    connection: psycopg.Connection[Any], words: Iterable[str], most: int
) -> list[tuple[int, str, str, dict[str, Any]]]:
    """Borrowers who have all of some words, `most` at most: number, reference, name, attributes.

    In no order: for one by reference the server would walk the book. Words may hash alike: whoever asks looks whether
    those found are meant.
    """
    hashes = hashes_of(connection, words)
    if hashes is None:
        return []
    return connection.execute(
        "select borrower, reference, name, attributes from borrower where words @> %s::bigint[] limit %s",
        (hashes, most),
    ).fetchall()


def key_of(connection: psycopg.Connection[Any], reference: str) -> bytes | None:
    """The key of a borrower's row; None where there is none, or they were purged."""
    row = connection.execute("select (name).key from borrower where reference = %s", (reference,)).fetchone()
    return bytes(row[0]) if row and row[0] is not None else None


def rewrite_person(
    connection: psycopg.Connection[Any], reference: str, name: str, attributes: Mapping[str, Any]
) -> None:
    """Write a borrower's row anew, under the key that it has. In the caller's act, with the borrower locked."""
    kept = register_of(connection).kept(name, attributes, key_of(connection, reference))
    connection.execute(
        f"update borrower set ({COLUMNS}) = ({VALUES}) where reference = %(reference)s",
        {"reference": reference, **asdict(kept)},
    )


def empty_person(connection: psycopg.Connection[Any], borrower: int, left: Mapping[str, Any]) -> None:
    """Leave of a borrower's row what tells of no person; its key is gone, and what was enciphered under it with it."""
    connection.execute(
        "update borrower set name = %s::enciphered_text, attributes = row(null, %s)::enciphered_fields, "
        "clear = %s::jsonb, told = %s, words = '{}' where borrower = %s",
        (EMPTY, canonical(left).encode(), canonical(left), told_of("", left), borrower),
    )


_AS_JSON = json.JSONEncoder(ensure_ascii=False).encode


def canonical(told: Mapping[str, Any]) -> str:
    """Fields as PostgreSQL writes a jsonb: the shorter names first."""
    return _AS_JSON({name: told[name] for name in _in_order(tuple(told))})


@lru_cache(maxsize=4_096)
def _in_order(names: tuple[str, ...]) -> list[str]:
    """Names in their order; the rows of a book have the same ones."""
    return sorted(names, key=lambda name: (len(told := name.encode("utf-8", "surrogatepass")), told))


def told_of(name: str, attributes: Mapping[str, Any]) -> list[str]:
    """The fields of which something is told: `name` and attributes that are not blank."""
    told = {"name": name, **attributes} if not attributes.get("name") else attributes
    return sorted(field for field, value in told.items() if value is not None and str(value).strip())


def _pair(key: bytes, value: bytes) -> str:
    return f'("\\\\x{key.hex()}","\\\\x{value.hex()}")'


def opened(key: bytes | None, value: bytes | None, connection: psycopg.Connection[Any] | None) -> bytes:
    """The value of a pair. Raises StoreRefused: the file of keys is not there, or the row was changed from outside."""
    return _opened_under(key, (value,), connection)[0]


Pairs = tuple[bytes | None, bytes | None, bytes | None, bytes | None]
"""A row's name and attributes: key, value, key, value."""


def opened_rows(rows: Iterable[Pairs], connection: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    """Name and attributes (the text of their JSON) of many rows, for who reads a shard: a key is worked out once."""
    found = []
    for key, name, other, attributes in rows:
        if key == other:
            one, two = _opened_under(key, (name, attributes), connection)
        else:
            one, two = opened(key, name, connection), opened(other, attributes, connection)
        found.append((one.decode(), two.decode()))
    return found


def _opened_under(
    key: bytes | None, values: tuple[bytes | None, ...], connection: psycopg.Connection[Any] | None
) -> list[bytes]:
    """Values that are enciphered under one key."""
    if key is None:
        return [value or b"" for value in values]
    from cryptography.exceptions import InvalidTag

    cipher = _cipher(key, connection)
    try:
        return [b"" if value is None else cipher.decrypt(value[:NONCE], value[NONCE:], key) for value in values]
    except (InvalidTag, ValueError) as error:
        raise StoreRefused(
            "a name or the attributes of a borrower do not open under their own key: the row was changed from outside; "
            "stop writing and compare it with the last backup"
        ) from error


def _cipher(key: bytes, connection: psycopg.Connection[Any] | None) -> "AESGCM":
    """The cipher of a borrower's key. Raises StoreRefused: the secret of the register that it names is not there."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # here: most commands open nothing

    return AESGCM(_of_borrower(_SECRETS.get(key[:ID]) or _looked_up(key[:ID], connection), key))


# -- words of a borrower's rows in other tables


def words_for(
    connection: psycopg.Connection[Any], rows: Sequence[tuple[int, str, Mapping[str, Any]]]
) -> list[bytes | None]:
    """Words that tell of borrowers, as other tables keep them, in order: (number, place, what is told as JSON values).

    `place` (table and the row's own key) must be told again to open them; `words_at` does. None where nothing is told,
    and of a borrower who was purged: nobody could read them. One question for all. Raises StoreRefused.
    """
    numbers = list({number for number, _, told in rows if told})
    if not numbers:
        return [None] * len(rows)
    keys = dict(
        connection.execute(
            "select borrower, (name).key from borrower where borrower = any(%s) and (name).key is not null", (numbers,)
        ).fetchall()
    )
    return [
        enciphered_words(bytes(keys[number]), place, told, connection) if told and number in keys else None
        for number, place, told in rows
    ]


def enciphered_words(
    key: bytes, place: str, told: Mapping[str, Any], connection: psycopg.Connection[Any] | None
) -> bytes:
    """What is told at a place under the key of a borrower's row. The key itself is not in it. Raises StoreRefused."""
    chance = token_bytes(NONCE)
    plain = json.dumps(dict(told), ensure_ascii=False).encode("utf-8", "surrogatepass")
    kept = _cipher(key, connection).encrypt(chance, plain, key + place.encode("utf-8", "surrogatepass"))
    return _mark(key) + chance + kept


OF_B = "(b.name).key"
"""SQL of the key of borrower `b`."""


def _place_at(table: str, row: str, key: str | tuple[str, ...]) -> str:
    if isinstance(key, str):
        return f"convert_to('{table}|' || {row}.{key}, 'UTF8')"
    columns = ", ".join(f"{row}.{name}" for name in key)
    return f"convert_to(concat_ws('|', '{table}', {columns}), 'UTF8')"


def words_at(table: str, row: str, key: str, words: str, secret: str = OF_B) -> str:
    """SQL that reads words: of borrower `b`, of a table's row, whose own key and words are these columns.

    It gives a dictionary: an empty one where nothing is told, or the key under which it was told is destroyed.
    `secret`: SQL of the key, where it is not that of borrower `b`.
    """
    return f"row({secret}, {_place_at(table, row, key)}, {row}.{words})::enciphered_words"


def body_at(table: str, row: str, key: str | tuple[str, ...], words: str, body: str, secret: str = OF_B) -> str:
    """SQL that reads what a row tells whole: as `words_at`, put back into the JSON of its column `body`.

    Fields whose key is destroyed are left out. `key`: of several columns, where so many name a row. `secret`: SQL of
    the key, where it is not that of borrower `b`.
    """
    plain = f"convert_to({row}.{body}::text, 'UTF8')"
    return (
        f"case when {row}.{words} is null then row(null, null, null, {plain})::enciphered_body "
        f"else row({secret}, {_place_at(table, row, key)}, {row}.{words}, {plain})::enciphered_body end"
    )


def put_whole(clear: dict[str, Any], personal: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in clear with what was taken out of it, also further in: `{"a": {"b": 1}}` and `{"a": {"c": 2}}`.

    Where nothing was taken out, or it is purged, it is what it is, whatever a hand may have written there.
    """
    if not personal:
        return clear
    whole = dict(clear)
    for name, value in personal.items():
        had = whole.get(name)
        whole[name] = put_whole(had, value) if isinstance(had, dict) and isinstance(value, dict) else value
    return whole


def _mark(key: bytes) -> bytes:
    return blake2b(key, digest_size=MARK, person=b"al mark").digest()


def _opened_words(
    key: bytes | None, place: bytes | None, value: bytes | None, connection: psycopg.Connection[Any] | None
) -> bytes:
    if key is None or value is None or value[:MARK] != _mark(key):
        return b"{}"
    from cryptography.exceptions import InvalidTag

    chance, kept = value[MARK : MARK + NONCE], value[MARK + NONCE :]
    cipher = _cipher(key, connection)
    try:
        return cipher.decrypt(chance, kept, key + (place or b""))
    except (InvalidTag, ValueError) as error:
        raise StoreRefused(
            f"words of {(place or b'').decode(errors='replace')} do not open under their borrower's key: the row was "
            "changed from outside; stop writing and compare it with the last backup"
        ) from error


def _looked_up(name: bytes, connection: psycopg.Connection[Any] | None) -> bytes:
    """The secret of a name, read on a connection of its own: the one that asks is in the midst of rows."""
    if connection is not None:
        own = connect_to(url_behind(connection), autocommit=True)
        try:
            for key in register_keys(own):
                _named(key)
        finally:
            own.close()
    if name not in _SECRETS:
        raise StoreRefused(
            "names of this book are enciphered under a key that is not in it: its table data_key was changed from "
            "outside; stop writing and compare it with the last backup"
        )
    return _SECRETS[name]


def open_here(connection: psycopg.Connection[Any]) -> None:
    """Open the secrets of a book in this process, for who reads many rows by another way. Raises StoreRefused."""
    for key in register_keys(connection):
        _named(key)


class _TextLoader(Loader):
    """A name out of the text of a pair: `("\\\\x0a…","\\\\x3f…")`."""

    def load(self, data: Buffer) -> Any:
        return self.plain(data).decode()

    def plain(self, data: Buffer) -> bytes:
        """The bytes of the value."""
        key, value = (_bytes(part) for part in bytes(data)[1:-1].split(b","))
        return opened(key, value, self.connection)  # type: ignore[arg-type]


class _FieldsLoader(_TextLoader):
    """Attributes out of the text of a pair."""

    def load(self, data: Buffer) -> Any:
        from pydantic_core import from_json

        return from_json(self.plain(data) or b"{}")


class _WordsLoader(_TextLoader):
    """Words out of the text of a key, a place and a value."""

    def load(self, data: Buffer) -> Any:
        key, place, value = (_bytes(part) for part in bytes(data)[1:-1].split(b","))
        return json.loads(_opened_words(key, place, value, self.connection))  # type: ignore[arg-type]


class _BodyLoader(_TextLoader):
    """What a row tells, whole, out of the text of a key, a place, a value and JSON."""

    def load(self, data: Buffer) -> Any:
        key, place, value, plain = (_bytes(part) for part in bytes(data)[1:-1].split(b","))
        told = json.loads(plain or b"{}")
        if value is None:
            return told
        return put_whole(told, json.loads(_opened_words(key, place, value, self.connection)))  # type: ignore[arg-type]


def _bytes(part: bytes) -> bytes | None:
    return bytes.fromhex(part.strip(b'"')[3:].decode()) if part else None


OIDS = ("select " + ", ".join(f"to_regtype('{name}')::oid::text" for name in (TEXT, FIELDS, WORDS, BODY))).encode()


def knows_persons(connection: psycopg.Connection[Any]) -> None:
    """Let a connection read what is enciphered of persons as what it is. One question to the server, no transaction."""
    told = connection.pgconn.exec_(OIDS)
    for column, loader in enumerate((_TextLoader, _FieldsLoader, _WordsLoader, _BodyLoader)):
        number = told.get_value(0, column) if told.ntuples else None
        if number:
            connection.adapters.register_loader(int(number), loader)


# -- what is searched for


def fold(text: str) -> str:
    """A text as it is compared: one width, one case, single blanks. `fold("Ｚhang  WEI")` is `zhang wei`."""
    told = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(told.casefold().split())


def parts(name: str) -> list[str]:
    """The words of a name, folded: `parts("Zebedee O'Quill")` is zebedee, o, quill."""
    return re.findall(r"[^\W_]+", fold(name))


_DENSE = re.compile("[\u2e80-\U0010ffff]")


def _dense(word: str) -> bool:
    """Whether a word is of a script whose signs are words or syllables, as Chinese is."""
    return _DENSE.search(word) is not None


def words_of(name: str, attributes: Mapping[str, Any]) -> Iterable[str]:
    """The words by which a person is found.

    Of a name: the whole; of each Chinese word its first sign and each two that follow each other; of another word its
    first three and its first five letters. Of an attribute that is a text: the whole. Of a phone: its last four digits;
    of a mobile: its last ten.
    """
    if name.strip():
        yield whole_name(name)
        for part in parts(name):
            yield from _beginnings(part)
    for field, value in attributes.items():
        if isinstance(value, str) and field not in CLEAR and value.strip():
            yield whole(value)
    for field in PHONES:
        digits = digits_of(attributes.get(field))
        if len(digits) >= TAIL:
            yield tail(digits)
        if digits and field == "mobile":
            yield mobile(digits)


def _beginnings(part: str) -> list[str]:
    if _dense(part):
        return [f"^{part[0]}", *(f"b{part[at : at + 2]}" for at in range(len(part) - 1))]
    return [f"3{part[:3]}"] + [f"5{part[:5]}"] * (len(part) >= 5)


def whole_name(name: str) -> str:
    """The word of a whole name."""
    return f"n{fold(name)}"


def whole(value: str) -> str:
    """The word of a whole attribute: an e-mail address, a number of identity or of an account."""
    return f"={fold(value)}"


def tail(digits: str) -> str:
    """The word of the last digits of a phone."""
    return f"t{digits[-TAIL:]}"


def mobile(digits: str) -> str:
    """The word of a mobile by which somebody signs in."""
    return f"p{digits[-SIGNED_IN_BY:]}"


def digits_of(value: Any) -> str:
    """The digits 0 to 9 of what is told as a number of a phone."""
    return "".join(re.findall("[0-9]+", str(value or "")))


def name_asked(words: str) -> list[str]:
    """The words that a name must have which has all of these in it, in part or whole; none: nothing to look for."""
    asked: list[str] = []
    for part in parts(words):
        if _dense(part):
            asked += [f"b{part[at : at + 2]}" for at in range(len(part) - 1)] or [f"^{part}"]
        elif len(part) >= 3:
            asked.append(f"5{part[:5]}" if len(part) >= 5 else f"3{part[:3]}")
    return asked or [f"3{part}" for part in parts(words)]


def has_name(name: str, words: str) -> bool:
    """Whether each of some words begins a word of a name; a Chinese one may stand anywhere in it."""
    there = parts(name)
    return all(
        any(asked in word if _dense(asked) else word.startswith(asked) for word in there) for asked in parts(words)
    )

"""Papers and drafts stand in the database as nobody reads them without the file of keys, which is outside it."""

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from shutil import copyfile

import psycopg
import pytest
from typer.testing import CliRunner

from afterloan.desk.keyboard.main import app
from afterloan.enquiry.health import health
from afterloan.facts import FactRefused
from afterloan.store.backup import _tool
from afterloan.store.brought import PIECE, SentFile, keep_pieces, write_pieces
from afterloan.store.data_keys import destroy_data_keys, new_data_key
from afterloan.store.drafts import draft_of, keep_draft
from afterloan.store.embedded import StoreRefused
from afterloan.store.files import file_kept, file_purged_on, keep_file
from afterloan.store.keyring import KEYS, make_ring, read_ring, write_ring
from afterloan.store.persons import _SECRETS
from afterloan.store.server import Store, home, open_store
from tests.databases import dropped
from tests.store.older import older_book
from tests.strategy.books import borrower

NOW = datetime(2026, 2, 12, 4, tzinfo=UTC)
PAPER = b"%PDF-1.7 dismissal of Zebedee Quill, 11010119850115123X " + b"0" * 2_000
ANSWERS = {"told": "Operated in January for a hernia", "phone": "13912345678"}
SEEDS = (b"Zebedee Quill", b"11010119850115123X", b"hernia", b"13912345678")
MARK = sha256(PAPER).hexdigest()
SENT = b"reference,name,phone\nB1,Zebedee Quill,13912345678\n" * (PIECE // 40)
"""A file of another system, longer than a piece and shorter than two."""
SHEET = SentFile("customers.csv", len(SENT), sha256(SENT).hexdigest())


def dumped(store: Store) -> bytes:
    """Every row of a book as PostgreSQL writes it out, as the owner of the tables; bytes are in it as hex."""
    with store.connect() as connection:
        tool = _tool("pg_dump", connection.info.server_version // 10_000)
    return subprocess.run([tool, store.as_owner().url], capture_output=True, check=True).stdout


def in_clear(store: Store) -> list[bytes]:
    """Which seeds a stranger with the whole database finds, as text or as bytes."""
    dump = dumped(store)
    assert b"\tB1\t" in dump, "a dump of another book would prove nothing"
    return [seed for seed in SEEDS if seed in dump or seed.hex().encode() in dump]


@pytest.fixture
def kept(store: Store) -> Store:
    with store.connect() as connection:
        borrower(connection, "B1")
        borrower(connection, "B2")
        keep_file(connection, MARK, PAPER, "B1")
        keep_draft(connection, "B1", "plan", ANSWERS, NOW)
    return store


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file of keys that is named, for a book whose server is not the embedded one of the home; the keys of that one
    are beside it."""
    if (ring := home() / "keys" / "ring.json").exists():
        copyfile(ring, tmp_path / "of-the-home.json")
    monkeypatch.setenv("AFTERLOAN_HOME", str(tmp_path))
    yield tmp_path / "elsewhere" / "keys.json"


def test_the_whole_database_tells_nothing_of_papers_and_drafts(kept: Store) -> None:
    assert in_clear(kept) == []
    with kept.connect() as connection:
        assert file_kept(connection, MARK) == PAPER
        assert draft_of(connection, "B1", "plan", NOW) == (ANSWERS, NOW)


def test_the_file_of_keys_is_beside_the_database_for_its_owner_alone(kept: Store) -> None:
    file = home() / "keys" / "ring.json"
    assert file.stat().st_mode & 0o777 == 0o600
    ring = read_ring(file)
    assert {len(key) for key in ring.keys.values()} == {32}
    dump = dumped(kept)
    assert not [key for key in ring.keys.values() if key.hex().encode() in dump or key in dump]


def test_a_file_sent_to_be_brought_in_is_enciphered_kept_once_and_purged(kept: Store, tmp_path: Path) -> None:
    sent, back = tmp_path / "sent.csv", tmp_path / "back.csv"
    sent.write_bytes(SENT)
    with kept.connect() as connection:
        for _ in range(2):
            keep_pieces(connection, sent, SHEET.sha256)
        keys = connection.execute("select data_key, array_agg(piece order by piece) from kept_piece group by 1")
        ((number, pieces),) = keys.fetchall()
        assert pieces == [0, 1]
        write_pieces(connection, SHEET, back)
    assert back.read_bytes() == SENT
    assert in_clear(kept) == []
    with kept.connect() as connection:
        destroy_data_keys(connection, [number], date(2026, 2, 12))
        with pytest.raises(FactRefused, match=r"customers\.csv.* was purged"):
            write_pieces(connection, SHEET, back)
        keep_pieces(connection, sent, SHEET.sha256)  # sent anew: under a key of its own
        write_pieces(connection, SHEET, back)
    assert back.read_bytes() == SENT


def test_an_empty_file_that_was_sent_is_empty_again(kept: Store, tmp_path: Path) -> None:
    empty, back = tmp_path / "empty.csv", tmp_path / "back.csv"
    empty.touch()
    with kept.connect() as connection:
        keep_pieces(connection, empty, sha256(b"").hexdigest())
        write_pieces(connection, SentFile("empty.csv", 0, sha256(b"").hexdigest()), back)
    assert back.read_bytes() == b""


def test_a_paper_of_two_borrowers_goes_for_the_one_whose_key_is_destroyed(kept: Store) -> None:
    with kept.connect() as connection:
        keep_file(connection, MARK, PAPER, "B2")
        keep_file(connection, MARK, PAPER, "B2")
        rows = connection.execute("select data_key from kept_file order by 1").fetchall()
        assert len(rows) == 2
        first = rows[0][0]
        assert destroy_data_keys(connection, [first], date(2026, 2, 12)) == 1
        assert file_kept(connection, MARK) == PAPER, "the other borrower's is there"
        assert file_purged_on(connection, MARK) is None
        assert draft_of(connection, "B1", "plan", NOW) is None
        assert destroy_data_keys(connection, [rows[1][0]], date(2026, 2, 13)) == 1
        assert file_kept(connection, MARK) is None
        assert file_purged_on(connection, MARK) == date(2026, 2, 13)


def test_who_comes_back_has_a_key_of_their_own_again(kept: Store) -> None:
    with kept.connect() as connection:
        number = connection.execute("select borrower from borrower where reference = 'B1'").fetchone()
        assert number is not None
        before = new_data_key(connection, number[0])
        destroy_data_keys(connection, [before.number], date(2026, 2, 12))
        after = new_data_key(connection, number[0])
        assert after.number != before.number and after.secret != before.secret
        keep_file(connection, MARK, PAPER, "B1")
        assert file_kept(connection, MARK) == PAPER


def test_a_destroyed_key_is_never_put_back(kept: Store) -> None:
    with kept.connect() as connection:
        row = connection.execute("select data_key, wrapped from data_key").fetchone()
        assert row is not None
        destroy_data_keys(connection, [row[0]], date(2026, 2, 12))
    for store in (kept, kept.as_owner()):
        with store.connect() as connection, pytest.raises(psycopg.errors.RestrictViolation, match="is destroyed"):
            connection.execute("update data_key set wrapped = %s, destroyed_on = null", (row[1],))
    with kept.connect() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("delete from data_key")
    kept.as_owner().close()


def test_a_value_moved_to_another_row_does_not_open(kept: Store) -> None:
    other = b"%PDF another paper" + b"1" * 2_000
    with kept.connect() as connection:
        keep_file(connection, sha256(other).hexdigest(), other, "B1")
    with kept.as_owner().connect() as connection:
        connection.execute("alter table kept_file disable trigger all")
        connection.execute("update kept_file set content = (select content from kept_file where sha256 = %s)", (MARK,))
        connection.execute("alter table kept_file enable trigger all")
    kept.as_owner().close()
    with kept.connect() as connection:
        assert file_kept(connection, MARK) == PAPER
        with pytest.raises(StoreRefused, match="kept_file does not open under its own key"):
            file_kept(connection, sha256(other).hexdigest())


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (None, "is not there: put the file of keys that was kept apart there"),
        ("{", "is no file of keys"),
        ('{"current": "0123456789ab", "keys": {}}', "its current key 0123456789ab is not there"),
        ('{"current": "0123456789ab", "keys": {"0123456789ab": "AAAA"}}', "is not the one of that name"),
        ("other", "is not in"),
    ],
)
def test_a_missing_or_wrong_file_of_keys_is_told_and_nothing_is_lost(
    kept: Store, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, written: str | None, says: str
) -> None:
    """The keys of the book are those of the home that it was made in; `elsewhere` is pointed at instead."""
    monkeypatch.setenv(KEYS, str(elsewhere))
    if written == "other":
        make_ring(elsewhere)
    elif written is not None:
        elsewhere.parent.mkdir()
        elsewhere.write_text(written)
    before = elsewhere.read_bytes() if elsewhere.exists() else None
    with kept.connect() as connection:
        for ask in (lambda: file_kept(connection, MARK), lambda: draft_of(connection, "B1", "plan", NOW),
                    lambda: keep_file(connection, "0" * 64, b"more", "B1")):  # fmt: skip
            with pytest.raises(StoreRefused, match=says):
                ask()
        told = next(check for check in health(connection, NOW) if check.name == "keys")
        assert told.state == "wrong" and says in told.says
        assert (elsewhere.read_bytes() if elsewhere.exists() else None) == before, "no file is made or changed"
    monkeypatch.undo()
    with kept.connect() as connection:
        assert file_kept(connection, MARK) == PAPER and draft_of(connection, "B1", "plan", NOW) == (ANSWERS, NOW)


def test_a_book_on_a_server_of_its_own_must_be_told_where_its_keys_are(
    store: Store, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another home than that of the embedded server: as for any server that somebody else runs."""
    monkeypatch.setenv("AFTERLOAN_DATABASE_URL", store.url)
    with store.connect() as connection:
        with pytest.raises(StoreRefused, match="does not say where its keys are: set it to a file outside"):
            borrower(connection, "B1")
        told = next(check for check in health(connection, NOW) if check.name == "keys")
        assert told.state == "look" and KEYS in told.says
    monkeypatch.setenv(KEYS, str(elsewhere))
    added = CliRunner().invoke(app, ["keys", "add"])
    assert added.exit_code == 0 and added.stdout.strip() == read_ring(elsewhere).current
    with store.connect() as connection:
        borrower(connection, "B1")
        keep_file(connection, MARK, PAPER, "B1")
        assert file_kept(connection, MARK) == PAPER


def test_keys_are_changed_and_the_old_one_opens_nothing_that_is_wrapped_anew(
    kept: Store, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEYS, str(elsewhere))
    monkeypatch.setenv("AFTERLOAN_DATABASE_URL", kept.url)
    with kept.connect() as connection:
        elsewhere.parent.mkdir()
        copyfile(elsewhere.parent.with_name("of-the-home.json"), elsewhere)
        first = read_ring(elsewhere).current
        number = new_data_key(connection, 1).number
        destroy_data_keys(connection, [number], date(2026, 2, 12))  # a destroyed one stays as it is
        keep_file(connection, MARK, PAPER, "B1")
    run = CliRunner()
    assert run.invoke(app, ["keys", "add"]).exit_code == 0
    second = read_ring(elsewhere).current
    assert second != first and set(read_ring(elsewhere).keys) == {first, second}
    with kept.connect() as connection:
        assert next(c for c in health(connection, NOW) if c.name == "keys").remedy == "afterloan keys rotate"
    # the register's key, and that of B1
    assert run.invoke(app, ["keys", "rotate", "--by", "Wu"]).stdout == f"2 data keys wrapped under {second}\n", (
        "that of the register, and B1's"
    )
    assert run.invoke(app, ["keys", "rotate"]).stdout == f"0 data keys wrapped under {second}\n"
    shown = json.loads(run.invoke(app, ["keys", "show", "--json"]).stdout)
    assert {row["key"]: (row["current"], row["data_keys"]) for row in shown["keys"]} == {
        first: (False, 0),
        second: (True, 2),
    }
    ring = read_ring(elsewhere)
    write_ring(type(ring)(elsewhere, second, {second: ring.keys[second]}), new=False)
    with kept.connect() as connection:
        assert file_kept(connection, MARK) == PAPER
        _SECRETS.clear()  # as a process that begins
        assert connection.execute("select name from borrower order by borrower").fetchone() == ("Name of B1",)
        assert connection.execute("select who, verb, asked from act").fetchall() == [
            ("Wu", "keys.rotate", {"key": second, "data_keys": 2})
        ]
    secret = ring.keys[first].hex() + ring.keys[second].hex()
    assert not [word for word in (secret[:64], secret[64:]) if word in run.invoke(app, ["keys", "show"]).output]


def test_two_at_once_make_one_key_of_a_borrower_and_one_file_of_keys(kept: Store) -> None:
    with kept.connect() as connection:
        number = connection.execute("select borrower from borrower where reference = 'B2'").fetchone()
    assert number is not None

    def made(_: int) -> tuple[int, bytes]:
        with kept.connect() as connection:
            key = new_data_key(connection, number[0])
            return key.number, key.secret

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(made, range(24)))) == 1


@pytest.fixture
def older(server: Store) -> Iterator[Store]:
    """A book of the version before values were enciphered, with a paper and a draft in clear."""
    book = older_book(server, "0037")
    with book.connect() as connection:
        for name in ("B1", "B2"):
            (number,) = (
                connection.execute(
                    "insert into borrower (reference, name, known_on, attributes) values (%s, %s, '2025-01-01', %s) "
                    "returning borrower",
                    (name, f"Zebedee Quill {name}", json.dumps({"phone": "13912345678"})),
                ).fetchone()
                or ()
            )
            asked = json.dumps({"borrower": name, "sha256": MARK, "name": "photo.pdf"})
            connection.execute(
                "insert into act (act, reference, verb, who_kind, who, roles, door, on_day, at, asked, answer) "
                "values (%s, %s, 'paper.hand_in', 'borrower', %s, '{}', 'my', '2026-02-12', now(), %s, '{}')",
                (number, f"paper-{name}", name, asked),
            )
        connection.execute("insert into kept_file values (%s, %s)", (MARK, PAPER))
        connection.execute("insert into draft values (1, 'plan', %s, %s)", (json.dumps(ANSWERS), NOW))
        for k in range(2):
            part = SENT[k * PIECE : (k + 1) * PIECE]
            connection.execute("insert into kept_piece values (%s, %s, %s)", (SHEET.sha256, k, part))
    book.close()
    yield book
    book.close()
    dropped(server, "older")


def test_what_stood_in_clear_is_enciphered_by_the_migration(older: Store, tmp_path: Path) -> None:
    assert set(in_clear(older)) == set(SEEDS), "the search finds them where they are in clear"
    book = open_store(older.url)
    assert in_clear(book) == []
    with book.connect() as connection:
        assert file_kept(connection, MARK) == PAPER and draft_of(connection, "B1", "plan", NOW) == (ANSWERS, NOW)
        whose = connection.execute(
            "select b.reference from kept_file join data_key using (data_key) join borrower b using (borrower) "
            "order by 1"
        ).fetchall()
        assert whose == [("B1",), ("B2",)], "both handed it in: each under their own key"
        assert connection.execute("select name, attributes, clear from borrower where reference = 'B2'").fetchone() == (
            "Zebedee Quill B2",
            {"phone": "13912345678"},
            {},
        )
        write_pieces(connection, SHEET, tmp_path / "sent.csv")
    assert (tmp_path / "sent.csv").read_bytes() == SENT
    book.close()


def test_without_keys_the_migration_leaves_the_book_as_it_was(
    older: Store, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoreRefused, match="does not say where its keys are"):
        open_store(older.url)
    older.close()
    with older.connect() as connection:
        assert connection.execute("select content from kept_file").fetchone() == (PAPER,)
        assert connection.execute("select version_num from alembic_version").fetchone() == ("0037",)
    older.close()
    make_ring(elsewhere)
    monkeypatch.setenv(KEYS, str(elsewhere))
    book = open_store(older.url)
    assert in_clear(book) == []
    book.close()

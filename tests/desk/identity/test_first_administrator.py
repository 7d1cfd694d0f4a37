"""Who lets all others in: asked for at a terminal, made by a command where a server has none."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from afterloan.desk.keyboard.main import app
from afterloan.store.accounts import any_account
from afterloan.store.server import Store

PASSWORD = "correct-horse-battery-9\n"


@pytest.fixture
def run(store: Store, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("AFTERLOAN_DATABASE_URL", store.url)
    return CliRunner()


def test_a_server_without_a_terminal_says_how_the_first_is_made_and_ends(store: Store, run: CliRunner) -> None:
    main = "from afterloan.desk.keyboard.main import main; main()"
    served = subprocess.run(
        [sys.executable, "-c", main, "serve", "--port", "1"], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert served.returncode == 1
    assert "nobody can sign in yet" in served.stderr and "afterloan account NAME --administrator" in served.stderr


def test_the_first_administrator_is_made_by_a_command_and_nobody_after(store: Store, run: CliRunner) -> None:
    made = run.invoke(app, ["account", "root", "--administrator"], input=PASSWORD * 2)
    assert made.exit_code == 0 and "recovery codes" in made.output, made.output
    with store.connect() as connection:
        assert any_account(connection)
        roles = connection.execute("select verb, asked from act").fetchall()
    assert [verb for verb, _ in roles] == ["people.roles"]
    again = run.invoke(app, ["account", "other", "--administrator"], input=PASSWORD * 2)
    assert again.exit_code == 1 and "somebody can sign in already" in str(again.exception)
    plain = run.invoke(app, ["account", "other"], input=PASSWORD * 2)
    assert plain.exit_code == 0
    with store.connect() as connection:
        assert connection.execute("select count(*) from act").fetchone() == (1,), "an account has no role of itself"


def test_a_password_that_is_weak_makes_no_administrator(store: Store, run: CliRunner) -> None:
    weak = run.invoke(app, ["account", "root", "--administrator"], input="short\nshort\n")
    assert weak.exit_code == 1 and "password" in str(weak.exception)
    with store.connect() as connection:
        assert not any_account(connection)
        assert connection.execute("select count(*) from act").fetchone() == (0,)

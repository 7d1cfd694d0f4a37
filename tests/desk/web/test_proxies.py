"""Who asks, behind a proxy: the address that a trusted one tells, and nobody else's word for it."""

import httpx
import pytest

from afterloan.desk.keyboard.doing import Stop
from afterloan.desk.keyboard.serve import serve
from afterloan.store.server import Store
from tests.desk.web.served import Served, listening, small_book

ONE, OTHER, MADE_UP = "203.0.113.7", "203.0.113.8", "198.51.100.9"


def wrong(port: int, forwarded: str, name: str) -> int:
    """The status of a wrong try to sign in, told to have been passed on for an address."""
    told = {"host": "desk.localhost", "x-forwarded-for": forwarded}
    form = {"person": name, "password": "grey heron at dusk", "code": "000000"}
    return httpx.post(f"http://127.0.0.1:{port}/sign-in", data=form, headers=told, trust_env=False).status_code


def test_behind_a_trusted_proxy_each_client_has_its_own_limit(store: Store) -> None:
    small_book(store)
    with listening(Served(store, demo=False), ("127.0.0.1",)) as port:
        assert {wrong(port, ONE, f"name-{k}") for k in range(20)} == {401}
        assert wrong(port, ONE, "name-20") == 429, "twenty wrong tries an hour from one address"
        assert wrong(port, f"{MADE_UP}, {ONE}", "name-21") == 429, "what the client itself says is not believed"
        assert wrong(port, OTHER, "name-22") == 401, "another client is not held up"


def test_without_a_trusted_proxy_nobody_is_believed(store: Store) -> None:
    small_book(store)
    served = Served(store, demo=False)
    with listening(served, ("192.0.2.1",)) as port:
        assert {wrong(port, f"203.0.113.{k}", f"name-{k}") for k in range(20)} == {401}
        assert wrong(port, MADE_UP, "name-20") == 429, "all came from 127.0.0.1"


@pytest.mark.parametrize(
    ("proxy", "why"), [("*", "address or a network"), ("0.0.0.0/0", "everybody"), ("::/0", "everybody")]
)
def test_everybody_is_no_proxy(proxy: str, why: str) -> None:
    with pytest.raises(Stop, match=why):
        serve(proxy=[proxy])

"""Writes the contract and the client: `python -m afterloan.desk.api` makes three files of the repository anew."""

from pathlib import Path
from typing import Any

from afterloan.desk.api.app import api_app
from afterloan.desk.api.client import client_text
from afterloan.desk.api.contract import contract_text, llms_text
from afterloan.desk.web.house import House
from afterloan.store.server import Store


def contract() -> dict[str, Any]:
    """The contract of a demonstration: all routes there are."""
    return api_app(House(Store("postgresql://none"), True)).openapi()


def made(told: dict[str, Any]) -> dict[str, str]:
    """The text of each file that is made from a contract."""
    return {
        "docs/openapi.json": contract_text(told),
        "docs/llms.txt": llms_text(told),
        "clients/python/afterloan_client.py": client_text(told),
    }


if __name__ == "__main__":
    for name, text in made(contract()).items():
        Path(name).write_text(text, encoding="utf-8")

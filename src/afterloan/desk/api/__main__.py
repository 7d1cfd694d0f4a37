"""Writes the contract: `python -m afterloan.desk.api` makes `docs/openapi.json` and `docs/llms.txt` anew."""

from pathlib import Path
from typing import Any

from afterloan.desk.api.app import api_app
from afterloan.desk.api.contract import contract_text, llms_text
from afterloan.desk.web.house import House
from afterloan.store.server import Store


def contract() -> dict[str, Any]:
    """The contract of a demonstration: all routes there are."""
    return api_app(House(Store("postgresql://none"), True)).openapi()


if __name__ == "__main__":
    told = contract()
    for name, text in (("openapi.json", contract_text(told)), ("llms.txt", llms_text(told))):
        Path("docs", name).write_text(text, encoding="utf-8")

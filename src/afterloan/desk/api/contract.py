"""The contract of the API: `docs/openapi.json` and `docs/llms.txt`, made from the routes."""

import json
from collections.abc import Mapping
from typing import Any

from afterloan.desk.web.refusing import TITLES

HEAD = """# afterloan HTTP API

> What a consumer lender runs after the money has been paid out. One POST for each thing that can be done, one GET for
> each thing that can be asked. Money is whole minor units (`*_fen`), days are YYYY-MM-DD.

- Send `Authorization: Bearer KEY`. In a demonstration: POST /v1/sandbox/seats {"seat": "lead"} answers a key.
- Every POST that writes needs `Idempotency-Key`: a name of your own for the act; sent again, it is done once.
- `?dry_run=true` says what would come of it and keeps nothing. `?propose=true` asks a second person.
- Refusals are application/problem+json; tell them apart by `reason`, and read `remedy`.
- Reads take `on` and `known_on`. The business date is the book's own: GET /v1/business-date.
- An id is the reference where a path can carry it, else `~` and base64url of it.

## Paths

"""


def contract_text(told: Mapping[str, Any]) -> str:
    """A contract as it lies in `docs/openapi.json`."""
    return json.dumps(told, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def llms_text(told: Mapping[str, Any]) -> str:
    """The API of a contract in one page for readers that are programs: each path with its sentence."""
    lines = [
        f"- {method.upper()} {path}: {one.get('summary', '')}"
        for path, methods in sorted(told["paths"].items())
        for method, one in methods.items()
    ]
    reasons = [f"- `{name}`: {title}" for name, title in TITLES.items()]
    return HEAD + "\n".join(lines) + "\n\n## Reasons of refusals\n\n" + "\n".join(reasons) + "\n"

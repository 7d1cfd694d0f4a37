"""Bodies made from the contract: the least that a POST may say, by the form of each field."""

import re
from collections.abc import Mapping
from typing import Any

NAMES = {"borrower": "B1", "loan": "L1", "to": "agent-li", "month_end": "2026-01-31", "jurisdiction": "CN",
         "channel": "call", "url": "https://partner.example/hook", "zone": "Asia/Shanghai", "language": "zh-CN",
         "cause": "illness", "hold": "dispute_open", "due_on": "2026-02-20", "reason": "x"}  # fmt: skip
"""Values that a field of that name takes in the small book."""
OF_FORMAT = {"date": "2026-02-10", "date-time": "2026-02-10T10:00:00+08:00", "binary": "x", "byte": "eA=="}


def body_of(contract: Mapping[str, Any], operation: Mapping[str, Any], names: Mapping[str, str] = NAMES) -> Any:
    """The least body that an operation's form allows; None where it asks for none, or for a file."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    return None if schema is None else value_of(contract, schema, "", names)


def value_of(contract: Mapping[str, Any], schema: Mapping[str, Any], name: str, names: Mapping[str, str]) -> Any:
    """A value of a form; a field of a known name has the book's own."""
    if "$ref" in schema:
        return value_of(contract, contract["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], name, names)
    if "const" in schema or schema.get("enum"):
        return schema.get("const", (schema.get("enum") or [None])[0])
    for one in schema.get("anyOf", schema.get("oneOf", ())):
        if one.get("type") != "null":
            return value_of(contract, one, name, names)
    kind = schema.get("type", "string")
    if kind == "object":
        wanted = schema.get("required", ())
        return {key: value_of(contract, schema["properties"][key], key, names) for key in wanted}
    if kind == "array":
        count = max(schema.get("minItems", 0), 1)
        items = schema.get("items") or (schema.get("prefixItems") or [{}])[0]
        return [value_of(contract, items, name, names) for _ in range(count)]
    if kind in ("integer", "number"):
        return max(schema.get("minimum", 0), schema.get("exclusiveMinimum", 0) + 1, 1)
    if kind == "boolean":
        return True
    return names.get(name) or OF_FORMAT.get(schema.get("format", ""), "x")


def filled(path: str, **names: str) -> str:
    """A path with names in it: those told, else `none`; also within a part, as in `files/{number}.csv`."""
    return re.sub(r"\{(\w+)\}", lambda found: names.get(found[1], "none"), path)

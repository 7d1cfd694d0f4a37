"""Writes the Python client out of the contract: one method for each operation, one typed dictionary for each body."""

import json
import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

Told = Mapping[str, Any]
PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
MADE = "# Made from docs/openapi.json by `python -m afterloan.desk.api`; a test keeps the two equal.\n"


def client_text(contract: Told) -> str:
    """The client as it lies in `clients/python/afterloan_client.py`: the hand-written head, bodies, methods."""
    head = resources.files("afterloan.desk.api").joinpath("client_head.txt").read_text(encoding="utf-8")
    bodies = [_body(name, told) for name, told in sorted(contract["components"]["schemas"].items()) if _is_body(told)]
    methods = [_method(operation) for operation in operations(contract)]
    classes, _, rest = head.partition("# BODIES\n")
    return MADE + classes + "\n\n".join(bodies) + "\n\n" + rest + "\n".join(methods)


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the contract: its method, path and what is told of it."""

    method: str
    path: str
    told: Told

    @property
    def name(self) -> str:
        """The name of its method in the client."""
        return str(self.told["operationId"])

    def parameters(self, place: str) -> list[Told]:
        """Its parameters in `path`, `query` or `header`."""
        return [one for one in self.told.get("parameters", ()) if one["in"] == place]

    @property
    def body(self) -> Told:
        """What its body may be, by media type."""
        content: Told = self.told.get("requestBody", {}).get("content", {})
        return content


def operations(contract: Told) -> Iterator[Operation]:
    """Every operation, by path and method."""
    for path, methods in sorted(contract["paths"].items()):
        for method, told in methods.items():
            yield Operation(method, path, told)


def _is_body(told: Told) -> bool:
    return told.get("type") == "object" and not told.get("title", "").startswith(("HTTPValidation", "Validation"))


def kind_of(told: Told) -> str:
    """The Python type of a schema: `{"type": "array", "items": {"type": "integer"}}` is `list[int]`."""
    if "$ref" in told:
        return f'"{told["$ref"].rpartition("/")[2]}"'
    if "enum" in told or "const" in told:
        return f"Literal[{', '.join(json.dumps(one, ensure_ascii=False) for one in told.get('enum', [told.get('const')]))}]"  # noqa: E501
    if "anyOf" in told:
        return " | ".join(dict.fromkeys(kind_of(one).strip('"') for one in told["anyOf"]))
    if told.get("type") == "array":
        return f"list[{kind_of(told.get('items', {}))}]"
    return PLAIN.get(str(told.get("type", "")), "dict[str, Any]" if told.get("type") == "object" else "Any")


def _body(name: str, told: Told) -> str:
    """A body as a dictionary with typed keys; in the form of a call where a key is no name in Python."""
    needed = told.get("required", ())
    fields = {
        field: kind_of(one) if field in needed else f"NotRequired[{kind_of(one)}]"
        for field, one in told.get("properties", {}).items()
    }
    words = _words(told.get("description", "") or f"What {name} asks.")
    if any(keyword.iskeyword(field) for field in fields):
        inside = ", ".join(f'"{field}": {kind}' for field, kind in fields.items())
        return f'{name} = TypedDict("{name}", {{{inside}}})\n"""{words}"""\n'
    lines = [f"    {field}: {kind}" for field, kind in fields.items()]
    return f'class {name}(TypedDict):\n    """{words}"""\n\n' + "\n".join(lines) + ("\n" if lines else "")


def _words(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().replace("\\", "\\\\").replace('"""', "'''")


def _method(operation: Operation) -> str:
    """A method: names of the path first, then the body, then what may be told besides."""
    paths = [one["name"] for one in operation.parameters("path")]
    queries = {one["name"]: (_python(one["name"]), kind_of(one["schema"])) for one in operation.parameters("query")}
    required = {one["name"] for one in operation.parameters("query") if one.get("required")}
    headers = {one["name"]: _python(one["name"]) for one in operation.parameters("header")}
    own = [f"{_python(name)}: str" for name in paths] + _body_parameter(operation)
    more = [
        f"{python}: {kind}" if name in required else f"{python}: {kind} | None = None"
        for name, (python, kind) in queries.items()
    ] + [f'{python}: str = ""' for python in headers.values()]
    parameters = ", ".join(["self", *own, *(["*"] if more else []), *more])
    path = re.sub(r"{(\w+)}", lambda found: "{id_of(" + _python(found[1]) + ")}", operation.path)
    query = ", ".join(f'"{name}": {python}' for name, (python, _) in queries.items())
    sent = ", ".join(f'"{name}": {python}' for name, python in headers.items())
    streams = "text/event-stream" in operation.told.get("responses", {}).get("200", {}).get("content", {})
    gives, send = ("Iterator[StreamEvent]", "_stream") if streams else ("dict[str, Any]", "_ask")
    call = f'self.{send}("{operation.method.upper()}", {"f" if paths else ""}"{path}", {{{query}}}, {{{sent}}}'
    words = _words(operation.told.get("description") or operation.told["summary"])
    return (
        f"    def {operation.name}({parameters}) -> {gives}:\n"
        f'        """{words}"""\n        return {call}{_body_sent(operation)})\n'
    )


def _python(name: str) -> str:
    """A parameter's name in Python: `If-Match` is `if_match`, `Idempotency-Key` is `key`."""
    plain = "key" if name.lower() == "idempotency-key" else name.lower().replace("-", "_")
    return f"{plain}_" if keyword.iskeyword(plain) else plain


def _body_parameter(operation: Operation) -> list[str]:
    if "application/json" in operation.body:
        kind = kind_of(operation.body["application/json"]["schema"]).strip('"')
        needed = operation.told["requestBody"].get("required", False)
        return [f"body: {kind}" if needed else f"body: {kind} | None = None"]
    return ["content: bytes"] if operation.body else []


def _body_sent(operation: Operation) -> str:
    if "application/json" in operation.body:
        return ", body=body"
    return ", content=content" if operation.body else ""


def operation_name(method: str, path: str) -> str:
    """The name of an operation that is no verb: `GET /v1/borrowers/{borrower}/standing` is `get_borrower_standing`."""
    parts = [part for part in path.split("/") if part and part != "v1"]
    words = []
    for part, following in zip(parts, [*parts, ""][1:], strict=True):
        if not part.startswith("{"):
            words.append(_one_of(part) if following.startswith("{") else part)
    return "_".join([method.lower(), *words]).replace("-", "_").replace(".", "_") or method.lower()


def _one_of(part: str) -> str:
    """One of several: `borrowers` is `borrower`, `agencies` is `agency`, `people` is `person`."""
    if part == "people":
        return "person"
    return part[:-3] + "y" if part.endswith("ies") else part.removesuffix("s")

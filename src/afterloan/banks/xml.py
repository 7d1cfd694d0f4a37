"""ISO 20022 XML in general: reading with places, writing in order, checking against published schemas."""

import os
import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from afterloan.banks.numbers import is_iban, plain_account
from afterloan.banks.words import MAX_BYTES, BankFileRefused
from afterloan.money import AmountRefused, decimals_of, parse_amount, show_amount
from afterloan.texts import WITHOUT_REMARKS

DAY_WITH_ZONE = re.compile(r"^(\d{4}-\d\d-\d\d)(Z|[+-]\d\d:\d\d)$")
"""A day may carry its zone (`2026-03-10+01:00`); it stays the same day."""
NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Signs that no XML can carry; a name may hold them by mistake."""
SPACE = "urn:iso:std:iso:20022:tech:xsd:"
SCHEMAS = "AFTERLOAN_ISO20022_SCHEMAS"
"""Names a folder with the published schemas, `camt.053.001.08.xsd` …: files in and out are then checked."""


class Node:
    """An element of a file with its place; missing things are refused by name and line."""

    def __init__(self, element: Any, file: str) -> None:
        """Wrap an lxml element of `file`."""
        self.element, self.file = element, file
        self._space = {"n": etree.QName(element).namespace}

    @property
    def place(self) -> str:
        """`line 12, <Ntry>`."""
        return f"line {self.element.sourceline}, <{etree.QName(self.element).localname}>"

    def all(self, path: str) -> Iterator["Node"]:
        """Elements at a path of local names, `NtryDtls/TxDtls`."""
        for found in self.element.iterfind("/".join(f"n:{name}" for name in path.split("/")), self._space):
            yield Node(found, self.file)

    def one(self, path: str) -> "Node":
        """The element at a path. Raises FileRefused."""
        for found in self.all(path):
            return found
        raise BankFileRefused(self.file, self.place, f"<{path}> is missing", "have the bank send the file again")

    def text(self, path: str, default: str | None = None) -> str:
        """The text at a path, stripped. Raises FileRefused when it is missing and there is no default."""
        for found in self.all(path):
            return (found.element.text or "").strip()
        if default is not None:
            return default
        raise BankFileRefused(self.file, self.place, f"<{path}> is missing", "have the bank send the file again")

    def bare(self) -> None:
        """Raises FileRefused where elements stand within what is text: `<Amt>1<b/>00</Amt>` is no amount."""
        if len(self.element):
            inner = etree.QName(self.element[0]).localname
            raise BankFileRefused(self.file, self.place, f"<{inner}> stands within a value", "have it sent again")

    def currency(self, otherwise: str = "") -> str:
        """The currency that an amount names, else the one given."""
        return str(self.element.get("Ccy") or otherwise)

    def fen(self, path: str, currency: str = "") -> int:
        """An amount in minor units of its own `Ccy`, else of `currency`. Raises FileRefused."""
        node = self.one(path)
        node.bare()
        decimals = decimals_of(node.currency(currency))
        try:
            return parse_amount(node.element.text or "", decimals, mark=".", where=f"<{path}>")
        except AmountRefused as error:
            reason = f"{error.where} {error.value!r} {error.reason}"
            raise BankFileRefused(self.file, self.place, reason, error.remedy) from error

    def whole(self, path: str) -> int:
        """A whole number. Raises FileRefused."""
        self.one(path).bare()
        text = self.text(path)
        if not text.isascii() or not text.isdigit() or len(text) > 15:
            raise BankFileRefused(self.file, self.place, f"<{path}> {text!r} is no number", "correct it")
        return int(text)

    def day(self, path: str) -> date:
        """A day, of a date or of a date with time. Raises FileRefused."""
        return self.moment(path).date()

    def moment(self, path: str) -> datetime:
        """A moment, or the beginning of a day. Raises FileRefused."""
        self.one(path).bare()
        text = self.text(path)
        try:
            return datetime.fromisoformat(DAY_WITH_ZONE.sub(r"\1", text))
        except ValueError as error:
            raise BankFileRefused(self.file, self.place, f"<{path}> {text!r} is no date", "correct it") from error


def read_document(data: bytes, file: str, messages: dict[str, str]) -> tuple[str, Node]:
    """The message kind (`camt.053.001.08`) and its body. `messages`: prefix of the kind → name of its body element.

    Raises FileRefused: too large, cut off, not XML, another message, or against the published schema where one is set.
    """
    if len(data) > MAX_BYTES:
        raise BankFileRefused(file, "file", f"{len(data):,} bytes", f"send at most {MAX_BYTES:,}")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, **WITHOUT_REMARKS
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        reason = f"the file is cut off or is no XML: {error.msg}"
        raise BankFileRefused(file, f"line {error.lineno or 1}", reason, "have it sent again, whole") from error
    if root.getroottree().docinfo.doctype:
        raise BankFileRefused(file, "line 1", "has a DOCTYPE", "bank files have none; have it sent again")
    space = etree.QName(root).namespace or ""
    kind = space.removeprefix(SPACE)
    body = next((name for prefix, name in messages.items() if kind.startswith(prefix)), None)
    if not space.startswith(SPACE) or body is None:
        wanted = " or ".join(messages)
        raise BankFileRefused(file, "line 1", f"is {space or 'no ISO 20022 message'}", f"send {wanted}")
    check_schema(root, kind, file)
    return kind, Node(root, file).one(body)


@cache
def _schema(path: str) -> Any:
    return etree.XMLSchema(etree.parse(path))


def check_schema(root: Any, kind: str, file: str) -> None:
    """Check against the published schema, when the folder is set and holds it. Raises FileRefused with the line."""
    folder = os.environ.get(SCHEMAS)
    path = Path(folder or "") / f"{kind}.xsd"
    if not folder or not path.is_file():
        return
    schema = _schema(str(path))
    if not schema.validate(root):
        first = schema.error_log[0]
        reason = f"against the schema {kind}: {first.message.replace('{' + SPACE + kind + '}', '')}"
        raise BankFileRefused(file, f"line {first.line}", reason, "have the bank send it as published")


Tree = tuple[str, Any]
"""(local name, text or list of trees); the name may carry attributes: `Amt Ccy=CNY`."""


def write_document(kind: str, tree: Tree) -> bytes:
    """A document of a kind: nested (name, content); None contents and empty lists are left out."""
    root = etree.Element(f"{{{SPACE}{kind}}}Document", nsmap={None: SPACE + kind})
    _append(root, tree, SPACE + kind)
    check_schema(etree.fromstring(etree.tostring(root)), kind, "to be written")
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _append(parent: Any, tree: Tree, space: str) -> None:
    name, content = tree
    if content is None or content == [] or content == "":
        return
    local, *attributes = name.split(" ")
    if isinstance(content, list):
        kept = [child for child in content if child[1] not in (None, "", [])]
        if not kept:
            return
        element = etree.SubElement(parent, f"{{{space}}}{local}")
        for child in kept:
            _append(element, child, space)
    else:
        element = etree.SubElement(parent, f"{{{space}}}{local}")
        element.text = NOT_IN_XML.sub(" ", str(content))
    for attribute in attributes:
        key, _, value = attribute.partition("=")
        element.set(key, value)


def money(name: str, fen: int, currency: str) -> Tree:
    """An amount element: `money("Amt", 12300, "CNY")` is `<Amt Ccy="CNY">123.00</Amt>`."""
    return f"{name} Ccy={currency}", show_amount(fen, decimals_of(currency))


def account(text: str) -> list[Tree]:
    """An account: IBAN where its check digits say so (blanks and small letters do not matter), else other."""
    if is_iban(plain_account(text)):
        return [("Id", [("IBAN", plain_account(text))])]
    return [("Id", [("Othr", [("Id", text)])])]


def account_of(node: Node, path: str) -> str:
    """The account number at a path, IBAN or other; empty when there is none."""
    return node.text(f"{path}/Id/IBAN", "") or node.text(f"{path}/Id/Othr/Id", "")


def agent(bank: str) -> list[Tree]:
    """A bank: BIC when it looks like one, else its clearing code; NOTPROVIDED when unknown."""
    if len(bank) in (8, 11) and bank[:6].isalpha() and bank.isalnum() and bank.isupper():
        return [("FinInstnId", [("BICFI", bank)])]
    if bank:
        return [("FinInstnId", [("ClrSysMmbId", [("MmbId", bank)])])]
    return [("FinInstnId", [("Othr", [("Id", "NOTPROVIDED")])])]


def agent_of(node: Node, path: str) -> str:
    """The bank at a path; empty when unknown."""
    for name in ("BICFI", "BIC", "ClrSysMmbId/MmbId"):
        found = node.text(f"{path}/FinInstnId/{name}", "")
        if found:
            return found
    return ""

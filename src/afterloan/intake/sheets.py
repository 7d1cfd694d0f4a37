"""Files as another system writes them, read under the names of a book: which file is what, which column is which."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from afterloan.intake.files import BookFileRefused, HasColumns, batches, check_names, columns_of_file
from afterloan.intake.forms import FORMS, HAVE_FORMS, decided, forms_shown, in_own_form

ATTRIBUTE = "attributes."
"""What a column begins with that becomes an attribute of the borrower: `attributes.mobile`."""
FIGURES = ("days_past_due", "outstanding_principal", "amount_due")
"""What another system says of a loan, to be compared with the reckoning; never kept in the book."""
FIGURES_ON = "balance_on"
"""The day at whose end the figures of a row hold."""
LEFT_OUT = ""
"""The kind of a file that is not brought in."""


@dataclass(frozen=True, slots=True)
class FileMap:
    """How one file is to be read: its `kind`, our `columns` by their header, and `fixed` values for all its rows.

    `written`: how it writes days and amounts, by `forms.FORMS`; a book's own form where it is not told.
    """

    kind: str
    columns: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """JSON values."""
        told = {"kind": self.kind, "columns": dict(self.columns), "fixed": dict(self.fixed)}
        return told | ({"written": dict(self.written)} if self.written else {})

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "FileMap":
        """From JSON values."""
        parts = (dict(told.get(name) or {}) for name in ("columns", "fixed", "written"))
        return cls(str(told.get("kind", "")), *parts)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that is read as one of a book. `told`: None where its headers are a book's own names."""

    path: Path
    kind: str
    told: FileMap | None = None

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.name

    def columns(self) -> list[str]:
        """The book's names of what the file has. Raises BookFileRefused: unreadable, or a header that is not there."""
        theirs = columns_of_file(self.path)
        if self.told is None:
            return theirs
        for ours, header in self.told.columns.items():
            if header not in theirs:
                raise BookFileRefused(
                    f"{self.name}: column {header}, to be read as {ours}, is not there (found: {', '.join(theirs)}); "
                    "choose another column"
                )
        plain = [name for name in (*self.told.columns, *self.told.fixed) if not name.startswith(ATTRIBUTE)]
        return plain + ["attributes"] * any(name.startswith(ATTRIBUTE) for name in self.told.columns)

    def checked(self, kind: HasColumns) -> tuple[list[str], list[str]]:
        """The book's names of what the file has, and headers that mean nothing here. Raises BookFileRefused."""
        columns = self.columns()
        ignored = check_names(self.name, columns, kind)
        if self.told is None:
            return columns, ignored
        used = set(self.told.columns.values())
        return columns, [header for header in columns_of_file(self.path) if header not in used]

    def header(self, column: str) -> str:
        """What the file itself calls a column of the book."""
        if self.told is None:
            return column
        named = self.told.columns
        return named.get(column) or named.get(column.removesuffix("_fen")) or column

    def frames(self, bad_lines: Callable[[int, str], None]) -> Iterator[pl.DataFrame]:
        """The file as frames of text columns under the book's names. Raises BookFileRefused."""
        for frame in batches(self.path, bad_lines):
            yield frame if self.told is None else self._named(frame, self.told)

    def _named(self, frame: pl.DataFrame, told: FileMap) -> pl.DataFrame:
        plain = {ours: theirs for ours, theirs in told.columns.items() if not ours.startswith(ATTRIBUTE)}
        made = [in_own_form(ours, pl.col(theirs), told.written).alias(ours) for ours, theirs in plain.items()]
        made += [pl.lit(value).alias(ours) for ours, value in told.fixed.items()]
        attributes = {o.removeprefix(ATTRIBUTE): t for o, t in told.columns.items() if o.startswith(ATTRIBUTE)}
        if attributes:
            rows = frame.select(attributes.values()).iter_rows()
            made.append(pl.lit(pl.Series("attributes", [_attributes(attributes, row) for row in rows], pl.String)))
        return frame.select(made)


def with_forms(path: Path, told: FileMap) -> FileMap:
    """A map with the forms in which the file writes days and amounts, as all its rows show; what it says itself stays.

    Raises BookFileRefused where the file cannot be read.
    """
    headers = set(columns_of_file(path))
    columns = {ours: theirs for ours, theirs in told.columns.items() if ours in HAVE_FORMS and theirs in headers}
    if not columns or set(FORMS) <= set(told.written):
        return told
    shown: set[str] = set()
    for frame in batches(path, lambda number, text: None):
        shown |= forms_shown(frame, columns)
    return replace(told, written=decided(shown) | dict(told.written))


def _attributes(names: Mapping[str, str], row: Sequence[Any]) -> str:
    """The attributes of a row as JSON; what is empty is not known and left out."""
    told = {name: str(value).strip() for name, value in zip(names, row, strict=True) if value and str(value).strip()}
    return json.dumps(told, ensure_ascii=False)


def plain(name: str) -> str:
    """A header in lower case, letters and digits only: `plain("Loan No.") == "loanno"`."""
    return re.sub(r"[\W_]+", "", name.lower())


@cache
def _aliases() -> dict[str, dict[str, list[str]]]:
    text = resources.files("afterloan.intake").joinpath("aliases.yaml").read_text(encoding="utf-8")
    told: dict[str, dict[str, list[str]]] = yaml.safe_load(text)
    return told


def kind_by_name(file: str, kinds: Mapping[str, HasColumns]) -> str:
    """What a file of that name likely is; "" where its name says nothing.

    Its own name where that is a book's, else the alias that stands in it, the longest first.
    """
    stem = plain(Path(file).stem)
    own = next((name for name in kinds if plain(name) == stem), None)
    if own is not None:
        return own
    found = [
        (len(alias), kind) for kind, aliases in _aliases()["files"].items() for alias in (kind, *aliases)
        if kind in kinds and plain(alias) in stem
    ]  # fmt: skip
    return max(found)[1] if found else ""


def columns_for(kind: HasColumns) -> tuple[str, ...]:
    """Every name a header of such a file may be read as, those that it needs first."""
    more = (*FIGURES, FIGURES_ON) if kind.name == "contracts" else ()
    attributes = tuple(name for name in _aliases()["columns"] if name.startswith(ATTRIBUTE))
    return (*kind.needed, *kind.optional, *more, *(attributes if kind.name == "borrowers" else ()))


def proposed(headers: Sequence[str], kind: HasColumns) -> dict[str, str]:
    """Our column → their header, by name and then by alias; each header stands for one column at most.

    `proposed(["Loan No."], contracts)` is `{"reference": "Loan No."}`: the number of a contract
    is in a file of contracts the reference of its row.
    """
    own = {"contracts": "contract", "borrowers": "borrower"}.get(kind.name, "")
    found: dict[str, str] = {}
    left = {plain(header): header for header in reversed(headers) if plain(header)}
    known = columns_for(kind)
    for ours in known:
        if plain(ours) in left and not (own and ours == own):
            found[ours] = left.pop(plain(ours))
        elif plain(f"{ours}_fen") in left:
            found[f"{ours}_fen"] = left.pop(plain(f"{ours}_fen"))
    for ours in known:
        if ours in found or f"{ours}_fen" in found:
            continue
        aliases = list(_aliases()["columns"].get(ours, ()))
        if ours == "reference" and own:  # the number of a contract is the reference of its row
            aliases = [own, *_aliases()["columns"][own], *aliases]
        hit = next((plain(alias) for alias in aliases if plain(alias) in left), None)
        if hit is not None:
            found[ours] = left.pop(hit)
    return found


def proposal(
    file: str, headers: Sequence[str], kinds: Mapping[str, HasColumns], before: Mapping[str, FileMap]
) -> FileMap:  # fmt: skip
    """How a file is likely to be read: as one of the same headers was before, else by name and alias.

    `before`: how files of the same system were read, by the file's name.
    """
    for name in sorted(before, key=lambda one: plain(Path(one).stem) != plain(Path(file).stem)):
        told = before[name]
        if told.columns and set(told.columns.values()) <= set(headers) and told.kind in kinds:
            return told
    kind = kind_by_name(file, kinds) or _kind_by_columns(headers, kinds)
    return FileMap(kind, proposed(headers, kinds[kind])) if kind else FileMap(LEFT_OUT)


def _kind_by_columns(headers: Sequence[str], kinds: Mapping[str, HasColumns]) -> str:
    """The first kind of file all of whose needed columns these headers can be read as."""
    for name, kind in kinds.items():
        found = proposed(headers, kind)
        if kind.needed and len(kind.needed) > 1 and all(n in found or f"{n}_fen" in found for n in kind.needed):
            return name
    return LEFT_OUT

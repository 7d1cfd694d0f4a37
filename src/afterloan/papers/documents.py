"""Documents as PDF: a Typst template of the pack `documents`, filled with values that are data and never markup."""

import json
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import manimgx_fonts_cjk
import typst

from afterloan.expected import ExpectedFailure

CREATED = 0
"""The creation time written into every PDF, so that the same values make the same bytes."""


class DocumentRefused(ExpectedFailure, ValueError):
    """A document that cannot be made: which template, what is missing, what to write."""


def folder() -> Path:
    """Where the document templates are (`*.typ`; `base.typ` is the letterhead and the functions they share)."""
    return Path(str(resources.files("afterloan.rules") / "packs" / "documents"))


def names() -> list[str]:
    """The document templates that there are."""
    return sorted(p.stem for p in folder().glob("*.typ") if p.stem != "base")


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, font_paths=[str(Path(manimgx_fonts_cjk.__file__).parent)])


def render(template_name: str, language: str, values: Mapping[str, Any]) -> bytes:
    """The PDF of a document: `render("letter", "zh-CN", {"subject": …, "paragraphs": […], …})`.

    The template finds `values` (any JSON values) as `data` and the language ("zh" or "en") as `lang`, both from
    `base.typ`. Same values, same bytes. Raises DocumentRefused naming the template and, for a value that is
    missing, the name.
    """
    if template_name not in names():
        raise DocumentRefused(f"document {template_name!r}: no such template; there are: {', '.join(names())}")
    inputs = {"data": json.dumps(values, ensure_ascii=False), "lang": "zh" if language.startswith("zh") else "en"}
    try:
        made = typst.compile(
            str(folder() / f"{template_name}.typ"),
            root=str(folder()),
            font_paths=_fonts(),
            sys_inputs=inputs,
            package_path=tempfile.gettempdir(),
            timestamp=CREATED,
        )
    except typst.TypstError as error:
        raise DocumentRefused(f"document {template_name!r}: {error.message}") from error
    assert isinstance(made, bytes)
    return made

"""The words of pages, each by its key, in Chinese and English."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from afterloan.counting import agreeing

LANGUAGES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The catalogue of one language, `zh` or `en`."""

    language: str
    words: dict[str, str]

    def __call__(self, key: str, **values: Any) -> str:
        """The words of a key, values put in: `t("owe.days", days=24)`. A key that is not there is shown as it is."""
        text = self.words.get(key)
        return key if text is None else agreeing(text.format(**values)) if values else text


def _flat(told: dict[str, Any], before: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in told.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = str(value)
    return found


@cache
def words_of(language: str) -> Catalogue:
    """The catalogue of a language: `zh.yaml` and `portal.zh.yaml` of this folder, keys of sections joined by points."""
    found: dict[str, str] = {}
    for name in (f"{language}.yaml", f"portal.{language}.yaml"):
        text = resources.files("afterloan.desk.words").joinpath(name).read_text(encoding="utf-8")
        found |= _flat(yaml.safe_load(text))
    return Catalogue(language, found)

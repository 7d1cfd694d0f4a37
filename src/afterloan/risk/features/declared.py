"""Features as declarations: source, window, rule, what missing means, group, reason, sign, out of the YAML beside."""

from functools import cache
from importlib import resources
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

GroupName = Literal["own_history", "bureau", "flows", "spending", "network", "local"]
Use = Literal["limit", "collect", "fraud", "research"]
FROM_FEATURES = "features"
"""The source of a feature that is worked out from other features of the same borrower and day."""


class Feature(BaseModel):
    """One figure of a borrower as of a day.

    `source`: the table of rows it reads. `rule`: standard SQL, an aggregate over the borrower's rows (or, with the
    source `features`, an expression over others). `first` and `window`: rows of an age of `first … window` days, both
    included; without `window` all. `missing`: what no rows mean, a number or `not_recorded`, which is a bin of its own.
    `sign` +1: more is worse; -1: more is better; 0: as the data say. `act`: whether the borrower can change it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{2,60}$")]
    source: str
    rule: str
    where: str = ""
    first: int = 0
    window: int | None = None
    missing: float | Literal["not_recorded"] = "not_recorded"
    group: GroupName
    reason: str
    sign: Literal[-1, 0, 1] = 0
    act: bool = False

    def condition(self) -> str:
        """Which rows count, as SQL: `age between 1 and 90 and kind = 'debit.failed'`."""
        parts = [f"age between {self.first} and {self.window}"] if self.window is not None else []
        return " and ".join([*parts, *([f"({self.where})"] if self.where else [])]) or "1 = 1"

    def sql(self) -> str:
        """The whole feature as one statement that PostgreSQL, Spark SQL and Polars understand alike."""
        return (
            f"select borrower, {self.rule} as {self.name} from {self.source} where {self.condition()} group by borrower"
        )


class Group(BaseModel):
    """A group of features: switched as a whole. `uses`: purposes for which it may be read unless a pack says less.

    `consent`: whether the borrower must have agreed to the source. `by_default`: whether it is read unless asked for.
    `told_by`: who tells its rows where that is not the book itself; the borrower agreed to a source of that kind.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    group: GroupName
    about: str
    uses: tuple[Use, ...]
    consent: bool = False
    by_default: bool = True
    told_by: Literal["", "bank", "bureau"] = ""
    features: tuple[Feature, ...]


@cache
def groups() -> dict[str, Group]:
    """Every group that comes with afterloan, by name."""
    found: dict[str, Group] = {}
    for path in sorted(resources.files("afterloan.risk.features").iterdir(), key=lambda p: p.name):
        if path.name.endswith(".yaml") and path.name != "reasons.yaml":
            told = yaml.safe_load(path.read_text(encoding="utf-8"))
            for feature in told["features"]:
                feature["group"] = told["group"]
            group = Group.model_validate(told)
            found[group.group] = group
    return found


@cache
def feature_named(name: str) -> Feature:
    """The declaration of a feature. Raises KeyError."""
    return {f.name: f for group in groups().values() for f in group.features}[name]


@cache
def reasons() -> dict[str, dict[str, str]]:
    """Sentences by reason code: `worse` and `better` in `en` and `zh`, with `{value}` for the borrower's own figure."""
    text = (resources.files("afterloan.risk.features") / "reasons.yaml").read_text(encoding="utf-8")
    told: dict[str, dict[str, str]] = yaml.safe_load(text)
    return told

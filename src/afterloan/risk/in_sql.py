"""A scorecard as one SQL query, the same in PostgreSQL, Spark and Polars: a data platform scores a table with it."""

from afterloan.risk.bins import Bins
from afterloan.risk.model import CHAMPION, Model
from afterloan.risk.table import TableRefused

SPARK = "`"
"""What Spark puts around names."""


def scorecard_sql(model: Model, table: str, quote: str = '"') -> str:
    """A query with `log_odds` and `probability` (calibrated) for each row of `table`, columns of numbers typed.

    `quote`: around names, the backtick for Spark. Raises TableRefused where the scorecard reads what SQL
    cannot: columns made of a history.
    """
    card = model.scorecard
    made = [n for n in card.weights if n not in model.asked]
    if made:
        raise TableRefused(f"{made[0]}: made of several columns; fit with `histories: false` for a scorecard in SQL")
    parts = [f"{number(w)} * {_case(card.bins[n], n, quote)}" for n, w in card.weights.items()]
    odds = " + ".join([number(card.base), *parts])
    line = _line(model.calibrations[CHAMPION].said, model.calibrations[CHAMPION].came)
    return (
        f"with scored as (select *, {odds} as log_odds from {name_of(table, quote)}) "
        f"select *, 1 / (1 + exp(-({line}))) as probability from scored"
    )


def number(x: float) -> str:
    """A number that every engine reads as a binary fraction: without its exponent Spark takes `0.25` for a decimal."""
    told = repr(float(x))
    return told if "e" in told else told + "e0"


def name_of(name: str, quote: str) -> str:
    """A name in quotes, theirs inside it doubled: `a"b` is `"a""b"`."""
    return quote + name.replace(quote, quote * 2) + quote


def _case(bins: Bins, column: str, quote: str) -> str:
    """The evidence of a column's bins. A value equal to an edge lies above it."""
    name = name_of(column, quote)
    whens = [f"when {name} is null then {number(bins.missing)}"]
    if bins.is_word:
        words = {word: bins.evidence[k] for word, k in bins.words.items()}
        whens += [f"when {name} = {text_of(word, quote)} then {number(told)}" for word, told in words.items()]
        return f"case {' '.join(whens)} else {number(bins.other)} end"
    whens += [f"when {name} = {number(code)} then {number(told)}" for code, told in bins.specials.items()]
    whens += [
        f"when {name} < {number(edge)} then {number(told)}"
        for edge, told in zip(bins.edges, bins.evidence, strict=False)
    ]
    return f"case {' '.join(whens)} else {number(bins.evidence[-1])} end"


def text_of(word: str, quote: str) -> str:
    r"""A word in single quotes. Spark (names in backticks) reads `\` as the begin of a sign and `''` as nothing."""
    told = word.replace("\\", "\\\\").replace("'", "\\'") if quote == SPARK else word.replace("'", "''")
    return f"'{told}'"


def _line(said: tuple[float, ...], came: tuple[float, ...]) -> str:
    """The calibration's points joined by lines, with slope 1 beyond the outermost."""
    whens = [f"when log_odds < {number(said[0])} then {number(came[0])} + (log_odds - ({number(said[0])}))"]
    for k in range(len(said) - 1):
        slope = (came[k + 1] - came[k]) / (said[k + 1] - said[k])
        below, base, start = number(said[k + 1]), number(came[k]), number(said[k])
        whens.append(f"when log_odds < {below} then {base} + {number(slope)} * (log_odds - ({start}))")
    return f"case {' '.join(whens)} else {number(came[-1])} + (log_odds - ({number(said[-1])})) end"

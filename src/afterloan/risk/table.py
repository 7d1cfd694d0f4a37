"""A table as somebody brings it, made ready for fitting: what each column is, what is refused or left out, and why."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import polars as pl

from afterloan.expected import ExpectedFailure
from afterloan.risk.bins import cut_number, cut_word
from afterloan.risk.declared import Declaration, Declared
from afterloan.risk.measure import auc
from afterloan.risk.scorecard import Column, ColumnAsked
from afterloan.risk.written import PLAIN, form_of, read_as

Ints = npt.NDArray[np.int64]
MISSING = (
    "", "na", "n/a", "#n/a", "nan", "null", "none", "?", ".", "-", "--", "\\n", "inf", "-inf", "infinity", "-infinity",
    "unknown", "missing", "xna", "未知", "不详", "缺失",
)  # fmt: skip
BAD_WORDS = {
    "1", "bad", "yes", "y", "true", "t", "default", "defaulted", "charged", "charge", "off", "late", "delinquent",
    "overdue", "npl",
    "loss", "written", "坏", "坏账", "坏客户", "逾期", "违约", "不良", "是", "有",
}  # fmt: skip
GOOD_WORDS = {
    "0", "good", "no", "n", "false", "f", "paid", "fully", "current", "performing", "non", "ok", "pl",
    "好", "好客户", "正常", "未逾期", "未违约", "良好", "否", "无", "结清",
}  # fmt: skip
IDENTIFIERS = {"id", "number", "no", "nr", "row", "index", "key", "uuid", "guid", "ref", "reference", "serial"}
MOSTLY = 0.5  # of a column's values are numbers: then it is no identifier
NEARLY = 0.9  # of a column's values are numbers: then the rest is refused rather than taken for words
LEAST_ROWS, LEAST_OF_EACH = 50, 5
LEAK, NEAR_LEAK, SURE_OF_EACH = 0.99, 0.95, 20
TOO_MANY_WORDS = 0.5  # distinct words to rows: an identifier or free text


class TableRefused(ExpectedFailure, ValueError):
    """This table cannot be used: says what, where, and what to do."""


@dataclass(slots=True)
class Prepared:
    """Columns ready for fitting, what is known of each, and notes on what was left out."""

    columns: dict[str, Column]
    asked: dict[str, ColumnAsked]
    notes: list[str] = field(default_factory=list)


def outcomes(frame: pl.DataFrame, label: str, bad: str = "") -> Ints:
    """Outcomes [n] of the label's column: 1 where it went wrong.

    Of two numbers the greater is the bad one, of two words the one that says so; `bad` names it otherwise. Raises
    TableRefused for a missing column, an empty table, a value that is not there, and any but two values.
    """
    if label not in frame.columns:
        raise TableRefused(f"label {label!r}: no such column; there are: {_some(frame.columns)}")
    if not len(frame):
        raise TableRefused("the table has no rows")
    words = _text(frame[label])
    lost = words.is_null()
    if lost.any():
        row = int(lost.arg_max() or 0) + 1
        raise TableRefused(f"label {label!r}: row {row} of {len(frame):,} has no outcome; take the row out or fill it")
    kinds = sorted(words.unique().to_list(), key=_as_number_first)
    if len(kinds) != 2:
        what = f"only {kinds[0]!r}" if len(kinds) == 1 else f"{len(kinds):,} values, e.g. {_some(kinds)}"
        raise TableRefused(f"label {label!r}: holds {what}; two are needed, one for each outcome")
    worse = _worse(label, kinds, bad)
    return (words == worse).cast(pl.Int64).to_numpy()


def _worse(label: str, kinds: list[str], bad: str) -> str:
    if bad:
        alike = [k for k in kinds if k == bad or (_number(k) is not None and _number(k) == _number(bad))]
        if not alike:
            raise TableRefused(f"--bad {bad}: label {label!r} holds {kinds[0]!r} and {kinds[1]!r}; name one of them")
        return alike[0]
    if all(_number(k) is not None for k in kinds):
        return max(kinds, key=lambda k: _number(k) or 0.0)
    says = [_says(k) for k in kinds] if {k.lower() for k in kinds} != {"b", "g"} else [1, -1]
    if sorted(says) in ([-1, 0], [-1, 1], [0, 1]):
        return kinds[says.index(max(says))]
    raise TableRefused(f"label {label!r}: which of {kinds[0]!r} and {kinds[1]!r} is the bad outcome? Say it with --bad")


def _says(word: str) -> int:
    """1: a word for a bad end, -1: for a good one, 0: neither, or both. `Fully Paid` is -1, `Bad Customer` 1."""
    parts = [part for part in re.split(r"[^\w]+|_", word.lower()) if part]
    good, bad = (any(part in known for part in [*parts, word.lower()]) for known in (GOOD_WORDS, BAD_WORDS))
    return int(bad) - int(good) if not ("non" in parts or "not" in parts) else -1


def prepare(frame: pl.DataFrame, label: str, bad: Ints, declaration: Declaration) -> Prepared:
    """Decide what each column is and bring it into arrays; raises TableRefused, notes what was left out."""
    _check_sizes(frame, bad)
    _check_names(frame, label, declaration)
    ready = Prepared({}, {})
    for name in frame.columns:
        if name == label:
            continue
        if name in declaration.leave_out:
            ready.notes.append(f"{name}: left out as declared")
        elif declaration.is_protected(name):
            ready.notes.append(f"{name}: protected, never in a model")
        else:
            _take(ready, frame[name], declaration.columns.get(name, Declared()))
    for name, values in ready.columns.items():
        if not declaration.columns.get(name, Declared()).known_before:
            _check_leak(name, values, bad, label)
            _check_near_leak(ready, name, bad, label)
    if not ready.columns:
        why = "; ".join(ready.notes) or f"{label!r} is the only one"
        raise TableRefused(f"no column is left to learn from: {why}")
    return ready


def _check_sizes(frame: pl.DataFrame, bad: Ints) -> None:
    rarer = int(min(bad.sum(), len(bad) - bad.sum()))
    if len(frame) < LEAST_ROWS or rarer < LEAST_OF_EACH:
        raise TableRefused(
            f"{len(frame):,} rows, {rarer:,} of the rarer outcome: a model needs {LEAST_ROWS} rows and "
            f"{LEAST_OF_EACH} of each outcome at least"
        )


def _check_names(frame: pl.DataFrame, label: str, declaration: Declaration) -> None:
    told = [*declaration.columns, *declaration.leave_out, *(declaration.protected or ()), *declaration.groups]
    told += [name for columns in declaration.sources.values() for name in columns]
    for name in told:
        if name not in frame.columns:
            raise TableRefused(f"the declaration names {name!r}: no such column; there are: {_some(frame.columns)}")


def _take(ready: Prepared, column: pl.Series, told: Declared) -> None:
    name = column.name
    if _of_many(column):
        ready.notes.append(f"{name}: holds {column.dtype} in each row, left out; bring single values")
        return
    read = _numbers(column, told.kind)
    if read is None:
        words = _text(column)
        distinct = words.drop_nulls().n_unique()
        if told.kind is None and distinct > max(50, TOO_MANY_WORDS * len(words)):
            _refuse_mixed(words)
        if told.kind is None and distinct > max(50, TOO_MANY_WORDS * len(words)):
            ready.notes.append(f"{name}: {distinct:,} words in {len(words):,} rows, left out as an identifier")
        elif distinct + words.is_null().any() < 2:
            ready.notes.append(f"{name}: the same in every row, left out")
        else:
            ready.columns[name] = words.to_numpy().astype(object)
            ready.asked[name] = ColumnAsked(True)
        return
    as_number, form = read
    if form not in ("", PLAIN):
        ready.notes.append(f"{name}: read as written like {form}")
    if _is_number_of_row(name, as_number):
        ready.notes.append(f"{name}: another whole number in every row, left out as an identifier")
    elif len(np.unique(as_number[~np.isnan(as_number)])) + np.isnan(as_number).any() < 2:
        ready.notes.append(f"{name}: the same in every row, left out")
    else:
        ready.columns[name] = as_number
        codes = tuple(told.special) if "special" in told.model_fields_set else special_codes(as_number)
        if codes and not told.special:
            shown = ", ".join(f"{code:g}" for code in codes)
            ready.notes.append(
                f"{name}: {shown} far from all other values, taken as codes; declare `special` otherwise"
            )
        ready.asked[name] = ColumnAsked(False, told.sign, codes, form)


NINES = tuple(sign * int("9" * digits) for digits in range(2, 10) for sign in (1, -1))
LEAST_CODED = 5


def special_codes(values: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """Numbers that stand for something else: only nines, five rows or more, and further from all others than those lie
    apart. Scores of -3 to 3 with -999 and 9999 among them: both. Ages of 18 to 98 with 99: none.
    """
    distinct, rows = np.unique(values[~np.isnan(values)], return_counts=True)
    nines = np.isin(distinct, NINES)
    rest = distinct[~nines]
    if len(rest) < 3:
        return ()
    low, high = rest[0], rest[-1]
    far = (distinct < low - (high - low)) | (distinct > high + (high - low))
    return tuple(distinct[nines & far & (rows >= LEAST_CODED)].tolist())


def _refuse_mixed(words: pl.Series) -> None:
    """Raises TableRefused for a column that is neither: most of it numbers, no two alike, and words among them."""
    form, share = form_of(words)
    if share >= MOSTLY:
        _refuse_text(words, read_as(words, form), form)


def _is_number_of_row(name: str, values: npt.NDArray[np.float64]) -> bool:
    """An identifier: whole, never missing, different in every row, and named like one or counting on."""
    if np.isnan(values).any() or (values % 1).any() or len(np.unique(values)) < len(values):
        return False
    parts = re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower().replace("-", "_").replace(" ", "_").split("_")
    named = bool(IDENTIFIERS & set(parts)) or parts[-1].endswith("id") or name.endswith(("号", "编号"))
    return named or bool((np.diff(values) > 0).all())


def _numbers(column: pl.Series, kind: str | None, form: str = "") -> tuple[npt.NDArray[np.float64], str] | None:
    """The column as numbers [n], NaN where missing, with the form of its text; None: it is words.

    `form`: how its text is to be read; "": as the column itself shows. Raises TableRefused for text in a number.
    """
    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        values = column.cast(pl.Float64).to_numpy().astype(np.float64)
        return np.where(np.isinf(values), np.nan, values), ""
    if column.dtype.is_temporal():
        return _of_time(column).to_numpy().astype(np.float64), ""
    if kind == "word":
        return None
    words = _text(column)
    share = 0.0
    if form:
        told = read_as(words, form)
        share = 1.0 - (told.null_count() - words.null_count()) / max(len(words) - words.null_count(), 1)
    if share < 1.0 and not (form and kind == "number" and share > 0):
        form = _form_instead(words, form)
    told = read_as(words, form or PLAIN)
    wrong = words.is_not_null() & told.is_null()
    if not wrong.any():
        return told.to_numpy().astype(np.float64), form
    known = int(words.is_not_null().sum())
    if kind == "number" or known - int(wrong.sum()) >= NEARLY * known:
        _refuse_text(words, told, form)
    return None


def _refuse_text(words: pl.Series, told: pl.Series, form: str) -> NoReturn:
    """Raises TableRefused with the first of `words` that is no number as `told` by a form."""
    wrong = words.is_not_null() & told.is_null()
    row, known = int(wrong.arg_max() or 0), int(words.is_not_null().sum())
    like = "" if form in ("", PLAIN) else f" (written like {form})"
    raise TableRefused(
        f"column {words.name!r}, row {row + 1}: {words[row]!r} is no number{like}, {known - int(wrong.sum()):,} "
        f"of {known:,} values are; correct it, leave it empty, or declare the column as `kind: word`"
    )


def _form_instead(words: pl.Series, learnt: str) -> str:
    """The form of a column that is not written as it was learnt: another only where all of it fits that one."""
    form, share = form_of(words)
    return form if not learnt or share == 1.0 else learnt


def _of_many(column: pl.Series) -> bool:
    """Whether a row holds a list, a record or bytes, and no single value."""
    return column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object)


def _single(column: pl.Series) -> None:
    """Raises TableRefused where rows hold more than single values."""
    if _of_many(column):
        raise TableRefused(f"column {column.name!r}: holds {column.dtype} in each row; bring single values")


def _of_time(column: pl.Series) -> pl.Series:
    """Days since 1970 of days and moments, seconds of a time of day, days of a duration; null where missing."""
    if column.dtype == pl.Time:
        return column.cast(pl.Int64).cast(pl.Float64) / 1e9
    if isinstance(column.dtype, pl.Duration):
        return column.dt.total_seconds().cast(pl.Float64) / 86_400
    return column.cast(pl.Date).cast(pl.Int32).cast(pl.Float64)


def _text(column: pl.Series) -> pl.Series:
    """The column as text without blanks around, null where missing."""
    _single(column)
    words = column.cast(pl.String).str.strip_chars()
    return words.set(words.str.to_lowercase().is_in(list(MISSING)).fill_null(False), None)


def _check_leak(name: str, values: Column, bad: Ints, label: str) -> None:
    """A column that tells every outcome is the outcome, or was written after it."""
    if values.dtype == object:
        here = np.array([v is not None for v in values])
        known, at = np.unique(values[here].astype(str), return_inverse=True)
    else:
        here = ~np.isnan(values)
        known, at = np.unique(values[here], return_inverse=True)
    # many values, each in few rows, part the outcomes by chance; few values that do are no chance
    if len(known) > max(2, len(values) // 20) or here.mean() < 0.99:
        return
    rows = np.bincount(at)
    gone = np.bincount(at, bad[here])
    if np.all((gone == 0) | (gone == rows)):
        raise TableRefused(
            f"column {name!r} tells the label {label!r} in every row: it is the outcome, or was written after it; "
            "leave it out (`leave_out` in the declaration)"
        )


def _check_near_leak(ready: Prepared, name: str, bad: Ints, label: str) -> None:
    """A column that alone tells nearly every outcome was most likely written after it; being there may be what tells.

    What a borrower did before hardly ever reaches .95; .99 is refused unless it is declared as known before.
    """
    asked, values = ready.asked[name], ready.columns[name]
    cut = cut_word(name, values, bad) if asked.is_word else cut_number(name, values, bad, specials=asked.specials)
    alone = auc(cut.of(values), bad)[0]
    few = min(bad.sum(), len(bad) - bad.sum()) < SURE_OF_EACH
    if alone >= LEAK and not few:
        raise TableRefused(
            f"column {name!r} alone tells the label {label!r} nearly always (area under the curve {alone:.3f}): it was "
            "written after the outcome, or is a part of it; leave it out (`leave_out` in the declaration), or declare "
            "it as `known_before: true`"
        )
    if alone >= NEAR_LEAK and not few:
        ready.notes.append(f"{name}: alone tells the label with {alone:.3f}; look whether it was known before")


def columns_for(frame: pl.DataFrame, asked: Mapping[str, ColumnAsked]) -> dict[str, Column]:
    """The columns that a model asks for, out of another table. Raises TableRefused where one is missing or is text."""
    lost = [name for name in asked if name not in frame.columns]
    if lost:
        alike = {c.lower().strip(): c for c in frame.columns}
        near = [f"{alike[name.lower()]!r} is there" for name in lost if name.lower() in alike]
        hint = f" ({_some(near)}: names are taken letter by letter)" if near else ""
        raise TableRefused(
            f"the model asks for {_some(lost)}: not in the table{hint}; bring it, or fit a model without it"
        )
    if not len(frame):
        raise TableRefused("the table has no rows")
    out: dict[str, Column] = {}
    for name, told in asked.items():
        column = frame[name]
        _single(column)
        read = None if told.is_word else _numbers(column, "number", told.form)
        out[name] = _text(column).to_numpy().astype(object) if read is None else read[0]
    return out


def columns_of_any(frame: pl.DataFrame) -> dict[str, Column]:
    """Every column of single values as numbers where all that is there are, else as words; nothing is refused."""
    out: dict[str, Column] = {}
    for name in frame.columns:
        if _of_many(frame[name]):
            continue
        try:
            read = _numbers(frame[name], None)
        except TableRefused:
            read = None
        out[name] = _text(frame[name]).to_numpy().astype(object) if read is None else read[0]
    return out


def groups_of(frame: pl.DataFrame, name: str) -> list[str]:
    """The group of each row by a column, "not recorded" where missing."""
    if name not in frame.columns:
        raise TableRefused(f"group {name!r}: no such column; there are: {_some(frame.columns)}")
    return _text(frame[name]).fill_null("not recorded").to_list()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _as_number_first(text: str) -> tuple[bool, float, str]:
    value = _number(text)
    return value is None, value or 0.0, text


def _some(names: Any) -> str:
    told = [str(name) for name in names]
    return ", ".join(told[:8]) + (f" and {len(told) - 8} more" if len(told) > 8 else "")

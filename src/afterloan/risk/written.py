"""How a column of text writes its numbers or its days: found once for the whole column, read alike ever after."""

import polars as pl

PLAIN, COMMAS, POINTS = "1234.5", "1,234.5", "1.234,5"
NUMBERS = {
    PLAIN: r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$",
    COMMAS: r"^[+-]?([1-9]\d{0,2}(,\d{3})+|\d+)(\.\d+)?$",
    POINTS: r"^[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?$",
}
"""Forms of numbers. 12,345 has a thousands mark where no value says otherwise; 0,345 or 1,5 says otherwise."""
FLAGS = "true/false"
DAYS = (
    "%Y-%m-%d", "%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%d-%b-%Y", "%d %b %Y",
    "%d-%b-%y", "%Y年%m月%d日", "%d/%m/%y", "%m/%d/%y",
)  # fmt: skip
MONTHS = ("%Y-%m", "%b-%Y", "%Y/%m", "%m/%Y", "%Y年%m月", "%b-%y")
TIME = r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?(Z|[+-]\d{2}:?\d{2}))?$"
SAMPLE = 500


def form_of(words: pl.Series) -> tuple[str, float]:
    """The form in which most of a column's texts are numbers or days, and their share; 1.0: all that are there.

    The first of the list where several fit: 03/04/2024 is a day before a month unless another row says otherwise.
    """
    here = words.drop_nulls().unique(maintain_order=True)
    if not len(here):
        return PLAIN, 1.0
    few = here.head(SAMPLE)
    best = ("", 0.0)
    for form in (*NUMBERS, FLAGS, *DAYS, *MONTHS):
        if read_as(few, form).null_count() * 4 <= len(few):
            share = 1 - read_as(here, form).null_count() / len(here)
            if share > best[1]:
                best = (form, share)
            if share == 1.0:
                break
    return best


def read_as(words: pl.Series, form: str) -> pl.Series:
    """Texts as Float64 by a form, null where a text is none: `read_as(["1,234.50"], "1,234.5")` is [1234.5].

    `True` is 1, `false` 0. A day is the number of days since 1970, a month its first day. Currency signs, blanks and %
    around a number, and accountants' brackets for what is below zero, are read over.
    """
    if form in NUMBERS:
        return _numbers_as(words, form)
    if form == FLAGS:
        return words.str.to_lowercase().replace_strict(
            {"true": 1.0, "false": 0.0}, default=None, return_dtype=pl.Float64
        )
    plain = words.str.replace(TIME, "")
    days = (
        plain.str.to_date(form, strict=False)
        if form in DAYS
        else (plain + " 01").str.to_date(f"{form} %d", strict=False)
    )
    return days.cast(pl.Int32).cast(pl.Float64)


def _numbers_as(words: pl.Series, form: str) -> pl.Series:
    bare = words.str.replace_all(r"[¥￥$€£%'\s\x{a0}]|元$", "")
    bare = bare.str.replace(r"^\((.*)\)$", "-$1")
    bare = bare.set(~bare.str.contains(NUMBERS[form]).fill_null(True), None)
    if form == COMMAS:
        bare = bare.str.replace_all(",", "", literal=True)
    elif form == POINTS:
        bare = bare.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    told = bare.cast(pl.Float64, strict=False)
    return told.set(told.is_infinite().fill_null(False), None)

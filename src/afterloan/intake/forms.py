"""How another system writes days and amounts: found from what a file holds, and brought into a book's own form.

A day with its year first can be meant in one way only and is read as it is: 2026/1/5, 20260105, 2026年1月5日, with a
time behind it or not. A day with its year last can be meant in two: 03/04/2026 is read only where a map says how, or
where another value of the file shows it.
"""

from collections.abc import Mapping

import polars as pl

DAY_FIRST, MONTH_FIRST = "D/M/Y", "M/D/Y"
DAYS = ("Y-M-D", DAY_FIRST, MONTH_FIRST)
PLAIN, COMMAS, POINTS = "1234.56", "1,234.56", "1.234,56"
NUMBERS = (PLAIN, COMMAS, POINTS)
FORMS = {"days": DAYS, "numbers": NUMBERS}
"""What a map may say of how a file is written, and the forms of each; the first is a book's own."""
# fmt: off
DAY_COLUMNS = frozenset((
    "on", "known_on", "signed_on", "first_due_on", "due_on", "until", "ends_on", "review_on", "ended_on", "from_on",
    "month_end", "notice_on", "balance_on",
))
AMOUNT_COLUMNS = frozenset((
    "amount", "principal", "interest", "fee", "limit", "now", "arrears", "ceiling", "ceiling_month", "claim",
    "outstanding_principal", "amount_due",
))
# fmt: on
HAVE_FORMS = DAY_COLUMNS | AMOUNT_COLUMNS
TIME = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
YEAR_FIRST = rf"^(\d{{4}})\s*[-/.年]\s*(\d{{1,2}})\s*[-/.月]\s*(\d{{1,2}})\s*日?{TIME}$"
TOGETHER = rf"^((?:19|20)\d{{2}})(\d{{2}})(\d{{2}}){TIME}$"
YEAR_LAST = rf"^(\d{{1,2}})[-/. ](\d{{1,2}})[-/. ](\d{{4}}){TIME}$"
SIGNS = r"^[¥￥$€£]\s*|\s*元$"
WITH_COMMAS = r"^-?\d{1,3}(?:,\d{3})*(?:\.\d+)?$"
WITH_POINTS = r"^-?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d{1,2}|,\d{2}0{2,})?$"
ENGLISH = r"^-?\d+(?:\.\d+)?$"
"""A number that a book's own form reads: 1.234 is no amount in it, and 1234 says nothing of commas or points."""
ENDED = r"(\.\d{2})0+$"
"""1234.5000 is 1234.50: what a column of four decimals says of cents."""


def in_own_form(column: str, theirs: pl.Expr, told: Mapping[str, str]) -> pl.Expr:
    """A column of ours as the file has it, in a book's own form; what is in no such form is left as it is.

    `told`: how the file writes, by FORMS. With `days` "D/M/Y" `5/1/2026 09:30` is `2026-01-05`; with `numbers`
    "1.234,56" `€ 1.200,5` is `1200.5`.
    """
    if column in DAY_COLUMNS:
        return _day(theirs.str.strip_chars(), told.get("days", ""))
    if column in AMOUNT_COLUMNS:
        return _amount(theirs.str.strip_chars(), told.get("numbers", ""))
    if column == "rate_percent":
        return theirs.str.strip_chars().str.replace(r"\s*[%％]$", "")
    return theirs


def _day(text: pl.Expr, form: str) -> pl.Expr:
    found = pl.coalesce(_parts(text, YEAR_FIRST, (1, 2, 3)), _parts(text, TOGETHER, (1, 2, 3)))
    if form in (DAY_FIRST, MONTH_FIRST):
        order = (3, 2, 1) if form == DAY_FIRST else (3, 1, 2)
        found = pl.coalesce(found, _parts(text, YEAR_LAST, order))
    return pl.coalesce(found, text)


def _parts(text: pl.Expr, pattern: str, order: tuple[int, int, int]) -> pl.Expr:
    year, month, day = (text.str.extract(pattern, group) for group in order)
    return year + "-" + month.str.zfill(2) + "-" + day.str.zfill(2)


def _amount(text: pl.Expr, form: str) -> pl.Expr:
    bare = text.str.replace_all(SIGNS, "")
    if form == COMMAS:
        bare = pl.when(bare.str.contains(WITH_COMMAS)).then(bare.str.replace_all(",", "", literal=True)).otherwise(text)
    elif form == POINTS:
        plain = bare.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
        bare = pl.when(bare.str.contains(WITH_POINTS)).then(plain).otherwise(text)
    return bare.str.replace(ENDED, "${1}")


def forms_shown(frame: pl.DataFrame, columns: Mapping[str, str]) -> set[str]:
    """The forms in which alone some value of a frame can be read: 31/12/2025 shows D/M/Y, `1,200` shows 1,234.56.

    `columns`: our column → their header.
    """
    days = _texts(frame, [columns[name] for name in columns if name in DAY_COLUMNS])
    amounts = _texts(frame, [columns[name] for name in columns if name in AMOUNT_COLUMNS])
    last = days.filter(days.str.contains(YEAR_LAST))
    bare = amounts.str.replace_all(SIGNS, "")
    bare = bare.filter(~bare.str.contains(ENGLISH))
    commas, points = bare.str.contains(WITH_COMMAS), bare.str.contains(WITH_POINTS)
    shown = {COMMAS: (commas & ~points).any(), POINTS: (points & ~commas).any()}
    if len(last):
        day, month = _is_day(last, DAY_FIRST), _is_day(last, MONTH_FIRST)
        shown |= {DAY_FIRST: (day & ~month).any(), MONTH_FIRST: (month & ~day).any()}
    return {form for form, here in shown.items() if here}


def decided(shown: set[str]) -> dict[str, str]:
    """How a file writes by the forms that its rows showed: `{"days": "D/M/Y"}`; nothing where they say two things.

    A file whose days can all be meant both ways shows nothing: they are refused until a map says how they are meant.
    """
    return {what: one for what, forms in FORMS.items() for one in forms if shown & set(forms) == {one}}


def _texts(frame: pl.DataFrame, columns: list[str]) -> pl.Series:
    here = [frame[name].drop_nulls().str.strip_chars().alias("") for name in columns]
    return pl.concat(here).unique() if here else pl.Series("", [], pl.String)


def _is_day(texts: pl.Series, form: str) -> pl.Series:
    return pl.select(_day(pl.lit(texts), form).str.to_date("%Y-%m-%d", strict=False).is_not_null()).to_series()

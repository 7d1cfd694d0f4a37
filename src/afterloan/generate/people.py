"""Who a generated borrower is: name, identity number, address and telephone, made up from the borrower's number."""

import polars as pl

SURNAMES = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马",
]  # fmt: skip
GIVEN = [
    "伟", "芳", "娜", "敏", "静", "强", "磊", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "霞", "平", "刚", "桂英",
    "建华", "志强", "秀兰", "晓燕", "文静", "海燕", "国庆", "雪梅", "子轩", "雨桐", "浩然", "思远", "佳怡", "俊杰",
]  # fmt: skip
STREETS = ["样本路", "示例街", "虚构巷", "假设大道", "模拟路"]  # sample, example, invented, assumed, simulated
# GB 11643: seventeen digits weighed, the rest of division by eleven picks the last sign
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
SIGNS = list("10X98765432")
NOWHERE = "990000"  # no region of China has this code: nobody's number can be met by chance
FIRST_YEAR, BIRTHDAYS = 1960, 44 * 12 * 28  # born 1960 to 2003, on the 1st to 28th
STEP = 617  # shares no factor with BIRTHDAYS: neighbours differ, and no number comes twice among 14,784,000


def _pick(words: list[str], number: pl.Expr) -> pl.Expr:
    chosen = (number % len(words)).cast(pl.Int64)
    return chosen.replace_strict(list(range(len(words))), words, return_dtype=pl.String)


def _padded(number: pl.Expr, width: int) -> pl.Expr:
    return number.cast(pl.String).str.zfill(width)


def person_name(number: pl.Expr) -> pl.Expr:
    """A Chinese name, the same for the same number."""
    return pl.concat_str(_pick(SURNAMES, number * 7), _pick(GIVEN, number * 11 // 3))


def id_number(number: pl.Expr) -> pl.Expr:
    """Eighteen signs with a right check digit, under a region code that no place has.

    Borrower 1 is born on day 617 of the list, 1961-11-02, the first of that day: 990000 19611102 000 and the sign 1.
    """
    born = (number * STEP) % BIRTHDAYS
    year, month, day = FIRST_YEAR + born // 336, 1 + born % 336 // 28, 1 + born % 28
    birth = pl.concat_str(_padded(year, 4), _padded(month, 2), _padded(day, 2))
    body = pl.concat_str(pl.lit(NOWHERE), birth, _padded(number // BIRTHDAYS % 1000, 3))
    weighed = pl.sum_horizontal(body.str.slice(k, 1).cast(pl.Int64) * weight for k, weight in enumerate(WEIGHTS))
    return pl.concat_str(body, _pick(SIGNS, weighed % 11))


def mobile(number: pl.Expr) -> pl.Expr:
    """A telephone number in full form under 12, which no mobile network of China has: +8612000000042 for 42."""
    return pl.concat_str(pl.lit("+8612"), _padded(number, 9))


def email(number: pl.Expr) -> pl.Expr:
    """An address under a name that is kept for examples (RFC 2606): b42@example.com for 42."""
    return pl.concat_str(pl.lit("b"), number.cast(pl.String), pl.lit("@example.com"))


def account_number(number: pl.Expr) -> pl.Expr:
    """Nineteen digits that no bank of China gives: 9900000000000000042 for 42."""
    return pl.concat_str(pl.lit("9900"), _padded(number, 15))


def address(number: pl.Expr, region: pl.Expr) -> pl.Expr:
    """A street that does not exist in the borrower's region."""
    return pl.concat_str(region, pl.lit(" "), _pick(STREETS, number), 1 + number % 300, pl.lit("号"))

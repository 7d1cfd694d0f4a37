"""Row numbers on their way from arrays into SQL: whole numbers, sorted, each once.

NumPy makes fractions of an empty list, and of whatever an empty list is joined with. PostgreSQL takes `borrower = any`
of fractions without a word, turns every row's number into a fraction to compare it, uses no index and walks the whole
table. So numbers of rows are gathered here and nowhere else, and a connection refuses fractions (`store.connect`).
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]


def ids_of(*parts: Iterable[int]) -> Ids:
    """The numbers of all parts, sorted, each once; int64 also where every part is empty.

    `ids_of([], [7, 3], [3])` is `[3, 7]`. Raises TypeError for a number that is not whole.
    """
    gathered = np.zeros(0, np.int64)
    for part in parts:
        numbers = np.asarray(part if isinstance(part, np.ndarray) else list(part))
        if numbers.size and numbers.dtype.kind not in "iu":
            raise TypeError(f"numbers of rows are whole numbers, not {numbers.dtype}")
        gathered = np.union1d(gathered, numbers.astype(np.int64))
    return gathered


def as_array(numbers: Iterable[int]) -> str:
    """Row numbers as the text of an array, for `any(%s::bigint[])`: put together at once, not number by number.

    `as_array([7, 3])` is `{7,3}`.
    """
    return "{" + ",".join(map(int.__repr__, numbers)) + "}"  # a number that is not whole is refused


def as_text_array(words: Iterable[str]) -> str:
    """Words as the text of an array of texts, each in quotation marks. `as_text_array(["a b"])` is `{"a b"}`."""
    quoted = (word.replace("\\", "\\\\").replace('"', '\\"') for word in words)
    return "{" + ",".join(f'"{word}"' for word in quoted) + "}"


def one_of(column: str, numbers: Iterable[int]) -> str:
    """The condition that a column holds one of some numbers, as SQL for a reader that takes no parameters.

    `one_of("c.loan", [7, 3])` is `c.loan in (3,7)`; of no numbers it is `false`.
    """
    told = ids_of(numbers).tolist()
    return f"{column} in ({','.join(map(str, told))})" if told else "false"

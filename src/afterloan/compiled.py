"""One decorator for every leaf that must run compiled at night and uncompiled in a debugger.

`NUMBA_DISABLE_JIT=1` makes each decorated function plain Python again, with the same results.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def leaf(function: F) -> F:
    """Compile `function` (cached on disk, without the interpreter lock); integers and arrays only."""
    return cast(F, numba.njit(cache=True, nogil=True)(function))

"""The decorators of what must run compiled at night and uncompiled in a debugger, or for one loan.

`NUMBA_DISABLE_JIT=1` makes each decorated function plain Python again, with the same results; Numba, which takes
longer to read than one loan to reckon, is not even imported then.
Compiled code is kept in the user's cache folder (`NUMBA_CACHE_DIR` puts it elsewhere), in a folder named
after the sources it was made from: Numba itself looks only at the file of a function, not at what it calls.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

F = TypeVar("F", bound=Callable[..., Any])
PACKAGE = Path(__file__).parent
COMPILED_INTO_OTHERS = ("loan/terms.py", "loan/columns.py", "compiled.py")
"""Sources without a compiled function whose numbers stand in compiled code."""
PLAIN = os.environ.get("NUMBA_DISABLE_JIT", "0").strip() not in ("", "0")
"""Whether nothing is compiled in this process: decided when this module is first read."""


def sources_mark() -> str:
    """Twelve characters that change whenever a source that compiles, or is compiled into another, changes."""
    mark = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_bytes()
        if b"afterloan.compiled import" in text or path.relative_to(PACKAGE).as_posix() in COMPILED_INTO_OTHERS:
            mark.update(path.name.encode() + text)
    return mark.hexdigest()[:12]


if not PLAIN:
    # scalar code gains nothing from vector units, and much of the compile time would go into trying
    os.environ.setdefault("NUMBA_LOOP_VECTORIZE", "0")
    os.environ.setdefault("NUMBA_SLP_VECTORIZE", "0")
    os.environ.setdefault("NUMBA_OPT", "2")

    import numba
    import platformdirs
    from numba import types

    if "NUMBA_CACHE_DIR" not in os.environ:
        numba.config.CACHE_DIR = str(Path(platformdirs.user_cache_dir("afterloan")) / f"compiled-{sources_mark()}")


def compile_once(**how: Any) -> Callable[[F], F]:
    """Numba's decorator, so that a call with a constant is compiled once, not anew for each constant.

    Numba takes `moved(life, day, 5, …)` and `moved(life, day, 6, …)` for two signatures. That had made 326 compiled
    functions out of 195, each with all that it calls; the constants reach the inlined code all the same.
    """

    def decorate(function: F) -> F:
        if PLAIN:
            return function
        compiled = numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True, **how)(function)
        template = compiled.get_call_template

        def without_constants(args: Any, kws: Any) -> Any:
            plain = tuple(types.unliteral(a) for a in args)
            return template(plain, {name: types.unliteral(a) for name, a in kws.items()})

        compiled.get_call_template = without_constants
        return cast(F, compiled)

    return decorate


def records(array: "npt.NDArray[np.void]") -> "npt.NDArray[np.void]":
    """Records whose fields are attributes also where nothing is compiled."""
    if not PLAIN:
        return array
    import numpy as np

    return array.view(np.recarray)


def leaf(function: F) -> F:
    """Compile a small hot function into its callers (cached on disk, without the interpreter lock)."""
    return compile_once(forceinline=True)(function)


def stage(function: F) -> F:
    """Compile a longer function, called rather than inlined: inlining it everywhere doubles compile time.

    That must be said: not told otherwise, what a leaf calls first is inlined as the leaf is.
    """
    return compile_once(forceinline=False)(function)


def passage(function: F) -> F:
    """A passage of its one caller, kept apart for the reader: it is not compiled on its own.

    What a stage calls is compiled into the stage as well, so each layer between two stages costs all of it again.
    """
    return compile_once(inline="always")(function)

"""`python -m bench [FIGURE]`: speed as ratios on this machine; a table, then one JSON object a line."""

import json
import sys
from collections.abc import Callable

from bench import book, bureau, desk, engine, generate, messages, peers, relief, strategy

FIGURES: dict[str, Callable[[], list[dict[str, object]]]] = {
    **engine.FIGURES,
    **peers.FIGURES,
    **book.FIGURES,
    **bureau.FIGURES,
    **relief.FIGURES,
    **strategy.FIGURES,
    **desk.FIGURES,
    "generate": generate.figures,
    "messages": messages.figures,
}


def main(names: list[str]) -> int:
    """Run the figures named, or all."""
    unknown = [name for name in names if name not in FIGURES]
    if unknown:
        print(f"no figure {unknown[0]!r}; there are: {', '.join(FIGURES)}", file=sys.stderr)
        return 2
    made: list[dict[str, object]] = []
    print(f"{'figure':32}{'value':>16} {'unit':10}{'baseline':>16}{'ratio':>10}")
    for name in names or FIGURES:
        for figure in FIGURES[name]():
            made.append(figure)
            print(
                f"{figure['figure']:32}{figure['value']:16,.2f} {figure['unit']:10}"
                f"{figure['baseline']:16,.2f}{figure['ratio']:10.3f}",
                flush=True,
            )
    for figure in made:
        print(json.dumps(figure))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

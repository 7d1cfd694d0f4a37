"""Small charts as SVG text: lines, bars and points with an axis, drawn without a script or a network."""

from collections.abc import Mapping, Sequence
from html import escape

WIDE, HIGH = 420, 300
LEFT, RIGHT, TOP, BELOW = 46, 12, 26, 40
Points = Sequence[tuple[float, float]]


def _at(x: float, y: float, most_x: float, most_y: float) -> tuple[float, float]:
    """Where a value lies on the paper."""
    across = LEFT + (WIDE - LEFT - RIGHT) * x / most_x
    return across, HIGH - BELOW - (HIGH - BELOW - TOP) * y / most_y


def _frame(title: str, across: str, up: str, most_x: float, most_y: float, marks_x: Sequence[str]) -> list[str]:
    """Axis, marks and names."""
    out = [
        f'<svg viewBox="0 0 {WIDE} {HIGH}" role="img" aria-label="{escape(title, True)}"><title>{escape(title)}</title>'
    ]
    for k in range(5):
        _, y = _at(0, most_y * k / 4, most_x, most_y)
        out.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDE - RIGHT}" y2="{y:.1f}"/>')
        out.append(f'<text class="mark end" x="{LEFT - 6}" y="{y + 4:.1f}">{percent(most_y * k / 4)}</text>')
    for k, mark in enumerate(marks_x):
        x, _ = _at(most_x * k / max(len(marks_x) - 1, 1), 0, most_x, most_y)
        place = "end" if k == len(marks_x) - 1 else "" if k == 0 else "middle"
        out.append(f'<text class="mark {place}" x="{x:.1f}" y="{HIGH - BELOW + 16}">{escape(mark)}</text>')
    out.append(f'<text class="name middle" x="{(LEFT + WIDE - RIGHT) / 2}" y="{HIGH - 6}">{escape(across)}</text>')
    out.append(f'<text class="name" x="{LEFT - 6}" y="12">{escape(up)}</text>')
    return out


def percent(share: float) -> str:
    """`.0825` as `8.3 %`; whole where it is."""
    told = f"{100 * share:.1f}"
    return f"{told.removesuffix('.0')} %"


def lines(
    title: str, across: str, up: str, drawn: Mapping[str, Points], even: bool = False, upright: float | None = None
) -> str:
    """Curves of shares over shares, both 0 to 1. `even`: the line of chance; `upright`: a place to point at."""
    out = _frame(title, across, up, 1.0, 1.0, [percent(k / 4) for k in range(5)])
    if even:
        (x0, y0), (x1, y1) = _at(0, 0, 1, 1), _at(1, 1, 1, 1)
        out.append(f'<line class="even" x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}"/>')
    if upright is not None:
        x, _ = _at(upright, 0, 1, 1)
        out.append(f'<line class="even" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HIGH - BELOW}"/>')
    for k, points in enumerate(drawn.values()):
        placed = " ".join("{:.1f},{:.1f}".format(*_at(x, y, 1, 1)) for x, y in points)
        out.append(f'<polyline class="line l{k}" points="{placed}"/>')
    return "".join([*out, "</svg>"])


def against(title: str, across: str, up: str, drawn: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """What was said against what came, each with its interval; on the slanting line both are alike."""
    most = max(max(row["high"], row["said"]) for rows in drawn.values() for row in rows)
    out = _frame(title, across, up, most, most, [percent(most * k / 4) for k in range(5)])
    (x0, y0), (x1, y1) = _at(0, 0, 1, 1), _at(1, 1, 1, 1)
    out.append(f'<line class="even" x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}"/>')
    for k, rows in enumerate(drawn.values()):
        for row in rows:
            x, y = _at(row["said"], row["came"], most, most)
            low, high = (_at(0, row[name], most, most)[1] for name in ("low", "high"))
            out.append(f'<line class="whisker l{k}" x1="{x:.1f}" y1="{low:.1f}" x2="{x:.1f}" y2="{high:.1f}"/>')
            out.append(f'<circle class="dot l{k}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
    return "".join([*out, "</svg>"])


def bars(title: str, across: str, up: str, heights: Sequence[float], names: Sequence[str], level: float) -> str:
    """Upright bars from the left, with a line at `level` (the average)."""
    most = max(*heights, level) * 1.05 or 1.0
    out = _frame(title, across, up, 1.0, most, [])
    step = (WIDE - LEFT - RIGHT) / len(heights)
    for k, (height, name) in enumerate(zip(heights, names, strict=True)):
        x, (_, y) = LEFT + step * k, _at(0, height, 1, most)
        out.append(
            f'<rect class="bar" x="{x + step * 0.12:.1f}" y="{y:.1f}" width="{step * 0.76:.1f}" '
            f'height="{HIGH - BELOW - y:.1f}"><title>{escape(name)}: {percent(height)}</title></rect>'
            f'<text class="mark middle" x="{x + step / 2:.1f}" y="{HIGH - BELOW + 16}">{escape(name)}</text>'
        )
    _, y = _at(0, level, 1, most)
    out.append(f'<line class="even" x1="{LEFT}" y1="{y:.1f}" x2="{WIDE - RIGHT}" y2="{y:.1f}"/>')
    return "".join([*out, "</svg>"])

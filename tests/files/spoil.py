"""How good files are spoilt: bytes, lines and fields changed at places and in ways that Hypothesis chooses."""

import re

from hypothesis import strategies as st

PIECES = (
    b"", b"0", b"-", b"9" * 30, b"\n", b"\r", b"\r\n", b",", b'"', b"'", b"\x00", b"\xff", b"<", b"&", b"\xe9", b"\t",
    "\u00a0".encode(), "\u2028".encode(), "１２".encode(), b"<!-- -->", b"<b/>", b"?20", b"\xef\xbb\xbf", b"\\.", b"\\",
)  # fmt: skip
VALUES = (
    "", " ", "0", "-1", "+1", "1e5", "1E+999999999", "NaN", "sNaN", "Infinity", "-inf", "1_000", "0x10", "1,000",
    "1.000", "1.005", "１２.３４", "٣", "²", "9" * 15, "9" * 19, "9" * 5_000, "2026-02-30", "0000-00-00", "9999-12-31",
    "1969-12-31", "2026-W10-2", "20260310", "2026-03-10T25:00", "-0001-01-01", "null", "true", "[]", "{}", "[" * 3_000,
    "\x00", "\ufeff", "\ud7ff", "'; drop table fact; --", "\\.", "\\N", "%s", "{0}", "x" * 201, "y" * 140_000,
    "../../etc/passwd", "张伟",
)  # fmt: skip
"""What stands in fields of files that nobody expected."""
FIELD = re.compile(rb"[^,;|<>\r\n\"{}\[\]]+")


@st.composite
def spoilt(draw: st.DrawFn, data: bytes, most: int = 3) -> bytes:
    """A file with one to `most` things changed in it."""
    told = data
    for _ in range(draw(st.integers(1, most))):
        told = draw(st.sampled_from((_bytes, _line, _field)))(draw, told)
    return told


def _span(draw: st.DrawFn, length: int) -> tuple[int, int]:
    at = draw(st.integers(0, max(length - 1, 0)))
    return at, min(length, at + draw(st.integers(0, 40)))


def _bytes(draw: st.DrawFn, data: bytes) -> bytes:
    """Some bytes replaced, cut out, doubled; or the file cut off."""
    at, upto = _span(draw, len(data))
    how = draw(st.sampled_from(("piece", "any", "twice", "cut")))
    if how == "cut":
        return data[:at]
    piece = {"piece": st.sampled_from(PIECES), "any": st.binary(max_size=6), "twice": st.just(data[at:upto] * 2)}[how]
    return data[:at] + draw(piece) + data[upto:]


def _line(draw: st.DrawFn, data: bytes) -> bytes:
    """A line taken out, doubled, changed places, emptied or cut."""
    lines = data.split(b"\n")
    k, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    how = draw(st.sampled_from(("out", "twice", "places", "empty", "cut", "joined")))
    if how == "out":
        del lines[k]
    elif how == "twice":
        lines.insert(other, lines[k])
    elif how == "places":
        lines[k], lines[other] = lines[other], lines[k]
    elif how == "empty":
        lines[k] = b""
    elif how == "cut":
        lines[k] = lines[k][: draw(st.integers(0, len(lines[k])))]
    else:
        lines[k] = lines[k] + (lines.pop(other) if other != k and len(lines) > 1 and other > k else b"")
    return b"\n".join(lines)


def _field(draw: st.DrawFn, data: bytes) -> bytes:
    """What stands between two marks replaced by what nobody expects there."""
    fields = [found.span() for found in FIELD.finditer(data)]
    if not fields:
        return data
    at, upto = draw(st.sampled_from(fields))
    return data[:at] + draw(st.sampled_from(VALUES)).encode() + data[upto:]

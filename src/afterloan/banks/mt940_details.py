"""What stands in :86: of an MT940 statement line: the German subfields, the words between slashes, or free text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 65
"""A row of this length was cut by its form, not by its writer: the next one goes on where it ends."""

GERMAN = re.compile(r"\s*([0-9]{3})([?<>^~])(?=[0-9]{2})")
"""Three digits of the kind of booking, a mark, and the number of the first subfield: `105?00…`, `809<00…`."""
PURPOSE = ("20", "21", "22", "23", "24", "25", "26", "27", "28", "29", "60", "61", "62", "63")
KEYWORD = re.compile(
    r"(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|IBAN|PURP|MDAT|MTLG|SQTP|ORCR|ORMR|DDAT)[+:] ?"
)
INLINE = re.compile(r"(?<![A-Z])(EREF|MREF)[+:] ?(\S+)")

SLASHED = re.compile(
    r"/(EREF|MREF|MARF|NAME|ACCT|IBAN|REMI|RTRN|BENM|ORDP|ISDT|TRCD|CNTP|CSID|PREF|PURP|ULTC|ULTD|CREF|EXCH|BIC|TRTP|"
    r"ADDR|SVCL|OCMT|CHGS)/"
)
RETURN_REASON = re.compile(
    r"\b(AC0[1346]|AC13|AG0[12]|AM0[1-9]|AM10|BE05|CNOR|DNOR|FF01|MD0[1267]|MS0[23]|NOAS|RC01|RR0[1-4]|SL01|TM01)\b"
)


@dataclass(frozen=True, slots=True)
class Details:
    """What :86: says. `code`: a reason of return in its own place; `reason`: one that stands in the text."""

    end_to_end: str = ""
    mandate: str = ""
    name: str = ""
    account: str = ""
    text: str = ""
    code: str = ""
    reason: str = ""


def read_details(rows: Sequence[str]) -> Details:
    """The details of a line out of the rows of its :86:, whichever of the three forms the bank uses."""
    whole = "".join(rows)
    german = GERMAN.match(whole)
    if german:
        return _german(whole[german.start(2) :], german[2])
    if SLASHED.search(whole):
        return _slashed(whole)
    return Details(text=_flowing(rows), **_inline(_flowing(rows)))


def _flowing(rows: Sequence[str]) -> str:
    """Rows as one text: a row cut by its form goes straight on, another has a blank after it."""
    told = "".join(row if len(row) >= WIDTH else f"{row} " for row in rows)
    return re.sub(r"\s+", " ", told).strip()


def _inline(text: str) -> dict[str, str]:
    """References that a bank writes into free text, `EREF: D… MREF: M…`, and a reason of return."""
    found = dict(reversed(INLINE.findall(text)))
    reason = RETURN_REASON.search(text)
    return {
        "end_to_end": found.get("EREF", ""),
        "mandate": found.get("MREF", ""),
        "reason": reason[1] if reason else "",
    }


def _german(told: str, mark: str) -> Details:
    """Subfields ?00 to ?63: purpose in 20–29 and 60–63, bank 30, account 31, name 32 and 33.

    In the purpose a keyword begins a subfield (`?20EREF+…?21SVWZ+…`) and its value goes on, without the keyword, in the
    subfields that follow. What comes before any keyword is the payer's text.
    """
    fields: dict[str, str] = {}
    for piece in re.split(re.escape(mark) + r"(?=[0-9]{2})", told)[1:]:
        fields[piece[:2]] = fields.get(piece[:2], "") + piece[2:]
    values: dict[str, str] = {}
    key = ""
    for number in PURPOSE:
        value = fields.get(number, "")
        keyword = KEYWORD.match(value)
        if keyword:
            key, value = keyword[1], value[keyword.end() :]
        values[key] = values.get(key, "") + value
    told_text = (values.get("SVWZ") or values.get("") or values.get("MTLG") or "").strip()
    inline = _inline(" ".join(values.values()))
    return Details(
        end_to_end=values.get("EREF", "").strip() or inline["end_to_end"],
        mandate=values.get("MREF", "").strip() or inline["mandate"],
        name=(fields.get("32", "") + fields.get("33", "")).strip(),
        account=fields.get("31", "").strip(),
        text=told_text or fields.get("00", "").strip(),
        reason=inline["reason"],
    )


def _slashed(told: str) -> Details:
    """Words between slashes, `/EREF/…/NAME/…/REMI/…`: of a word told twice the first counts."""
    pieces = SLASHED.split(told)
    found: dict[str, str] = {}
    for word, value in zip(pieces[1::2], pieces[2::2], strict=True):
        found.setdefault(word, value if word == "REMI" else value.rstrip("/"))
    party = found.get("CNTP", "").split("/")  # account, bank, name, place
    return Details(
        end_to_end=found.get("EREF", "").strip(),
        mandate=(found.get("MREF") or found.get("MARF") or "").strip(),
        name=(found.get("NAME") or (party[2] if len(party) > 2 else "")).strip(),
        account=(found.get("ACCT") or found.get("IBAN") or party[0]).strip(),
        text=_remittance(found.get("REMI", "")) or pieces[0].strip(),
        code=found.get("RTRN", "").strip(),
    )


def _remittance(told: str) -> str:
    """The payer's words: ING writes `USTD//words/` and `STRD/CUR/reference/`."""
    structured = re.match(r"(USTD//|STRD/[A-Z]{3}/)", told)
    if structured:
        return told[structured.end() :].rstrip("/").strip()
    return told.strip()

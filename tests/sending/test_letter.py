"""Letters as PDF in Chinese and English: the words are in the file, set in a face that has them."""

import re
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest

from afterloan.papers.documents import DocumentRefused, names, render
from afterloan.sending.channels import read_setting
from afterloan.sending.drain_work import drain
from afterloan.sending.messages import token
from afterloan.store.server import Store

from .messages_kit import NOON, action, borrowers, plan, steps

VALUES = {
    "sender": {"name": "示例消费金融有限公司", "address": "上海市", "contact": "400"},
    "to": {"name": "张伟", "address": "北京市"},
    "reference": "k/1",
    "on": "2026年3月13日",
    "subject": "催告函",
    "paragraphs": ["应还1,234.56元。", "#panic() $x$ *no markup* [a]"],
    "lines": ["一行"],
}


def words_of(pdf: bytes, folder: Path) -> str:
    """The text of a PDF by poppler, where it is there."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    file = folder / "x.pdf"
    file.write_bytes(pdf)
    return subprocess.run(["pdftotext", "-layout", str(file), "-"], capture_output=True, text=True, check=True).stdout


def test_a_letter_is_the_same_bytes_each_time_and_has_its_face() -> None:
    pdf = render("letter", "zh-CN", VALUES)
    assert pdf.startswith(b"%PDF-") and pdf == render("letter", "zh-CN", VALUES)
    assert re.search(rb"NotoSansCJKsc", pdf) or any(b"NotoSansCJKsc" in s for s in streams(pdf))
    assert len(pdf) < 200_000, "only the signs used are in the file, not the whole face"


def streams(pdf: bytes) -> list[bytes]:
    found = []
    for raw in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S):
        try:
            found.append(zlib.decompress(raw))
        except zlib.error:
            continue
    return found


def test_values_are_printed_and_never_run(tmp_path: Path) -> None:
    text = words_of(render("letter", "zh-CN", VALUES), tmp_path)
    for words in ("示例消费金融有限公司", "张伟", "催告函", "#panic() $x$ *no markup* [a]"):
        assert words in text


def test_what_is_missing_is_named() -> None:
    short = {k: v for k, v in VALUES.items() if k != "subject"}
    with pytest.raises(DocumentRefused, match=r"document 'letter': .*subject"):
        render("letter", "zh-CN", short)
    with pytest.raises(DocumentRefused, match=r"document 'novel': no such template; there are: .*letter"):
        render("novel", "en", {})
    assert "letter" in names()


def test_letters_are_printed_once(store: Store, tmp_path: Path) -> None:
    borrowers(store, 2)
    plan(store, [action("letter/1", 1, "letter", template="overdue-letter"),
                 action("letter/2", 2, "letter", template="overdue-letter", language="en")])  # fmt: skip
    told = read_setting({"letter": {"use": "folder", "folder": str(tmp_path)}})
    assert drain(store, ["letter"], NOON, told=told).total("sent") == 2
    assert drain(store, ["letter"], NOON, told=told).total("sent") == 0
    files = sorted((tmp_path / "letter").iterdir())
    assert {f.name for f in files} == {f"{token(k)}.pdf" for k in ("letter/1", "letter/2")}
    assert steps(store, "letter/1") == ["1:started", "1:sent"]
    text = words_of((tmp_path / "letter" / f"{token('letter/1')}.pdf").read_bytes(), tmp_path)
    assert "逾期还款通知" in text and "北京市示例路" in text

"""Court papers: both languages render, say the sums, and are the same bytes again; a bundle's list checks itself."""

import hashlib
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from afterloan.papers.court import PAPERS, Matter, paper, write_bundle

MATTER = Matter(
    borrower="钱不还",
    loan="L-1",
    on=date(2025, 10, 20),
    signed_on=date(2025, 1, 10),
    principal_fen=1_200_000,
    days_past_due=252,
    owed={"principal": 1_200_000, "interest": 145_200, "penalty": 43_210, "fee": 8_333},
    rows=[("2025-02-10", "interest fell due", 18_600, 1_200_000)],
    evidence=[("contract", "ab" * 32)],
    court="杭州互联网法院",
    lender="示例公司",
    title_debt_fen=1_396_743,
    perform_by=date(2025, 10, 15),
)


def text_of(pdf: bytes, folder: Path) -> str:
    tool = shutil.which("pdftotext")
    if tool is None:
        pytest.skip("pdftotext is not installed")
    (folder / "it.pdf").write_bytes(pdf)
    return subprocess.run([tool, str(folder / "it.pdf"), "-"], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", PAPERS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_paper_renders_and_again_the_same(name: str, language: str) -> None:
    made = paper(name, MATTER, language)
    assert made.startswith(b"%PDF") and made == paper(name, MATTER, language)


def test_what_a_payment_order_asks_for(tmp_path: Path) -> None:
    said = text_of(paper("payment-order", MATTER, "en"), tmp_path)
    # 12,000.00 + 1,452.00 + 432.10 + 83.33 = 13,967.43; without the principal 1,967.43
    assert "13,967.43" in said and "1,967.43" in said and "杭州互联网法院" in said


def test_the_enforcement_shows_the_sums_of_the_ledger(tmp_path: Path) -> None:
    """What is unpaid is what the ledger says, extra interest in its own line; the total is all of it."""
    owed = {"principal": 796_743, "interest": 1_991, "extra": 697}
    said = text_of(paper("enforcement", replace(MATTER, owed=owed), "en"), tmp_path)
    # 7,967.43 + 19.91 = 7,987.34 without, 7,994.31 with the extra interest of 6.97
    assert "judgment of 13,967.43: 7,987.34 is unpaid" in " ".join(said.split())
    assert (
        "6.97" in said
        and "7,994.31" in said
        and "0.0175 % a day on the unpaid principal of 7,967.43" in " ".join(said.split())
    )


def test_the_fee_of_an_objected_order_is_a_line_of_the_claim(tmp_path: Path) -> None:
    said = " ".join(text_of(paper("statement-of-claim", replace(MATTER, costs_fen=4_255), "en"), tmp_path).split())
    assert "pay 13,967.43" in said  # the debt, without it
    assert "42.55, the fee of a payment order that ended by the respondent" in said


def test_no_such_paper() -> None:
    with pytest.raises(ValueError, match="no such paper; there are: demand-letter"):
        paper("summons", MATTER, "en")


def test_the_list_of_a_bundle_checks_itself(tmp_path: Path) -> None:
    write_bundle(tmp_path, {"b.txt": b"two", "a.txt": b"one"})
    lines = (tmp_path / "SHA256SUMS").read_text().splitlines()
    assert [line.split("  ")[1] for line in lines] == ["a.txt", "b.txt"]
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest

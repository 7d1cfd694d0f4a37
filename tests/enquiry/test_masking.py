"""Long numbers inside sentences: an account's and a phone's show their last digits, amounts and references stay."""

import pytest

from afterloan.enquiry.masking import mask_numbers


@pytest.mark.parametrize(("told", "shown"), [
    ("mandate signed on card 6222000000000013", "mandate signed on card ··0013"),
    ("bank voucher 12000.00 to 6222000000000013", "bank voucher 12000.00 to ··0013"),
    ("号码改为13800001234。", "号码改为138****1234。"),
    ("phone 13800001234, from 1", "phone 138****1234, from 1"),
    ("B0000000363 owes 1,108.52 (960a0073da81…)", "B0000000363 owes 1,108.52 (960a0073da81…)"),
    ("identity 11010119850115123X, name kept", "identity ··123X, name kept"),
    ("calls from +8613912345678 only", "calls from 139****5678 only"),
    ("card 6222 0212 3456 7890 signed", "card ··7890 signed"),
    ("139-1234-5678 or 139 1234 5678", "139****5678 or 139****5678"),
    ("from 2026-11-27 to 2026-12-27, 12 2026-11-27", "from 2026-11-27 to 2026-12-27, 12 2026-11-27"),
    ("2026-11-27 13800001234", "2026-11-27 138****1234"),
    ("300.00 520.00 1,108.52 12345 of R-2026-12345678901", "300.00 520.00 1,108.52 12345 of R-2026-12345678901"),
    ("row 5,13800001234", "row 5,138****1234"),
    ("2025-12-31 24:00: 10000000.00 paid", "2025-12-31 24:00: 10000000.00 paid"),
])  # fmt: skip
def test_a_sentence_keeps_amounts_and_loses_numbers_of_people(told: str, shown: str) -> None:
    assert mask_numbers(told) == shown

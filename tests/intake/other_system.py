"""Three files as a bank's old system wrote them, with headers of its own; each figure worked out by hand.

Both loans repay 1,000.00 in two rows of 500.00 principal and 50.00 interest, due on 10 February and 10 March 2026.
Of JJ-1 nothing was paid: at the end of 20 March it is 18 + 20 = 38 days past due, 1,000.00 of principal are out and
2 × 550.00 = 1,100.00 are due. JJ-2 paid its first row: 10 days since 10 March, 500.00 out, 550.00 due.
"""

import io
import zipfile
from pathlib import Path

AS_OF = "2026-03-20"
PEOPLE = "客户编号,客户名称,手机号码\nK1,张三,13800138000\nK2,李四,13900139000\n"
LOANS = (
    "借据号,客户编号,贷款金额,利率,起始日期,期数,逾期天数,本金余额,逾期金额\n"
    "JJ-1,K1,1000.00,0,2026-01-10,2,38,1000.00,1100.00\n"
    "JJ-2,K2,1000.00,0,2026-01-10,2,11,500.00,560.00\n"
)
PLANS = (
    "借据号,期次,应还日期,本金,应还利息\n"
    "JJ-1,1,2026-02-10,500.00,50.00\nJJ-1,2,2026-03-10,500.00,50.00\n"
    "JJ-2,1,2026-02-10,500.00,50.00\nJJ-2,2,2026-03-10,500.00,50.00\n"
)
PAID_OUT = "流水号,借据号,放款日期,放款金额\nF-1,JJ-1,2026-01-10,1000.00\nF-2,JJ-2,2026-01-10,1000.00\n"
REPAID = (
    "流水号,借据号,还款日期,还款金额\nH-1,JJ-2,2026-02-10,550.00\nH-2,JJ-2,2026-02-31,1.00\nH-3,JJ-9,2026-02-10,5.00\n"
)
FILES = {
    "客户信息.csv": PEOPLE,
    "借据主表.csv": LOANS,
    "还款计划.csv": PLANS,
    "放款流水.csv": PAID_OUT,
    "还款流水.csv": REPAID,
}


def written(folder: Path, **more: str) -> Path:
    """The files in a folder of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**FILES, **more}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def archive(files: dict[str, str]) -> bytes:
    """Files as one archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as into:
        for name, text in files.items():
            into.writestr(name, text)
    return made.getvalue()

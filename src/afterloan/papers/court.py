"""Court papers and evidence bundles: a claim with its working, notices and hashes, as PDF in two languages."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from afterloan.papers.documents import render
from afterloan.papers.moves import move_words
from afterloan.strategy.limitation import rule_of
from afterloan.strategy.story import money

PAPERS = ("demand-letter", "payment-order", "statement-of-claim", "enforcement")
TITLES = {
    "demand-letter": ("Demand for payment", "催告函"),
    "payment-order": ("Application for a payment order", "支付令申请书"),
    "statement-of-claim": ("Statement of claim", "民事起诉状"),
    "enforcement": ("Application for enforcement", "强制执行申请书"),
}
PART = {
    "principal": ("Principal", "借款本金"),
    "interest": ("Interest to the day of this paper", "截至制作日的利息"),
    "penalty": ("Penalty interest to the day of this paper", "截至制作日的罚息"),
    "fee": ("Costs", "费用"),
    "extra": ("Extra interest for late performance", "迟延履行加倍部分债务利息"),
    "off_books": ("Claim written off in the books, unpaid", "已核销债权未收回余额"),
    "total": ("Total", "合计"),
}
NOTE = (
    "Made by rule from the book as known on the day above; a person checks and signs it before it is filed.",
    "本文件按账簿截至上述日期所知生成，提交前须由有权人员核对并签署。",
)


@dataclass(frozen=True, slots=True)
class Matter:
    """What a paper speaks of. `owed`: fen by PART; `rows`: (day, words, fen, principal left); `evidence`: (what, hash).

    `costs_fen`: fees of earlier steps that the claim asks for beside what is owed. `title_debt_fen` and `perform_by`:
    sum and end of performance of the judgment that is enforced; what is unpaid of it is what the ledger says (`owed`).
    """

    borrower: str
    loan: str
    on: date
    signed_on: date
    principal_fen: int
    days_past_due: int
    owed: Mapping[str, int]
    rows: Sequence[tuple[str, str, int, int]]
    evidence: Sequence[tuple[str, str]]
    court: str = ""
    lender: str = ""
    lender_lines: tuple[str, ...] = ()
    borrower_lines: tuple[str, ...] = ()
    jurisdiction: str = "CN"
    costs_fen: int = 0
    title_debt_fen: int = 0
    perform_by: date | None = None


def paper(name: str, matter: Matter, language: str) -> bytes:
    """The PDF of one of PAPERS in "en" or "zh". Same matter, same bytes. Raises ValueError for another name."""
    if name not in PAPERS:
        raise ValueError(f"paper {name!r}: no such paper; there are: {', '.join(PAPERS)}")
    k = 1 if language == "zh" else 0
    total = sum(matter.owed.values())
    sums = [[PART[part][k], money(fen)] for part, fen in matter.owed.items() if fen]
    values = {
        "title": TITLES[name][k],
        "to": matter.court
        or (("the debtor", "债务人")[k] if name == "demand-letter" else ("the court", "人民法院")[k]),
        "number": matter.loan,
        "on": matter.on.isoformat(),
        "parties": _parties(name, matter, k),
        "claims": _claims(name, matter, total, k),
        "facts": _facts(matter, total, k),
        "sums": [*sums, [PART["total"][k], money(total)]],
        "rows": [[on, move_words(words, k), money(fen), money(left)] for on, words, fen, left in matter.rows],
        "evidence": [[str(n), what, digest] for n, (what, digest) in enumerate(matter.evidence, 1)],
        "signer": matter.lender,
        "note": NOTE[k],
    }
    return render("court", language, values)


def _parties(name: str, m: Matter, k: int) -> list[dict[str, Any]]:
    roles = {
        "statement-of-claim": (("Claimant", "原告"), ("Defendant", "被告")),
        "demand-letter": (("Creditor", "债权人"), ("Debtor", "债务人")),
    }.get(name, (("Applicant", "申请人"), ("Respondent", "被申请人")))
    return [
        {"role": roles[0][k], "name": m.lender, "lines": list(m.lender_lines)},
        {"role": roles[1][k], "name": m.borrower, "lines": list(m.borrower_lines)},
    ]


def _claims(name: str, m: Matter, total: int, k: int) -> list[str]:
    principal, rest = money(m.owed.get("principal", 0)), money(total - m.owed.get("principal", 0))
    if name == "enforcement":
        return _enforcement(m, k)
    asked = {
        "demand-letter": ("Pay {t} within fifteen days of receiving this letter.",
                          "请于收到本函之日起十五日内支付{t}元。"),
        "payment-order": ("Order the respondent to pay {t}: principal {p} and {r} of interest, penalty and costs.",
                          "请求依法向被申请人发出支付令，责令支付{t}元，其中本金{p}元，利息、罚息及费用{r}元。"),
        "statement-of-claim": ("Order the defendant to pay {t}: principal {p} and {r} of interest, penalty and costs.",
                               "判令被告偿还{t}元，其中本金{p}元，利息、罚息及费用{r}元。"),
    }  # fmt: skip
    claims = [asked[name][k].format(t=money(total), p=principal, r=rest)]
    if name != "demand-letter" and m.costs_fen:
        claims.append(
            ("{c}, the fee of a payment order that ended by the respondent's objection.",
             "支付令申请费{c}元（因对方提出异议，督促程序终结）。")[k].format(c=money(m.costs_fen)),
        )  # fmt: skip
    if name != "demand-letter":
        claims.append(
            ("Interest and penalty by the contract from the day after this paper until payment.",
             "按合同约定支付自本文件制作次日起至实际清偿之日止的利息及罚息。")[k],
        )  # fmt: skip
        claims.append(("The costs of the proceedings.", "诉讼（申请）费用由对方承担。")[k])
    return claims


def _enforcement(m: Matter, k: int) -> list[str]:
    """What is enforced: the sums of the ledger, extra interest apart from the rest."""
    rule = rule_of(m.jurisdiction, "judgment.interest", m.on)
    extra = m.owed.get("extra", 0)
    first = (
        "Enforce the judgment of {t}: {d} is unpaid, interest by the judgment to this day included.",
        "强制执行生效法律文书（判定{t}元）：连同判决利息，截至本文件制作日未履行{d}元。",
    )[k]
    second = ("Extra interest for late performance of {e} since {by}: {rate} % a day on the unpaid principal of {b}, "
              "and until payment.",
              "自{by}届满起的迟延履行加倍部分债务利息{e}元："
              "按未付本金{b}元、每日{rate}%，计至实际履行之日。")[k]  # fmt: skip
    ppm = int(rule.parameters["extra_ppm_day"]) if rule else 0
    told = {
        "d": money(sum(m.owed.values()) - extra), "t": money(m.title_debt_fen), "e": money(extra), "by": m.perform_by,
        "b": money(m.owed.get("principal", 0)), "rate": f"{ppm // 10_000}.{ppm % 10_000:04d}",
    }  # fmt: skip
    return [first.format(**told), second.format(**told)] if extra else [first.format(**told)]


def _facts(m: Matter, total: int, k: int) -> list[str]:
    texts = (
        (
            "On {signed} the parties signed loan contract {loan}; {principal} was paid out. The borrower has been in "
            "default for {days} days. On {on} {total} is owed; annex 1 shows every movement with its amount.",
            "双方于{signed}签订借款合同（编号{loan}），本金{principal}元已依约发放。截至{on}，借款人已逾期{days}天，"
            "尚欠{total}元，逐笔计算见附件一。",
        ),
        (
            "The notices sent and their deliveries are listed in annex 2. Each document carries its SHA-256, so that "
            "a change of a single character shows.",
            "历次通知及送达记录见附件二，每份材料均列明SHA-256校验值，任何改动均可核验。",
        ),
    )
    told = {"signed": m.signed_on, "loan": m.loan, "principal": money(m.principal_fen), "days": m.days_past_due,
            "on": m.on, "total": money(total)}  # fmt: skip
    return [pair[k].format(**told) for pair in texts]


def digests(files: Mapping[str, bytes]) -> bytes:
    """`SHA256SUMS` of files by name, in the form that `sha256sum -c` reads."""
    lines = (f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
    return "".join(lines).encode()


def write_bundle(folder: Path, files: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Write the files and their `SHA256SUMS`; (name, hash) of each."""
    folder.mkdir(parents=True, exist_ok=True)
    told = digests(files)
    for name, data in {**files, "SHA256SUMS": told}.items():
        (folder / name).write_bytes(data)
    return [(name, digest) for digest, name in (line.split("  ", 1) for line in told.decode().splitlines())]


def as_json(value: Any) -> bytes:
    """A value as readable JSON bytes, the same for the same value."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=str).encode()

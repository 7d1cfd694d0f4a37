"""The certificate of a purge as PDF, in Chinese or English: what went, by which rule, by whom, what stays."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from afterloan.papers.documents import render
from afterloan.store.purging import PurgeCertificate

SUBJECT = ("个人数据清除证明", "Certificate of a purge of personal data")
PERSONS = (
    "下列借款人的保存期限已满，其个人数据已清除：加密密钥已销毁，资料行已清空。金额与凭证保留，不再指向任何人的姓名与联系方式。",
    "The time for which data of the borrowers below were kept is over. They were purged: the keys under which they "
    "were enciphered were destroyed, and their rows were emptied. Amounts and entries stay, without name or address.",
)
FILES = (
    "系统任务产生或导入的文件、无人认领的银行流水保存期限已满，其加密密钥已销毁，内容不可再读取。",
    "The time for which files of jobs, and bank lines that were set aside, were kept is over. Their keys were "
    "destroyed; nobody can read them any more.",
)
STAYS = (
    "仍保留：永久记录中部分文字（额度调整及停发消息的事由、计划动作）尚未加密，本次清除不触及，条数见下。",
    "What stays: some words in records that are kept for ever (why a limit was changed or a message was not sent, "
    "planned actions) are not enciphered yet, and this purge did not reach them; how many rows is said below.",
)
SURE = {"O": ("官方文本", "official text"), "S": ("二手来源", "secondary source"), "M": ("凭记忆", "from memory"),
        "I": ("本机构推定", "our inference")}  # fmt: skip
"""How sure a rule is, in words."""
WORDS = {
    "data_keys": ("密钥", "keys"), "files": ("文件", "files"), "draft": ("草稿", "unfinished forms"),
    "attributes": ("个人信息项", "personal details"), "flow": ("账户流水", "account movements"),
    "flow_consent": ("流水授权", "consents"), "bureau_account": ("他行账户", "accounts with other lenders"),
    "portal_ticket": ("登录票据", "sign-in tickets"), "sign_in_code": ("登录验证码", "sign-in codes"),
    "passkeys": ("通行密钥", "passkeys"), "act_keys": ("操作密钥", "keys of acts"),
    "events": ("事件", "events"), "acts": ("操作", "acts"),
    "messages": ("消息", "messages"), "actions": ("计划动作", "planned actions"),
    "statement_lines": ("银行流水", "bank lines"),
}  # fmt: skip
"""What is counted, in words."""
LISTED = 200
"""Borrowers whom the paper names one by one; the JSON has all."""


def certificate_of_purge(made: PurgeCertificate, lender: Mapping[str, str], language: str) -> bytes:
    """The PDF of a certificate; the same certificate makes the same bytes. `lender`: name, address and contact."""
    k = 0 if language.startswith("zh") else 1
    told = made.told
    people = told.get("borrowers", [])
    words = [PERSONS[k], STAYS[k]] if people else [FILES[k]]
    values: dict[str, Any] = {
        "sender": dict(lender), "to": {}, "reference": made.certificate, "on": _day(made.on, k), "subject": SUBJECT[k],
        "currency": "", "rows": [[name[k], value] for name, value in _rows(told, k) if value], "words": words,
        "lines": [*_rules(told, k), f"SHA-256 {made.sha256}"],
    }  # fmt: skip
    return render("settled", language, values)


def _rows(told: Mapping[str, Any], k: int) -> list[tuple[tuple[str, str], str]]:
    rows = [
        (("提出人", "Proposed by"), str(told["proposed_by"])),
        (("批准人", "Agreed by"), str(told["agreed_by"])),
        (("事由", "Occasion"), str(told.get("reason", ""))),
        (("封存至", "Sealed through"), str(told["sealed_through"])),
        (("封存链首", "Head of the seals"), _in_groups(str(told["head"]))),
        (("文件数", "Files"), str(told.get("files", ""))),
        (("银行流水", "Bank lines"), str(told.get("statement_lines") or "")),
    ]
    people = told.get("borrowers", [])
    for one in people[:LISTED]:
        gone, stays = _counted(one["purged"], k), _counted(one["words"], k)
        since = (f"{one['since']}起结清，保存至{one['kept_through']}；清除：{gone or '无'}；保留：{stays or '无'}",
                 f"nothing owed since {one['since']}, kept through {one['kept_through']}; gone: {gone or 'nothing'}; "
                 f"stays: {stays or 'nothing'}")  # fmt: skip
        rows.append(((one["borrower"], one["borrower"]), since[k]))
    if len(people) > LISTED:
        rows.append((("其余", "And more"), str(len(people) - LISTED)))
    return rows


def _counted(counts: Mapping[str, int], k: int) -> str:
    """`keys 1, files 2`, those that are none left out."""
    return ("，", ", ")[k].join(f"{WORDS[name][k]} {count}" for name, count in counts.items() if count)


def _in_groups(mark: str) -> str:
    """A digest in groups of eight, so that it takes more lines where it must."""
    return " ".join(mark[k : k + 8] for k in range(0, len(mark), 8))


def _rules(told: Mapping[str, Any], k: int) -> list[str]:
    """Each rule once, with how sure it is."""
    found = {r["id"]: r for one in told.get("borrowers", [told]) for r in one["rules"]}
    return [f"{r['id']}: {r['clause']} ({SURE[r['confidence']][k]}: {r['source']})" for r in found.values()]


def _day(on: date, k: int) -> str:
    return f"{on.year}年{on.month}月{on.day}日" if k == 0 else f"{on.day} {on:%B} {on.year}"

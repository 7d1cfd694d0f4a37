"""Words for codes that stand in messages: kinds of plans and reasons of banks, in the borrower's language."""

PLANS: dict[str, tuple[str, str]] = {
    "deferral": ("延期还款", "payments put off"),
    "reinstalment": ("重新分期", "new instalments"),
    "extension": ("延长期限", "a longer term"),
    "interest_only": ("先还利息", "interest only for a time"),
    "rate_cut": ("降低利率并重新分期", "a lower rate and new instalments"),
    "penalty_waiver": ("减免罚息", "penalties given up"),
    "settlement": ("减免结清", "a settlement"),
    "re_age": ("恢复正常还款", "treated as current again"),
}
REASONS: dict[str, tuple[str, str]] = {
    "insufficient_funds": ("账户余额不足", "there was not enough money in the account"),
    "uncollected_funds": ("账户资金尚未到账", "the money in the account was not available yet"),
    "limit_exceeded": ("超过账户限额", "the account's limit was exceeded"),
    "technical": ("银行系统原因", "a technical reason at the bank"),
    "bank_closed": ("银行当时未处理", "the bank was closed"),
    "account_closed": ("账户已注销", "the account is closed"),
    "no_account": ("账户不存在", "there is no such account"),
    "wrong_account": ("账户信息有误", "the account number is wrong"),
    "account_blocked": ("账户被限制使用", "the account is blocked"),
    "no_mandate": ("没有有效的代扣授权", "there is no mandate"),
    "mandate_revoked": ("代扣授权已撤销", "the mandate was revoked"),
    "not_authorised": ("未获授权", "it was not authorised"),
    "payment_stopped": ("付款被止付", "the payment was stopped"),
    "payer_refused": ("付款人未同意", "the payer refused"),
}
WORDS = {"plan": PLANS, "reason": REASONS}


def in_words(name: str, value: str, language: str) -> str:
    """A code as the reader sees it: `in_words("reason", "insufficient_funds", "zh-CN")` is 账户余额不足.

    Text that is no code stays as it is.
    """
    found = WORDS.get(name, {}).get(value)
    return found[0 if language == "zh-CN" else 1] if found else value

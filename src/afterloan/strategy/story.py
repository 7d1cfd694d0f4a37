"""Words for what happens to a borrower: one plain sentence for an event, an action, a transition, a bureau month."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from afterloan.counting import agreeing

LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One thing that happened: the day, the hour where it matters ("09:30"), the source, the loan, the sentence."""

    on: date
    clock: str
    source: str
    loan: str
    text: str


def money(fen: int) -> str:
    """`money(123456) == "1,234.56"`."""
    whole, cents = divmod(abs(int(fen)), 100)
    return f"{'-' if fen < 0 else ''}{whole:,}.{cents:02d}"


STEPS = {
    "demand_letter": ("demand letter", "催告函"),
    "mediation": ("mediation before suit", "诉前调解"),
    "payment_order": ("payment order", "支付令"),
    "small_claim": ("small claim", "小额诉讼"),
    "suit": ("suit", "诉讼"),
    "preservation": ("preservation of property", "财产保全"),
    "enforcement": ("enforcement", "强制执行"),
    "defaulter_listing": ("listing as a dishonest defaulter", "失信被执行人名单"),
    "discontinuance": ("discontinuance", "终止追索"),
}
OUTCOMES = {
    "delivered": ("delivered", "已送达"), "not_delivered": ("not delivered", "未送达"),
    "agreed": ("agreed", "达成协议"), "confirmed": ("confirmed by the court", "司法确认"),
    "failed": ("failed", "调解不成"), "issued": ("issued", "已发出"),
    "refused": ("refused by the court", "法院不予受理"),
    "objected": ("objected", "债务人异议"), "unanswered": ("unanswered: it can be enforced", "逾期未异议，可申请执行"),
    "granted": ("granted", "支持诉讼请求"), "partly_granted": ("granted in part", "部分支持"),
    "dismissed": ("dismissed", "驳回"), "appealed": ("appealed", "已上诉"), "final": ("in force", "判决生效"),
    "upheld": ("upheld on appeal", "二审维持"), "changed": ("changed on appeal", "二审改判"),
    "settled": ("settled", "和解（调解）"), "paid": ("paid", "已付清"), "part_paid": ("part paid", "部分执行到位"),
    "nothing_found": ("nothing found", "无可供执行财产"), "listed": ("listed", "已纳入名单"),
    "removed": ("removed", "已移出名单"), "withdrawn": ("withdrawn", "撤回"), "closed": ("closed", "结案"),
}  # fmt: skip
"""Short words for how a step ended; the pack says what follows from it."""
SUMS = {
    "legal.started": {"costs_fen": ("costs", ", and {x} of costs", "，另主张费用 {x}"),
                      "fee_fen": ("fee", "; fee of the court {x}, paid by the lender", "；垫付法院费用 {x}")},
    "legal.ended": {"amount_fen": ("sum", ", {x}", "，{x}"),
                    "principal_fen": ("parts", ": principal {x}", "：本金 {x}"),
                    "interest_fen": ("parts", ", interest {x}", "，利息 {x}"),
                    "penalty_fen": ("parts", ", penalty {x}", "，罚息 {x}"),
                    "costs_fen": ("parts", ", costs {x}", "，费用 {x}")},
}  # fmt: skip
"""Amounts of a sentence that are told only where there are some: into which place, and how."""
WORDS: dict[str, tuple[str, str]] = {
    "mandate.signed": ("mandate signed on {source} {account}", "签署代扣授权：{source} {account}"),
    "mandate.revoked": ("mandate {of} ended by {by}: {reason}", "代扣授权 {of} 终止（{by}）：{reason}"),
    "debit.attempted": ("debit of {amount_fen} asked of the bank", "发起代扣 {amount_fen}"),
    "debit.failed": ("debit failed: {reason}", "代扣失败：{reason}"),
    "debit.succeeded": ("debit succeeded: {amount_fen}", "代扣成功：{amount_fen}"),
    "debit.returned": ("debit returned: {reason}", "代扣退回：{reason}"),
    "message.sent": ("{channel} sent: {template}", "{channel} 已发送：{template}"),
    "message.delivered": ("{channel} delivered", "{channel} 已送达"),
    "message.bounced": ("{channel} came back: {reason}", "{channel} 被退回：{reason}"),
    "message.failed": ("{channel} not sent: {why}", "{channel} 未发送：{why}"),
    "message.opened": ("{channel} opened", "{channel} 已读"),
    "contact.attempted": ("contact by {channel}, purpose {purpose}", "触达：{channel}，目的 {purpose}"),
    "contact.ended": ("contact ended: {outcome}", "触达结果：{outcome}"),
    "promise.made": ("promised {amount_fen} by {due_on}", "承诺于 {due_on} 前还款 {amount_fen}"),
    "hold.placed": ("hold: {hold}; {reason}", "暂停：{hold}；{reason}"),
    "person.died": ("died ({source})", "借款人去世（{source}）"),
    "insolvency.opened": ("insolvency proceedings opened {court} {case_number}", "破产程序开始 {court} {case_number}"),
    "insolvency.closed": ("insolvency proceedings closed", "破产程序终结"),
    "lawyer.engaged": ("represented by {lawyer}", "委托律师 {lawyer}"),
    "lawyer.left": ("no longer represented", "律师解除委托"),
    "ladder.step_left_out": ("step {step} left out by {by}: {reason}", "{by} 决定不执行 {step}：{reason}"),
    "bureau.furnished_before": (
        "before this book, {bureau} was told of {month_end}: {status}", "接管前，征信 {bureau} {month_end}：{status}",
    ),
    "legal.taken_over": ("before this book: {step} {court} {case_number} {outcome}",
                         "接管前：{step} {court} {case_number} {outcome}"),
    "hold.lifted": ("hold lifted: {held}", "解除暂停：{held}"),
    "limit.offered": (
        "a wider limit of {after_fen} offered, until {valid_until}; the borrower's yes makes it stand",
        "邀约调高额度至 {after_fen}，有效期至 {valid_until}；借款人同意后生效",
    ),
    "limit.declined": ("the wider limit was declined: {of}", "借款人不接受调高额度：{of}"),
    "limit.set": ("limit set to {after_fen}", "额度设为 {after_fen}"),
    "limit.reduced": (
        "limit lowered from {before_fen} to {after_fen} ({rule})", "额度由 {before_fen} 降至 {after_fen}（{rule}）",
    ),
    "limit.frozen": ("limit of {after_fen} frozen ({rule})", "额度 {after_fen} 冻结（{rule}）"),
    "limit.restored": ("limit restored to {after_fen} ({rule})", "额度恢复至 {after_fen}（{rule}）"),
    "borrowing.barred": ("new borrowing barred: {bar} ({rule})", "限制新增借款：{bar}（{rule}）"),
    "borrowing.bar_lifted": ("bar on borrowing lifted: {bar} ({rule})", "解除借款限制：{bar}（{rule}）"),
    "bureau.notice_delivered": (
        "told that adverse information goes to the bureau {bureau}", "已告知将向征信机构 {bureau} 报送不良信息",
    ),
    "agency.placed": ("placed with agency {agency}: {arrears_fen} until {until}",
                      "委托 {agency} 催收：{arrears_fen}，至 {until}"),
    "agency.recalled": ("recalled from the agency: {reason}", "收回委托：{reason}"),
    "case.call_back": ("asked to be called back on {call_on} {note}", "约定 {call_on} 回电 {note}"),
    "complaint.raised": (
        "complaint about {about}: {text} (to be answered by {answer_by})",
        "投诉（{about}）：{text}（{answer_by} 前答复）",
    ),
    "complaint.answered": ("complaint {of} answered, {outcome}: {text}", "投诉 {of} 已答复（{outcome}）：{text}"),
    "person.details_corrected": ("{changed} corrected by {by}: {reason}", "{by} 更正 {changed}：{reason}"),
    "person.purged": ("personal data purged: certificate {certificate}", "个人数据已清除：证明 {certificate}"),
    "case.noted": ("note by {by}: {text}", "{by} 备注：{text}"),
    "case.assigned": ("case given to {to}", "案件分派给 {to}"),
    "action.withdrawn": ("planned action withdrawn: {reason}", "撤回计划中的动作：{reason}"),
    "legal.evidence": ("evidence kept: {name} (SHA-256 {sha256})", "证据留存：{name}（SHA-256 {sha256}）"),
    "legal.proposed": ("{step} proposed by {by}: {reason}", "{by} 提议{step}：{reason}"),
    "legal.approved": ("{step} approved by {by} ({role})", "{by}（{role}）批准{step}"),
    "legal.refused": ("{step} refused by {by}: {reason}", "{by} 不同意{step}：{reason}"),
    "legal.started": ("{step} started, {claim_fen} claimed{costs}{fee} {court} {case_number}",
                      "{step}启动，主张 {claim_fen}{costs}{fee} {court} {case_number}"),
    "legal.ended": ("{step}: {outcome}{sum}{parts} {note}", "{step}：{outcome}{sum}{parts} {note}"),
    "loss.proposed": ("{what} proposed by {by}: {reason}", "{by} 提议{what}：{reason}"),
    "loss.refused": ("{what} refused by {by}: {reason}", "{by} 不同意{what}：{reason}"),
    "loss.approved": ("{what} approved by {by} ({role})", "{by}（{role}）批准{what}"),
    "bureau.dispute_opened": ("disputes what was furnished: {statement}", "提出异议：{statement}"),
    "hardship.applied": (
        "tells of a hardship, {cause_words}: {told}{documents}; decided by {decide_by}, looked at again on {review_on}",
        "说明困难（{cause_words}）：{told}{documents}；{decide_by} 前答复，{review_on} 复核",
    ),
    "hardship.decided": (
        "hardship {decision} by {by}: {why}{again}", "{by} 对困难申请的决定：{decision}；{why}{again}",
    ),
    "plan.offered": ("plan offered: {plan_words}{steps}; valid until {valid_until}",
                     "提供方案：{plan_words}{steps}；有效至 {valid_until}"),
    "plan.accepted": ("plan accepted: {plan_words}{steps}", "接受方案：{plan_words}{steps}"),
    "plan.declined": ("plan declined: {of} {reason}", "拒绝方案 {of} {reason}"),
    "plan.broken": ("plan broken: {missed_fen} due on {missed_on} did not come; what it gave on condition returns",
                    "方案未履行：{missed_on} 应还 {missed_fen} 未到；附条件的减免恢复"),
    "plan.completed": ("plan completed: all that it asked for was paid", "方案履行完毕"),
    "plan.cancelled": ("plan taken back by {by}: {reason}", "{by} 撤销方案：{reason}"),
}  # fmt: skip
"""A sentence for each kind of event, English and Chinese; a kind without one is told by its fields."""

ACTIONS: dict[str, tuple[str, str]] = {
    "debit.attempt": ("decided: debit", "决定：代扣"),
    "worklist": ("decided: case to the queue {queue}", "决定：进入队列 {queue}"),
    "bureau.notice": ("decided: notice before the bureau report", "决定：报送前告知"),
    "agency.place": ("decided: propose an agency", "决定：提议委外"),
    "legal.propose": ("decided: propose a legal step", "决定：提议法律措施"),
    "charge_off.propose": ("decided: propose a charge-off", "决定：提议转损失"),
    "task": ("to be looked at by a person: {queue}", "待人工处理：{queue}"),
    "legal.file": ("to be filed by a person: {step}", "待人工递交：{step}"),
}
TRANSITIONS: dict[int, tuple[str, str]] = {
    1: ("an instalment falls due: {amount}", "期供到期：{amount}"),
    2: ("unpaid, inside grace: {amount}", "未还，宽限期内：{amount}"),
    3: ("overdue: {days} days, {amount} in arrears", "逾期 {days} 天，拖欠 {amount}"),
    4: (
        "rolls to M{bucket}: {days} days past due, {amount} in arrears",
        "滚动至 M{bucket}：逾期 {days} 天，拖欠 {amount}",
    ),
    5: ("cured: arrears of {amount} wholly paid", "恢复正常：拖欠 {amount} 全部还清"),
    6: ("paid off: {amount} received in all", "结清：累计还款 {amount}"),
    7: ("owes again: {amount}", "重新欠款：{amount}"),
    8: ("charged off, {days} days past due: {amount} owed", "转损失，逾期 {days} 天：欠款 {amount}"),
    9: ("written off, {days} days past due: {amount} owed", "核销，逾期 {days} 天：欠款 {amount}"),
    10: ("sold, {days} days past due: {amount} owed", "债权转让，逾期 {days} 天：欠款 {amount}"),
    11: (
        "re-aged: arrears of {amount} moved by a plan, not paid",
        "重置账龄：拖欠 {amount} 由变更后的计划承接，尚未还清",
    ),
}
MOVED_MET = ("cured: the arrears that a plan had moved are met", "恢复正常：变更计划承接的拖欠已还清")
OTHERS: dict[str, tuple[str, str]] = {
    "bureau": (
        "bureau {bureau}, month {month}: {status}, {overdue} overdue",
        "征信 {bureau} {month}：{status}，逾期 {overdue}",
    ),
    "finding": ("found under {rule}: {outcome} ({about})", "依据 {rule}：{outcome}（{about}）"),
    "refused": ("not sent: {why}", "未发送：{why}"),
}


CAUSES = {
    "illness": ("illness", "疾病"), "job_loss": ("job lost", "失业"), "income_drop": ("income fell", "收入下降"),
    "bereavement": ("bereavement", "亲人去世"), "disaster": ("disaster", "灾害"), "family": ("family", "家庭原因"),
    "business": ("business", "经营困难"), "other": ("another cause", "其他原因"),
}  # fmt: skip
PLANS = {
    "deferral": ("due dates moved", "延期"), "reinstalment": ("new instalments", "重新分期"),
    "rate_cut": ("a lower rate and new instalments", "降息并重新分期"),
    "interest_only": ("interest alone for a time", "阶段性只还利息"), "extension": ("more instalments", "展期"),
    "penalty_waiver": ("penalties given up as instalments are kept", "按履约减免罚息"),
    "settlement": ("less than is owed ends the loan", "减免结清"), "re_age": ("treated as current", "重置账龄"),
}  # fmt: skip


def _relief(kind: str, body: Mapping[str, Any], k: int) -> dict[str, str]:
    """What a sentence of relief says in words of its own: cause, documents, decision, plan and its new instalments."""
    if kind == "hardship.applied":
        names = ", ".join(str(one["name"]) for one in body.get("evidence", ()))
        documents = (f"; handed in: {names}", f"；材料：{names}")[k] if names else ""
        return {"cause_words": CAUSES.get(body["cause"], (body["cause"],) * 2)[k], "documents": documents}
    if kind == "hardship.decided":
        decision = (("refused", "不同意"), ("granted", "同意"))[bool(body["granted"])][k]
        again = body.get("again_from")
        more = (f"; may be told again from {again} on", f"；{again} 起可再次说明")[k] if again else ""
        return {"decision": decision, "why": "; ".join(body["reasons"]), "again": more}
    if kind == "plan.accepted" and not body.get("does"):  # the offer is not at hand: by its reference
        return {"plan_words": str(body["of"])}
    if kind in ("plan.offered", "plan.accepted"):
        count = next((s["count"] for s in body["does"] if s.get("count")), 0)
        steps = (f", {count} times", f"，共 {count} 期")[k] if count else ""
        return {"plan_words": PLANS.get(body["plan"], (body["plan"],) * 2)[k], "steps": steps}
    return {}


def _of_hold(body: Mapping[str, Any], k: int) -> dict[str, str]:
    """Which hold was lifted: by its kind, or by its reference where what placed it is not at hand."""
    held = str(body.get("hold") or body["of"])
    return {"held": held.replace("_", " ") if k == 0 and body.get("hold") else held}


def _of_details(body: Mapping[str, Any], k: int) -> dict[str, str]:
    """Which details changed, without what they are: a number of identity is no part of a story."""
    names = [n.removesuffix("_fen").replace("_", " ") for n in {**body.get("before", {}), **body.get("after", {})}]
    return {"changed": (", ", "、")[k].join(names)}


class _ToldWords(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


def _shown(body: Mapping[str, Any], language: str) -> _ToldWords:
    shown = _ToldWords()
    for name, value in body.items():
        if name.endswith("_fen") and isinstance(value, int):
            shown[name] = money(value)
        elif name == "step" and value in STEPS:
            shown[name] = STEPS[value][LANGUAGES.index(language)]
        elif name == "outcome" and value in OUTCOMES:
            shown[name] = OUTCOMES[value][LANGUAGES.index(language)]
        elif name == "hold" and language == "en":
            shown[name] = str(value).replace("_", " ")
        elif name == "sha256":
            shown[name] = str(value)[:12] + "…"
        else:
            shown[name] = "" if value is None else value
    return shown


def sentence(kind: str, body: Mapping[str, Any], language: str) -> str:
    """An event in words: `sentence("debit.attempted", {"amount_fen": 118600}, "en")`."""
    shown = _shown(body, language)
    k = LANGUAGES.index(language)
    shown.update(_relief(kind, body, k))
    if kind == "hold.lifted":
        shown.update(_of_hold(body, k))
    if kind == "person.details_corrected":
        shown.update(_of_details(body, k))
    if kind == "case.assigned" and not body.get("to"):
        return ("case handed back by {by}", "{by} 退回案件")[k].format_map(shown)
    for name, (place, *words) in SUMS.get(kind, {}).items():
        if body.get(name):
            shown[place] = shown[place] + words[k].format(x=money(body[name]))
    if kind not in WORDS:
        fields = ", ".join(f"{k} {v}" for k, v in shown.items() if v not in ("", (), []) and not isinstance(v, dict))
        return f"{kind}: {fields}" if fields else kind
    told = WORDS[kind][LANGUAGES.index(language)].format_map(shown)
    return agreeing(" ".join(told.split()).strip(" ,，:："))


def action(kind: str, body: Mapping[str, Any], language: str) -> str:
    """An action of the outbox in words."""
    if kind in ACTIONS:
        return ACTIONS[kind][LANGUAGES.index(language)].format_map(_shown(body, language))
    channel, template = kind.removeprefix("message."), body.get("template", "")
    return (f"decided: {channel}, {template}", f"决定：{channel}，{template}")[LANGUAGES.index(language)]


def transition(kind: int, bucket: int, days: int, amount_fen: int, language: str) -> str:
    """A transition of the close in words."""
    words = (MOVED_MET if kind == 5 and amount_fen == 0 else TRANSITIONS[kind])[LANGUAGES.index(language)]
    return agreeing(words.format(bucket=bucket, days=days, amount=money(amount_fen)))


def other(name: str, language: str, **values: Any) -> str:
    """A line of OTHERS with its values."""
    return agreeing(OTHERS[name][LANGUAGES.index(language)].format(**values))

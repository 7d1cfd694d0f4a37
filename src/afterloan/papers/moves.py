"""A movement of a loan in the words of a paper, Chinese or as the journal words it."""

THINGS = {"principal": "本金", "interest": "利息", "penalty": "罚息", "fee": "费用"}
MOVES = {
    "money paid out": "发放借款", "money received": "收到还款", "kept as unapplied": "暂未分配",
    "a fee was charged": "收取费用", "a penalty was charged": "收取违约金", "interest earned, day by day": "按日计息",
    "penalty interest earned, day by day": "按日计罚息", "price of the sold loan": "转让价款",
    "recovered after write-off": "核销后收回",
}  # fmt: skip
ENDS = {
    "fell due": "到期", "given up": "减免", "became principal": "转为本金", "written off": "核销", "sold": "转让",
    "moved into a plan": "转入还款计划",
}  # fmt: skip


def move_words(words: str, k: int) -> str:
    """A movement's words, `k` 0 English, 1 Chinese: `move_words("principal fell due", 1) == "本金到期"`."""
    if k == 0 or words in MOVES:
        return MOVES.get(words, words) if k else words
    start, _, rest = words.partition(" ")
    if words.startswith("money received meets "):
        return "还款冲抵" + THINGS[words.rsplit(" ", 1)[1]]
    return THINGS[start] + ENDS[rest] if start in THINGS and rest in ENDS else words

"""Why a loan could not be reckoned, in words that are kept with the day, and what a person does now about each."""

from afterloan.loan.terms import Refusal

REASONS = {
    Refusal.NO_SCHEDULE: "its schedule is imported but has no rows: import its instalments",
    Refusal.TOO_MANY_FACTS: "it has more facts than a loan may have: ask who is sending them",
    Refusal.TOO_MANY_INSTALMENTS: "it has more instalments than a loan may have: split the contract",
    Refusal.OUT_OF_BOUNDS: "principal, rate and term together are beyond what can be reckoned",
    Refusal.NOT_IN_ORDER: "its facts are not in order: drop the history table, it is rebuilt",
    Refusal.TOO_MANY_MOVEMENTS: "it has more movements than can be told",
}
"""The words of each, as the close writes them."""
REMEDIES = {
    Refusal.NO_SCHEDULE: "import `instalments` with a row for each promised payment of the loan, then close the day",
    Refusal.TOO_MANY_FACTS: "look at the loan's facts for one feed that sends the same again, stop it, take those back",
    Refusal.TOO_MANY_INSTALMENTS: "compare the number of instalments with the signed paper; a right one is two loans",
    Refusal.OUT_OF_BOUNDS: "compare principal, rate and term with the signed paper, and import what was mistyped anew",
    Refusal.NOT_IN_ORDER: "have whoever runs the database empty the table `history`; the next close rebuilds it",
    Refusal.TOO_MANY_MOVEMENTS: "look at the loan's facts for one feed that sends the same again, stop it",
}
"""What a person does now about each."""
BY_WORDS = {words: refusal for refusal, words in REASONS.items()}


def code_of(reason: str) -> str:
    """The stable word of a kept reason, `no_schedule`; "" for words of another time."""
    found = BY_WORDS.get(reason)
    return found.name.lower() if found is not None else ""


def remedy_of(reason: str) -> str:
    """What a person does now about a kept reason; "" for words of another time, which say it themselves."""
    found = BY_WORDS.get(reason)
    return REMEDIES[found] if found is not None else ""

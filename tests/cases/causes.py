"""Why loan lives of others differ, case by case: the source's quirk, our choice, or not expressed yet.

A case is named by the number in its identifier; both of its parts (`…`, `…-e`) share a cause. `table` makes that of
docs/cases.md, and says which failing cases nobody has looked into.
"""

from collections.abc import Iterable

from tests.cases.result import CaseResult

CAUSES = {
    "theirs: the story leaves out a step that its table shows": "C3509 C4391 C4596 C4629",
    "theirs: the term that says from when the first period counts contradicts the table": "C78844 C78845",
    "theirs: overdue interest is reckoned anew by the next close, not by a charge, a charge-off or a write-off": (
        "C4083 C4211 C4306 C4010"
    ),
    "theirs: 750 × 0.07 / 12 is exactly half a cent, their decimals cut it below": "C3940",
    "theirs: interest of a part-paid period is placed in the next instalment": "C3614 C3615",
    "theirs: a charge-off allocates earlier money anew": "C3498 C3508 C3515 C4512 C4638",
    "theirs: after a write-off the table shows again the interest that a charge-off had stopped": "C4011",
    "theirs: a repayment taken back is shown whole": "C2696",
    "theirs: a waiting charge counts as part of the money that came before it": "C3701 C4201 C3184 C4631",
    "theirs: a re-age on the day of payment changes nothing": "C4154",
    "our choice: a due day takes its principal before the day's disbursement": "C2819 C2821 C2939 C2998",
    "our choice: an instalment paid in advance keeps what was paid when the last tranche is undone": "C2858 C2859",
    "our choice: what a charge-off calls due on a due day is a row of its own": "C3946",
    "our choice: one payment repaying before it is lent is refused": "C2855 C2856",
    "not expressed: money ahead that lets whole instalments pass (reschedule next repayments)": "C2631",
    "not expressed: rest by period in a cumulative schedule": "C2632 C2633",
    "not expressed: a rate agreed now for a later day, shown in the rows before it": (
        "C3883 C4294 C4382 C4383 C4385 C4435 C4473 C4509 C4608"
    ),
    "not expressed: interest put off by a plan": "C2808",
    "not expressed: flat interest of several tranches, with a down payment, or rounded with the whole instalment": (
        "C2852 C2961 C3832 C3834 C3839 C3897 C3898 C4120 C4121 C4122 C4123"
    ),
    "not expressed: an extension of a cumulative schedule with a down payment": "C3989",
    "not expressed: an extension after a plan of equal parts": "C4288 C4289 C4384 C4472",
    "not expressed: a charge due on the day of a payment in advance counts as due": "C2662 C2663 C2883 C2884",
    "not expressed: a tranche with a term of its own, or after the last due day": "C4535 C4674 C4675 C4678",
    "some cents: a disbursement after arrears or after a re-instalment": "C2634 C3907 C3910 C4252 C4496 C4534 C4634",
    "some cents: a rate changed after arrears": "C3978",
    "some cents: a chain of re-age, reschedule and money in advance": (
        "C3288 C3389 C4229 C4231 C4237 C4290 C4335 C4690 С4268 C3254"
    ),
    "number of rows: a chain of re-ages with a start before the day it was told": "C70227 C72351 C72352 C72354 C85191",
}


def number_of(case: str) -> str:
    """`C3509` of `fineract-C3509-1dee`."""
    return case.split("-")[1]


def table(results: Iterable[CaseResult]) -> list[str]:
    """Lines of a Markdown table: cause, failing cases; the last line holds those without a cause."""
    failing = [r for r in results if r.source == "fineract" and not r.passed]
    lines = ["| cause | cases |", "| --- | --- |"]
    told: set[str] = set()
    for cause, ids in CAUSES.items():
        mine = [r for r in failing if number_of(r.id) in ids.split()]
        told |= {r.id for r in mine}
        if mine:
            lines.append(f"| {cause} | {', '.join(f'{r.level} {number_of(r.id)}' for r in mine)} |")
    rest = [r for r in failing if r.id not in told]
    if rest:
        lines.append(f"| without a cause | {', '.join(f'{r.level} {number_of(r.id)}' for r in rest)} |")
    return lines

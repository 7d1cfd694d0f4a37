"""How late a loan is: the oldest instalment unpaid, and the worst that any evening has shown.

Days past due are those of an evening: what is paid during a day is not past due at its end. Due on 10 February and
paid on the 20th, the evening of the 19th shows 9 days, that of the 20th none, and the worst is 9.
"""

from afterloan.compiled import leaf, stage
from afterloan.dates import NEVER
from afterloan.loan.columns import I_DUE_ON
from afterloan.loan.waterfall import owed_in_all


@stage
def oldest_unpaid(product, life, day):
    """The oldest due date before `day` of a row that lacks more than the product tolerates; NEVER: none."""
    for k in range(life.first, life.current):
        if life.rows[k, I_DUE_ON] >= day:
            break
        if owed_in_all(life, k) > product.tolerance_fen:
            return life.rows[k, I_DUE_ON]
    return NEVER


@leaf
def met(life):
    """All debt that has ended so far, whatever ended it: paid, waived, written off or sold."""
    total = 0
    for c in range(4):
        total += life.paid[c] + life.waived[c] + life.written_off[c] + life.sold[c]
    return total


@leaf
def collecting(life):
    """Whether arrears that a plan moved are not met yet."""
    return life.delinquent_from != NEVER and met(life) < life.delinquent_until


@stage
def late_since(product, life, day):
    """The due date that days past due of the evening of `day` count from; NEVER: nothing is past due.

    After a broken plan that is where the delinquency began which the plan had moved, until those arrears are met.
    """
    oldest = oldest_unpaid(product, life, day)
    if life.broken and collecting(life):
        oldest = min(oldest, life.delinquent_from)
    return oldest


@stage
def look_back(product, life, day):
    """Keep the worst as the evening before `day` left it, before anything of the day makes it better."""
    since = late_since(product, life, day - 1)
    if since != NEVER:
        life.worst = max(life.worst, day - 1 - since)


@stage
def note_delinquency(product, life, day):
    """Before arrears are arranged anew: remember where the delinquency began and what collects it."""
    oldest = oldest_unpaid(product, life, day)
    if oldest == NEVER:
        return
    arrears = 0
    for k in range(life.first, life.current):
        if life.rows[k, I_DUE_ON] < day:
            arrears += max(owed_in_all(life, k), 0)
    if not collecting(life):
        life.delinquent_from = oldest
    life.delinquent_until = max(life.delinquent_until, met(life)) + arrears

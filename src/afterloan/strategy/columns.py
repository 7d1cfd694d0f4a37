"""The columns of the decision frame: what a ladder's conditions may speak of, one row a borrower."""

import polars as pl

from afterloan.facts.hold import HOLDS

UNSCORED = -1
"""A chance where no model in use has scored the borrower in the last 60 days."""
FAR = 9_999
"""Days to something that is not in sight, days since something that never was."""

Column = tuple[type[pl.DataType] | pl.DataType, str]

COLUMNS: dict[str, Column] = {
    "days_past_due": (pl.Int64, "of the loan longest overdue; 0 when nothing is overdue"),
    "grace_days": (pl.Int64, "of that loan's product (or the one due next): days after the due date still on time"),
    "grace_days_past_due": (pl.Int64, "the same once grace has run out on any loan; 0 within grace"),
    "bucket": (pl.Int64, "of that loan: 0 current, 1 for M1 …"),
    "bucket_first_day": (pl.Int64, "first day past due of that bucket; 0 when current"),
    "worst_days_past_due": (pl.Int64, "ever, over all loans that are not paid off"),
    "arrears_fen": (pl.Int64, "due before the day and unpaid, all loans"),
    "due_today_fen": (pl.Int64, "due on the day and unpaid"),
    "penalty_fen": (pl.Int64, "penalty interest and penalties owed"),
    "days_to_due": (pl.Int64, f"to the nearest instalment that asks for money, 0 on its day; {FAR}: none"),
    "days_to_due_in_time": (pl.Int64, "the same, of loans on which nothing is past due: what reminders count by"),
    "next_due_fen": (pl.Int64, "what that instalment asks for (all loans of that day)"),
    "principal_fen": (pl.Int64, "outstanding principal"),
    "payoff_fen": (pl.Int64, "what ends all loans on the day"),
    "unapplied_fen": (pl.Int64, "money received and not yet allocated"),
    "loans": (pl.Int64, "loans that are not paid off"),
    "loans_in_arrears": (pl.Int64, "loans with arrears"),
    "accelerated": (pl.Boolean, "a loan was called due at once, and not paid off since"),
    "instalments_paid": (pl.Int64, "of the loan longest overdue (or due next)"),
    "instalments_left": (pl.Int64, "of the same loan"),
    "days_since_repaid": (pl.Int64, f"since the last repayment on any loan; {FAR}: never"),
    "products": (pl.String, "product codes, in order, one blank between them"),
    "jurisdiction": (pl.String, "the contact pack of the borrower's place"),
    "language": (pl.String, "of the borrower"),
    "region": (pl.String, "attribute of the borrower; empty when not told"),
    "score_band": (pl.String, "of the model of early warning in use, else the borrower's attribute; empty: neither"),
    "score_by": (pl.String, "the model whose band that is; `imported` for the attribute; empty: no band"),
    "not_cured_ppm": (
        pl.Int64,
        f"by the model `cure` in use: chance in a million to be late all of 30 days; {UNSCORED}: none",
    ),
    "rolls_ppm": (
        pl.Int64,
        f"by the model `roll` in use: chance in a million of a worse bucket by month end; {UNSCORED}: none",
    ),
    "promise_pending": (pl.Boolean, "a promise stands whose day plus tolerance has not passed"),
    "promises_kept": (pl.Int64, "ever"),
    "promises_partly_kept": (pl.Int64, "ever"),
    "promises_broken": (pl.Int64, "ever"),
    "attempts_30": (pl.Int64, "contact attempts in the last 30 days"),
    "conversations_30": (pl.Int64, "conversations in the last 30 days"),
    "days_since_conversation": (pl.Int64, f"{FAR}: none in 45 days"),
    "debits_failed_30": (pl.Int64, "debits that failed or were returned in the last 30 days"),
    "debit_today": (pl.Boolean, "a mandate stands, and the pack's next try under it is today or was before"),
    "at_agency": (pl.Boolean, "placed with an agency, not recalled, its term not over"),
    "limit_fen": (pl.Int64, "the credit limit; 0 when none was set"),
    "granted_fen": (pl.Int64, "the limit as last granted"),
    "frozen": (pl.Boolean, "the limit is frozen"),
    "barred": (pl.Boolean, "new borrowing is barred"),
    "clean_days": (pl.Int64, f"since the last arrears were cured; {FAR}: never any; 0 while there are"),
    **{f"hold_{name}": (pl.Boolean, f"the hold `{name}` is in effect") for name in HOLDS},
}
SCHEMA = {name: dtype for name, (dtype, _) in COLUMNS.items()}

"""Where the reckoning of one loan stands on its way from disbursement to the day asked for.

A row of whole numbers, so that it compiles; each name below is a position in it.
"""

S_DAY = 0  # reckoned up to here
S_ROWS = 1  # instalments laid out
S_CURRENT = 2  # the first row that has not fallen due
S_FIRST = 3  # no row before this one is unpaid
S_LENT = 4
S_BALANCE = 5  # principal lent and not repaid
S_SCHEDULED = 6  # principal that the schedule says is still to fall due
S_RATE = 7
S_PENALTY_RATE = 8  # on RATE_SCALE, for each unit of S_PENALTY_BASE
S_PENALTY_BASE = 9
S_REPAID = 10
S_UNAPPLIED = 11
S_STARTED_ON = 12  # first disbursement
S_LAST_REPAID_ON = 13
S_WORST = 14  # longest days past due so far
S_MOVES = 15  # movements so far, kept or not
S_ERROR = 16
S_SETTLED_ON = 17  # the day everything was paid; NEVER
S_OVERDUE_PRINCIPAL = 18  # principal fallen due and unpaid
S_CHARGED_FEE = 19
S_CHARGED_PENALTY = 20
S_EARLY_INTEREST = 21  # interest paid on rows that have not fallen due
S_PAID = 22  # by component
S_WAIVED = 26
S_DUE = 30  # fell due; penalties as shown
S_SIZE = 34

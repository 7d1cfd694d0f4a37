"""Everything that can be done to a loan or a borrower: one verb, one function, one transaction."""

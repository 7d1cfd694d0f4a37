"""Everything that can be asked of the book and of a borrower: read only."""

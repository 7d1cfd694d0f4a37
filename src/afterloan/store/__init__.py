"""The store: facts and entries as rows of PostgreSQL that nothing can change."""

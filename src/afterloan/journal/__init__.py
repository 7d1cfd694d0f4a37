"""The journal: what a reckoned book means in balanced entries, and what is still missing from it."""

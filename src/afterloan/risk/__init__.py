"""What is known of a borrower's risk: classification, expected loss. Pure."""

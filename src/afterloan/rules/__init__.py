"""Numbers of law and policy: dated data with a source, and the findings that decisions leave."""

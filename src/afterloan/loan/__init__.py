"""The reckoning: contract, facts, rules and a day in; position and movements out."""

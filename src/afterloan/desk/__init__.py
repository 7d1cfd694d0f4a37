"""The doors: they parse, call one verb or one question, and show."""

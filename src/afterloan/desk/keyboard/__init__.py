"""The command line by room: each module has `register(app)` and imports what it needs when a command runs."""

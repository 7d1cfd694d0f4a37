"""The simulated bank, as a library and as a server."""

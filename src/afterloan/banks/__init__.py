"""Talking with banks: collections out, results and statements in, by file or over HTTP."""

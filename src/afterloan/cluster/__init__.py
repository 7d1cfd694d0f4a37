"""The whole book on more than one machine: the same functions, spread by Spark; no engine of our own."""

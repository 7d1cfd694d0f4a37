"""The HTTP API: resources over verbs and questions, for programs."""

"""Books, flows and reports brought in: row by row, what is refused is told with its place."""

"""A file's syntax tree: what its names mean, what an import of it runs, and what the whole folder needs to know of it."""

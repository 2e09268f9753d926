"""Constants only."""

LIMIT = 3

"""Sets the number of each worker group's workers, and tells each worker whether to accept, to drain or to leave."""

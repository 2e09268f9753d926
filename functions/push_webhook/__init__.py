"""Receives GitHub's webhook: verifies it, decides what it asks for, and queues that for `push_gate`."""

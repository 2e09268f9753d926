"""Judges a pushed commit, tells GitHub, and publishes what passed."""

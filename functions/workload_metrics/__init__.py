"""Measures what each worker group has to do, and tells how many workers that needs."""

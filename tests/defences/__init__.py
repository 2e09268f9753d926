"""What the push gate is defended by, as a table, and a command that takes each defence out: its test must fail then.

`python -m tests.defences`, or `make test-defences`. A test that passes with and without a defence would say nothing of it.
"""

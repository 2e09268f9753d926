"""What stops the lint itself. None of these is a verdict: whoever sees one must not publish."""

from __future__ import annotations


class LintError(Exception):
    """The lint has no verdict; the message says what to do."""


class LintFailedError(LintError):
    """A tool crashed, ran out of time, or did not say of each file that it was looked at."""


class LintSettingsError(LintError):
    """The deploy branch's `.farflow-lint.toml` cannot be read."""


class AirflowNotFoundError(LintError):
    """No Python with Airflow is there to import the DAGs with."""

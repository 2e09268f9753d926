"""The local stack's errors: one tree, each message saying what to do."""


class LocalStackError(Exception):
    """Something of the local stack is not as it must be."""

    def __init__(self, message: str, service: str | None = None) -> None:
        """`service` names the one whose last log lines help to understand."""
        super().__init__(message)
        self.service = service

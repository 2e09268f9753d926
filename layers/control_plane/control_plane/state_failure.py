"""What Step Functions tells of a function that failed, as a person reads it."""

from __future__ import annotations

import json


def in_words(error: str, cause: str) -> str:
    """The message of the function's exception; both parts where there is none.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    """
    try:
        return str(json.loads(cause)["errorMessage"])
    except (KeyError, TypeError, ValueError):
        return f"{error or 'unknown'}: {cause}".strip(": ")

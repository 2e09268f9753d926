"""What `push_webhook` asks of `push_gate`: one message of the queue, some 300 bytes, whatever the size of the push."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from typing import Literal, get_args

Event = Literal["push", "pull_request", "check_rerequested", "sweep"]

NO_COMMIT = "0" * 40
"""What GitHub calls the commit before a branch was made, and after it was deleted."""

_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?", re.ASCII)
_DELIVERY = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)
# What git lets nobody name a ref, and half characters, which no URL can hold: https://git-scm.com/docs/git-check-ref-format
_REF = re.compile(r"refs/[^\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]{1,1000}")


class PushWorkError(ValueError):
    """What should describe a push does not; the message says which field and why."""


@dataclass(frozen=True)
class PushWork:
    """One commit to judge. The field names are the message's version: another set of them is refused."""

    delivery: str
    """GitHub's id of the delivery, the same when it is delivered again; a sweep makes its own."""
    event: Event
    repository_id: int
    installation_id: int | None
    """None where a token takes the place of an App."""
    ref: str
    """In full (`refs/heads/main`), empty when unknown."""
    before: str
    """The commit that `ref` had, 40 zeros when it is new, empty when unknown."""
    after: str
    """The commit to judge."""
    forced: bool
    trusted: bool
    """False for a fork's commits: they are never imported and never published."""

    def __post_init__(self) -> None:
        mistakes = [
            f"{name} is {value!r}"
            for name, value, right in (
                ("delivery", self.delivery, is_delivery(self.delivery)),
                ("event", self.event, self.event in get_args(Event)),
                ("repository_id", self.repository_id, _is_id(self.repository_id)),
                ("installation_id", self.installation_id, self.installation_id is None or _is_id(self.installation_id)),
                ("ref", self.ref, self.ref == "" or is_ref(self.ref)),
                ("before", self.before, self.before == "" or is_sha(self.before)),
                ("after", self.after, is_sha(self.after) and not is_no_commit(self.after)),
                ("forced", self.forced, isinstance(self.forced, bool)),
                ("trusted", self.trusted, isinstance(self.trusted, bool)),
            )
            if not right
        ]
        if mistakes:
            raise PushWorkError("; ".join(mistakes))

    def to_json(self) -> str:
        """The message's body."""
        return json.dumps(dataclasses.asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, body: str) -> PushWork:
        """Raises `PushWorkError` unless `body` is what `to_json` of this version writes."""
        try:
            fields = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise PushWorkError(f"it is no JSON: {error}") from None
        if not isinstance(fields, dict):
            raise PushWorkError("it is no object")
        expected = {field.name for field in dataclasses.fields(cls)}
        if missing := expected - set(fields):
            raise PushWorkError(f"it lacks {', '.join(sorted(missing))}")
        if unknown := set(fields) - expected:
            raise PushWorkError(f"it has {', '.join(sorted(unknown))}, which this version does not know")
        return cls(**fields)


def is_sha(value: object) -> bool:
    """Whether `value` is a full object id of git: SHA-1, or SHA-256 as newer repositories have."""
    return isinstance(value, str) and _SHA.fullmatch(value) is not None


def is_no_commit(sha: str) -> bool:
    """Whether `sha` is the zeros that stand for none."""
    return not sha.strip("0")


def is_ref(value: object) -> bool:
    """Whether `value` is the full name that a ref of git may have."""
    if not isinstance(value, str) or _REF.fullmatch(value) is None or ".." in value:
        return False
    return all(part and not part.startswith(".") for part in value.split("/"))


def is_delivery(value: object) -> bool:
    """Whether `value` may be a delivery's id; GitHub's are GUIDs."""
    return isinstance(value, str) and _DELIVERY.fullmatch(value) is not None


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63

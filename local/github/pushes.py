"""Decides which of a push's ref updates are told to webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_BRANCHES = 5000
MOST_TAGS = 3
NO_SHA = "0" * 40


@dataclass(frozen=True)
class RefUpdate:
    """A ref that a push moved; `NO_SHA` before stands for a new one, after for a deleted one."""

    before: str
    after: str
    ref: str

    @property
    def created(self) -> bool:
        return self.before == NO_SHA

    @property
    def deleted(self) -> bool:
        return self.after == NO_SHA

    @property
    def is_tag(self) -> bool:
        return self.ref.startswith("refs/tags/")


def parse_updates(text: str) -> list[RefUpdate]:
    """What a post-receive hook is told: a line `OLD NEW REF` per ref."""
    return [RefUpdate(*line.split(" ", 2)) for line in text.splitlines()]


def announced(updates: Sequence[RefUpdate]) -> list[RefUpdate]:
    """One event per branch and tag, but none for more than 5000 branches, nor for more than three tags, at once.

    Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
    """
    branches = [update for update in updates if update.ref.startswith("refs/heads/")]
    tags = [update for update in updates if update.is_tag]
    return (branches if len(branches) <= MOST_BRANCHES else []) + (tags if len(tags) <= MOST_TAGS else [])

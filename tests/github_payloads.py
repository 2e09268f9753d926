"""Payloads of GitHub's webhook: those that others recorded, and ordinary ones made of them."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
import lzma
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data" / "github"
REPOSITORY = "Codertocat/Hello-World"
"""Of most examples."""
NO_COMMIT = "0" * 40


@cache
def examples() -> dict[str, list[dict[str, Any]]]:
    """By event; not to be changed in place."""
    return dict(json.loads(lzma.decompress((FOLDER / "webhook_examples.json.xz").read_bytes())))


@cache
def schema(definition: str) -> dict[str, Any]:
    found = json.loads(lzma.decompress((FOLDER / "webhook_schemas.json.xz").read_bytes()))
    return {**found, "$ref": f"#/definitions/{definition}"}


def a_push(**fields: Any) -> dict[str, Any]:
    """An ordinary push of one commit to the default branch, which none of the examples is."""
    (new_branch, *_) = (example for example in examples()["push"] if example["ref"] == "refs/heads/master")
    return copy.deepcopy(new_branch) | {
        "before": "1" * 40,
        "after": "a" * 40,
        "created": False,
        "base_ref": None,
        **fields,
    }


def a_pull_request(action: str = "opened", *, head_repository: dict[str, Any] | None = None) -> dict[str, Any]:
    """Of the same repository; with `head_repository`, its fields are another's."""
    # Older ones lack fields that GitHub has added since.
    (example, *_) = (
        example
        for example in examples()["pull_request"]
        if example["action"] == "opened" and "auto_merge" in example["pull_request"]
    )
    changed = copy.deepcopy(example) | {"action": action}
    if head_repository is not None:
        changed["pull_request"]["head"]["repo"] |= head_repository
    return changed


def a_check(event: str = "check_run", *, branch: str | None = "changes") -> dict[str, Any]:
    """Somebody asks for it again."""
    (example, *_) = (example for example in examples()[event] if example["action"] == "rerequested")
    changed = copy.deepcopy(example)
    changed["repository"]["full_name"] = REPOSITORY
    (changed["check_run"]["check_suite"] if event == "check_run" else changed["check_suite"])["head_branch"] = branch
    return changed


def signature(body: bytes, secret: str) -> str:
    """The value of X-Hub-Signature-256."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()

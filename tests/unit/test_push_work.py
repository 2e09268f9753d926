"""The message between `push_webhook` and `push_gate`: `control_plane.push_work`."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.push_work import PushWork, PushWorkError, is_ref

WORK = PushWork(
    delivery="72d3162e-cc78-11e3-81ab-4c9367dc0958",
    event="push",
    repository_id=186853002,
    installation_id=957387,
    ref="refs/heads/main",
    before="0" * 40,
    after="6113728f27ae82c7b1a177c8d03f9e96e0adf246",
    forced=False,
    trusted=True,
)


def test_message_is_read_as_it_was_written() -> None:
    assert PushWork.from_json(WORK.to_json()) == WORK


def test_message_is_small() -> None:
    assert len(WORK.to_json()) < 350


@given(st.text())
def test_any_other_message_is_refused_with_a_reason(body: str) -> None:
    with pytest.raises(PushWorkError, match=r"\w"):
        PushWork.from_json(body)


@pytest.mark.parametrize("body", ["[" * 100_000, "null", "[]", '{"delivery": NaN}'])
def test_hostile_message_is_refused(body: str) -> None:
    with pytest.raises(PushWorkError):
        PushWork.from_json(body)


def test_message_of_another_version_is_refused_by_name() -> None:
    fields = json.loads(WORK.to_json())
    with pytest.raises(PushWorkError, match="it has priority, which this version does not know"):
        PushWork.from_json(json.dumps(fields | {"priority": 1}))
    del fields["trusted"]
    with pytest.raises(PushWorkError, match="it lacks trusted"):
        PushWork.from_json(json.dumps(fields))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("delivery", ""),
        ("delivery", "a/b"),
        ("delivery", 5),
        ("event", "release"),
        ("event", []),
        ("repository_id", True),
        ("repository_id", 0),
        ("repository_id", "1"),
        ("installation_id", 2**63),
        ("installation_id", "1"),
        ("ref", "main"),
        ("ref", None),
        ("ref", "refs/heads/a b"),
        ("ref", "refs/heads/a\n"),
        ("ref", "refs/heads/\ud800"),
        ("ref", "refs/heads/../../user"),
        ("ref", "refs/heads/a..b"),
        ("ref", "refs/heads//a"),
        ("ref", "refs/heads/a/"),
        ("ref", "refs/heads/.a"),
        ("ref", "refs/heads/" + "a" * 2000),
        ("before", "1" * 39),
        ("before", "HEAD"),
        ("after", ""),
        ("after", "0" * 40),
        ("after", "A" * 40),
        ("after", "a" * 41),
        ("after", "a" * 40 + "\n"),
        ("after", "٣" * 40),
        ("forced", 0),
        ("trusted", "yes"),
    ],
)
def test_bad_field_is_named(field: str, value: Any) -> None:
    with pytest.raises(PushWorkError, match=f"^{field} is "):
        dataclasses.replace(WORK, **{field: value})


def test_fields_that_may_be_unknown() -> None:
    work = dataclasses.replace(WORK, installation_id=None, ref="", before="", after="a" * 64)
    assert PushWork.from_json(work.to_json()) == work


def test_branch_names_of_people_are_refs() -> None:
    for name in ("main", "feature/x-1", "gh-readonly-queue/main/pr-1-abc", "größe", "名前", "a%2e%2e"):
        assert is_ref(f"refs/heads/{name}")

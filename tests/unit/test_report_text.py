"""What GitHub is told: within its limits, without secrets, nothing taken for markup: `push_gate.report_text`."""

import json
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from push_gate.report_text import (
    ANNOTATIONS,
    MESSAGE_BYTES,
    TEXT_CHARACTERS,
    annotations_of,
    clean,
    code,
    count_of,
    cut,
    cut_bytes,
    ordered,
    text_of,
)


@dataclass(frozen=True)
class Found:
    path: str = "a.py"
    line: int = 3
    rule: str = "AIR301"
    severity: Literal["block", "warn"] = "block"
    message: str = "gone"
    fix: str = ""


JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0NSJ9.c2lnbmF0dXJl"
SECRETS = [
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "gho_16C7e42F292c6912E7710c838347Ae178B4a",
    f"ghs_12345_{JWT}",
    "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz",
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    JWT,
    "xoxb-123456789012-abcdefghijkl",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabc\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA that was cut off",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("around", ["{}", "token={}", "'{}'", "x\n{}\n", "Bearer {}", "({})"])
def test_secret_is_redacted(secret: str, around: str) -> None:
    told = clean(around.format(secret))
    assert "[redacted]" in told
    for part in (secret[12:24], secret[-8:]):
        assert part not in told


def test_password_in_a_url_is_redacted() -> None:
    assert clean("postgresql://airflow:hunter2@db:5432/x") == "postgresql://[redacted]@db:5432/x"


@pytest.mark.parametrize(
    "text",
    [
        "AIR301 `schedule_interval` was removed; use `schedule`",
        "https://airflow.apache.org/docs/apache-airflow/stable/",
        "a commit: 6113728f27ae82c7b1a177c8d03f9e96e0adf246",
        "TAKIAN is a word, and so is eyJ",
        "größe: 名前\tx",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\r", "\u202e", "\u2066", "\ud800", "\x9b"])
def test_character_that_hides_or_turns_others_is_replaced(character: str) -> None:
    assert clean(f"a{character}b") == "a\ufffdb"


@pytest.mark.parametrize("unit", ["eyJ", "ghs_", "-----BEGIN A-----", "AKIA", "://a:", "eyJa.", "xoxb-"])
def test_hostile_text_is_cleaned_in_linear_time(unit: str) -> None:
    """A pattern that goes back over what it read would not end on these."""
    assert clean(unit * 100_000)


def test_cut_text_says_so() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("x" * 300, 255).endswith("[cut]")
    assert len(cut("x" * 300, 255)) == 255


@given(st.text(max_size=300), st.integers(10, 200))
def test_cut_bytes_are_at_most_as_many_and_still_text(text: str, limit: int) -> None:
    assert len(cut_bytes(text, limit).encode()) <= limit


@given(st.text("` \nab") | st.text())
def test_code_is_one_span_that_its_text_cannot_leave(text: str) -> None:
    """CommonMark: a span ends at a run of as many backticks as it began with."""
    span = code(text)
    fence = len(span) - len(span.lstrip("`"))
    inside = span[fence:-fence]
    assert "\n" not in span
    assert "`" * fence not in inside
    assert not inside.startswith("`")
    assert not inside.endswith("`")


def test_annotation_is_what_a_check_run_takes() -> None:
    (annotation,) = annotations_of([Found(line=0, message="gone", fix="use `schedule`")], "team/dags")
    assert annotation == {
        "path": "team/dags/a.py",
        "start_line": 1,
        "end_line": 1,
        "annotation_level": "failure",
        "title": "AIR301",
        "message": "gone\nuse `schedule`",
    }
    (warning,) = annotations_of([Found(severity="warn", message="")], "")
    assert (warning["path"], warning["annotation_level"], warning["message"]) == ("a.py", "warning", "-")


def test_annotation_s_message_is_redacted_and_then_cut() -> None:
    """The other way round, half a token would be left that no pattern knows."""
    message = "é" * (MESSAGE_BYTES // 2 - 20) + SECRETS[0] + "é" * 100
    (annotation,) = annotations_of([Found(message=message)], "")
    assert len(annotation["message"].encode()) <= MESSAGE_BYTES
    assert "ghp_" not in annotation["message"]


def test_findings_that_block_come_first_and_always_in_one_order() -> None:
    findings = [Found(severity="warn", line=1), Found("b.py"), Found("a.py", 9), Found("a.py", 2)]
    expected = [findings[3], findings[2], findings[1], findings[0]]
    assert ordered(findings) == ordered(reversed(findings)) == expected


def test_more_annotations_than_anybody_reads_are_left_to_the_text() -> None:
    assert len(annotations_of([Found()] * 2000, "")) == ANNOTATIONS


@pytest.mark.parametrize("folder", ["", "dags"])
def test_whole_folder_has_no_annotation(folder: str) -> None:
    """GitHub wants the path of a file."""
    assert annotations_of([Found("", rule="FL103")], folder) == []
    assert "FL103" in text_of([Found("", rule="FL103")])


def test_text_lists_what_fits_and_counts_the_rest() -> None:
    found = [Found(f"{number}.py", message="x" * 5000) for number in range(1000)]
    text = text_of(found)
    assert len(text) <= TEXT_CHARACTERS
    listed = text.count("\n- ") + 1
    assert f"{1000 - listed} more are not listed." in text
    assert text_of(found[:2]).count("\n") == 2


def test_text_is_redacted_and_then_cut() -> None:
    assert "ghp_" not in text_of([Found(message="x" * 985 + SECRETS[0])])


def test_text_of_a_finding_mentions_nobody_and_links_nowhere() -> None:
    text = text_of([Found(message="@everyone ![x](https://evil/?q=1) <img src=x> `@me`\n# big")])
    assert text == "- `AIR301` `a.py:3`: ``@everyone ![x](https://evil/?q=1) <img src=x> `@me` # big``\n"


def test_count() -> None:
    assert count_of([]) == "no findings"
    assert count_of([Found(), Found(severity="warn"), Found(severity="warn")]) == "1 that block, 2 that warn"


def test_everything_told_can_be_sent() -> None:
    told = annotations_of([Found("\ud800.py", rule="\ud800", message="\udfff")], "dags")
    assert json.dumps(told, ensure_ascii=False).encode()

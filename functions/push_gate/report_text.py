"""What is told of a verdict: within GitHub's limits, without secrets, and with nothing that a DAG wrote taken for markup.

Source of the limits: https://docs.github.com/en/rest/checks/runs
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal, Protocol

TITLE_CHARACTERS = 255
TEXT_CHARACTERS = 65_535
MESSAGE_BYTES = 64 * 1024
DESCRIPTION_CHARACTERS = 140
ANNOTATIONS_PER_REQUEST = 50
ANNOTATIONS = 500
"""More than anybody reads; each fifty cost a request."""

REDACTED = "[redacted]"
CUT = " [cut]"

_SECRETS = re.compile(
    r"""
    gh[pousr]_[A-Za-z0-9_.\-]{10,}                                       # GitHub's; ghs_ may hold a JWT
    | github_pat_\w{10,}
    | (?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{12,}                            # AWS access keys
    | -----BEGIN\ [^-]{1,64}-----[\s\S]*?(?:-----END\ [^-]{1,64}-----|\Z)
    | (?<![\w\-])eyJ[\w\-]{5,}\.[\w\-]{5,}(?:\.[\w\-]*)?                  # JWTs
    | xox[abprs]-[A-Za-z0-9\-]{10,}
    | (?<=://)[^/\s:@]{0,256}:[^/\s@]{1,256}(?=@)                        # passwords in URLs
    """,
    re.VERBOSE | re.ASCII,
)
# Control characters but tab and newline, half characters, and what turns the direction of writing around.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Finding(Protocol):
    """What the lint found."""

    @property
    def path(self) -> str:
        """Relative to the DAG folder."""
        ...

    @property
    def line(self) -> int:
        """From 1; 0 is the whole file."""
        ...

    @property
    def rule(self) -> str:
        """Its code."""
        ...

    @property
    def severity(self) -> Literal["block", "warn"]:
        """Whether it keeps the commit from being published."""
        ...

    @property
    def message(self) -> str:
        """What is wrong."""
        ...

    @property
    def fix(self) -> str:
        """What to do; may be empty."""
        ...


def clean(text: str) -> str:
    """Without what looks like a secret, and without characters that hide or turn others."""
    return _UNFIT.sub("\ufffd", _SECRETS.sub(REDACTED, text.replace("\r\n", "\n")))


def cut(text: str, characters: int) -> str:
    """As much as fits, with a note where there was more."""
    return text if len(text) <= characters else text[: characters - len(CUT)] + CUT


def cut_bytes(text: str, limit: int) -> str:
    """As `cut`, by the bytes of its UTF-8."""
    content = text.encode()
    if len(content) <= limit:
        return text
    return content[: limit - len(CUT)].decode(errors="ignore") + CUT


def code(text: str) -> str:
    """Markdown that shows `text` as it is, on one line: no link, no picture, no mention of anybody."""
    line = " ".join(clean(text).split())
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    padding = " " if line.startswith("`") or line.endswith("`") or not line else ""
    return f"{fence}{padding}{line}{padding}{fence}"


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """What blocks first, and always in the same order, so that a report that was broken off can be continued."""
    return sorted(
        findings, key=lambda found: (found.severity != "block", found.path, found.line, found.rule, found.message)
    )


def annotations_of(findings: Sequence[Finding], folder: str) -> list[dict[str, Any]]:
    """As a check run takes them, of `ordered` findings; `folder` is the DAG folder's path in the repository.

    What is said of the whole folder has no file to be shown in, and no annotation.
    """
    return [
        {
            "path": clean(f"{folder}/{found.path}" if folder else found.path),
            "start_line": max(1, found.line),
            "end_line": max(1, found.line),
            "annotation_level": "failure" if found.severity == "block" else "warning",
            "title": cut(clean(found.rule), TITLE_CHARACTERS),
            "message": cut_bytes(clean("\n".join(filter(None, (found.message, found.fix)))) or "-", MESSAGE_BYTES),
        }
        for found in [found for found in findings if found.path][:ANNOTATIONS]
    ]


def text_of(findings: Sequence[Finding]) -> str:
    """Markdown: a list of the findings, as many as fit."""
    lines: list[str] = []
    left = TEXT_CHARACTERS - 100
    for number, found in enumerate(findings):
        where = f"{found.path}:{found.line}" if found.line else found.path
        # Cleaned before they are cut: half a secret would be known by no pattern.
        rule, where, message = (
            code(cut(clean(text), limit)) for text, limit in ((found.rule, 100), (where, 500), (found.message, 1000))
        )
        line = f"- {rule} {where}: {message}\n"
        if len(line) > left:
            return "".join(lines) + f"\n{len(findings) - number} more are not listed.\n"
        lines.append(line)
        left -= len(line)
    return "".join(lines)


def count_of(findings: Sequence[Finding]) -> str:
    """One line for a title."""
    blocking = sum(found.severity == "block" for found in findings)
    counts = [(blocking, "that block"), (len(findings) - blocking, "that warn")]
    return ", ".join(f"{count} {what}" for count, what in counts if count) or "no findings"

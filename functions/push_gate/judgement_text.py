"""What a commit is told, in words."""

from __future__ import annotations

from dataclasses import dataclass

from .judge import Judged
from .report import Judgement
from .report_text import code, count_of


@dataclass(frozen=True)
class Publication:
    """What became of a commit that passed on the deploy branch: the release's id, or why there is none."""

    release: str = ""
    changed: bool = True
    reason: str = ""


def verdict(judged: Judged, *, forced: bool, publication: Publication | None = None) -> Judgement:
    """Of a folder that was judged. `publication` is None where nothing is to be published of it, or not yet."""
    passed = judged.verdict == "pass"
    title = f"{'passed' if passed else 'failed'}: {count_of(judged.findings)}"
    how = "Static rules and an import in the sandbox." if judged.imported else "Static rules; nothing was imported."
    lines = [how + (" The folder was judged before." if judged.cached else "")]
    if judged.not_excepting:
        lines.append(
            f"Without the deploy branch's exceptions, and nothing known from it: {code(judged.not_excepting)}."
        )
    if forced:
        lines.append("The push was forced; the whole folder was judged, as always.")
    if not passed:
        lines.append("Nothing of this commit is published. `farflow-lint` says the same on your machine.")
    elif publication:
        title += f"; {_short(publication)}"
        lines.append(_long(publication))
    return Judgement("success" if passed else "failure", title, "\n\n".join(lines), judged.findings)


def _short(publication: Publication) -> str:
    return f"published {publication.release}" if publication.release else "not published"


def _long(publication: Publication) -> str:
    if not publication.release:
        return f"Not published: {code(publication.reason)}."
    if not publication.changed:
        return f"Release {code(publication.release)} holds these very files already."
    return f"Published as release {code(publication.release)}."


def gone(reason: str) -> Judgement:
    """The commit is not there any more. Who requires a check must not take that for a pass, as GitHub takes "neutral"."""
    return Judgement("failure", "the commit is gone", f"There is nothing to judge: {code(reason)}.")


def unjudged(reason: str, *, again: bool) -> Judgement:
    """The gate itself failed: no verdict, and nothing published."""
    what_next = "It is tried again by itself." if again else "Run the check again, or push again."
    return Judgement("error", "no verdict", f"The push gate could not judge this commit: {code(reason)}. {what_next}")

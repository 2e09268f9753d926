"""What the lint finds in one Python file by itself."""

from __future__ import annotations

from dataclasses import dataclass

from dag_lint.finding import Finding
from dag_lint.syntax.file_facts import FileFacts


@dataclass(frozen=True)
class FoundFile:
    """Findings, cut short where they are too many, and what the rules about the whole folder need of the file."""

    findings: tuple[Finding, ...]
    facts: FileFacts | None
    """None where Python cannot compile the file, or nothing is known."""
    complete: bool
    """Whether each tool answered: neither crashed nor ran out of time."""
    asked_for: frozenset[str] = frozenset()
    """Paths of other files that were looked for."""

    @property
    def compiles(self) -> bool:
        """Whether Python compiles it, and every tool has seen it."""
        return self.complete and self.facts is not None

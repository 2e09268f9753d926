"""`.farflow-lint.toml`: what the deploy branch lets pass.

```toml
[[allow]]
rule = "AIR304"
path = "legacy/*.py"
reason = "Migrated in May, see TICKET-12."
```

It is read from the deploy branch's tree and never from a pushed one: nobody allows himself anything.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from dag_lint.errors import LintSettingsError
from dag_lint.finding import Finding
from dag_lint.rules import rule_of
from dag_lint.tree import DagTree

FILE_NAME = ".farflow-lint.toml"

NEVER = frozenset({"FL105"})
"""What cannot be allowed beside tier A: nothing can be known of a file that Python refuses."""


@dataclass(frozen=True)
class Allowance:
    """A rule that the files of a pattern may break."""

    rule: str
    path: str
    reason: str

    def covers(self, found: Finding) -> bool:
        """`*` matches `/` too, as in `fnmatch`."""
        return found.rule == self.rule and fnmatchcase(found.path, self.path)


@dataclass(frozen=True)
class Allowed:
    """All allowances of a deploy branch."""

    allowances: tuple[Allowance, ...] = ()

    def applied(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings, with those that are allowed as warnings that say why."""
        result = []
        for found in findings:
            reason = next((each.reason for each in self.allowances if each.covers(found)), None)
            if reason is None:
                result.append(found)
            else:
                message = f"{found.message} (allowed: {reason})"
                result.append(dataclasses.replace(found, severity="warn", message=message))
        return result


NOTHING = Allowed()


def allowed_by(deployed: DagTree) -> Allowed:
    """What the deploy branch's tree allows. Raises `LintSettingsError` for a file that cannot be read."""
    if FILE_NAME not in deployed:
        return NOTHING
    try:
        fields = tomllib.loads((deployed.content(FILE_NAME) or b"").decode())
        return Allowed(tuple(_allowance(entry) for entry in fields.pop("allow", [])))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise LintSettingsError(
            f"{FILE_NAME} of the deploy branch: {error}. Mend it there; see docs/lint.md."
        ) from error


def _allowance(entry: dict[str, str]) -> Allowance:
    allowance = Allowance(**entry)
    if not all(isinstance(value, str) and value for value in dataclasses.astuple(allowance)):
        raise ValueError("rule, path and reason are texts, and none is empty")
    try:
        tier = rule_of(allowance.rule).tier
    except KeyError as error:
        raise ValueError(f"there is no rule {allowance.rule}") from error
    if tier == "A" or allowance.rule in NEVER:
        raise ValueError(f"{allowance.rule} cannot be allowed")
    return allowance

"""What a rule is given of the file that it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from dag_lint.finding import Finding
from dag_lint.syntax.dag_module import Module
from dag_lint.syntax.import_time import ImportTime

from .scopes import Group, Step, scopes


@dataclass(frozen=True)
class Reading:
    """A parsed file; `text_of` gives the bytes of another file of the DAG folder, None where there is none."""

    module: Module
    text_of: Callable[[str], bytes | None]

    @cached_property
    def import_time(self) -> ImportTime:
        """What an import of the file runs."""
        return ImportTime(self.module)

    @cached_property
    def scopes(self) -> list[list[Step | Group]]:
        """The steps of each DAG that the text shows."""
        return list(scopes(self.module))


Check = Callable[[Reading], Iterator[Finding]]

"""The seeded defects of tests/data/dags/bad, laid out so that each tool reads them in few runs without mixing them up."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local import layout

DAGS = layout.ROOT / "tests" / "data" / "dags"

ALONE = ("many_tasks_in_a_row",)
"""A chain of so many tasks that a tool may crash on it, and then say nothing of the files beside it."""


@dataclass(frozen=True)
class Case:
    """One defect, named by the rule of Farflow's that is for it: a file, or a folder of files that go together."""

    rule: str
    place: Path

    @property
    def name(self) -> str:
        return f"{self.rule}/{self.place.stem}"


@dataclass(frozen=True)
class Group:
    """What is read in one run: several cases of one file each, or one case of several files."""

    folder: Path
    cases: dict[str, Case]
    """By the path of the file in `folder`; of a case of several files, by each."""


def bad_groups(folder: Path) -> Iterator[Group]:
    """Files that nothing can compile lie apart: before them a linter may stop."""
    cases = [Case(rule.name, place) for rule in sorted((DAGS / "bad").iterdir()) for place in sorted(rule.iterdir())]
    single = [case for case in cases if case.place.is_file()]
    broken = [case for case in single if case.rule == "FL104" or not _compiles(case.place)]
    yield _files(folder / "broken", broken)
    yield _files(folder / "whole", [case for case in single if case not in broken])
    for number, case in enumerate(case for case in cases if case.place.is_dir()):
        place = folder / f"several{number}"
        shutil.copytree(case.place, place)
        yield Group(place, {path.relative_to(place).as_posix(): case for path in place.rglob("*") if path.is_file()})


def good_groups(folder: Path) -> Iterator[Group]:
    """The DAGs in which nothing is wrong."""
    cases = [Case("good", place) for place in sorted((DAGS / "good").iterdir())]
    single = [case for case in cases if case.place.is_file()]
    yield _files(folder / "good", [case for case in single if case.place.stem not in ALONE])
    yield _files(folder / "alone", [case for case in single if case.place.stem in ALONE])
    for number, case in enumerate(case for case in cases if case.place.is_dir()):
        place = folder / f"good{number}"
        shutil.copytree(case.place, place)
        yield Group(place, {path.relative_to(place).as_posix(): case for path in place.rglob("*") if path.is_file()})


def _files(folder: Path, cases: list[Case]) -> Group:
    folder.mkdir(parents=True)
    named = {f"{case.rule}_{case.place.name}": case for case in cases}
    for name, case in named.items():
        shutil.copyfile(case.place, folder / name)
    return Group(folder, named)


def _compiles(place: Path) -> bool:
    with warnings.catch_warnings(action="ignore"):  # doubtful escapes are some of the defects
        try:
            compile(place.read_bytes(), place.name, "exec", dont_inherit=True)
        except SyntaxError:
            return False
    return True

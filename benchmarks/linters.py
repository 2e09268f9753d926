"""The linters of the lint benchmark, each as its users run it, and what each says in one form."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.lint_tree import LintTree
from dag_lint.each_file.ruff_rules import LINE_LENGTH, SELECT
from local import layout

FARFLOW, FARFLOW_IMPORT = "Farflow, static", "Farflow, with import"
FARFLOW_AGAIN = "Farflow, static, again"
FLAKE8, PYLINT, PYLINT_ALONE = "flake8", "pylint", "pylint without Airflow"
RUFF, RUFF_DEFAULT = "Ruff, Farflow's selection", "Ruff, defaults"
DAGBAG = "Airflow's DagBag"

IMPORT_ERROR = "import error"
SYNTAX_ERROR = "syntax error"
SECONDS = 1200.0


class LinterError(RuntimeError):
    """A linter did not do its work, so that its time says nothing."""


@dataclass(frozen=True, order=True)
class Said:
    """One message: the file, relative to the folder, the tool's code, and whether the tool itself calls it a warning only."""

    path: str
    code: str
    line: int
    only_warns: bool = False


@dataclass(frozen=True)
class Run:
    """What it took, by the clock and of the processors, and what it said."""

    seconds: float
    cpu_seconds: float
    said: tuple[Said, ...]


@dataclass(frozen=True)
class Linter:
    """`command` takes the folder at its end."""

    name: str
    command: Sequence[str]
    parse: Callable[[str, Path], Iterator[Said]]
    worked: Callable[[int], bool]
    """Whether an exit status means that it did its work."""
    unused_import: str | None
    missing_package: str | None
    """By which codes it tells of what is seeded; None where it does not, or tells of it everywhere."""
    environ: dict[str, str] = field(default_factory=dict)
    source_roots: bool = False

    def run(self, folder: Path) -> Run:
        """Raises `LinterError`."""
        command = [*self.command, *([f"--source-roots={folder}"] if self.source_roots else []), str(folder)]
        with tempfile.TemporaryDirectory(prefix="farflow-bench-") as elsewhere:
            kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
            homes = {"HOME": elsewhere, "AIRFLOW_HOME": f"{elsewhere}/airflow", "PYLINTHOME": f"{elsewhere}/pylint"}
            cpu = _cpu_of_children()
            began = time.perf_counter()
            done = subprocess.run(
                command,
                env={**kept, **homes, **self.environ},
                cwd=elsewhere,  # where no configuration lies
                capture_output=True,
                text=True,
                timeout=SECONDS,
            )
            seconds, cpu = time.perf_counter() - began, _cpu_of_children() - cpu
        if not self.worked(done.returncode):
            raise LinterError(f"{self.name} ended with {done.returncode}: {done.stdout[-500:]}{done.stderr[-1500:]}")
        return Run(seconds, cpu, tuple(sorted(set(self.parse(done.stdout, folder)))))

    def check(self, run: Run, tree: LintTree) -> None:
        """What was seeded is what it tells of, no more and no less. Raises `LinterError`."""
        for code, seeded in ((self.unused_import, tree.unused_import), (self.missing_package, tree.missing_package)):
            found = {said.path for said in run.said if said.code == code}
            if code and found != seeded:
                raise LinterError(
                    f"{self.name} told of {code} in {len(found)} files, not in the {len(seeded)} that have it"
                )


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def linters(cache: Path) -> list[Linter]:
    """All of them. Each may use both cores, where it has an option for it.

    Caches are off or empty, as on a CI machine, but for one of Farflow's that keeps its own in `cache`, as on a developer's.
    """
    tools, rivals, airflow = (layout.environment_python(name).parent for name in ("tools", "lint_rivals", "airflow"))
    farflow = (str(tools / "python"), "-m", "dag_lint")
    lint_path = {"PYTHONPATH": str(layout.ROOT / "layers" / "dag_lint")}
    pylint = (
        *(str(rivals / "pylint"), f"--jobs={os.cpu_count()}", "--recursive=y", "--persistent=n"),
        *(f"--max-line-length={LINE_LENGTH}", "--disable=duplicate-code"),
    )
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(airflow.parent)}))
    ruff = (str(tools / "ruff"), "check", "--isolated", "--no-cache", "--output-format=json")
    same = ("--preview", f"--line-length={LINE_LENGTH}", f"--select={','.join((*SELECT, 'AIR003'))}")
    settings = {
        "PYTHONPATH": str(layout.ROOT),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "CRITICAL",
    }
    return [
        Linter(FARFLOW, (*farflow, "--static-only"), farflow_says, _answered, "F401", None, lint_path),
        Linter(
            FARFLOW_AGAIN,
            (*farflow, "--static-only"),
            *(farflow_says, _answered, "F401", None, {**lint_path, "XDG_CACHE_HOME": str(cache)}),
        ),
        Linter(
            FARFLOW_IMPORT,
            (*farflow, "--python", str(airflow / "python")),
            *(farflow_says, _answered, "F401", "FL301", lint_path),
        ),
        Linter(
            FLAKE8,
            (str(rivals / "flake8"), f"--jobs={os.cpu_count()}", f"--max-line-length={LINE_LENGTH}"),
            *(flake8_says, _answered, "F401", None),
        ),
        Linter(
            PYLINT,
            (*pylint, f"--init-hook=import sys; sys.path.append({str(packages)!r})"),
            *(pylint_says, _pylint_worked, "W0611", "E0401"),
            source_roots=True,
        ),
        Linter(PYLINT_ALONE, pylint, pylint_says, _pylint_worked, "W0611", None, source_roots=True),
        Linter(RUFF, (*ruff, *same), ruff_says, _answered, "F401", None),
        Linter(RUFF_DEFAULT, ruff, ruff_says, _answered, "F401", None),
        Linter(
            DAGBAG,
            (str(airflow / "python"), "-m", "benchmarks.dagbag_import"),
            *(dagbag_says, _answered, None, IMPORT_ERROR, settings),
        ),
    ]


def _answered(status: int) -> bool:
    """0 nothing found, 1 something: the others mean that it failed."""
    return status in (0, 1)


def _pylint_worked(status: int) -> bool:
    """Bits: 1 fatal, 2 error, 4 warning, 8 refactor, 16 convention, 32 usage.

    Source: https://pylint.readthedocs.io/en/stable/user_guide/usage/run.html#exit-codes
    """
    return not status & (1 | 32)


# ---- what they print --------------------------------------------------------------------------------

_FARFLOW = re.compile(r"^(?P<path>\S+?):(?P<line>\d+): (?P<severity>block|warn) (?P<code>[A-Z]+\d+) ")
_COLUMNS = re.compile(r"^(?P<path>.+?):(?P<line>\d+):\d+: (?P<code>[A-Z]+\d+)\b")


def farflow_says(output: str, folder: Path) -> Iterator[Said]:
    for line in output.splitlines():
        match = _FARFLOW.match(line)
        if match:
            yield Said(_relative(match["path"], folder), match["code"], int(match["line"]), match["severity"] == "warn")


def flake8_says(output: str, folder: Path) -> Iterator[Said]:
    for line in output.splitlines():
        match = _COLUMNS.match(line)
        if match:
            yield Said(_relative(match["path"], folder), match["code"], int(match["line"]))


def pylint_says(output: str, folder: Path) -> Iterator[Said]:
    """Paths relative to where it ran, or absolute."""
    for line in output.splitlines():
        match = _COLUMNS.match(line)
        if match:
            yield Said(_relative(match["path"], folder), match["code"], int(match["line"]))


def ruff_says(output: str, folder: Path) -> Iterator[Said]:
    for message in json.loads(output):
        code = message["code"] or SYNTAX_ERROR
        code = SYNTAX_ERROR if code == "invalid-syntax" else code  # as it is called without preview
        yield Said(_relative(message["filename"], folder), code, message["location"]["row"])


def dagbag_says(output: str, folder: Path) -> Iterator[Said]:
    """Import errors only: a DagBag has no other opinion."""
    for path in json.loads(output.splitlines()[-1])["errors"]:
        yield Said(_relative(path, folder), IMPORT_ERROR, 1)


def _relative(path: str, folder: Path) -> str:
    """Some tools name files as they were given, which is absolute, and a DagBag relative to the folder."""
    return (folder / path).resolve().relative_to(folder.resolve()).as_posix()


def versions() -> Iterator[str]:
    """The tools and their versions, as their packages have them."""
    for environment, packages in (
        ("lint_rivals", ("flake8", "pylint")),
        ("tools", ("ruff",)),
        ("airflow", ("apache-airflow",)),
    ):
        code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
        said = subprocess.run(
            [str(layout.environment_python(environment)), "-c", code, *packages],
            capture_output=True,
            text=True,
            check=True,
        )
        yield from (f"{package} {found}" for package, found in zip(packages, said.stdout.split(), strict=True))

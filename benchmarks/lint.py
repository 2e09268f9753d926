"""`make bench-lint`: how long linters take over folders of DAGs, and which seeded defects each of them finds.

All read the same files, turn by turn, each as its users run it; `linters` says how, `lint_tree` what, `lint_criterion`
when a defect counts as found.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks import report
from benchmarks.lint_cases import Case, Group, bad_groups, good_groups
from benchmarks.lint_criterion import CLASSES, kind_of, tells_of
from benchmarks.lint_tree import MISSING_EVERY, UNUSED_EVERY, lint_tree
from benchmarks.linters import (
    DAGBAG,
    FARFLOW,
    FARFLOW_AGAIN,
    FARFLOW_IMPORT,
    FLAKE8,
    PYLINT,
    PYLINT_ALONE,
    RUFF,
    RUFF_DEFAULT,
    Linter,
    LinterError,
    Run,
    linters,
    versions,
)
from benchmarks.report import Row

SIZES = (100, 1_000, 5_000)
TURNS = 3
SLOW_SECONDS = 6.0
"""Who takes longer for the tree before the largest reads the largest once, without a run to warm up."""

TARGET = 5.0
"""How many times faster than flake8 the static lint is meant to be over a thousand files."""

OF_DEFECTS = (FARFLOW_IMPORT, FARFLOW, RUFF, RUFF_DEFAULT, FLAKE8, PYLINT, DAGBAG)


def main() -> int:
    busy = Row("machine", "other work", "load average before", round(os.getloadavg()[1], 1), "processes")
    with tempfile.TemporaryDirectory(prefix="farflow-bench-") as folder:
        rows = [busy, *speeds(Path(folder)), *defects(Path(folder))]
    report.save("lint", rows)
    publish(rows)
    return 0


# ---- how long -----------------------------------------------------------------------------------------


def speeds(folder: Path) -> Iterator[Row]:
    """Seconds per tree and tool; prints as it goes."""
    slow: set[str] = set()
    for size in SIZES:
        tree = lint_tree(size)
        place = folder / f"dags{size}"
        tree.write(place)
        yield Row(str(size), "tree", "Python files", tree.python_files, "files")
        yield Row(str(size), "tree", "lines", tree.lines, "lines")
        once = slow if size == SIZES[-1] else set()
        taken: dict[str, list[Run]] = {}
        for turn in range(TURNS + 1):  # the first one warms up
            for linter in linters(folder / "cache"):
                if turn and linter.name in once:
                    continue
                run = linter.run(place)
                linter.check(run, tree)
                if turn or linter.name in once:
                    taken.setdefault(linter.name, []).append(run)
        for name, runs in taken.items():
            median = report.median([run.seconds for run in runs])
            if median > SLOW_SECONDS:
                slow.add(name)
            print(f"{size:>6} files  {name:<26} {median:8.2f} s", flush=True)
            yield Row(str(size), name, "seconds", round(median, 3), "s")
            yield Row(str(size), name, "cpu", round(report.median([run.cpu_seconds for run in runs]), 3), "s")
            yield Row(str(size), name, "turns", len(runs), "runs")


# ---- what they find -----------------------------------------------------------------------------------


def defects(folder: Path) -> Iterator[Row]:
    """Of each kind of defect how many each tool told of, and how many of the good DAGs it said something of."""
    bad, good = list(bad_groups(folder / "bad")), list(good_groups(folder / "good"))
    cases = {case for group in bad for case in group.cases.values()}
    good_cases = {case for group in good for case in group.cases.values()}
    for kind, count in Counter(kind_of(case.rule) for case in cases).items():
        yield Row(kind, "corpus", "cases", count, "cases")
    yield Row("good DAGs", "corpus", "cases", len(good_cases), "cases")
    for linter in (linter for linter in linters(folder / "cache") if linter.name in OF_DEFECTS):
        told, failed = set(), set()
        for group in bad:
            for said in of_group(linter, group).said:
                case = group.cases.get(said.path)
                if case and tells_of(linter.name, case.rule, said):
                    told.add(case)
                    if not said.only_warns:
                        failed.add(case)
        for kind in CLASSES:
            yield Row(kind, linter.name, "found", sum(kind_of(case.rule) == kind for case in told), "cases")
            yield Row(kind, linter.name, "fails CI", sum(kind_of(case.rule) == kind for case in failed), "cases")
        accused = {case for group in good for case in accused_in(linter, group)}
        yield Row("good DAGs", linter.name, "fails CI", len(accused), "cases")
        print(f"{linter.name:<26} finds {len(told):4} of {len(cases)}, accuses {len(accused)}", flush=True)


def accused_in(linter: Linter, group: Group) -> set[Case]:
    """Of the good DAGs those that would not pass: something is said of them, or the tool crashes."""
    try:
        run = of_group(linter, group)
    except LinterError as error:
        print(f"{linter.name:<26} crashes: {str(error).splitlines()[-1]}", flush=True)
        return set(group.cases.values())
    return {group.cases[said.path] for said in run.said if not said.only_warns and said.path in group.cases}


def of_group(linter: Linter, group: Group) -> Run:
    """Files that have nothing to do with each other get a DagBag each, for one cannot hold two DAGs of a name."""
    if linter.name == DAGBAG and len(set(group.cases.values())) > 1:
        linter = replace(linter, command=(*linter.command, "--each"))
    return linter.run(group.folder)


# ---- the page -----------------------------------------------------------------------------------------


def publish(rows: list[Row]) -> None:
    """Write the page and its picture."""
    value = {(row.work, row.system, row.metric): row.value for row in rows}
    systems = list(dict.fromkeys(row.system for row in rows if row.metric == "seconds"))
    times = [
        [
            name,
            *(
                f"{told(value[str(size), name, 'seconds'])}{'' if value[str(size), name, 'turns'] > 1 else ' (once)'}"
                for size in SIZES
            ),
        ]
        for name in systems
    ]
    ratios = [
        [name, *(as_times(value[str(size), name, "seconds"] / value[str(size), FARFLOW, "seconds"]) for size in SIZES)]
        for name in systems
        if name != FARFLOW
    ]
    costs = [
        [name, told(value["1000", name, "cpu"]), as_times(value["1000", name, "cpu"] / value["1000", FARFLOW, "cpu"])]
        for name in systems
    ]
    ratio, again = (
        f"{value['1000', FLAKE8, 'seconds'] / value['1000', name, 'seconds']:.1f}" for name in (FARFLOW, FARFLOW_AGAIN)
    )
    kinds = [
        [
            kind,
            f"{value[kind, 'corpus', 'cases']:.0f}",
            *(counted(value[kind, name, "found"], value[kind, name, "fails CI"]) for name in OF_DEFECTS),
        ]
        for kind in CLASSES
    ]
    found, failing = (
        {name: sum(value[kind, name, metric] for kind in CLASSES) for name in OF_DEFECTS}
        for metric in ("found", "fails CI")
    )
    total = sum(value[kind, "corpus", "cases"] for kind in CLASSES)
    kinds.append([
        "**all**",
        f"{total:.0f}",
        *(f"**{found[name]:.0f}**" for name in OF_DEFECTS),
    ])  # fmt: skip
    kinds.append(["of them failing CI", f"{total:.0f}", *(f"{failing[name]:.0f}" for name in OF_DEFECTS)])
    kinds.append([
        "good DAGs that fail too",
        f"{value['good DAGs', 'corpus', 'cases']:.0f}",
        *(f"{value['good DAGs', name, 'fails CI']:.0f}" for name in OF_DEFECTS),
    ])  # fmt: skip
    report.draw_bars(
        "lint",
        "Folders of DAGs, linted",
        "seconds (logarithmic)",
        [f"{size:,} files" for size in SIZES],
        {name: [value[str(size), name, "seconds"] for size in SIZES] for name in systems},
        log=True,
    )
    report.write_page("lint", "How long linters take over DAGs, and what they find", PAGE.format(
        times=report.table(["", *(f"{size:,} files" for size in SIZES)], times),
        ratios=report.table([f"times {FARFLOW}", *(f"{size:,} files" for size in SIZES)], ratios),
        costs=report.table(["1,000 files", "processor time", f"times {FARFLOW}"], costs),
        kinds=report.table(["kind of defect", "cases", *OF_DEFECTS], kinds),
        aim=f"The aim was {TARGET:.0f} times faster than flake8 over 1,000 files, static rules only, warm; measured: **{again} times** "
        f"for a folder that was linted before, **{ratio} times** for one that was not.",
        python_files=", ".join(f"{value[str(size), 'tree', 'Python files']:,.0f}" for size in SIZES),
        lines=", ".join(f"{value[str(size), 'tree', 'lines']:,.0f}" for size in SIZES),
        load=value["machine", "other work", "load average before"], cores=os.cpu_count(),
        turns=TURNS, unused=UNUSED_EVERY, missing=MISSING_EVERY, versions=", ".join(versions()),
        farflow=FARFLOW, again_name=FARFLOW_AGAIN, farflow_import=FARFLOW_IMPORT, pylint=PYLINT, alone=PYLINT_ALONE,
        ruff=RUFF, ruff_default=RUFF_DEFAULT, dagbag=DAGBAG,
    ))  # fmt: skip


def told(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"


def as_times(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio >= 1 else f"{ratio:.2f}"


def counted(found: float, failing: float) -> str:
    return f"{found:.0f}" if found == failing else f"{found:.0f} ({failing:.0f} fail)"


PAGE = """
`make bench-lint` has linters read the same folders of DAGs, and then the seeded defects of
[`tests/data/dags/bad`](../../tests/data/dags/bad). Each runs as its users run it, as a process of its own; `benchmarks/linters.py`
has the command lines.

## How long

{times}

Medians of {turns} runs after one that does not count; *(once)*: one run, with nothing before it. {aim}

{ratios}

![Bars of the tables above](lint.svg)

The time of all processors together, which other work on the machine changes less (in the five minutes before, {load} processes wanted
its {cores} cores; {cores} and more make the times above too long, and not equally so):

{costs}

The folders hold {python_files} Python files of {lines} lines in all, and SQL templates: TaskFlow, operators, sensors, mapped
tasks and groups, 33 to 150 lines each, with helpers imported from a package of each team. They are made by
`benchmarks/lint_tree.py`, the same ones each time. One DAG in {unused} has an import that nothing uses, one in {missing} a package that
is not installed; a tool that does not tell of exactly these files ends the run.

- **{farflow}** is `farflow-lint --static-only`: it reads files for its own rules in processes with limits, and runs Ruff.
- **{again_name}** is the same command for the second time, nothing changed: what was found in a file by itself is kept by its content; the gates, the rules about
  the whole folder and the verdict are made anew. flake8 and pylint keep nothing that would help them; Ruff would, and needs it least.
- **{farflow_import}** adds the import of each file by Airflow, each in a process of its own, without network, with limits.
- **{pylint}** has Airflow's packages on its path, for without them it cannot tell an argument of an operator; **{alone}** is what
  its pre-commit hook runs unless packages are added to it. Both without `duplicate-code`, which compares each file with each other (at 1,000 files it takes about 40 % more).
- **{ruff}** is the part of the static lint that Ruff does, with Ruff's own rule for variables; **{ruff_default}** is `ruff check`.
- **{dagbag}** is one process that loads the folder into one DagBag, as teams' tests do. `airflow dags list-import-errors --local`
  would do that too, but refuses to run without a migrated database.

flake8, pylint and Ruff look at lines up to 120 characters; flake8 and pylint use all cores (`--jobs`), Ruff and Farflow do so by
themselves, a DagBag cannot. Nothing is kept from one run to the next, but where it says so.

## What they find

{kinds}

A defect is found when the tool says something about *it*: `benchmarks/lint_criterion.py` lists the codes that count for each rule and
tool. What a tool has to say of every DAG (missing docstrings, `a >> b` without effect) does not count. *fail*: found, but only
so many as more than a warning. A tool that crashes on a DAG fails it. flake8, pylint and Ruff end with an error for anything at all that they say; so the last line is what comes with it: how many DAGs with nothing wrong
would not pass.

What is not fair, or not measured:

- The defects are Farflow's own test cases, named by its own rules: it finds all of them because it was written with them. They say what
  kinds of mistake the others cannot see, not how often people make them.
- The DagBag's import errors for work at import are there because nothing answers on this machine, or a package is missing; where the network, the Variables and the connections
  are, the same files load without a word, and do their work on the CI machine.
- flake8 and pylint have plugins, Ruff has more rules to select, and teams write tests of their own; none of them is here.
- Editors keep linters running, and Ruff keeps a cache where it may; that is not measured. The import is what costs, and a DagBag in one process pays less
  for it: a file that ends its process ends the DagBag, and what one file changes the next one sees.

Versions: {versions}.
"""


if __name__ == "__main__":
    sys.exit(main())

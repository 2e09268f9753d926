"""The rules that no file can break alone: duplicate DAGs, DAGs that never come to be, files that safe mode skips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .finding import Finding
from .rules import finding
from .syntax.file_facts import FileFacts, module_name


def duplicate_dags(facts: Mapping[str, FileFacts], imported: Mapping[str, tuple[str, ...]]) -> Iterator[Finding]:
    """FL201, over the ids that the text shows and those that an import found, by path of the DAG file."""
    places: dict[str, list[tuple[str, int]]] = {}
    for path in sorted({*facts, *imported}):
        known = dict(reversed(facts[path].dags)) if path in facts else {}
        shown = {**known, **{name: known.get(name, 1) for name in imported.get(path, ())}}
        for dag_id, line in shown.items():
            places.setdefault(dag_id, []).append((path, line))
    for dag_id, found in places.items():
        for path, line in found:
            others = sorted({other for other, _ in found} - {path})
            if others:
                named = ", ".join(others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")
                yield finding("FL201", path, line, f"{named} makes a DAG {dag_id!r} too")
    for path, file in facts.items():
        lines: dict[str, int] = {}
        for dag_id, line in file.sure_dags:
            first = lines.setdefault(dag_id, line)
            if first != line:
                yield finding("FL201", path, line, f"line {first} makes a DAG {dag_id!r} too")


def unmade_dags(facts: Mapping[str, FileFacts]) -> Iterator[Finding]:
    """FL202. A file that another one imports is taken for a factory: its DAGs are that file's business."""
    imported = {name for file in facts.values() for name in file.imported}
    for path, file in facts.items():
        name = module_name(path)
        if file.unmade and not any(full == name or full.startswith(f"{name}.") for full in imported):
            for dag, line, why in file.unmade:
                yield finding("FL202", path, line, f"Airflow will not find {dag}: {why}")


def skipped_files(
    facts: Mapping[str, FileFacts], contents: Mapping[str, bytes], imported: Mapping[str, tuple[str, ...]]
) -> Iterator[Finding]:
    """FL203: files that make DAGs, by their own text, by another file's functions, or as an import found."""
    factories = {f"{module_name(path)}.{name}" for path, file in facts.items() for name in file.factories}
    for path, file in facts.items():
        if might_contain_dag(contents[path]):
            continue
        if file.makes_dags or imported.get(path):
            yield finding("FL203", path, 1, "Airflow's safe mode skips the file, and its DAGs would not appear")
            continue
        for name, line in file.called:
            made_by = name.replace("()", "")
            if made_by in factories or made_by.rpartition(".")[0] in factories:
                yield finding(
                    "FL203", path, line, f"Airflow's safe mode skips the file, and the DAG of {name}() would not appear"
                )
                break


def might_contain_dag(content: bytes) -> bool:
    """`airflow.utils.file.might_contain_dag_via_default_heuristic`: what Airflow opens at all."""
    lowered = content.lower()
    return b"airflow" in lowered and (b"dag" in lowered or b"asset" in lowered)

"""Reads a tree of DAG files again and again, as a DAG processor does, and tells which sets of files it saw.

`python -m benchmarks.mixture_reader FOLDER [releases]`: with `releases`, FOLDER holds releases and the current one is read as
Airflow's bundle does. Ends when its input does, and prints the digest of each set that it saw and in how many readings.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from pathlib import Path

from benchmarks.dag_tree import digest
from farflow import releases


def main(folder: str, kind: str = "folder") -> None:
    root, ended = Path(folder), threading.Event()

    def await_end() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=await_end, daemon=True).start()
    seen: Counter[str] = Counter()
    print("reading", flush=True)
    while not ended.is_set():
        seen[digest(read(current(root) if kind == "releases" else root))] += 1
    for found, times in seen.items():
        print(found, times)


def current(root: Path) -> Path:
    release_id = releases.current_release(root)
    return releases.dags_folder(root, release_id) if release_id else root / "nothing"


def read(folder: Path) -> dict[str, bytes]:
    """Each file as it is when its turn comes; what goes away meanwhile is absent."""
    found = {}
    for path in folder.rglob("*.py"):
        try:
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
        except FileNotFoundError:
            continue
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A process that reads the releases below a folder as Airflow does, until its standard input ends, and tells what is wrong.

Prints nothing while each look finds a complete release, exactly as its manifest says, and none older than the one before.
"""

from __future__ import annotations

import hashlib
import json
import select
import sys
from pathlib import Path

from farflow import releases


def main(root: Path) -> None:
    looks, newest = 0, ""
    while not select.select([sys.stdin], [], [], 0)[0]:
        current = releases.current_release(root)
        if current is None:
            if newest:
                print(f"{newest} was there, and is gone", flush=True)
            continue
        if current < newest:
            print(f"{current} came after {newest}", flush=True)
        newest = current
        folder = releases.dags_folder(root, current)
        manifest = json.loads((folder.parent / "manifest.json").read_bytes())
        expected = {file["path"]: file["sha256"] for file in manifest["files"]}
        found = {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*")
            if path.is_file()
        }
        if found != expected:
            print(f"{current} is not what its manifest says", flush=True)
        if any(path.is_symlink() for path in folder.rglob("*")):
            print(f"{current} holds a symbolic link", flush=True)
        looks += 1
    print(f"looked {looks} times", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""In the process of one file: import it, and write what came of it into a pipe.

Lines of JSON. Violations come as they happen, for what the file does next may end the process. The last line is the
result, with a number that the file was not told.
"""

from __future__ import annotations

import json
import logging
import os
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

from airflow.dag_processing import processor
from airflow.dag_processing.dagbag import BundleDagBag

from . import isolation
from .reply import MOST_DAGS, Failure
from .request import Request
from .stand_ins import StandIns
from .traceback_text import failure_of
from .watched_calls import Witness


def import_file(request: Request, tree: Path, path: str, pipe: int, token: str, scratch: Path) -> None:
    """Called in a process forked for it, which ends with it. Of its descriptors only `pipe` stays open."""
    _close_all_but(pipe)
    os.setsid()
    os.chdir(scratch)
    os.environ["TMPDIR"] = os.environ["HOME"] = str(scratch)
    os.environ |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}  # a client may be made

    def write(line: dict[str, Any]) -> None:
        os.write(pipe, json.dumps(line).encode() + b"\n")

    witness = Witness(tree, tree / path, lambda violation: write({"violation": asdict(violation)}))
    stand_ins = StandIns(request, tree, lambda: witness.told("reads credentials"))
    stand_ins.install()
    isolation.limit(request.seconds_per_file)
    witness.watch()
    dag_ids, failure = _import(tree, tree / path)
    result = {
        "dag_ids": dag_ids[:MOST_DAGS],
        "error": asdict(failure) if failure else None,
        "stand_ins": sorted(stand_ins.used),
    }
    write({"token": token, "result": result})


def _close_all_but(pipe: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.closerange(3, pipe)
    os.closerange(pipe + 1, os.sysconf("SC_OPEN_MAX"))


def _import(tree: Path, file: Path) -> tuple[list[str], Failure | None]:
    """As `airflow.dag_processing.processor._parse_file` does it: import, validate, apply policies, serialize."""
    try:
        bag = BundleDagBag(dag_folder=file, bundle_path=tree, bundle_name="dags", load_op_links=False)
        _, unserializable = processor._serialize_dags(bag, _SILENT)  # noqa: SLF001  # the very way of the processor
    except BaseException:  # noqa: BLE001  # whatever a file raises that is not trusted, it is the finding
        return [], failure_of(traceback.format_exc(), file, tree)
    errors = [*bag.import_errors.values(), *unserializable.values()]
    return sorted(bag.dags), failure_of(errors[0], file, tree) if errors else None


_SILENT: Any = logging.getLogger("farflow.dag_import")

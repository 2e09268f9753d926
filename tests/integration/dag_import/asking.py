"""Asks `python -m farflow.dag_import`, in Airflow's environment, as the function and the command do."""

from __future__ import annotations

import base64
import json
import lzma
import subprocess
import textwrap
from collections.abc import Sequence
from typing import Any

from local import layout

AIRFLOW = str(layout.environment_python("airflow"))
ENVIRON = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(layout.ROOT / "airflow")}


def request(files: dict[str, str], imports: list[str] | None = None, **fields: Any) -> dict[str, Any]:
    texts = {path: textwrap.dedent(text) for path, text in files.items()}
    tree = base64.b64encode(lzma.compress(json.dumps(texts).encode())).decode()
    wanted = [path for path in files if path.endswith(".py")] if imports is None else imports
    return {"tree": tree, "imports": wanted, "seconds_per_file": 20, **fields}


def run(content: dict[str, Any], arguments: Sequence[str] = (), **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [AIRFLOW, "-m", "farflow.dag_import", "--cut-network", *arguments],
        input=json.dumps(content),
        capture_output=True,
        text=True,
        env=ENVIRON | environ,
        timeout=120,
    )


def ask(
    files: dict[str, str],
    imports: list[str] | None = None,
    environ: dict[str, str] | None = None,
    *,
    one_at_a_time: bool = False,
    **fields: Any,
) -> dict[str, dict[str, Any]]:
    """What came of each file, by path."""
    one = {"PYTHON_CPU_COUNT": "1"} if one_at_a_time else {}
    result = run(request(files, imports, **fields), **one, **(environ or {}))
    assert result.returncode == 0, result.stderr
    reply = json.loads(result.stdout)
    assert reply["network_cut"]
    return {file["path"]: file for file in reply["files"]}

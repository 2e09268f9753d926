"""Make the clone's Python environments: `python3 local/environments.py [NAME ...]`.

Runs on whatever `python3` a machine has (3.9 or newer, standard library only),
because it is what brings everything else. Each environment is built from a
lock file with hashes and rebuilt only when that lock changes. Nothing is
written outside the clone's `.farflow/` folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".farflow"
UV_LOCK = ROOT / "requirements" / "uv.txt"
LOCKS = {
    "tools": ROOT / "requirements" / "tools.txt",
    "emulator": ROOT / "requirements" / "emulator.txt",
    "lambda": ROOT / "requirements" / "lambda.txt",
    "airflow": ROOT / "airflow" / "requirements.txt",
    "airflow-3.3.1": ROOT / "requirements" / "airflow-3.3.1.txt",
    "airflow-3.2.2": ROOT / "requirements" / "airflow-3.2.2.txt",
    "benchmarks": ROOT / "requirements" / "benchmarks.txt",
    "rivals": ROOT / "requirements" / "rivals.txt",
    "lint_rivals": ROOT / "requirements" / "lint_rivals.txt",
}
USUAL = ["tools", "emulator", "lambda", "airflow"]
"""What every command needs; the others are built when they are asked for."""
PYTHON_VERSION = (ROOT / ".python-version").read_text().strip()
NEEDED_BYTES = 3 * 1024**3


class SetupError(Exception):
    """The machine lacks something; the message says what to do about it."""


def environment_python(name: str) -> Path:
    """The interpreter of environment `name`, whether or not it exists yet."""
    return STATE / "env" / name / "bin" / "python"


def check_disk() -> None:
    free = shutil.disk_usage(ROOT).free
    if free < NEEDED_BYTES:
        raise SetupError(
            f"only {free / 1024**3:.1f} GiB are free at {ROOT}, {NEEDED_BYTES / 1024**3:.0f} GiB are "
            "needed. Free some room, or move the clone to a larger disk."
        )


def fingerprint(lock: Path, *more: str) -> str:
    digest = hashlib.sha256(lock.read_bytes())
    for part in more:
        digest.update(part.encode())
    return digest.hexdigest()


def run(command: list[str], failure: str) -> None:
    result = subprocess.run(command, env=environ(), capture_output=True, text=True)
    if result.returncode != 0:
        raise SetupError(f"{failure}\n{(result.stdout + result.stderr).strip()}")


def environ() -> dict[str, str]:
    return {
        **os.environ,
        "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(STATE / "cache" / "uv")),
        "UV_PYTHON_INSTALL_DIR": str(STATE / "python"),
        "UV_NO_PROGRESS": "1",
        "PIP_CACHE_DIR": str(STATE / "cache" / "pip"),
    }


def ensure_uv() -> Path:
    """Install uv into an environment of its own; return its executable."""
    folder = STATE / "env" / "uv"
    uv = folder / "bin" / "uv"
    stamp = folder / ".lock-fingerprint"
    wanted = fingerprint(UV_LOCK)
    if uv.exists() and stamp.exists() and stamp.read_text() == wanted:
        return uv
    shutil.rmtree(folder, ignore_errors=True)
    run(
        [sys.executable, "-m", "venv", str(folder)],
        f"{sys.executable} cannot create a virtual environment. On Debian and Ubuntu: apt-get install python3-venv.",
    )
    run(
        [
            str(folder / "bin" / "python"),
            *("-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(UV_LOCK)),
        ],
        "pip could not install uv. Is the package registry reachable?",
    )
    stamp.write_text(wanted)
    return uv


def find_python(uv: Path) -> str:
    """A Python of the pinned version: the one on PATH first, then one that uv knows or can get."""
    name = f"python{PYTHON_VERSION}"
    found = shutil.which(name)
    if found:
        answer = subprocess.run([found, "-c", "import sys; print(sys.executable)"], capture_output=True, text=True)
        if answer.returncode == 0:
            return answer.stdout.strip()
    answer = subprocess.run([str(uv), "python", "find", PYTHON_VERSION], env=environ(), capture_output=True, text=True)
    if answer.returncode == 0:
        return answer.stdout.strip()
    answer = subprocess.run(
        [str(uv), "python", "install", PYTHON_VERSION], env=environ(), capture_output=True, text=True
    )
    if answer.returncode != 0:
        raise SetupError(
            f"Python {PYTHON_VERSION} is neither on PATH nor downloadable. Install it (for example "
            f"`pyenv install {PYTHON_VERSION}`, or your system's package python{PYTHON_VERSION}) and "
            f"call make again.\n{answer.stderr.strip()}"
        )
    return find_python(uv)


def ensure_environment(name: str, uv: Path, python: str) -> bool:
    """Bring environment `name` to its lock. Returns whether anything was done."""
    lock = LOCKS[name]
    folder = environment_python(name).parent.parent
    stamp = folder / ".lock-fingerprint"
    wanted = fingerprint(lock, python)
    if stamp.exists() and stamp.read_text() == wanted:
        return False
    check_disk()
    stamp.unlink(missing_ok=True)
    run(
        [str(uv), "venv", "--quiet", "--clear", "--python", python, str(folder)],
        f"uv could not create the environment {name}.",
    )
    run(
        [
            *(str(uv), "pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode"),
            *("--python", str(environment_python(name)), str(lock)),
        ],
        f"the packages of {lock.relative_to(ROOT)} could not be installed.",
    )
    stamp.write_text(wanted)
    return True


def ensure(names: list[str]) -> None:
    """Build the environments `names`, printing one line for each that had work to do.

    What it took is left in `.farflow/setup.json`, for the demo's timeline.
    """
    began = time.monotonic()
    built = []
    STATE.mkdir(exist_ok=True)
    uv = ensure_uv()
    python = None
    for name in names:
        python = python or find_python(uv)
        start = time.monotonic()
        if ensure_environment(name, uv, python):
            print(f"environment {name}: built in {time.monotonic() - start:.0f} s", flush=True)
            built.append(name)
    record = {"seconds": round(time.monotonic() - began, 1), "built": built}
    (STATE / "setup.json").write_text(json.dumps(record))


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in LOCKS]
    if unknown:
        print(f"unknown environment {unknown[0]}; there are {', '.join(LOCKS)}", file=sys.stderr)
        return 2
    try:
        ensure(names or USUAL)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

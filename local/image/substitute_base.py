"""An image that stands for the official one where no registry is: Debian, Python, dumb-init and the user `airflow`.

What it has in common with `apache/airflow:slim-…` is what `airflow/Dockerfile` and the containers rely on: user 50000 of
group 0, a virtual environment of that user's at `/home/airflow/.local` first on PATH, `/usr/python`, dumb-init before an
entrypoint, no bytecode. What differs: Debian's package set and patch level, the interpreter's build (this machine's),
an entrypoint that only starts what it is given, and above all no Airflow in it: here the Dockerfile installs every
package, there only those that the official image lacks or has in another version.
Source: https://airflow.apache.org/docs/docker-stack/entrypoint.html
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from local import layout
from local.image.engine import SYSTEM_PATH, Engine, EngineError

SUITE = "bookworm"
PACKAGES = (
    *("ca-certificates", "dumb-init", "netbase"),
    # what Python's own modules link to
    *(
        "libbz2-1.0",
        "libffi8",
        "liblzma5",
        "libncursesw6",
        "libreadline8",
        "libsqlite3-0",
        "libssl3",
        "libuuid1",
        "zlib1g",
    ),
)
NAME = "farflow/substitute-base"
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "test", "tests", "idle_test", "site-packages", "libpython*.a")

DOCKERFILE = """\
FROM scratch
COPY rootfs /
COPY python /usr/python
RUN echo /usr/python/lib > /etc/ld.so.conf.d/python.conf && ldconfig \\
    && useradd --uid 50000 --gid 0 --home-dir /home/airflow --create-home --shell /bin/bash airflow \\
    && mkdir -p /opt/airflow && chown airflow:0 /opt/airflow \\
    && printf '#!/bin/sh\\nexec "$@"\\n' > /entrypoint && chmod 755 /entrypoint
USER 50000
RUN /usr/python/bin/python3.13 -m venv /home/airflow/.local \\
    && find /home/airflow/.local -name '*.pyc' -delete
ENV PATH=/home/airflow/.local/bin:/usr/python/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
    VIRTUAL_ENV=/home/airflow/.local \\
    LANG=C.UTF-8 \\
    AIRFLOW_HOME=/opt/airflow \\
    DUMB_INIT_SETSID=1
WORKDIR /opt/airflow
ENTRYPOINT ["/usr/bin/dumb-init", "--", "/entrypoint"]
"""


def build(engine: Engine, folder: Path, package_index: str) -> str:
    """Build it in `folder`; return its name. `package_index` is where pip finds packages while building on it."""
    folder.mkdir(parents=True)
    _call("debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(folder / "rootfs"))
    for kept_for_installing in ("var/cache/apt", "var/lib/apt/lists"):
        shutil.rmtree(folder / "rootfs" / kept_for_installing)
    shutil.copytree(_python_home(), folder / "python", symlinks=True, ignore=LEFT_OUT)
    (folder / "Dockerfile").write_text(DOCKERFILE + f"ENV PIP_NO_INDEX=1 PIP_FIND_LINKS={package_index}\n")
    engine.run("build", "--network", "none", "--tag", NAME, str(folder))
    shutil.rmtree(folder)
    return NAME


def _python_home() -> Path:
    """Where the interpreter of the Airflow environment lives: any Python of the pinned version."""
    answer = subprocess.run(
        [str(layout.environment_python("airflow")), "-c", "import sys; print(sys.base_prefix)"],
        capture_output=True,
        text=True,
        check=True,
    )
    home = Path(answer.stdout.strip())
    if home == Path("/usr"):
        raise EngineError("the Airflow environment uses the system's Python, which cannot be copied into an image")
    return home


def _call(*command: str) -> None:
    result = subprocess.run(
        command,
        env={"PATH": SYSTEM_PATH, "LANG": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode != 0:
        raise EngineError(f"{command[0]} exited with {result.returncode}:\n{result.stdout[-3000:]}")


def download_packages(folder: Path) -> None:
    """Have `folder` hold every package of the image's lock, fetched with this machine's own settings of pip."""
    result = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--require-hashes",
                "--no-deps",
                "--only-binary=:all:",
            ),
            *("--requirement", str(layout.ROOT / "airflow" / "requirements.txt"), "--dest", str(folder)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode != 0:
        raise EngineError(f"the packages could not be fetched:\n{result.stdout[-3000:]}")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address on loopback where `folder` is served, so that a build knows nothing of this machine's registries."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()

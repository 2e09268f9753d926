"""What is left of a file's import when it is over, and what it has of the process that watches it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from farflow.dag_import import isolation
from tests.integration.dag_import.asking import ask, request, run
from tests.integration.dag_import.test_attacks import DAG, metadata_service, whats

LATER_SECONDS = 1.5


def writes_later(mark: Path) -> str:
    """Python that leaves a mark, if it is left alone for so long. It tries again, as whoever means harm would:

    what tells of a violation for the first time raises where nobody listens any more.
    """
    return f"""
import time
def insist(do):
    for _ in range(3):
        try: return do()
        except OSError: pass
insist(lambda: time.sleep({LATER_SECONDS}))
insist(lambda: open({str(mark)!r}, 'w').close())
"""


def is_left(mark: Path) -> bool:
    """Whether it was, once there was time enough."""
    time.sleep(LATER_SECONDS + 0.5)
    return mark.exists()


def test_file_is_imported_within_limits() -> None:
    """Of its own process: `tests/unit/test_import_limits.py` has each of them."""
    told = ask({"a.py": DAG + f"zeros = bytes({isolation.MEMORY_BYTES * 3 // 2})"})
    assert told["a.py"]["error"]["type"] == "MemoryError"


def test_file_that_waits_is_ended_when_its_time_is_over() -> None:
    told = ask({"a.py": DAG + "import time\ntime.sleep(8)"}, seconds_per_file=1)
    assert told["a.py"]["outcome"] == "timed_out"
    assert told["a.py"]["seconds"] < 7


def test_file_reaches_no_server_of_this_machine() -> None:
    with metadata_service() as (port, asked):
        source = f"import urllib.request\nurllib.request.urlopen('http://127.0.0.1:{port}/latest', timeout=2)"
        told = ask({"a.py": DAG + source})
    assert asked == []
    assert whats(told["a.py"]) == {"uses the network"}


@pytest.mark.parametrize(
    "source",
    ["key = os.environ['AWS_SECRET_ACCESS_KEY']", "try: open(f'/proc/{os.getppid()}/environ')\nexcept OSError: pass"],
    ids=["environment", "of another process"],
)
def test_file_that_asks_for_credentials_is_told_of(source: str) -> None:
    assert whats(ask({"a.py": DAG + "import os\n" + source})["a.py"]) == {"reads credentials"}


def test_process_in_a_session_of_its_own_is_ended_with_the_file(tmp_path: Path) -> None:
    mark = tmp_path / "late"
    forked = "\n".join(f"    {line}" for line in writes_later(mark).splitlines())
    started = f"import os\nif os.fork() == 0:\n    os.setsid()\n    if os.fork(): os._exit(0)\n{forked}\n    os._exit(0)\nos.wait()\n"
    assert "starts a process" in whats(ask({"a.py": DAG + started})["a.py"])
    assert not is_left(mark)


def test_file_that_kills_its_supervisor_does_not_outlive_it(tmp_path: Path) -> None:
    mark = tmp_path / "late"
    kills = DAG + "import os\nos.kill(os.getppid(), 9)\n" + writes_later(mark)
    result = run(request({"a.py": kills}), TMPDIR=str(tmp_path))
    assert (result.returncode, result.stdout) == (-9, "")
    assert not is_left(mark)


def test_file_cannot_look_into_its_supervisor() -> None:
    """Of the same user, and with a secret in its environment, as far as the file knows."""
    told = ask({"a.py": DAG + "import os\nraise ValueError(open(f'/proc/{os.getppid()}/environ').read())"})
    assert told["a.py"]["error"]["type"] == "PermissionError"


def test_file_has_no_descriptor_but_its_own_pipe() -> None:
    """The standard ones lead nowhere; the fifth is that of the listing itself."""
    listing = "import os\nraise ValueError(len(os.listdir('/proc/self/fd')), {os.readlink(f'/proc/self/fd/{n}') for n in range(3)})"
    told = ask({"a.py": DAG + listing})
    assert told["a.py"]["error"]["message"] == "(5, {'/dev/null'})"

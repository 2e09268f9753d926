"""What is left of a file's import when it is over, and what it has of the process that watches it."""

from __future__ import annotations

import time
from pathlib import Path

from farflow.dag_import import isolation
from tests.integration.dag_import.asking import ask, request, run
from tests.integration.dag_import.test_attacks import DAG

LATER_SECONDS = 1.5


def writes_later(mark: Path) -> str:
    """Python that leaves a mark, if it is left alone for so long."""
    return f"import time\ntime.sleep({LATER_SECONDS})\nopen({str(mark)!r}, 'w').close()\n"


def is_left(mark: Path) -> bool:
    """Whether it was, once there was time enough."""
    time.sleep(LATER_SECONDS + 0.5)
    return mark.exists()


def test_file_is_imported_within_limits() -> None:
    """Of its own process: `tests/unit/test_import_limits.py` has each of them."""
    told = ask({"a.py": DAG + f"zeros = bytes({isolation.MEMORY_BYTES * 3 // 2})"})
    assert told["a.py"]["error"]["type"] == "MemoryError"


def test_file_that_waits_is_ended_when_its_time_is_over() -> None:
    told = ask({"a.py": DAG + "import time\ntime.sleep(6)"}, seconds_per_file=1)
    assert told["a.py"]["outcome"] == "timed_out"
    assert told["a.py"]["seconds"] < 5


def test_process_in_a_session_of_its_own_is_ended_with_the_file(tmp_path: Path) -> None:
    mark = tmp_path / "late"
    forked = "\n".join(f"    {line}" for line in writes_later(mark).splitlines())
    started = f"import os\nif os.fork() == 0:\n    os.setsid()\n    if os.fork(): os._exit(0)\n{forked}\n    os._exit(0)\nos.wait()\n"
    assert ask({"a.py": DAG + started})["a.py"]["violations"]
    assert not is_left(mark)


def test_file_that_kills_its_supervisor_does_not_outlive_it(tmp_path: Path) -> None:
    mark = tmp_path / "late"
    result = run(request({"a.py": DAG + "import os\nos.kill(os.getppid(), 9)\n" + writes_later(mark)}))
    assert (result.returncode, result.stdout) == (-9, "")
    assert not is_left(mark)


def test_file_has_no_descriptor_but_its_own_pipe() -> None:
    """The standard ones lead nowhere; the fifth is that of the listing itself."""
    listing = "import os\nraise ValueError(len(os.listdir('/proc/self/fd')), {os.readlink(f'/proc/self/fd/{n}') for n in range(3)})"
    told = ask({"a.py": DAG + listing})
    assert told["a.py"]["error"]["message"] == "(5, {'/dev/null'})"

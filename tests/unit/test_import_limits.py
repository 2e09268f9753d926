"""What a process may use after `farflow.dag_import.isolation.limit`, in a process of its own."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from farflow.dag_import import isolation
from local import layout

MIB = 1024**2


def limited(code: str, seconds: float = 20) -> subprocess.CompletedProcess[str]:
    """What came of `code` in a process that may take so many seconds of processor time, and one more."""
    start = f"from farflow.dag_import import isolation\nisolation.limit({seconds})\n"
    return subprocess.run(
        [sys.executable, "-c", start + code],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(layout.ROOT / "airflow")},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(("bytes_more", "status"), [(-100 * MIB, 0), (MIB, 1)], ids=["below", "beyond"])
def test_memory_ends_at_its_limit(bytes_more: int, status: int) -> None:
    """Of zeros, which take up no memory before they are written to."""
    result = limited(f"bytes({isolation.MEMORY_BYTES + bytes_more})")
    assert result.returncode == status
    assert ("MemoryError" in result.stderr) == (status == 1)


@pytest.mark.parametrize(("bytes_more", "status"), [(0, 0), (1, 1)], ids=["at", "beyond"])
def test_file_ends_at_its_limit(tmp_path: Path, bytes_more: int, status: int) -> None:
    size = isolation.FILE_BYTES + bytes_more
    result = limited(f"with open({str(tmp_path / 'big')!r}, 'wb') as file: file.write(b'x' * {size})")
    assert result.returncode == status
    assert ("File too large" in result.stderr) == (status == 1)


def test_open_files_end_at_their_limit() -> None:
    result = limited(f"import os\nkept = [os.dup(0) for _ in range({isolation.OPEN_FILES})]")
    assert "Too many open files" in result.stderr


BUSY = """
import time
while time.process_time() < 5:
    try:
        while time.process_time() < 5: pass
    except BaseException: pass
"""
IGNORING = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\n"


@pytest.mark.parametrize(("code", "ended"), [(BUSY, signal.SIGXCPU), (IGNORING + BUSY, signal.SIGKILL)])
def test_processor_time_ends_with_a_signal_that_says_so_and_else_for_good(code: str, ended: signal.Signals) -> None:
    """By the first the supervisor knows that the time was up, and that the file did not crash."""
    assert limited(code, seconds=0).returncode == -ended

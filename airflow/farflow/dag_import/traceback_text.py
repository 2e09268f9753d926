"""What an import error was, from the text that Airflow keeps of it."""

from __future__ import annotations

import re
from pathlib import Path

from .reply import LONGEST_MESSAGE, Failure

FRAME = re.compile(r'^ *File "(?P<file>[^"]+)", line (?P<line>\d+)', re.MULTILINE)
EXCEPTION = re.compile(r"^(?P<type>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?\Z", re.DOTALL)
HEADER = "Traceback (most recent call last):\n"


def failure_of(text: str, file: Path, tree: Path) -> Failure:
    """`text` is a traceback, or the one line `Type: message`. The line is where the error left `file`, 0 when it never was in it.

    Paths below `tree` become relative to it: whoever reads this has the tree elsewhere.
    """
    last = text.strip().rpartition(HEADER)[2]
    lines = [int(frame["line"]) for frame in FRAME.finditer(last) if frame["file"] == str(file)]
    found = EXCEPTION.match(_after_frames(last))
    name, message = (found["type"].rpartition(".")[2], found["message"] or "") if found else ("ImportError", last)
    return Failure(name, message.replace(f"{tree}/", "")[:LONGEST_MESSAGE].strip(), lines[-1] if lines else 0)


def _after_frames(text: str) -> str:
    """Frames and their code are indented, and what was raised is not; all that follows belongs to its message."""
    lines = text.splitlines()
    start = next((number for number, line in enumerate(lines) if line and not line.startswith(" ")), 0)
    return "\n".join(lines[start:])

"""What no parser may see: looked at before anything reads a file as Python."""

from __future__ import annotations

import codecs
import io
import re
import tokenize
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from .tree import LINK, SUBMODULE, DagTree, Entry

FILE_BYTES = 1024 * 1024
TREE_BYTES = 50 * 1024 * 1024
TREE_FILES = 5000
LINE_BYTES = 16 * 1024
"""Some of Ruff's rules take time that grows with the square of a line's length: 19 s for one of 900 kB."""

NAME_BYTES = 255
PATH_BYTES = 900

NO_UTF_8 = "\ufffd"
"""What GitHub answers instead of each byte of a name that it cannot read: many names become one."""

_PLAIN_PATH = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*")
"""Nothing can be wrong with such a path, if it is short."""

_COMPILED_SUFFIXES = (".pyc", ".pyo", ".pyd", ".so", ".dll", ".dylib", ".egg", ".whl")
_COMPILED_MAGIC = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xcf")
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")

_HIDING = re.compile("[\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\u2028\u2029\ufeff\x00\x08\x1a\x1b]")
"""Characters by which a reader sees other code than Python runs. Source: https://trojansource.codes/"""

_LONE_CARRIAGE_RETURN = re.compile(r"\r(?!\n)")
"""A line's end for Python, Airflow and Ruff, and none for `tokenize`, git and most editors."""

_UTF_8 = {"utf-8", "utf-8-sig"}


@dataclass(frozen=True)
class Refusal:
    """A gate that a path did not pass; an empty path is the whole tree."""

    path: str
    line: int
    rule: str
    message: str


def refusals(tree: DagTree) -> Iterator[Refusal]:
    """Each reason not to look further at a file, or at the tree."""
    yield from _of_tree(tree)
    for path, entry in tree.items():
        yield from (Refusal(path, 1, "FL101", mistake) for mistake in _path_mistakes(path))
        mistake = _kind_mistake(path, entry)
        if mistake:
            yield Refusal(path, 1, "FL102", mistake)
        elif entry.size_bytes > FILE_BYTES:
            yield Refusal(path, 1, "FL103", f"has {entry.size_bytes} bytes, more than {FILE_BYTES}")
        elif entry.content is None:
            yield Refusal(path, 1, "FL102", "has no content of its own")
        elif is_text(path):
            yield from _text_refusals(path, entry.content)


def is_python(path: str) -> bool:
    """Whether Airflow takes the file for Python; its importer compares the suffix without case."""
    return path.lower().endswith(".py")


def is_text(path: str) -> bool:
    """Whether the lint reads the file as text."""
    return is_python(path) or path.rpartition("/")[2] == ".airflowignore"


def _of_tree(tree: DagTree) -> Iterator[Refusal]:
    if len(tree) > TREE_FILES:
        yield Refusal("", 1, "FL103", f"the folder has {len(tree)} files, more than {TREE_FILES}")
    total = sum(entry.size_bytes for entry in tree.values())
    if total > TREE_BYTES:
        yield Refusal("", 1, "FL103", f"the folder has {total} bytes, more than {TREE_BYTES}")
    spellings: dict[str, str] = {}
    for path in sorted(_with_folders(tree)):
        known = spellings.setdefault(unicodedata.normalize("NFC", path).casefold(), path)
        if known != path:
            yield Refusal(path, 1, "FL101", f"differs from {known!r} only by case or Unicode form")


def _with_folders(tree: DagTree) -> set[str]:
    paths = set(tree)
    for path in tree:
        folder = path.rpartition("/")[0]
        while folder and folder not in paths:
            paths.add(folder)
            folder = folder.rpartition("/")[0]
    return paths


def _path_mistakes(path: str) -> Iterator[str]:
    """A release's own rules and those of a repository: tests/contract/test_path_rules.py names each difference."""
    if len(path) <= NAME_BYTES and _PLAIN_PATH.fullmatch(path):
        return  # nearly all are
    segments = path.split("/")
    if path.startswith("/"):
        yield "is an absolute path"
    elif any(segment in ("", ".", "..") for segment in segments):
        yield "has an empty, '.' or '..' segment"
    if any(segment.lower() in (".git", "git~1") for segment in segments):
        yield "lies in a .git folder"
    if "\\" in path:
        yield "has a backslash"
    if NO_UTF_8 in path:
        yield f"has the character U+{ord(NO_UTF_8):04X}, which stands for what is no UTF-8"
    elif not unicodedata.is_normalized("NFC", path):
        yield "is not in Unicode's form NFC, which some systems write instead of it"
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in path):
        yield "has a character that cannot be seen"
    elif len(path.encode()) > PATH_BYTES or any(len(segment.encode()) > NAME_BYTES for segment in segments):
        yield f"has more than {PATH_BYTES} bytes, or a name of more than {NAME_BYTES}"


def _kind_mistake(path: str, entry: Entry) -> str | None:
    if entry.mode == LINK:
        return "is a symbolic link"
    if entry.mode == SUBMODULE:
        return "is a submodule"
    content = entry.content or b""
    if path.lower().endswith(_COMPILED_SUFFIXES) or content.startswith(_COMPILED_MAGIC):
        return "is compiled code, which nobody can review"
    if "__pycache__" in path.split("/"):
        return "lies in __pycache__, from where Python runs what no source file says"
    if path.lower().endswith(".zip") or content.startswith(_ZIP_MAGIC) or zipfile.is_zipfile(io.BytesIO(content)):
        return "is a ZIP archive, out of which Airflow runs DAGs that no rule has seen"
    return None


def _text_refusals(path: str, content: bytes) -> Iterator[Refusal]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        yield Refusal(path, line, "FL104", f"is not UTF-8: {error.reason} at byte {error.start}")
        return
    hidden = _HIDING.search(text)
    if hidden:
        line = text.count("\n", 0, hidden.start()) + 1
        yield Refusal(
            path, line, "FL104", f"holds the character U+{ord(hidden[0]):04X}, which hides what the code does"
        )
    lone = _LONE_CARRIAGE_RETURN.search(text)
    if lone:
        line = text.count("\n", 0, lone.start()) + 1
        yield Refusal(
            path, line, "FL104", "holds a carriage return alone, which ends a line for Python and not for you"
        )
    for number, part in enumerate(content.splitlines(), start=1):
        if len(part) > LINE_BYTES:
            yield Refusal(path, number, "FL103", f"has a line of {len(part)} bytes, more than {LINE_BYTES}")
            return
    if is_python(path):
        yield from _encoding_refusals(path, content)


def _encoding_refusals(path: str, content: bytes) -> Iterator[Refusal]:
    """Python decodes a file as its first lines ask; what they ask must be what everyone else reads."""
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(content).readline)[0]
    except SyntaxError as error:
        yield Refusal(path, 1, "FL104", f"declares an encoding that Python does not take: {error.msg}")
        return
    if codecs.lookup(encoding).name not in _UTF_8:
        yield Refusal(
            path, 1, "FL104", f"declares the encoding {encoding}, by which Python reads other code than you see"
        )

"""The lint (`gates`, FL101) and a release (`dag_paths`) refuse the same paths, but for the differences that are named here.

The rules stand twice because neither may import the other: the lint installs by itself, and most functions do not have it.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from control_plane import dag_paths
from dag_lint import gates
from dag_lint.tree import tree_of


def lint_refuses(paths: frozenset[str]) -> bool:
    return any(refusal.rule == "FL101" for refusal in gates.refusals(tree_of(dict.fromkeys(paths, b""))))


def release_refuses(paths: frozenset[str]) -> bool:
    try:
        dag_paths.check((path, 0) for path in paths)
    except dag_paths.RefusedFilesError:
        return True
    return False


@dataclass(frozen=True)
class Difference:
    """`among` says whether the paths have it, `such_as` are paths that have nothing else."""

    refused_by: Callable[[frozenset[str]], bool]
    taken_by: Callable[[frozenset[str]], bool]
    why: str
    among: Callable[[frozenset[str]], bool]
    such_as: tuple[frozenset[str], ...]


def in_any(has: Callable[[str], bool]) -> Callable[[frozenset[str]], bool]:
    return lambda paths: any(map(has, paths))


def only_lint(why: str, has: Callable[[str], bool], *such_as: str) -> Difference:
    """Of paths in a repository: people clone and review it, on systems that are not the release's."""
    examples = tuple(frozenset({path}) for path in such_as)
    return Difference(lint_refuses, release_refuses, why, in_any(has), examples)


DIFFERENCES = {
    "git's own folder": only_lint(
        "whoever clones such a repository lets it into git's own files; to a release the name means nothing",
        lambda path: any(segment.lower() in {".git", "git~1"} for segment in path.split("/")),
        *(".git", ".GIT/hooks/pre-commit", "team/git~1/config"),
    ),
    "backslash": only_lint(
        "Windows, where developers have clones, takes it for the end of a folder's name; EFS does not",
        lambda path: "\\" in path,
        *("a\\b.py", "..\\a.py"),
    ),
    "no UTF-8": only_lint(
        "GitHub answers U+FFFD for what it cannot read, so that many names become one; S3's keys are UTF-8",
        lambda path: "\ufffd" in path,
        "a\ufffd.py",
    ),
    "not in form NFC": only_lint(
        "some developers' systems write the name in another form than git has it; EFS keeps it as it is",
        lambda path: not unicodedata.is_normalized("NFC", path),
        "cafe\u0301.py",
    ),
    "invisible character": only_lint(
        "who reviews the commit sees another name than is there; an upload is reviewed by nobody",
        lambda path: any(unicodedata.category(character) in {"Cf", "Zl", "Zp"} for character in path),
        *("a\u202eyp.b", "a\u200b.py", "a\u2028.py", "a\u2029.py"),
    ),
    "file and folder at once": Difference(
        release_refuses,
        lint_refuses,
        "S3 can hold both; in a folder on disk there is one, and a git tree with both is refused as it is read",
        lambda paths: bool(paths & dag_paths.folders_of(paths)),
        (frozenset({"a", "a/b.py"}), frozenset({"team/a", "team/a/b/c.py", "d.py"})),
    ),
}
"""By a name: what the two are meant to see differently."""


@pytest.mark.parametrize(
    ("difference", "paths"),
    [(difference, paths) for difference in DIFFERENCES.values() for paths in difference.such_as],
    ids=[f"{name} {number}" for name, each in DIFFERENCES.items() for number in range(len(each.such_as))],
)
def test_each_difference_is_there(difference: Difference, paths: frozenset[str]) -> None:
    assert [name for name, other in DIFFERENCES.items() if other.among(paths)] == [
        name for name, other in DIFFERENCES.items() if other is difference
    ]
    assert difference.refused_by(paths)
    assert not difference.taken_by(paths)


NAMES = [
    *("", ".", "..", "...", ".git", ".GIT", "git~1", ".github", "__pycache__", ".airflowignore"),
    *("team", "Team", "report.py", "Report.py", "a b.py", " ", "a ", "con", "~", "a:b", "*", "\\"),
    *("straße.py", "STRASSE.py", "ſ", "s", "ǆ", "ǅ", "İ", "i̇", "K", "k", "caf\u00e9", "cafe\u0301", "ﬁ", "fi"),  # noqa: RUF001
    *("a" * 255, "a" * 256, "é" * 127, "é" * 128, "x" * 224, "y" * 225),
]
PARTS = [
    "a",
    "A",
    "é",
    "e\u0301",
    ".",
    " ",
    "\0",
    "\n",
    "\x1b",
    "\x7f",
    "\x9f",
    "\\",
    "\u00ad",
    "\u200b",
    "\u202e",
    "\u2028",
]
PARTS += ["\u2029", "\ud800", "\udcff", "\ufffd", "\ufeff", "\U000e0041", "数"]
SPELLINGS: list[Callable[[str], str]] = [
    *(str.lower, str.upper, str.swapcase, str.casefold),
    *(lambda path: unicodedata.normalize("NFC", path), lambda path: unicodedata.normalize("NFD", path)),
]
names = (
    st.sampled_from(NAMES)
    | st.sampled_from(PARTS).map("a{}b".format)
    | st.lists(st.sampled_from(PARTS), max_size=4).map("".join)
    | st.text(st.characters())
)
paths = names | names.map("{}/a.py".format) | st.lists(names, min_size=1, max_size=6).map("/".join)
twins = st.tuples(paths, st.sampled_from(SPELLINGS)).map(lambda both: frozenset({both[0], both[1](both[0])}))
FULL_PATH = "/".join(["x" * 224] * 4)
"""As long as a path may be, but for a character."""


@given(paths.map(lambda path: frozenset({path})) | twins | st.frozensets(paths, min_size=2, max_size=4))
@settings(max_examples=3000, deadline=None)
@example(frozenset({f"{FULL_PATH}y"}))
@example(frozenset({f"{FULL_PATH}yy"}))
@example(frozenset({"team", "Team/a.py"}))
@example(frozenset({"straße.py", "STRASSE.py"}))
def test_both_refuse_the_same_paths_but_for_the_named_differences(paths: frozenset[str]) -> None:
    named = [difference for difference in DIFFERENCES.values() if difference.among(paths)]
    if named:
        assert all(difference.refused_by(paths) for difference in named)
    else:
        assert lint_refuses(paths) == release_refuses(paths)


def test_what_the_lint_lets_pass_fits_into_a_release() -> None:
    limits = dag_paths.Limits()
    assert (gates.NAME_BYTES, gates.PATH_BYTES) == (dag_paths.NAME_BYTES, dag_paths.PATH_BYTES)
    assert limits.file_bytes >= gates.FILE_BYTES
    assert limits.total_bytes >= gates.TREE_BYTES
    assert limits.files >= gates.TREE_FILES

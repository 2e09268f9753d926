"""What no parser may see."""

import pytest

from dag_lint.gates import FILE_BYTES, LINE_BYTES, TREE_BYTES, TREE_FILES, refusals
from dag_lint.tree import FILE, LINK, SUBMODULE, DagTree, Entry, tree_of


def refused(tree: DagTree) -> set[tuple[str, str]]:
    return {(refusal.path, refusal.rule) for refusal in refusals(tree)}


@pytest.mark.parametrize(
    "path", ["a.py", "team/a.py", ".airflowignore", "a b.py", "..py", "ünï/côde.py", "数据.py", "x/" * 100 + "a.py"]
)
def test_ordinary_path_is_taken(path: str) -> None:
    assert refused(tree_of({path: b""})) == set()


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/passwd", "../a.py", "a/../b.py", "a/./b.py", "a//b.py", "a/", ".", "..", "", "a\\b.py", "..\\a.py"),
        *(
            "a\0.py",
            "a\n.py",
            "a\x1b.py",
            "a\udcff.py",
            "a\u202eyp.b",
            "a\u200b.py",
            ".git/hooks/pre-commit",
            "x/.GIT/a",
        ),
        *("a" * 256, "é" * 128, "x/" * 500 + "a.py", "a\u2028.py"),
        *("\ufffd.txt", "a\ufffd/b.py", "cafe\u0301.py"),
    ],
)
def test_unsafe_path_is_refused(path: str) -> None:
    assert "FL101" in {rule for _, rule in refused(tree_of({path: b""}))}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Report.py", "report.py"),
        ("straße.py", "STRASSE.py"),
        ("caf\u00e9.py", "cafe\u0301.py"),
        ("Team/a.py", "team/b.py"),
        ("team", "Team/a.py"),
    ],
)
def test_names_that_are_one_on_some_system_are_refused(one: str, other: str) -> None:
    assert "FL101" in {rule for _, rule in refused(tree_of({one: b"", other: b""}))}


@pytest.mark.parametrize(
    ("size", "rules"), [(FILE_BYTES, set()), (FILE_BYTES + 1, {("a.txt", "FL103")})], ids=["at", "over"]
)
def test_file_may_be_as_large_as_the_limit(size: int, rules: set[tuple[str, str]]) -> None:
    assert refused(tree_of({"a.txt": b"x" * size})) == rules


@pytest.mark.parametrize(("more", "rules"), [(0, set()), (1, {("", "FL103")})])
def test_folder_may_hold_as_many_files_as_the_limit(more: int, rules: set[tuple[str, str]]) -> None:
    assert refused(tree_of({f"{number}.txt": b"" for number in range(TREE_FILES + more)})) == rules


@pytest.mark.parametrize(("more", "rules"), [(0, set()), (1, {("", "FL103")})])
def test_folder_may_hold_as_many_bytes_as_the_limit(more: int, rules: set[tuple[str, str]]) -> None:
    full = TREE_BYTES // FILE_BYTES
    entries = {f"{number}.txt": Entry(FILE, b"", FILE_BYTES) for number in range(full)}
    assert refused(DagTree(entries | {"last.txt": Entry(FILE, b"x" * more)})) == rules


@pytest.mark.parametrize(("more", "rules"), [(0, set()), (1, {("a.py", "FL103")})])
def test_line_may_be_as_long_as_the_limit(more: int, rules: set[tuple[str, str]]) -> None:
    assert refused(tree_of({"a.py": b"#" * (LINE_BYTES + more) + b"\n"})) == rules


def test_data_file_may_be_binary_and_have_long_lines() -> None:
    assert refused(tree_of({"a.parquet": b"\x00\xff" * 20_000})) == set()


@pytest.mark.parametrize("cookie", [b"# coding: utf-8", b"# -*- coding: UTF8 -*-", b"# vim: set fileencoding=utf_8 :"])
def test_declared_utf_8_is_taken(cookie: bytes) -> None:
    assert refused(tree_of({"a.py": cookie + b"\nx = 1\n"})) == set()


@pytest.mark.parametrize("path", ["a.py", "team/.airflowignore"])
def test_carriage_return_alone_is_refused(path: str) -> None:
    """It ends a line for Python and for Airflow; with a line feed it is Windows's end of a line."""
    assert refused(tree_of({path: b"# a\r# b\n"})) == {(path, "FL104")}
    assert refused(tree_of({path: b"# a\r\n# b\r\n"})) == set()


def test_file_without_content_is_refused() -> None:
    """What was not fetched cannot pass."""
    assert refused(DagTree({"a.py": Entry(FILE, None, 10)})) == {("a.py", "FL102")}


@pytest.mark.parametrize(("mode", "kind"), [(LINK, "symbolic link"), (SUBMODULE, "submodule")])
def test_link_and_submodule_are_refused_whatever_content_is_said_to_be_theirs(mode: int, kind: str) -> None:
    (refusal,) = refusals(DagTree({"a.py": Entry(mode, b"x = 1")}))
    assert (refusal.rule, refusal.message) == ("FL102", f"is a {kind}")

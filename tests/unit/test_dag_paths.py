"""Which paths a release may hold."""

import pytest

from control_plane.dag_paths import Limits, RefusedFilesError, check


@pytest.mark.parametrize(
    "path",
    ["a.py", "team/a.py", ".airflowignore", "a b.py", "..py", "...", "ünï/côde.py", "a" * 255, "x/" * 100 + "a.py"],
)
def test_ordinary_path_is_taken(path: str) -> None:
    check([(path, 1)])


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "empty"),
        ("/etc/passwd", "absolute"),
        ("../a.py", "'..'"),
        ("a/../../b.py", "'..'"),
        ("a/./b.py", "'.'"),
        ("a//b.py", "empty"),
        ("a/", "empty"),
        (".", "'.'"),
        ("a\0.py", "control character"),
        ("a\n.py", "control character"),
        ("a\x7f.py", "control character"),
        ("a\udcff.py", "control character"),
        ("a" * 256, "255 bytes"),
        ("ü" * 128, "255 bytes"),
    ],
)
def test_path_that_names_no_file_below_is_refused_by_name(path: str, why: str) -> None:
    with pytest.raises(RefusedFilesError) as raised:
        check([("good.py", 1), (path, 1)])
    assert repr(path) in str(raised.value)
    assert why in str(raised.value)
    assert "good.py" not in str(raised.value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.py", "A.py"),
        ("Team/a.py", "team/b.py"),
        ("é.py", "e\N{COMBINING ACUTE ACCENT}.py"),
        ("straße.py", "STRASSE.py"),
    ],
)
def test_names_that_are_one_on_some_system_are_refused(one: str, other: str) -> None:
    with pytest.raises(RefusedFilesError, match="differ only by case or Unicode form"):
        check([(one, 1), (other, 1)])


def test_file_that_is_a_folder_too_is_refused() -> None:
    with pytest.raises(RefusedFilesError, match="'a' is a file and a folder at once"):
        check([("a", 1), ("a/b.py", 1)])


@pytest.mark.parametrize(
    "limits", [Limits(file_bytes=9), Limits(total_bytes=19), Limits(files=1)], ids=["file", "total", "count"]
)
def test_what_is_larger_than_dags_are_is_refused(limits: Limits) -> None:
    check([("a", 10), ("b", 10)], Limits(file_bytes=10, total_bytes=20, files=2))
    with pytest.raises(RefusedFilesError):
        check([("a", 10), ("b", 10)], limits)


def test_message_is_bounded_and_says_how_many_more() -> None:
    with pytest.raises(RefusedFilesError) as raised:
        check([(f"{number}/../x", 1) for number in range(1000)])
    assert str(raised.value).endswith("and 980 more")

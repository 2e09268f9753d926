"""Which files of a folder are uploaded: `local.dag_folder`."""

from pathlib import Path

import pytest

from local.dag_folder import DagFolderError, files


def test_litter_is_left_out(tmp_path: Path) -> None:
    for name in ["a.py", "sql/q.sql", ".airflowignore", "__pycache__/a.pyc", ".git/config", "old.pyc"]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert [path.relative_to(tmp_path).as_posix() for path in files(tmp_path)] == [
        ".airflowignore",
        "a.py",
        "sql/q.sql",
    ]


def test_missing_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(DagFolderError, match="nowhere is no folder"):
        files(tmp_path / "nowhere")


def test_folder_without_python_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    with pytest.raises(DagFolderError, match="holds no Python file"):
        files(tmp_path)

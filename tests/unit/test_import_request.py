"""A request to import, looked at where it is about to be written to a disk: `farflow.dag_import.request`."""

import base64
import json
import lzma

import pytest

from farflow.dag_import.request import Request, RequestError


def content(path: str) -> str:
    tree = base64.b64encode(lzma.compress(json.dumps({path: "x = 1"}).encode())).decode()
    return json.dumps({"tree": tree, "imports": [path], "seconds_per_file": 30})


def test_path_inside_the_folder_is_taken() -> None:
    assert Request.from_json(content("team/a.py")).files == {"team/a.py": b"x = 1"}


@pytest.mark.parametrize("path", ["../a.py", "team/../../a.py", "/a.py", "a\0.py", "", ".", "team//a.py"])
def test_path_that_leads_out_of_the_folder_is_refused(path: str) -> None:
    """The gate refused it before; whoever writes does not rely on that."""
    with pytest.raises(RequestError, match="no path inside a folder"):
        Request.from_json(content(path))


def test_tree_that_grows_beyond_the_limit_is_refused_before_it_is_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farflow.dag_import.request.TREE_BYTES", 1000)
    bomb = base64.b64encode(lzma.compress(b" " * 100_000)).decode()
    for tree in (bomb, bomb[: len(bomb) // 2 // 4 * 4]):
        with pytest.raises(RequestError, match="not a request"):
            Request.from_json(json.dumps({"tree": tree, "imports": [], "seconds_per_file": 30}))

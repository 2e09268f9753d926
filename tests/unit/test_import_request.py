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


@pytest.mark.parametrize("path", ["../a.py", "team/../../a.py", "/a.py", "a\0.py", "", "team//a.py"])
def test_path_that_leads_out_of_the_folder_is_refused(path: str) -> None:
    """The gate refused it before; whoever writes does not rely on that."""
    with pytest.raises(RequestError, match="no path inside a folder"):
        Request.from_json(content(path))

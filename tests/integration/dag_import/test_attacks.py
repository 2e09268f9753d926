"""Files that mean harm, imported: nothing happens outside their own process, and none of them passes."""

from __future__ import annotations

import ctypes
import http.server
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from farflow import lint_sandbox
from local import layout
from tests.integration.dag_import.asking import ask, request, run

DAG = "from airflow.sdk import DAG\ndag = DAG('d', schedule=None)\n"
SECRET = "a-secret-of-the-role"


def bad(file: dict[str, Any]) -> bool:
    return file["outcome"] != "imported" or bool(file["violations"])


def whats(file: dict[str, Any]) -> set[str]:
    return {violation["what"] for violation in file["violations"]}


@contextmanager
def metadata_service() -> Iterator[tuple[int, list[str]]]:
    """Its port, and what was asked of it."""
    asked: list[str] = []

    class Metadata(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)

    with http.server.HTTPServer(("127.0.0.1", 0), Metadata) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port, asked
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    outside = tmp_path_factory.mktemp("outside")
    scratch = tmp_path_factory.mktemp("tmp")
    with metadata_service() as (port, asked):
        began = time.monotonic()
        answers = ask(attacks(outside, port), environ={"TMPDIR": str(scratch)}, seconds_per_file=3)
        yield {"files": answers, "outside": outside, "asked": asked, "scratch": scratch, "began": began}
    Path("/tmp/farflow-poison").unlink(missing_ok=True)


def attacks(outside: Path, port: int) -> dict[str, str]:
    return {
        "opens_a_socket.py": DAG
        + f"import socket\ntry: socket.create_connection(('127.0.0.1', {port}), 2).send(b'x')\nexcept OSError: pass",
        "asks_over_http.py": DAG
        + f"import urllib.request\nurllib.request.urlopen('http://127.0.0.1:{port}/latest', timeout=2)",
        "forks.py": DAG
        + f"import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(3)\n    open({str(outside / 'late')!r}, 'w').close()\n    os._exit(0)",
        "starts_a_program.py": DAG + "import subprocess\nsubprocess.Popen(['sleep', '54.321'], start_new_session=True)",
        "fills_the_disk.py": DAG + "with open('big', 'wb') as f:\n    while True: f.write(b'x' * 1_000_000)",
        "fills_the_memory.py": DAG + "x = b'x' * 8_000_000_000",
        "never_ends.py": DAG + "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "sleeps.py": DAG + "import time\nwhile True:\n    try: time.sleep(60)\n    except BaseException: pass",
        "ends_early.py": DAG + "import os\nos._exit(0)",
        "forges_a_result.py": DAG
        + "import json, os\nline = json.dumps({'token': '', 'result': {'dag_ids': [], 'error': None, 'stand_ins': []}})\n"
        "for fd in range(3, 256):\n    try: os.write(fd, line.encode() + b'\\n')\n    except OSError: pass\nos._exit(0)",
        "says_without_end.py": DAG
        + "import os\nfor fd in range(3, 256):\n    try:\n        while True: os.write(fd, b'x' * 65536)\n    except OSError: pass",
        "reads_environments.py": DAG + "import os\nfor pid in filter(str.isdigit, os.listdir('/proc')):\n"
        "    for name in ('environ', 'mem'):\n        try: open(f'/proc/{pid}/{name}', 'rb').read(9)\n        except OSError: pass",
        "reads_credentials.py": DAG + "import os\nkey = os.environ['AWS_SECRET_ACCESS_KEY']",
        "prints_the_parent_s_environment.py": DAG
        + "import os\nraise ValueError(open(f'/proc/{os.getppid()}/environ').read())",
        "writes_into_the_parent.py": DAG
        + "import os\nfor fd in range(9):\n    try: open(f'/proc/{os.getppid()}/fd/{fd}', 'w').write('forged')\n    except OSError: pass",
        "poisons.py": DAG
        + "import airflow.sdk, builtins, tempfile\nairflow.sdk.DAG.validate = lambda self: None\nbuiltins.POISON = 1\n"
        "open('/tmp/farflow-poison', 'w').close()",
        "uses_native_code.py": DAG + "import ctypes\nctypes.CDLL(None).getpid()",
        "zz_is_poisoned.py": DAG + "import builtins\nassert not hasattr(builtins, 'POISON')",
    }


def test_no_attack_passes(told: dict[str, Any]) -> None:
    innocent = {"zz_is_poisoned.py"}
    assert {path for path, file in told["files"].items() if not bad(file)} == innocent


@pytest.mark.parametrize(
    ("path", "outcome", "what"),
    [
        ("opens_a_socket.py", "imported", "uses the network"),
        ("asks_over_http.py", "failed", "uses the network"),
        ("forks.py", "imported", "starts a process"),
        ("starts_a_program.py", "imported", "starts a process"),
        ("fills_the_disk.py", "failed", "writes files"),
        ("fills_the_memory.py", "failed", None),
        ("never_ends.py", "timed_out", None),
        ("sleeps.py", "timed_out", "sleeps"),
        ("ends_early.py", "crashed", None),
        ("forges_a_result.py", "crashed", None),
        ("says_without_end.py", "crashed", None),
        ("reads_environments.py", "imported", "reads credentials"),
        ("reads_credentials.py", "imported", "reads credentials"),
        ("writes_into_the_parent.py", "imported", "writes files"),
        ("poisons.py", "imported", "writes files"),
        ("uses_native_code.py", "imported", "loads native code"),
    ],
)
def test_attack_is_told_as_what_it_is(told: dict[str, Any], path: str, outcome: str, what: str | None) -> None:
    assert told["files"][path]["outcome"] == outcome
    assert what is None or what in whats(told["files"][path])


def test_nothing_reached_the_network(told: dict[str, Any]) -> None:
    assert told["asked"] == []


def test_nothing_that_was_started_is_left(told: dict[str, Any]) -> None:
    time.sleep(max(0.0, told["began"] + 4 - time.monotonic()))
    assert not (told["outside"] / "late").exists()
    assert b"54.321" not in b"".join(
        (process / "cmdline").read_bytes() for process in Path("/proc").glob("[0-9]*") if (process / "cmdline").exists()
    )


def test_nothing_is_left_on_the_disk(told: dict[str, Any]) -> None:
    assert list(told["scratch"].iterdir()) == []


def test_file_that_is_imported_after_poison_is_not_poisoned(told: dict[str, Any]) -> None:
    assert told["files"]["zz_is_poisoned.py"]["outcome"] == "imported"


def test_environment_of_the_parent_stays_its_own(told: dict[str, Any]) -> None:
    """The supervisor's, of the same user: it has made itself unreadable."""
    assert told["files"]["prints_the_parent_s_environment.py"]["error"]["type"] == "PermissionError"


@pytest.mark.parametrize("signal", [9, 15])
def test_supervisor_that_is_killed_gives_no_reply(signal: int) -> None:
    result = run(request({"kills.py": DAG + f"import os\nos.kill(os.getppid(), {signal})"}))
    assert result.returncode == -signal
    assert result.stdout == ""


def test_what_a_file_wrote_beside_itself_is_not_there_for_the_next() -> None:
    files = {
        "changes.py": DAG + "open('../dags/lib.py', 'w').write('x = 2')\nopen('../dags/extra.py', 'w').write('')",
        "lib.py": "x = 1",
        "other.py": DAG + "import lib\nassert lib.x == 1",
        "uses_extra.py": DAG + "import extra",
    }
    told = ask(files, ["changes.py", "lib.py", "other.py", "uses_extra.py"], one_at_a_time=True)
    assert whats(told["changes.py"]) == {"writes files"}
    assert told["other.py"]["outcome"] == "imported"
    assert told["uses_extra.py"]["error"]["type"] == "ModuleNotFoundError"


@pytest.mark.parametrize(
    ("path", "message"), [("lib.py", "lib.py was changed"), ("extra.py", "extra.py was made by a file")]
)
def test_tree_that_was_changed_unseen_gives_no_reply(path: str, message: str) -> None:
    """By another program, whose writes no audit event tells of. What others imported then was not what was pushed."""
    changes = DAG + f"import os\nos.system('echo x = 2 > ../dags/{path}')"
    result = run(request({"changes.py": changes, "lib.py": "x = 1"}, ["changes.py"]))
    assert (result.returncode, result.stdout) == (1, "")
    assert message in result.stderr


def test_file_that_no_time_was_left_for_is_told_so() -> None:
    files = {f"hangs{number}.py": DAG + "import time\ntime.sleep(60)" for number in range(6)}
    result = run(request(files), ["--seconds", "5"])
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)["files"]
    assert {file["outcome"] for file in told} == {"timed_out"}
    assert len(told) == 6


def test_line_told_is_the_file_s_own_though_a_module_beside_it_does_it() -> None:
    files = {
        "a.py": DAG + "\n\nimport lib.slow",
        "lib/__init__.py": "",
        "lib/slow.py": "import time\n\n\n\n\n\ntime.sleep(0.01)",
        "b.py": DAG + "import platform\nplatform.platform()",
    }
    told = ask(files, ["a.py", "b.py"])
    assert told["a.py"]["violations"] == [{"what": "sleeps, at lib/slow.py:7", "line": 5}]
    assert told["b.py"]["violations"] == [], "who asks for the machine does not mean the program that tells it"


class TestFunction:
    """`lint_sandbox` itself, in a process with credentials in its environment."""

    @pytest.fixture
    def context(self, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
        monkeypatch.setattr(lint_sandbox.sys, "executable", str(layout.environment_python("airflow")))
        monkeypatch.setenv("PYTHONPATH", str(layout.ROOT / "airflow"))
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        return SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000)

    def test_credentials_are_in_no_process_that_imports(self, context: SimpleNamespace) -> None:
        asking = "import os\nraise ValueError([value for name, value in os.environ.items() if name.startswith('AWS_')])"
        told = lint_sandbox.lambda_handler(request({"tells.py": DAG + asking}), context)
        assert told["files"][0]["error"]["type"] == "ValueError"
        assert SECRET not in json.dumps(told)
        assert os.environ["AWS_SECRET_ACCESS_KEY"] == SECRET

    def test_network_is_cut(self, context: SimpleNamespace) -> None:
        assert lint_sandbox.lambda_handler(request({"a.py": DAG}), context)["network_cut"]

    def test_runtime_s_own_memory_is_hidden_too(self, context: SimpleNamespace) -> None:
        """Where no namespace is to be had, as on Lambda, it is another process of the same user."""
        lint_sandbox.lambda_handler(request({"a.py": DAG}), context)
        get_dumpable = 3  # prctl(2)
        assert ctypes.CDLL(None).prctl(get_dumpable) == 0

    def test_crash_is_an_error_of_the_function(self, context: SimpleNamespace) -> None:
        with pytest.raises(lint_sandbox.SandboxError, match="-9"):
            lint_sandbox.lambda_handler(request({"kills.py": DAG + "import os\nos.kill(os.getppid(), 9)"}), context)

    def test_files_that_take_all_the_time_are_told_so(self, context: SimpleNamespace) -> None:
        context.get_remaining_time_in_millis = lambda: (
            26_000
        )  # Airflow's imports take 3.3 s of a core; 12 s where six others want one of two
        told = lint_sandbox.lambda_handler(request({"loops.py": DAG + "while True: pass"}), context)
        assert told["files"][0]["outcome"] == "timed_out"

    def test_time_that_is_up_before_anything_is_told_is_an_error_of_the_function(
        self, context: SimpleNamespace
    ) -> None:
        context.get_remaining_time_in_millis = lambda: 5_500
        with pytest.raises(lint_sandbox.SandboxError, match="no answer"):
            lint_sandbox.lambda_handler(request({"loops.py": DAG + "while True: pass"}), context)

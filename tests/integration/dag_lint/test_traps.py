"""What lets a bad DAG pass other linters: each of these must fail."""

import io
import os
import subprocess
import time
import zipfile
from pathlib import Path

import pytest

from dag_lint.each_file.readers import Readers
from dag_lint.each_file.ruff_rules import Ruff, installed_ruff
from dag_lint.errors import LintFailedError
from dag_lint.gates import FILE_BYTES
from dag_lint.lint import Report, lint
from dag_lint.tree import LINK, SUBMODULE, DagTree, Entry, read_folder, tree_of

BROKEN = b'from airflow.sdk import DAG\n\nreport = DAG("report", schedule=None, tags=[undefined])\n'
FINE = b'from airflow.sdk import DAG\n\nreport = DAG("report", schedule=None)\n'


def blocking(report: Report) -> set[tuple[str, str]]:
    return {(found.path, found.rule) for found in report.findings if found.severity == "block"}


def archive(name: str = "dag.py", content: bytes = BROKEN) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(name, content)
    return buffer.getvalue()


# ---- words in the pushed commit that would switch rules off ----


@pytest.mark.parametrize(
    "line",
    [
        b"# ruff: noqa",
        b"# flake8: noqa",
        b"# ruff: noqa: F821",
        b"# ruff: disable[F821]",
        b"# ruff: file-ignore[F821]",
        b"# fmt: off",
        b"# pylint: skip-file",
        b"# type: ignore",
    ],
)
def test_comment_for_a_whole_file_excepts_nothing(line: bytes) -> None:
    assert ("a.py", "F821") in blocking(lint(tree_of({"a.py": line + b"\n" + BROKEN})))


@pytest.mark.parametrize("comment", [b"# noqa", b"# noqa: F821", b"# NOQA: F821, E501", b"# noqa:F821"])
def test_noqa_does_not_except_a_rule_of_tier_b(comment: bytes) -> None:
    assert ("a.py", "F821") in blocking(lint(tree_of({"a.py": BROKEN.rstrip() + b"  " + comment + b"\n"})))


@pytest.mark.parametrize("comment", ["# noqa", "# noqa: S307", "# noqa: S", "# noqa: S60"])
def test_noqa_without_the_whole_code_excepts_nothing(comment: str) -> None:
    source = f'import os\n\nfrom airflow.sdk import DAG\n\n\ndef run():\n    os.system("x")  {comment}\n\n\nd = DAG("d", schedule=None)\n'
    assert ("a.py", "S605") in blocking(lint(tree_of({"a.py": source.encode()})))


@pytest.mark.parametrize("name", ["ruff.toml", ".ruff.toml", "pyproject.toml"])
def test_configuration_beside_the_dags_changes_nothing(name: str, tmp_path: Path) -> None:
    settings = (
        b'[lint]\nselect = []\n[tool.ruff]\nexclude = ["*.py"]\n'
        if name == "pyproject.toml"
        else b'exclude = ["*.py"]\n'
    )
    (tmp_path / "a.py").write_bytes(BROKEN)
    (tmp_path / name).write_bytes(settings)
    assert ("a.py", "F821") in blocking(lint(read_folder(tmp_path, FILE_BYTES)))


@pytest.mark.parametrize("name", ["ruff.toml", "pyproject.toml"])
def test_configuration_above_the_lint_s_own_folder_changes_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ruff looks in every folder above a file: for the lint's copies, those of the machine's temporary files."""
    table = "[tool.ruff]\n" if name == "pyproject.toml" else ""
    (tmp_path / name).write_text(f'{table}builtins = ["undefined"]\n')
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("dag_lint.each_file.check.MEMORY", tmp_path / "not there")
    assert ("a.py", "F821") in blocking(lint(tree_of({"a.py": BROKEN})))


def test_gitignore_beside_a_git_folder_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("*\n")
    (tmp_path / "a.py").write_bytes(BROKEN)
    assert ("a.py", "F821") in blocking(lint(read_folder(tmp_path, FILE_BYTES)))


def test_environment_of_the_caller_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUFF_OUTPUT_FILE", str(tmp_path / "elsewhere"))
    assert blocking(lint(tree_of({"a.py": BROKEN}))) == {("a.py", "F821")}


# ---- places and names that linters skip ----


@pytest.mark.parametrize(
    "path",
    [
        *("venv/a.py", ".venv/a.py", "node_modules/a.py", "dist/a.py", "build/a.py", "site-packages/a.py"),
        *(".hidden/a.py", ".a.py", "test_a.py", "conftest.py", "__init__.py", "a.PY", "A.Py"),
        *(
            "-a.py",
            "--select=E.py",
            "--config",
            "@a.py",
            "a b.py",
            "a$(x).py",
            "a'b.py",
            'a"b.py',
            "a;b.py",
            "*.py",
            "ä.py",
        ),
    ],
)
def test_no_name_hides_a_file(path: str) -> None:
    path = path if path.lower().endswith(".py") else f"{path}.py"
    assert (path, "F821") in blocking(lint(tree_of({path: BROKEN})))


def test_ruff_is_told_no_name_of_the_tree(tmp_path: Path) -> None:
    told = tmp_path / "told"
    ruff = pretending(tmp_path, f'printf "%s\\n" "$@" > {told}; exec {installed_ruff().binary} "$@"')
    lint(tree_of({"-a.py": FINE, "venv/conftest.py": b"", "ruff.toml": b"", "pyproject.toml": b""}), ruff=ruff)
    _, _, paths = told.read_text().partition("\n--\n")
    names = [Path(path).name for path in paths.splitlines()]
    assert names == ["0.py", "3.py"]


def test_file_after_a_thousand_good_ones_is_seen() -> None:
    files = {f"dag_{number}.py": b'"""Nothing."""\n' for number in range(1100)}
    report = lint(tree_of(files | {"zzz.py": BROKEN}))
    assert ("zzz.py", "F821") in blocking(report)
    assert report.files == 1101


# ---- text that a linter and Python read differently ----


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        pytest.param(b"# -*- coding: latin-1 -*-\n" + FINE, "FL104", id="cookie"),
        pytest.param(b"\n# coding=utf-7\n" + FINE, "FL104", id="cookie in line 2"),
        pytest.param(b"\xef\xbb\xbf# coding: latin-1\n" + FINE, "FL104", id="mark and cookie"),
        pytest.param(FINE.decode().encode("utf-16"), "FL104", id="UTF-16"),
        pytest.param(FINE + b"# \xff\n", "FL104", id="not UTF-8"),
        pytest.param(FINE + b"# \x00\n", "FL104", id="NUL"),
        pytest.param(FINE + "# \u202e evil\n".encode(), "FL104", id="bidi"),
        pytest.param(FINE + "x = 'a\u2066b'\n".encode(), "FL104", id="bidi in a string"),
        pytest.param(FINE + "# a\u200bb\n".encode(), "FL104", id="zero width"),
        pytest.param(FINE + b"\x1a" + BROKEN, "FL104", id="end of file in the middle"),
        pytest.param(b"\xef\xbb\xbf" + BROKEN, "F821", id="byte order mark"),
        pytest.param(BROKEN.replace(b"\n", b"\r\n"), "F821", id="CRLF"),
        pytest.param(BROKEN.replace(b"\n", b"\r"), "FL104", id="CR"),
        pytest.param(b"\r# coding: utf-7\r\n# airflow dag +AAo-exec(1)\n", "FL104", id="cookie after CR"),
        pytest.param(b"\n\r# coding: utf-7\n" + FINE, "FL104", id="CR and cookie in line 2"),
        pytest.param(b"\x0c# coding: utf-7\n" + FINE, "FL104", id="form feed and cookie"),
        pytest.param("# \x0b\x0c\x1c\x1d\x1e\x85# noqa: S105\n".encode() + BROKEN, "F821", id="ends of no line"),
        pytest.param(b"\x0c\n" + BROKEN, "F821", id="form feed"),
        pytest.param(b"x = '" + b"a" * 16_000 + b"'\n" + BROKEN, "F821", id="long line"),
        pytest.param(b"x = '" + b"a" * 17_000 + b"'\n" + BROKEN, "FL103", id="too long a line"),
        pytest.param(b"#" * 900_000 + b"\n" + BROKEN, "FL103", id="too long a comment"),
        pytest.param(b"\n" * 100_000 + BROKEN, "F821", id="many lines"),
        pytest.param((b"#" * 16_000 + b"\n") * 60 + BROKEN, "F821", id="long comments"),
    ],
)
def test_odd_text_hides_nothing(content: bytes, rule: str) -> None:
    assert ("a.py", rule) in blocking(lint(tree_of({"a.py": content})))


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("x = (" + "1+\n" * 100_000 + "1)\n", id="long sum"),
        pytest.param("x = (" + "-\n" * 50_000 + "1)\n", id="many signs"),
        pytest.param("x = " + "(\n" * 20_000 + "1" + ")\n" * 20_000 + "\n", id="many brackets"),
        pytest.param("x = " + "(" * 8_000 + "1" + ")" * 8_000 + "\n", id="brackets in one line"),
        pytest.param("x = " + "{\n" * 30_000, id="open braces"),
        pytest.param("(x\n" + ".a\n" * 100_000 + ")\n", id="long chain"),
        pytest.param("".join(f"{' ' * depth}if x:\n" for depth in range(200)) + " " * 200 + "pass\n", id="deep blocks"),
        pytest.param("x = (" + "lambda:\n" * 50_000 + "1)\n", id="many lambdas"),
        pytest.param("x = " + "f'{" * 300 + "1" + "}'" * 300 + "\n", id="nested f-strings"),
        pytest.param("x = (" + "not\n" * 60_000 + "1)\n", id="many nots"),
        pytest.param("x = (" + "1 if 1 else\n" * 30_000 + "1)\n", id="many conditions"),
    ],
)
def test_nesting_that_ends_a_parser_fails_that_file_alone(source: str) -> None:
    """What is deeper than Python can take blocks; the findings of the files beside it are not lost."""
    report = lint(tree_of({"deep.py": source.encode(), "other.py": BROKEN}))
    assert ("other.py", "F821") in blocking(report)
    assert {rule for path, rule in blocking(report) if path == "deep.py"} & {"FL105", "FL106"}


def test_pattern_that_takes_for_ever_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow would not come to its end either, and would find no DAG."""
    monkeypatch.setattr("dag_lint.airflowignore.ignored.SECONDS", 1.0)
    files = {".airflowignore": b"*a" * 30 + b"*b\n", f"{'a' * 200}.py": FINE}
    assert blocking(lint(tree_of(files))) == {(".airflowignore", "FL107")}


def test_reader_of_patterns_that_fails_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dag_lint.airflowignore.ignored._START", "import no_such_module")
    with pytest.raises(LintFailedError, match="no_such_module"):
        lint(tree_of({".airflowignore": b"x\n", "a.py": FINE}))


# ---- what is no text ----


@pytest.mark.parametrize("path", ["dags.zip", "dags.ZIP", "dags.py", "notes.txt", "data", "a.jar"])
def test_archive_is_refused_under_any_name(path: str) -> None:
    assert (path, "FL102") in blocking(lint(tree_of({path: archive()})))


def test_archive_behind_python_text_is_refused() -> None:
    """A ZIP may begin with anything; Airflow asks only `zipfile.is_zipfile`."""
    assert ("a.py", "FL102") in blocking(lint(tree_of({"a.py": b"x = 1\n#" + archive()})))


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("a.pyc", b"\xcb\x0d\x0d\x0a"),
        ("__pycache__/a.cpython-313.pyc", b""),
        ("__pycache__/a.py", FINE),
        ("a.so", b""),
        ("a.cpython-313-x86_64-linux-gnu.so", b"\x7fELF"),
        ("innocent.txt", b"\x7fELF\x02\x01\x01"),
        ("a.pyd", b"MZ"),
        ("a-1.0-py3-none-any.whl", b""),
    ],
)
def test_compiled_code_is_refused(path: str, content: bytes) -> None:
    assert (path, "FL102") in blocking(lint(tree_of({path: content})))


@pytest.mark.parametrize("mode", [LINK, SUBMODULE])
def test_links_and_submodules_are_refused(mode: int) -> None:
    assert ("shared", "FL102") in blocking(lint(DagTree({"shared": Entry(mode), "a.py": Entry(content=FINE)})))


def test_link_to_a_host_s_file_is_refused_and_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("root:x:0:0 the secret\n")
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "s.py").symlink_to(tmp_path / "secret")
    (dags / "folder").symlink_to(tmp_path)
    report = lint(read_folder(dags, FILE_BYTES))
    assert blocking(report) == {("s.py", "FL102"), ("folder", "FL102")}
    assert "secret" not in "".join(found.message for found in report.findings)


def test_pipe_on_disk_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.py")
    assert blocking(lint(read_folder(tmp_path, FILE_BYTES))) == {("a.py", "FL102")}


def test_file_that_is_too_large_is_refused_without_being_read(tmp_path: Path) -> None:
    with (tmp_path / "a.py").open("wb") as file:
        file.truncate(10 * 1024**3)
    tree = read_folder(tmp_path, FILE_BYTES)
    assert tree.content("a.py") is None
    assert ("a.py", "FL103") in blocking(lint(tree))


def test_folder_that_is_not_there_is_no_pass(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError):
        read_folder(tmp_path / "missing", FILE_BYTES)


# ---- tools that do not do their work ----


def pretending(tmp_path: Path, script: str) -> Ruff:
    binary = tmp_path / "ruff"
    binary.write_text(f"#!/bin/sh\n{script}\n")
    binary.chmod(0o755)
    return Ruff(str(binary), seconds=0.5)


@pytest.mark.parametrize(
    "script", ["echo '[]'", "echo '[]'; exit 1", "exit 2", pytest.param("echo '[]' >&2; exit 2", id="usage")]
)
def test_ruff_that_looked_at_nothing_is_no_pass(script: str, tmp_path: Path) -> None:
    with pytest.raises(LintFailedError):
        lint(tree_of({"a.py": FINE}), ruff=pretending(tmp_path, script))


@pytest.mark.parametrize("script", ["exit 134", "kill -SEGV $$", "exit 0", "echo '{'", "exec sleep 20", "echo null"])
def test_ruff_that_crashes_hangs_or_babbles_fails_the_file(script: str, tmp_path: Path) -> None:
    assert blocking(lint(tree_of({"a.py": FINE}), ruff=pretending(tmp_path, script))) == {("a.py", "FL106")}


def test_ruff_that_crashes_after_it_said_something_is_not_believed(tmp_path: Path) -> None:
    """What it had not said yet is not known."""
    crashing = pretending(tmp_path, f'{installed_ruff().binary} "$@"; exit 134')
    assert blocking(lint(tree_of({"a.py": FINE}), ruff=crashing)) == {("a.py", "FL106")}


def test_ruff_that_hangs_is_ended(tmp_path: Path) -> None:
    began = time.monotonic()
    assert blocking(lint(tree_of({"a.py": FINE}), ruff=pretending(tmp_path, "exec sleep 5"))) == {("a.py", "FL106")}
    assert time.monotonic() - began < 4


def test_ruff_that_crashes_on_one_file_is_asked_of_the_others(tmp_path: Path) -> None:
    """The very binary, behind a script that crashes whenever one file is among those asked for."""
    real = installed_ruff().binary
    crashing = pretending(tmp_path, f'for file; do grep -qs boom "$file" && exit 134; done; exec {real} "$@"')
    files = {f"dag_{number}.py": FINE.replace(b"report", b"report_%d" % number) for number in range(20)}
    report = lint(tree_of(files | {"boom.py": b'"""boom"""\n', "other.py": BROKEN}), ruff=crashing)
    assert blocking(report) == {("boom.py", "FL106"), ("other.py", "F821")}


@pytest.mark.parametrize(("limit", "value"), [("OUTPUT_BYTES", 100_000), ("MEMORY_BYTES", 64 * 1024**2)])
def test_file_on_which_ruff_goes_over_a_limit_fails_alone(
    limit: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file may have as many mistakes as letters, and Ruff keeps them all until its end."""
    # else the output is too long, whatever the memory
    monkeypatch.setattr("dag_lint.each_file.ruff_rules.OUTPUT_BYTES", 1024**3)
    monkeypatch.setattr(f"dag_lint.each_file.ruff_rules.{limit}", value)
    files = {"many.py": b"a\n" * 50_000, "other.py": BROKEN, "third.py": b"x = 1\n"}
    assert blocking(lint(tree_of(files))) == {("many.py", "FL106"), ("other.py", "F821")}


@pytest.mark.parametrize("deep", [b"-" * 15_000 + b"1", b"(" * 900 + b")" * 900, b"(1" + b"\n + 1" * 20_000 + b")"])
def test_file_nested_too_deeply_fails_alone(deep: bytes) -> None:
    """The parser, the compiler, or what turns the one's tree into the other's has enough of it."""
    report = lint(tree_of({"deep.py": b"x = " + deep + b"\n", "other.py": BROKEN}))
    assert blocking(report) == {("deep.py", "FL105"), ("other.py", "F821")}


def test_file_too_large_for_the_reader_fails_alone() -> None:
    """Half a million statements in one MiB take a gigabyte to be parsed."""
    report = lint(tree_of({"many.py": b"a\n" * 500_000, "other.py": BROKEN}))
    assert blocking(report) == {("many.py", "FL106"), ("other.py", "F821")}
    (found,) = [found for found in report.findings if found.rule == "FL106"]
    assert "reading it failed" in found.message
    assert "MemoryError" in found.message


def test_answer_of_the_reader_beyond_its_limit_fails_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dag_lint.each_file.readers.ANSWER_BYTES", 10_000)
    names = b"".join(b"name_%d = DAG('name_%d')\n" % (number, number) for number in range(1000))
    files = {"many.py": b"from airflow.sdk import DAG\n" + names, "other.py": BROKEN}
    assert blocking(lint(tree_of(files))) == {("many.py", "FL106"), ("other.py", "F821")}


def test_many_findings_of_a_file_are_counted_and_not_all_told() -> None:
    report = lint(tree_of({"many.py": b"a\n" * 5_000}))
    assert len(report.findings) < 500
    assert sum(found.count for found in report.findings if found.rule == "F821") == 5_000


def test_missing_ruff_is_no_pass(tmp_path: Path) -> None:
    with pytest.raises(LintFailedError, match="cannot be run"):
        lint(tree_of({"a.py": FINE}), ruff=Ruff(str(tmp_path / "nothing")))


def test_ruff_s_proof_is_given_for_every_kind_of_file(tmp_path: Path) -> None:
    """The rule that proves that a file was looked at speaks of empty files and of broken ones too."""
    kinds = {
        "empty": b"",
        "broken": b"x = (\n",
        "ordinary": FINE,
        "noqa": b"# ruff: noqa\n",
        "large": b"x = 1\n" * 100_000,
    }
    paths = {}
    for name, content in kinds.items():
        paths[name] = tmp_path / f"{name}.py"
        paths[name].write_bytes(content)
    messages = dict(installed_ruff().check(paths))
    assert set(messages) == set(kinds)
    assert None not in messages.values()


@pytest.mark.parametrize("how", ["os._exit(3)", "import time; time.sleep(60)", "print('{}', flush=True)"])
def test_reader_that_ends_hangs_or_babbles_fails_the_file(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = "import os, sys; sys.stdin.readline(); print('{}', flush=True); sys.stdin.readline()"
    monkeypatch.setattr("dag_lint.each_file.readers._START", f"{ready}; {how}")
    monkeypatch.setattr("dag_lint.each_file.readers.SECONDS_FOR_FILE", 1.0)
    assert blocking(lint(tree_of({"a.py": FINE}))) == {("a.py", "FL106")}


@pytest.mark.parametrize("how", ["import no_such_module", "import os; os._exit(3)", "import time; time.sleep(60)"])
def test_reader_that_does_not_start_is_no_finding(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's file is to blame for a lint that cannot work."""
    monkeypatch.setattr("dag_lint.each_file.readers._START", how)
    monkeypatch.setattr("dag_lint.each_file.readers.SECONDS_FOR_FILE", 0.5)
    with pytest.raises(LintFailedError, match="does not start"):
        lint(tree_of({"a.py": FINE}))


def test_reader_that_dies_of_one_file_reads_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    killing = (
        "import os, sys; sys.path[:0] = sys.argv[1:]; from dag_lint.each_file import reader_process as reader; ordinary = reader.read\n"
        "reader.read = lambda path, *a, **k: os.abort() if path == 'boom.py' else ordinary(path, *a, **k)\n"
        "reader.main()"
    )
    monkeypatch.setattr("dag_lint.each_file.readers._START", killing)
    files = {"a.py": FINE, "boom.py": b"", "c.py": BROKEN.replace(b"report", b"c")}
    assert blocking(lint(tree_of(files))) == {("boom.py", "FL106"), ("c.py", "F821")}


def test_file_on_which_the_reader_computes_for_ever_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel ends it: nobody has to wait until it is told to hang."""
    endless = (
        "import sys; sys.path[:0] = sys.argv[1:]; from dag_lint.each_file import reader_process as reader; ordinary = reader.read\n"
        "reader.CPU_SECONDS = 1\n"
        "def read(path, *a, **k):\n    while path == 'loop.py': pass\n    return ordinary(path, *a, **k)\n"
        "reader.read = read\nreader.main()"
    )
    monkeypatch.setattr("dag_lint.each_file.readers._START", endless)
    monkeypatch.setattr("dag_lint.each_file.readers.SECONDS_FOR_FILE", 8.0)
    report = lint(tree_of({"a.py": BROKEN, "loop.py": b""}))
    assert blocking(report) == {("a.py", "F821"), ("loop.py", "FL106")}
    assert [found.message for found in report.findings if found.rule == "FL106" and "ended" in found.message]


def test_file_that_nobody_read_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Readers.read
    monkeypatch.setattr(Readers, "read", lambda *asked: list(read(*asked))[1:])
    with pytest.raises(LintFailedError, match="1 of 2 files were not read"):
        lint(tree_of({"a.py": FINE, "b.py": b""}))


@pytest.mark.parametrize("memory", ["here", "not there"])
def test_lint_leaves_nothing_behind(memory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither on a disk nor in memory, which not every machine offers as a file system."""
    disk, here = tmp_path / "disk", tmp_path / "here"
    for folder in (disk, here):
        folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(disk))
    monkeypatch.setattr("dag_lint.each_file.check.MEMORY", tmp_path / memory)
    assert blocking(lint(tree_of({"a.py": FINE, "b.py": BROKEN.replace(b"report", b"b")}))) == {("b.py", "F821")}
    assert [*disk.iterdir(), *here.iterdir()] == []


def test_parsing_runs_nothing_of_the_file(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    lint(tree_of({"a.py": f'open({str(mark)!r}, "w").close()\n'.encode()}))
    assert not mark.exists()


def test_git_s_own_spelling_of_a_folder_on_disk_is_the_same(tmp_path: Path) -> None:
    """What a clone has on disk and what git has in its tree is one tree for the lint."""
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "a.py").write_bytes(FINE)
    (tmp_path / "link").symlink_to("team")
    for command in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    listed = subprocess.run(["git", "ls-files", "-s"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    modes = {line.split("\t")[1]: int(line.split()[0], 8) for line in listed.splitlines()}
    assert {path: entry.mode for path, entry in read_folder(tmp_path, FILE_BYTES).items()} == modes

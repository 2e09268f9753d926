"""`farflow-lint`: what it prints, and its exit status."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from dag_lint import command
from dag_lint.imports.imported import ImportedFile, Importer, ImportReport
from dag_lint.tree import DagTree
from local import layout

FINE = 'from airflow.sdk import DAG\n\nfine = DAG("fine", schedule=None)\n'
BROKEN = "from airflow.sdk import DAG\n\n\nfine = DAG(undefined, schedule=None)\n"


@pytest.fixture
def dags(tmp_path: Path) -> Path:
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / "fine.py").write_text(FINE)
    return folder


def run(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": str(layout.ROOT / "layers/dag_lint"),
        "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"],
    }
    command_line = [sys.executable, "-m", "dag_lint", *map(str, arguments)]
    return subprocess.run(command_line, env=environment, cwd=cwd, capture_output=True, text=True)


def test_good_folder_passes_with_status_0(dags: Path) -> None:
    done = run("--static-only", dags, cwd=dags)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("pass: 1 Python files, 1 looked at as DAG files, 0 findings block")


def test_bad_folder_is_blocked_with_status_1(dags: Path) -> None:
    (dags / "bad.py").write_text(BROKEN)
    done = run("--static-only", dags, cwd=dags)
    assert done.returncode == 1
    assert "bad.py:4: block F821 Undefined name `undefined`" in done.stdout
    assert "    Define or import it." in done.stdout


def test_worst_folder_decides(dags: Path, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "bad.py").write_text(BROKEN)
    assert run("--static-only", tmp_path / "bad", ".", cwd=dags).returncode == 1


def test_json_has_the_promised_shape(dags: Path) -> None:
    (dags / "bad.py").write_text(BROKEN)
    answer = json.loads(run("--static-only", "--format", "json", ".", cwd=dags).stdout)
    assert answer["verdict"] == "fail"
    (blocking,) = [found for found in answer["findings"] if found["severity"] == "block"]
    assert list(blocking) == ["path", "line", "rule", "severity", "message", "fix"]
    assert (blocking["path"], blocking["line"], blocking["rule"]) == ("bad.py", 4, "F821")


def test_sarif_names_place_level_and_rule(dags: Path) -> None:
    (dags / "bad.py").write_text(BROKEN)
    answer = json.loads(run("--static-only", "--format", "sarif", ".", cwd=dags).stdout)
    assert answer["version"] == "2.1.0"
    (ran,) = answer["runs"]
    (result,) = [result for result in ran["results"] if result["level"] == "error"]
    assert ran["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "F821"
    place = result["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("bad.py", 4)


def test_github_s_commands_cannot_be_forged_by_a_file_s_name(dags: Path) -> None:
    (dags / "a%0A,b::c.py").write_text(BROKEN)
    lines = run("--static-only", "--format", "github", ".", cwd=dags).stdout.splitlines()
    assert all(line.startswith(("::error file=", "::warning file=")) for line in lines)
    assert any(
        line.startswith("::error file=a%250A%2Cb%3A%3Ac.py,line=4,title=F821 Undefined name::") for line in lines
    )


@pytest.mark.parametrize("arguments", [["missing"], ["--python", "/bin/false", "."], ["--deployed", "missing", "."]])
def test_lint_that_cannot_be_made_ends_with_status_2(arguments: list[str], dags: Path) -> None:
    done = run(*(["--static-only"] if "--python" not in arguments else []), *arguments, cwd=dags)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("farflow-lint: ")


def test_without_an_airflow_it_says_what_to_do(dags: Path) -> None:
    done = run(dags, cwd=dags)
    assert done.returncode == 2
    assert "--python" in done.stderr
    assert "--static-only" in done.stderr


@pytest.mark.parametrize("arguments", [[], ["--format", "xml", "."]])
def test_wrong_use_ends_with_status_2(arguments: list[str], dags: Path) -> None:
    assert run(*arguments, cwd=dags).returncode == 2


def test_deploy_branch_s_folder_allows_and_knows(dags: Path, tmp_path: Path) -> None:
    source = f"import os\n{FINE}\n\ndef run():\n    return os.system('x')\n"
    (dags / "fine.py").write_text(source)
    deployed = tmp_path / "deployed"
    deployed.mkdir()
    (deployed / "fine.py").write_text(source)
    assert run("--static-only", dags, cwd=dags).returncode == 1
    done = run("--static-only", "--deployed", deployed, dags, cwd=dags)
    assert done.returncode == 0
    assert "already on the deploy branch" in done.stdout


def test_files_are_imported_unless_static_only(
    dags: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def local_importer(python: Path) -> Importer:
        def failing(tree: DagTree, paths: Sequence[str]) -> ImportReport:
            return ImportReport({path: ImportedFile(path, outcome="failed") for path in paths})

        assert python == Path(sys.executable)
        return failing

    monkeypatch.setattr(command, "local_importer", local_importer)
    monkeypatch.setattr(command, "airflow_python", lambda asked_for, here: asked_for)
    assert command.main(["--python", sys.executable, str(dags)]) == 1
    assert "block FL301" in capsys.readouterr().out
    assert command.main(["--python", sys.executable, "--static-only", str(dags)]) == 0


def test_several_folders_are_one_report_with_paths_as_they_were_given(dags: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "team").mkdir(parents=True)
    (other / "team" / "broken.py").write_text("def f(:\n")
    done = run("--static-only", "--format", "json", "dags", "other/", cwd=tmp_path)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["verdict"]) == (1, "fail")
    assert {found["path"] for found in answer["findings"] if found["severity"] == "block"} == {"other/team/broken.py"}


def test_of_a_file_that_file_alone_is_told(dags: Path) -> None:
    (dags / "broken.py").write_text("def f(:\n")
    assert run("--static-only", dags / "fine.py", cwd=dags).returncode == 0
    done = run("--static-only", "--format", "json", "broken.py", cwd=dags)
    assert done.returncode == 1
    assert {found["path"] for found in json.loads(done.stdout)["findings"]} == {"broken.py"}


def test_second_time_says_the_same_from_the_cache_and_without_it(dags: Path) -> None:
    """What is kept lies where the caller's caches are, and nowhere else."""
    (dags / "bad.py").write_text(BROKEN)
    first, second = (run("--static-only", dags, cwd=dags) for _ in range(2))
    assert (second.returncode, second.stdout) == (first.returncode, first.stdout) == (1, first.stdout)
    (database,) = Path(os.environ["XDG_CACHE_HOME"]).rglob("*.sqlite")
    database.write_bytes(b"")
    assert run("--static-only", "--no-cache", dags, cwd=dags).stdout == first.stdout
    assert database.read_bytes() == b""


def test_system_without_the_import_s_walls_lints_statically_and_says_so(
    dags: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """macOS: a command that asks for an import fails, rather than to pass without one."""
    monkeypatch.delattr(os, "unshare")
    assert command.main(["--python", str(layout.environment_python("airflow")), str(dags)]) == 2
    assert "on Linux only. Add --static-only" in capsys.readouterr().err
    assert command.main(["--static-only", str(dags)]) == 0


def test_what_keeps_an_import_from_being_made_is_named(dags: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Else a second wave of findings comes as a surprise, after the first one was mended."""
    (dags / "syntax.py").write_text("x = (\n")
    assert command.main(["--python", str(layout.environment_python("airflow")), str(dags)]) == 1
    assert capsys.readouterr().out.endswith(
        f"(static rules only; nothing is imported before {dags}/syntax.py is mended)\n"
    )
    assert command.main(["--static-only", str(dags)]) == 1
    assert capsys.readouterr().out.endswith("(static rules only)\n")


@pytest.mark.parametrize(("code", "title"), [("FL206", "# FL206: "), ("E302", "# E: "), ("AIR301", "# AIR301: ")])
def test_rule_is_explained_where_no_pages_are(code: str, title: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--explain", code]) == 0
    told = capsys.readouterr().out
    assert told.startswith(title)
    assert "**Mend it:**" in told


def test_rule_or_folder_that_is_not_given_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--explain", "NO1"]) == 2
    assert "there is no rule NO1" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        command.main([])
    assert "which folder?" in capsys.readouterr().err

"""What the import tells of files that mean no harm: right ones, wrong ones, and ones that need what is not there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.dag_import.asking import ask, request, run

FILES = {
    "right.py": """
        from airflow.sdk import dag, task
        from lib.names import NAME

        @dag(NAME, schedule=None)
        def pipeline():
            @task
            def one(): ...
            one()

        pipeline()
        """,
    "lib/__init__.py": "",
    "lib/names.py": "NAME = 'named_elsewhere'",
    "two.py": "from airflow.sdk import DAG\na = DAG('a', schedule=None)\nb = DAG('b', schedule=None)",
    "missing_module.py": "from airflow.sdk import DAG\nimport not_there\ndag = DAG('d')",
    "wrong_argument.py": """
        from airflow.providers.standard.operators.bash import BashOperator
        from airflow.sdk import DAG

        with DAG("wrong_argument", schedule=None):
            BashOperator(task_id="x", bash_comand="true")
        """,
    "cycle.py": """
        from airflow.providers.standard.operators.empty import EmptyOperator
        from airflow.sdk import DAG

        with DAG("cycle", schedule=None):
            a, b = EmptyOperator(task_id="a"), EmptyOperator(task_id="b")
            a >> b >> a
        """,
    "cron.py": "from airflow.sdk import DAG\ndag = DAG('cron', schedule='99 * * * *')",
    "serialize.py": """
        from airflow.sdk import DAG
        from airflow.timetables.base import Timetable

        class OfNoPlugin(Timetable):
            def next_dagrun_info(self, **_): ...
            def infer_manual_data_interval(self, **_): ...

        dag = DAG("serialize", schedule=OfNoPlugin())
        """,
    "exits.py": "from airflow.sdk import DAG\nimport sys\ndag = DAG('exits')\nsys.exit(3)",
    "says_much.py": "from airflow.sdk import DAG\nraise ValueError('one\\nTypeError: two\\n' + 'x' * 9000)",
    "inner.py": "from airflow.sdk import DAG\nfrom lib.broken import f\nf()",
    "lib/broken.py": "def f():\n    raise KeyError('deep')",
    "reads.py": """
        import os
        from airflow.models import Variable as OldVariable
        from airflow.sdk import DAG, BaseHook, Variable

        count = int(Variable.get("count"))
        tables = [name for name in Variable.get("config", deserialize_json=True)["tables"]]
        given = Variable.get("given")
        default = Variable.get("absent", default="daily") + OldVariable.get("absent", default_var="daily")
        host = BaseHook.get_connection("warehouse").host + BaseHook.get_connection("known").host
        path = os.environ["BUCKET"] + os.getenv("PREFIX") + os.environ.get("SUFFIX", "none") + os.environ["STAGE"]
        dag = DAG(f"{given}_{default}_{host}_{path}", schedule=None)
        """,
    "reads_as_a_library_does.py": """
        from airflow.sdk import DAG
        import textwrap, os
        dag = DAG("is_set" if "BUCKET" in os.environ else "is_not_set", schedule=None)
        """,
    "says_no_dag.py": "x = 1",
}


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, Any]]:
    return ask(
        FILES,
        variables={"given": "g"},
        connections={"known": "postgres://u:p@known.example/db"},
        environment={"STAGE": "prod"},
    )


def test_dag_files_are_imported_with_the_modules_beside_them(told: dict[str, Any]) -> None:
    assert told["right.py"]["outcome"] == "imported"
    assert told["right.py"]["dag_ids"] == ["named_elsewhere"]
    assert told["two.py"]["dag_ids"] == ["a", "b"]
    assert told["says_no_dag.py"] | {"seconds": 0} == {
        "path": "says_no_dag.py",
        "outcome": "imported",
        "seconds": 0,
        "dag_ids": [],
        "error": None,
        "violations": [],
        "stand_ins": [],
    }


@pytest.mark.parametrize(
    ("path", "kind", "message", "line"),
    [
        ("missing_module.py", "ModuleNotFoundError", "No module named 'not_there'", 2),
        ("wrong_argument.py", "TypeError", "bash_command", 6),
        ("cycle.py", "AirflowDagCycleException", "Cycle detected", 0),
        ("cron.py", "AirflowTimetableInvalid", "99 * * * *", 0),
        ("serialize.py", "SerializationError", "OfNoPlugin", 0),
        ("exits.py", "SystemExit", "3", 4),
        ("says_much.py", "ValueError", "one\nTypeError: two\nxxx", 2),
        ("inner.py", "KeyError", "'deep'", 3),
    ],
)
def test_error_is_told_with_its_type_and_the_line_of_the_file(
    told: dict[str, Any], path: str, kind: str, message: str, line: int
) -> None:
    assert told[path]["outcome"] == "failed"
    assert told[path]["error"]["type"] == kind
    assert message in told[path]["error"]["message"]
    assert len(told[path]["error"]["message"]) <= 2000
    assert told[path]["error"]["line"] == line


def test_what_production_would_give_has_a_stand_in_and_is_named(told: dict[str, Any]) -> None:
    read = told["reads.py"]
    assert read["error"] is None
    assert read["dag_ids"] == ["g_dailydaily_stand-in.invalidknown.example_11noneprod"]
    assert read["stand_ins"] == [
        "Variable config",
        "Variable count",
        "connection warehouse",
        "environment variable BUCKET",
        "environment variable PREFIX",
    ]


def test_environment_is_not_pretended_to_whoever_asks_whether_it_is_there(told: dict[str, Any]) -> None:
    assert told["reads_as_a_library_does.py"]["dag_ids"] == ["is_not_set"]


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"tree": "no base64!", "imports": [], "seconds_per_file": 1},
        request({"a.py": ""}, ["b.py"]),
        request({"../a.py": ""}),
        request({"/etc/a.py": ""}),
        request({"a//b.py": ""}),
    ],
)
def test_request_that_is_none_gets_an_error_and_no_reply(content: dict[str, Any]) -> None:
    result = run(content)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr

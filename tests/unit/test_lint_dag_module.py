"""What the lint knows of a file's text: its nodes, its names, and what an import of it runs."""

import ast
import sysconfig
from pathlib import Path

import pytest

from dag_lint.syntax.dag_module import Module
from dag_lint.syntax.import_time import ImportTime
from dag_lint.syntax.parts import parts, parts_of

WITHOUT_PLACE = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.type_ignore)


def module_of(source: str, path: str = "team/report.py") -> Module:
    return Module(path, source.encode(), ast.parse(source))


@pytest.mark.parametrize(
    "name",
    ["typing", "dataclasses", "ast", "asyncio/tasks", "test/test_patma", "test/test_type_params", "test/test_grammar"],
)
def test_no_node_is_overlooked(name: str) -> None:
    """The lint's own walk, which is faster, meets what `ast.walk` meets, and its short ways lead where the long one does."""
    source = Path(sysconfig.get_path("stdlib"), f"{name}.py")
    if not source.exists():
        pytest.skip("this Python comes without its tests")
    tree = ast.parse(source.read_bytes())
    module = Module("a.py", b"", tree)
    expected = {node for node in ast.walk(tree) if not isinstance(node, WITHOUT_PLACE)}
    assert {node for body in module.bodies.values() for node in body} == expected
    assert set(module.parents) == expected - {tree}
    assert all(set(parts(node)) == set(parts_of(node)) for node in expected)


@pytest.mark.parametrize(
    ("source", "full"),
    [
        ("import requests\nrequests.get", "requests.get"),
        ("import requests as r\nr.get", "requests.get"),
        ("import os.path\nos.path.join", "os.path.join"),
        ("from requests import get as fetch\nfetch", "requests.get"),
        ("from airflow import sdk\nsdk.DAG", "airflow.sdk.DAG"),
        ("from . import steps\nsteps.run", "team.steps.run"),
        ("from .steps import run\nrun", "team.steps.run"),
        ("from ..other.steps import run\nrun", "other.steps.run"),
        ("import requests\ns = requests.Session()\ns.get", "requests.Session().get"),
        ("import requests\nwith requests.Session() as s:\n    pass\ns.get", "requests.Session().get"),
        ("import boto3\nboto3.client('s3').list_buckets", "boto3.client().list_buckets"),
        ("import importlib\nimportlib.import_module('requests').get", "requests.get"),
        ("__import__('os').system", "os.system"),
        ("import os\ngetattr(os, 'system')", "os.system"),
        ("import a\na = 1\na.get", "a.get"),
        ("x = y\ny = x\nx.get", "x.get"),
        ("print", "print"),
        ("[1].append", ""),
    ],
)
def test_name_is_followed_to_what_it_stands_for(source: str, full: str) -> None:
    module = module_of(source)
    statement = module.tree.body[-1]
    assert isinstance(statement, ast.Expr)
    assert module.qualified(statement.value) == full


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("'a'", "a"),
        ("-1", -1),
        ("'a' + 'b'", "ab"),
        ("f'a_{1}'", None),
        ("f'a_{\"b\"}'", "a_b"),
        ("f'a_{x}'", None),
        ("f'{\"a\":>3}'", None),
        ("x", None),
        ("None", None),
        ("Path(__file__).stem", "report"),
        ("Path(other).stem", None),
    ],
)
def test_constant_is_known_and_nothing_else(source: str, value: object) -> None:
    module = module_of(source)
    statement = module.tree.body[-1]
    assert isinstance(statement, ast.Expr)
    assert module.literal(statement.value) == value


def test_name_of_a_parameter_is_not_the_module_s() -> None:
    module = module_of("name = 'a'\n\n\ndef build(name):\n    return name\n")
    (returned,) = [node for body in module.bodies.values() for node in body if isinstance(node, ast.Return)]
    assert module.literal(returned.value) is None


def test_name_that_is_set_twice_is_not_known() -> None:
    module = module_of("name = 'a'\nname = 'b'\nname\n")
    statement = module.tree.body[-1]
    assert isinstance(statement, ast.Expr)
    assert module.literal(statement.value) is None


def running(source: str) -> set[str]:
    """The names of `x1()`, `x2()`... that an import calls."""
    module = module_of(source)
    names = {module.qualified(call.func) for call in ImportTime(module).calls}
    return {name for name in names if name.startswith("x")}


@pytest.mark.parametrize(
    "source",
    [
        "x1()",
        "if y:\n    x1()",
        "for a in x1():\n    pass",
        "y = [x1() for a in b]",
        "y = (x1() for a in b)",
        "class A:\n    y = x1()",
        "class A(x1()):\n    pass",
        "@x1()\ndef f():\n    pass",
        "def f(a=x1()):\n    pass",
        "def f(*, a=x1()):\n    pass",
        "y = lambda a=x1(): a",
        "def f():\n    x1()\nf()",
        "def f():\n    x1()\ndef g():\n    f()\ng()",
        "def f():\n    def g():\n        x1()\n    g()\nf()",
        "class A:\n    def __init__(self):\n        x1()\nA()",
        "class A:\n    def run(self):\n        x1()\nA().run()",
        "class A:\n    def run(self):\n        x1()\na = A()\na.run()",
        "class A:\n    @staticmethod\n    def run():\n        x1()\nA.run()",
        "try:\n    pass\nexcept E:\n    x1()",
        "with y as z:\n    x1()",
        "match y:\n    case 1:\n        x1()",
        "if __name__ != '__main__':\n    x1()",
        "if __name__ == '__main__':\n    pass\nelse:\n    x1()",
        "from airflow.sdk import dag\n@dag\ndef f():\n    x1()\nf()",
        "from airflow.sdk import task_group\n@task_group\ndef f():\n    x1()\nf()",
    ],
)
def test_code_that_an_import_runs_is_seen(source: str) -> None:
    assert running(source) == {"x1"}


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    x1()",
        "y = lambda: x1()",
        "class A:\n    def run(self):\n        x1()",
        "class A:\n    def run(self):\n        x1()\nb.run()",
        "if __name__ == '__main__':\n    x1()",
        "if '__main__' == __name__:\n    x1()",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    x1()",
        "def f():\n    x1()\nuse(f)",
        "async def f():\n    x1()\nf()",
        "from airflow.sdk import task\n@task\ndef f():\n    x1()\nf()",
        "from airflow import sdk\n@sdk.task.bash(retries=1)\ndef f():\n    x1()\nf()",
        "from airflow.sdk import setup\n@setup\ndef f():\n    x1()\nf()",
        "from airflow.sdk import asset\n@asset(schedule=None)\ndef f():\n    x1()",
        "from airflow.sdk import dag\n@dag\ndef f():\n    x1()",
    ],
)
def test_code_that_no_import_runs_is_not(source: str) -> None:
    assert running(source) == set()


@pytest.mark.parametrize(
    "source",
    [
        "if TYPE_CHECKING:\n    from team.stubs import DAG\nelse:\n    from airflow.sdk import DAG\n",
        "def later():\n    from elsewhere import DAG\ntry:\n    from airflow.sdk import DAG\nexcept ImportError:\n    pass\n",
        "from old import DAG\nfrom airflow.sdk import DAG\n",
    ],
)
def test_name_is_what_an_import_of_the_file_makes_it(source: str) -> None:
    """Not what a body that runs later, or never, makes of it; and the last of two that run."""
    module = module_of(source)
    assert module.imports["DAG"] == "airflow.sdk.DAG"
    assert len(module.imported) == 2


def test_function_is_the_one_that_an_import_of_the_file_sees() -> None:
    module = module_of(
        "import requests\nif TYPE_CHECKING:\n    def fetch(): ...\nelse:\n    def fetch():\n        requests.get('x')\nfetch()\n"
    )
    assert [module.qualified(call.func) for call in ImportTime(module).calls] == ["fetch", "requests.get"]

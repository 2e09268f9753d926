"""The deploy branch decides what of a push may be as it is; the pushed commit never does."""

from dag_lint.exceptions.allowed import FILE_NAME, allowed_by
from dag_lint.exceptions.ratchet import baseline_of
from dag_lint.lint import Report, lint
from dag_lint.tree import DagTree, tree_of

FINE = b'from airflow.sdk import DAG\n\nfine = DAG("fine", schedule=None)\n'
SHELL = (
    b"import os\n\nfrom airflow.sdk import dag, task\n\n\n@dag(schedule=None)\ndef shell():\n    @task\n    def run():\n"
    b'        return os.system("sync")\n\n    run()\n\n\nshell()\n'
)
NOW = (
    b"from datetime import datetime\n\nfrom airflow.sdk import DAG\n\n"
    b'report = DAG("report", schedule=None, start_date=datetime.now())\n'
)
ALLOW_NOW = b'[[allow]]\nrule = "AIR304"\npath = "*.py"\nreason = "see TICKET-12"\n'


def pushed(tree: DagTree, deployed: DagTree) -> Report:
    """As the push gate does it."""
    baseline = baseline_of(lint(deployed).findings, deployed)
    return lint(tree, baseline=baseline, allowed=allowed_by(deployed))


def test_finding_that_is_new_blocks() -> None:
    assert pushed(tree_of({"a.py": SHELL}), tree_of({"a.py": FINE})).verdict == "fail"


def test_finding_that_the_deploy_branch_has_warns() -> None:
    report = pushed(tree_of({"a.py": SHELL, "b.py": FINE}), tree_of({"a.py": SHELL}))
    assert report.verdict == "pass"
    assert [found.severity for found in report.findings if found.rule == "S605"] == ["warn"]


def test_known_finding_may_move_within_its_file() -> None:
    moved = b'"""Now with words."""\n\n' + SHELL.replace(b"    @task\n", b"    # A remark.\n    @task\n")
    assert pushed(tree_of({"a.py": moved}), tree_of({"a.py": SHELL})).verdict == "pass"


def test_one_more_of_a_known_kind_blocks() -> None:
    more = SHELL.replace(
        b'        return os.system("sync")\n', b'        os.system("sync")\n        return os.system("sync")\n'
    )
    assert pushed(tree_of({"a.py": more}), tree_of({"a.py": SHELL})).verdict == "fail"


def test_tier_b_blocks_though_the_deploy_branch_has_it() -> None:
    assert pushed(tree_of({"a.py": NOW}), tree_of({"a.py": NOW})).verdict == "fail"


def test_deploy_branch_s_list_allows_it() -> None:
    report = pushed(tree_of({"a.py": NOW}), tree_of({"a.py": FINE, FILE_NAME: ALLOW_NOW}))
    assert report.verdict == "pass"
    assert "TICKET-12" in "".join(found.message for found in report.findings)


def test_pushed_list_allows_nothing() -> None:
    assert pushed(tree_of({"a.py": NOW, FILE_NAME: ALLOW_NOW}), tree_of({"a.py": FINE})).verdict == "fail"


def test_what_noqa_excepts_on_the_deploy_branch_is_no_credit() -> None:
    """An exception is a line's own: taking the comment away makes it a new finding."""
    excepted = SHELL.replace(b'os.system("sync")', b'os.system("sync")  # noqa: S605')
    assert pushed(tree_of({"a.py": SHELL}), tree_of({"a.py": excepted})).verdict == "fail"

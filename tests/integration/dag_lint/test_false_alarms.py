"""What good code has, and must not block."""

import pytest

from dag_lint.lint import lint
from dag_lint.tree import tree_of

PASSWORDS = {"S105", "S106", "S107"}


def severities(source: str) -> dict[str, str]:
    return {found.rule: found.severity for found in lint(tree_of({"a.py": source.encode()})).findings}


@pytest.mark.parametrize("code", ["x = 2\ny = x*2\n", "x = 2\ny = x  * 2\n", "x = (1,  2)\n"])
def test_what_pycodestyle_ignores_by_default_is_no_finding(code: str) -> None:
    assert not {"E226", "E241"} & set(severities(code))


@pytest.mark.parametrize(
    "value",
    [
        *(
            "prod/db",
            "airflow/connections/orders-db",
            "/run/secrets/token",
            "/tmp2",
            "https://login.example.com/oauth2/token",
        ),
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-AbCdEf",
    ],
)
def test_name_of_a_secret_warns(value: str) -> None:
    for source in (
        f'SECRET_NAME = "{value}"\n',
        f"def f(token='{value}'):\n    return token\n",
        f'print(dict(token="{value}"))\n',
    ):
        found = severities(source)
        assert PASSWORDS & set(found), source
        assert {found[rule] for rule in PASSWORDS & set(found)} == {"warn"}, source


@pytest.mark.parametrize(
    "value",
    [
        *("hunter2hunter2", "correct horse battery staple", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "letmein"),
        *("https://user:hunter2@example.com/", "https://example.com/?token=abc", "prod/db' + 'hunter2"),
        *("https://hooks.example.com/services/T00/B00/XyZ", "postgres://sales:hunter2@db/orders"),
    ],
)
def test_password_blocks(value: str) -> None:
    for source in (
        f'password = "{value}"\n',
        f'def f(password="{value}"):\n    return password\n',
        f'print(dict(password="{value}"))\n',
    ):
        found = severities(source)
        assert {found[rule] for rule in PASSWORDS & set(found)} == {"block"}, source

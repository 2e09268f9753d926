"""The registry of rules."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import Environment, TemplateSyntaxError

from dag_lint.dag_rules.schedules import cron_mistake
from dag_lint.dag_rules.templates import template_mistake
from dag_lint.finding import Finding, verdict_of
from dag_lint.pages import pages
from dag_lint.rules import REGISTRY, finding, rule_of


@pytest.mark.parametrize(
    ("code", "entry"),
    [("E225", "E"), ("E501", "E501"), ("F704", "F7"), ("F722", "F7"), ("F841", "F"), ("AIR311", "AIR"), ("B006", "B")],
)
def test_code_without_an_entry_is_its_family_s(code: str, entry: str) -> None:
    assert rule_of(code).code == entry


@pytest.mark.parametrize("code", ["", "XYZ1", "ERA001", "FURB100", "EM101", "FL1011x", "1"])
def test_code_of_another_family_is_unknown(code: str) -> None:
    with pytest.raises(KeyError):
        rule_of(code)


@pytest.mark.parametrize(
    ("code", "severity"),
    [
        *(
            (code, "block")
            for code in ("F821", "F822", "F823", "F701", "AIR301", "AIR302", "AIR303", "AIR304", "AIR003")
        ),
        *((code, "block") for code in ("S102", "S307", "S602", "S605", "S105", "S106", "S107", "E225", "W291", "F401")),
        *((code, "warn") for code in ("AIR001", "AIR002", "AIR202", "AIR311", "AIR312", "AIR321", "DTZ001", "DTZ005")),
        *((code, "warn") for code in ("S113", "S608", "B006", "T201", "E501", "F841")),
    ],
)
def test_rule_does_to_the_verdict_what_was_agreed(code: str, severity: str) -> None:
    assert finding(code, "a.py", 1, "m").severity == severity


def test_one_blocking_finding_fails_all() -> None:
    warning, block = finding("E501", "a.py", 1, "m"), finding("E225", "b.py", 1, "m")
    assert verdict_of(()) == "pass"
    assert verdict_of((warning,)) == "pass"
    assert verdict_of((warning, block)) == "fail"


def test_findings_sort_by_place() -> None:
    places = [("b.py", 1, "E1"), ("a.py", 10, "E1"), ("a.py", 2, "W1"), ("a.py", 2, "E1")]
    found = sorted(Finding(path, line, rule, "warn", "m", "f") for path, line, rule in places)
    assert [(each.path, each.line, each.rule) for each in found] == sorted(places)


def test_every_rule_says_how_to_mend_it_and_has_a_page() -> None:
    for code, rule in REGISTRY.items():
        assert rule.title, code
        assert rule.wrong, code
        assert rule.mend.rstrip("`").endswith((".", "`")) or rule.mend.endswith("`."), code
        assert f"{code}.md" in pages()


@pytest.mark.parametrize(
    "expression", ["0 1 * * *", "*/5 * * * *", "@daily", "@once", "0 0 L * *", "0 9 * * mon-fri", "0 0 1 1 * *"]
)
def test_schedule_that_airflow_takes_is_none_to_blame(expression: str) -> None:
    assert cron_mistake(expression) is None


@pytest.mark.parametrize("expression", ["", " ", "* * * *", "60 * * * *", "@dayly", "daily", "0 0 32 * *", "a b c d e"])
def test_schedule_that_airflow_refuses_is_one(expression: str) -> None:
    assert cron_mistake(expression)


@pytest.mark.parametrize(
    "text", ["plain", "{ not a template }", "{{ ds }}", "{% do x.append(1) %}", "{{ x | no_such_filter }}"]
)
def test_template_that_may_be_right_is_taken(text: str) -> None:
    assert template_mistake(text) is None


@pytest.mark.parametrize("text", ["{{ ds }", "{% if x %}", "{{ }}", "{{ .Name }}", "{% nosuchtag %}", "{# open"])
def test_template_that_jinja_cannot_parse_is_not(text: str) -> None:
    assert template_mistake(text)


PIECES = (
    "{{ ds }}",
    "{{params.x1}}",
    "{{ not }}",
    "{",
    "}",
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "-",
    " ",
    ".",
    "raw",
    "1",
)


@given(st.lists(st.sampled_from(PIECES), max_size=5).map("".join))
@settings(max_examples=1000)
@example("{{{ ds }}")
def test_template_is_broken_exactly_if_jinja_says_so(text: str) -> None:
    """What is taken without asking Jinja is what Jinja takes."""
    try:
        Environment(extensions=["jinja2.ext.do"], autoescape=True).parse(text)
    except TemplateSyntaxError:
        broken = True
    else:
        broken = False
    assert (template_mistake(text) is not None) == broken

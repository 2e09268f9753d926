"""Every rule of the lint: what it looks for, what follows, how to mend it. docs/rules/ is written from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .finding import Finding, Severity

Tier = Literal["A", "B", "C", "D"]
"""What can be done about a finding.

A: blocks, without exception. B: blocks, except where the deploy branch's `.farflow-lint.toml` allows it. C: blocks,
except with `# noqa: CODE` in its line or where the deploy branch has it already. D: a warning.
"""


@dataclass(frozen=True)
class Rule:
    """A rule, or a family of Ruff's rules, named by the letters that its codes begin with."""

    code: str
    tier: Tier
    title: str
    wrong: str
    mend: str
    bad: str = ""
    good: str = ""

    @property
    def severity(self) -> Severity:
        """What a finding of this rule does to the verdict."""
        return "warn" if self.tier == "D" else "block"

    @property
    def page(self) -> str:
        """Where Farflow's repository says more of it."""
        return f"docs/rules/{self.code}.md"

    @property
    def of_ruff(self) -> bool:
        """Whether Ruff finds it; else the lint itself does."""
        return not self.code.startswith("FL")


OWN = (
    Rule(
        "FL101",
        "A",
        "Unsafe path",
        "A path that leads out of the folder or into `.git`, or is not one and the same file for every system and "
        "every reader: absolute, with `..` or an empty segment, with a backslash, with a character that cannot be "
        "seen, with what is no UTF-8 or not in Unicode's form NFC, longer than 900 bytes or with a name of more than "
        "255; or one that differs from another only by case or Unicode form.",
        "Rename the file (`git mv`): ASCII letters, digits, `_`, `-` and `.` are always right; any other letter in "
        "UTF-8 as one character, not as a letter and an accent (NFC); no two names that differ only by case.",
        "team/../../etc/passwd\n.git/hooks/post-checkout\nteam\\report.py\nReport.py and report.py",
        "team/report.py",
    ),
    Rule(
        "FL102",
        "A",
        "Forbidden kind of file",
        "Links, submodules, ZIP archives (under any name) and compiled code reach Airflow without any rule having read "
        "them. Airflow runs the DAGs inside a ZIP.",
        "Commit the source files themselves.",
        "dags.zip\nhelpers.cpython-313.pyc\nshared -> ../../elsewhere",
        "shared/helpers.py",
    ),
    Rule(
        "FL103",
        "A",
        "Too large",
        "A file over 1 MiB, a line over 16 KiB, or a folder over 5,000 files or 50 MiB: no longer DAGs, and every worker "
        "would carry it.",
        "Keep data in S3 and read it in a task.",
    ),
    Rule(
        "FL104",
        "A",
        "Not plain UTF-8",
        "Python or Airflow would read other code than a reviewer sees, in a Python file or `.airflowignore`: bytes "
        "that are no UTF-8; a declaration of another or an unknown encoding; a character that hides code or changes "
        "its order, such as NUL, an escape, a zero-width or bidirectional one, U+2028; a carriage return alone, "
        "which ends a line for Python and not for git and editors.",
        "Save the file as UTF-8, its lines ended by LF or CR LF, and declare no other encoding; write a character "
        "that hides code as an escape (`\\u202e`).",
        "# -*- coding: utf-7 -*-",
        "# no declaration: Python 3 reads UTF-8",
    ),
    Rule(
        "FL105",
        "B",
        "Python cannot compile the file",
        "Syntax that this Python refuses, or nesting deeper than it can take. No DAG of the file would load.",
        "Mend what the message names.",
        "def f(:\n    pass",
        "def f():\n    pass",
    ),
    Rule(
        "FL106",
        "A",
        "The lint could not read the file",
        "The process that reads the file, or Ruff, crashed on it, gave no answer in time, needed too much memory, or "
        "found more than 32 MiB to say; so nothing, or not all, is known of the file. Unknown is not a pass.",
        "Split or simplify the file; generated data does not belong into a DAG file. Where it is small and plain, "
        "lint again: the machine may have been short of time or memory.",
    ),
    Rule(
        "FL107",
        "B",
        "Unreadable .airflowignore",
        "Airflow cannot compile a pattern, or does not come to the end of matching it, and then finds no DAG of the folder "
        "at all.",
        "Write patterns as .gitignore has them; see `[core] dag_ignore_file_syntax`, which is `glob`.",
        "**team!/[",
        "team/drafts/",
    ),
    Rule(
        "FL108",
        "A",
        "Unreadable .farflow-lint.toml",
        "Once on the deploy branch, the file could make no exception there, and its DAGs could not be imported.",
        "Write it as docs/lint.md says: each `[[allow]]` has a rule that exists, a path and a reason.",
        '[[allow]]\nrule = "NOPE"\npath = "*.py"\nreason = "TICKET-12"',
        '[[allow]]\nrule = "AIR304"\npath = "legacy/*.py"\nreason = "TICKET-12"',
    ),
    Rule(
        "FL201",
        "B",
        "Duplicate dag_id",
        "Two files make a DAG of one name. Airflow shows whichever it read last, and the other vanishes without an error.",
        "Give each DAG its own `dag_id`.",
        'with DAG("report", schedule=None): ...  # and the same in another file',
        'with DAG("report_daily", schedule=None): ...',
    ),
    Rule(
        "FL202",
        "B",
        "A DAG that never comes to be",
        "A function decorated with `@dag` that nothing calls at import, or a DAG made where Airflow does not look for "
        "it. The file loads without an error and has no DAG.",
        "Call the function at the end of the file; keep a `DAG(...)` in a module variable or use `with`.",
        "@dag(schedule=None)\ndef report():\n    ...",
        "@dag(schedule=None)\ndef report():\n    ...\n\n\nreport()",
    ),
    Rule(
        "FL203",
        "B",
        "Skipped by safe mode",
        "Airflow opens only files that contain the word `airflow` and one of `dag` and `asset`; this one makes a DAG "
        "without them, and would be skipped.",
        "Say the words, for example in the docstring: `An Airflow DAG of ...`.",
        "from team.pipelines import build\n\nreport = build()",
        '"""An Airflow DAG."""\n\nfrom team.pipelines import build\n\nreport = build()',
    ),
    Rule(
        "FL204",
        "B",
        "Duplicate task_id",
        "Two tasks of one DAG have the same id; Airflow refuses the file.",
        "Give each task its own `task_id`.",
        'a = EmptyOperator(task_id="load")\nb = EmptyOperator(task_id="load")',
        'a = EmptyOperator(task_id="load_orders")\nb = EmptyOperator(task_id="load_users")',
    ),
    Rule(
        "FL205",
        "B",
        "Tasks in a circle",
        "A task comes after itself; Airflow refuses the DAG.",
        "Remove one of the dependencies that the message names.",
        "extract >> load >> extract",
        "extract >> load",
    ),
    Rule(
        "FL206",
        "B",
        "Bad schedule",
        "A schedule that is no cron expression and none of Airflow's presets.",
        "Write five cron fields, or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@quarterly`, `@yearly`, `@once`, "
        "`@continuous`.",
        'DAG("report", schedule="0 25 * * *")',
        'DAG("report", schedule="0 1 * * *")',
    ),
    Rule(
        "FL207",
        "B",
        "Unknown trigger_rule",
        "Airflow has no trigger rule of this name.",
        "Use a member of `airflow.sdk.TriggerRule`.",
        'EmptyOperator(task_id="end", trigger_rule="all_finished")',
        'EmptyOperator(task_id="end", trigger_rule=TriggerRule.ALL_DONE)',
    ),
    Rule(
        "FL208",
        "B",
        "Bad id",
        "An id has letters, digits, `_`, `-` and `.`, at most 250; a task group's has no `.` and at most 200.",
        "Rename it; `dag_display_name` and `task_display_name` may hold anything.",
        'DAG("daily report")',
        'DAG("daily_report", dag_display_name="daily report")',
    ),
    Rule(
        "FL209",
        "C",
        "Work at import",
        "A request, query, process or sleep that runs whenever the file is read: twice a minute by the DAG processor and "
        "once for each task, not once for each run.",
        "Move it into a task; for values that a DAG's shape depends on, use dynamic task mapping.",
        'ROWS = requests.get("https://example.com/rows", timeout=5).json()',
        "@task\ndef rows() -> list[str]:\n    return requests.get(URL, timeout=5).json()",
    ),
    Rule(
        "FL210",
        "C",
        "Template file missing",
        "A field that ends in `.sh` or `.sql` names a file for Airflow, looked for beside the DAG file and in "
        "`template_searchpath`. It is not there, and the task would fail.",
        "Add the file, correct the path (it is relative), or end a command that is no file with a space.",
        'BashOperator(task_id="run", bash_command="/opt/run.sh")',
        'BashOperator(task_id="run", bash_command="/opt/run.sh ")',
    ),
    Rule(
        "FL211",
        "C",
        "Broken template",
        "Jinja cannot parse the template; the task would fail when it is rendered.",
        "Close what the message names; write text that is no template as `{% raw %}...{% endraw %}`.",
        'BashOperator(task_id="run", bash_command="echo {{ ds }")',
        'BashOperator(task_id="run", bash_command="echo {{ ds }}")',
    ),
    Rule(
        "FL212",
        "C",
        "Number out of range",
        "Negative `retries` or a `pool_slots` below 1 make no sense, and Airflow does not always say so.",
        "Use 0 or more `retries`, 1 or more `pool_slots`.",
        'EmptyOperator(task_id="end", retries=-1)',
        'EmptyOperator(task_id="end", retries=0)',
    ),
    Rule(
        "FL221",
        "D",
        "Nobody's DAG",
        "A DAG without `tags` is hard to find among many, and whom to ask about it is not said.",
        "Set `tags`, and `owner` in `default_args`.",
        'DAG("report", schedule=None)',
        'DAG("report", schedule=None, tags=["sales"], default_args={"owner": "sales"})',
    ),
    Rule(
        "FL222",
        "D",
        "No retries",
        "Neither the DAG's `default_args` nor its tasks set `retries`: one lost connection fails the run.",
        'Set `default_args={"retries": 2}`, or 0 where a retry would do harm.',
        'DAG("report", schedule=None)',
        'DAG("report", schedule=None, default_args={"retries": 2})',
    ),
    Rule(
        "FL301",
        "B",
        "The import failed",
        "Airflow imports each DAG file; this one raises, so its DAGs do not appear. Often: a package or module that is "
        "not in the image, a misspelt or missing argument of an operator.",
        "Mend what the message names. `make lint-dags DAGS=folder` imports the same way.",
        'BashOperator(task_id="run", bash_comand="true")',
        'BashOperator(task_id="run", bash_command="true")',
    ),
    Rule(
        "FL302",
        "B",
        "The import did not end",
        "It took longer than `[core] dagbag_import_timeout` (30 s), or ended the process, or went over its limit of "
        "memory.",
        "Do the work in a task.",
    ),
    Rule(
        "FL303",
        "D",
        "Slow import",
        "The import took more than 5 s; each task of the file waits for it too.",
        "Import large packages inside the tasks that need them.",
    ),
    Rule(
        "FL304",
        "C",
        "The import did a task's work",
        "While it was imported, the file opened a connection, started a process or wrote a file.",
        "Move it into a task.",
    ),
)

_AIRFLOW_3 = "See [upgrading to Airflow 3](https://airflow.apache.org/docs/apache-airflow/stable/installation/upgrading_to_airflow3.html)."

RUFF = (
    Rule(
        "F821",
        "B",
        "Undefined name",
        "The name is defined nowhere: the import or the task fails.",
        "Define or import it.",
    ),
    Rule("F822", "B", "Undefined name in `__all__`", "An export that does not exist.", "Remove it from `__all__`."),
    Rule(
        "F823", "B", "Local variable used before it is set", "The function fails when it comes there.", "Set it first."
    ),
    Rule(
        "F7",
        "B",
        "Statement out of place",
        "`return` outside a function and the like: Python refuses the file, or the code cannot work.",
        "Move the statement.",
    ),
    Rule(
        "AIR301",
        "B",
        "Removed in Airflow 3",
        "A name or argument that Airflow 3 no longer has.",
        _AIRFLOW_3,
        'DAG("report", schedule_interval="@daily")',
        'DAG("report", schedule="@daily")',
    ),
    Rule(
        "AIR302",
        "B",
        "Moved to a provider in Airflow 3",
        "The old import path is gone.",
        _AIRFLOW_3,
        "from airflow.operators.bash_operator import BashOperator",
        "from airflow.providers.standard.operators.bash import BashOperator",
    ),
    Rule("AIR303", "B", "Signature changed in Airflow 3", "The call fails at run time.", _AIRFLOW_3),
    Rule(
        "AIR304",
        "B",
        "Value that differs with each import",
        "`datetime.now()` in a DAG's or task's arguments makes a new version of the DAG each time the file is read.",
        "Use a fixed date; take the time of a run from its context.",
        'DAG("report", start_date=datetime.now())',
        'DAG("report", start_date=datetime(2026, 1, 1))',
    ),
    Rule(
        "AIR003",
        "C",
        "Variable read at import",
        "`Variable.get()` outside a task asks Airflow's API whenever the file is read.",
        "Read it in a task, or by the template `{{ var.value.name }}`.",
        'BUCKET = Variable.get("bucket")',
        'BashOperator(task_id="list", bash_command="aws s3 ls {{ var.value.bucket }}")',
    ),
    Rule("S102", "C", "exec", "Runs text as code.", "Call the function that you mean."),
    Rule("S307", "C", "eval", "Runs text as code.", "Use `ast.literal_eval` for values."),
    Rule(
        "S602",
        "C",
        "Process with a shell",
        "Text from elsewhere can become a command.",
        "Pass a list and `shell=False`.",
    ),
    Rule(
        "S605", "C", "Process with a shell", "Text from elsewhere can become a command.", "Use `subprocess.run([...])`."
    ),
    Rule(
        "S105",
        "C",
        "Password in the code",
        "Whoever reads the repository has it.",
        "Put it into a connection or AWS Secrets Manager.",
    ),
    Rule(
        "S106",
        "C",
        "Password in the code",
        "Whoever reads the repository has it.",
        "Put it into a connection or AWS Secrets Manager.",
    ),
    Rule(
        "S107",
        "C",
        "Password in the code",
        "Whoever reads the repository has it.",
        "Put it into a connection or AWS Secrets Manager.",
    ),
    Rule("F401", "C", "Unused import", "It costs time at each import and says something untrue.", "Remove it."),
    Rule(
        "E",
        "C",
        "PEP 8",
        "Written otherwise than [PEP 8](https://peps.python.org/pep-0008/) says.",
        "`ruff format` mends most of it.",
        "x=1+ 2",
        "x = 1 + 2",
    ),
    Rule(
        "W",
        "C",
        "PEP 8",
        "Written otherwise than [PEP 8](https://peps.python.org/pep-0008/) says.",
        "`ruff format` mends most of it.",
    ),
    Rule("E501", "D", "Long line", "More than 120 characters.", "Break it."),
    Rule(
        "AIR",
        "D",
        "Airflow's own advice",
        "Still works today; deprecated, moved, or against Airflow's style.",
        _AIRFLOW_3,
    ),
    Rule(
        "F",
        "D",
        "Doubtful code",
        "Often a mistake: a variable that nothing reads, a format string that does not fit.",
        "See the message.",
    ),
    Rule("B", "D", "Doubtful code", "A known trap of Python.", "See the message."),
    Rule(
        "DTZ001",
        "D",
        "Date without a time zone",
        "Airflow takes it for UTC.",
        '`pendulum.datetime(2026, 1, 1, tz="UTC")`.',
    ),
    Rule("DTZ005", "D", "Time without a time zone", "It is the worker's.", "Pass `tz=`."),
    Rule(
        "S113",
        "D",
        "Request without a timeout",
        "A server that does not answer holds the task for ever.",
        "Pass `timeout=`.",
    ),
    Rule("S608", "D", "SQL made of text", "Text from elsewhere can become SQL.", "Pass `parameters=`."),
    Rule("T201", "D", "print", "The task's log has it, without a level.", "Use `logging`."),
)

REGISTRY = {rule.code: rule for rule in (*OWN, *RUFF)}


def rule_of(code: str) -> Rule:
    """The rule of this code, by its own entry or by that of its family: `E225` is `E`, `F704` is `F7`.

    Raises `KeyError` for a code that the lint does not know.
    """
    for length in range(len(code), 0, -1):
        found = REGISTRY.get(code[:length])
        if found and (length == len(code) or code[length:].isdigit()):
            return found
    raise KeyError(code)


def finding(code: str, path: str, line: int, message: str, mend: str | None = None) -> Finding:
    """A finding of the rule, with its severity, how it is mended, and its page."""
    rule = rule_of(code)
    return Finding(path, line, code, rule.severity, message, f"{mend or rule.mend} ({rule.page})")

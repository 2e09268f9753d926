"""Folders of DAGs as teams write them, for linters to read: the same ones each time."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

FILES_PER_TEAM = 50
UNUSED_EVERY, MISSING_EVERY = 20, 90
"""One DAG in so many has an import that nothing uses, one in so many a package that is nowhere installed: seeded, so that
a linter which did nothing is noticed.
"""

WORDS = (
    "orders",
    "customers",
    "invoices",
    "payments",
    "shipments",
    "returns",
    "products",
    "prices",
    "visits",
    "refunds",
)
SCHEDULES = ('"@daily"', '"@hourly"', '"30 6 * * 1-5"', '"0 */4 * * *"', "None", '"15 2 1 * *"')


@dataclass(frozen=True)
class LintTree:
    """Contents by path, and in which DAG files what was seeded."""

    contents: Mapping[str, str]
    dag_files: int
    unused_import: frozenset[str]
    missing_package: frozenset[str]

    @property
    def python_files(self) -> int:
        return sum(path.endswith(".py") for path in self.contents)

    @property
    def lines(self) -> int:
        return sum(text.count("\n") for path, text in self.contents.items() if path.endswith(".py"))

    def write(self, folder: Path) -> None:
        for path, text in self.contents.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)


def lint_tree(files: int) -> LintTree:
    """Teams of fifty files: forty-six DAGs, a package of helpers that they import, two SQL templates."""
    contents: dict[str, str] = {}
    unused, missing = set(), set()
    dag_number = 0
    for number in range(files // FILES_PER_TEAM):
        team = f"team{number:03}"
        contents |= {f"{team}/{name}": text.replace("TEAM", team) for name, text in TEAM.items()}
        for _ in range(FILES_PER_TEAM - len(TEAM)):
            path = f"{team}/dag{dag_number:05}.py"
            more = []
            if dag_number % UNUSED_EVERY == UNUSED_EVERY // 2:
                unused.add(path)
                more.append("import json")
            if dag_number % MISSING_EVERY == MISSING_EVERY // 2:
                missing.add(path)
                more.append("import acme_rates")
            contents[path] = dag_file(dag_number, team, more)
            dag_number += 1
    return LintTree(contents, dag_number, frozenset(unused), frozenset(missing))


def dag_file(number: int, team: str, more_imports: list[str]) -> str:
    """One DAG of 40 to 150 lines."""
    chance = random.Random(number)
    kind = KINDS[number % len(KINDS)]
    return kind(Dag(number, team, chance, tuple(more_imports)))


# ---- the kinds of DAG -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dag:
    """What the DAGs of all kinds have, written in Python."""

    number: int
    team: str
    chance: random.Random
    more_imports: tuple[str, ...]

    @property
    def dag_id(self) -> str:
        return f"{self.team}_{self.subject}_{self.number:05}"

    @property
    def subject(self) -> str:
        return WORDS[self.number * 7 % len(WORDS)]

    def arguments(self) -> str:
        """Those of `DAG` and `@dag`, a line each."""
        return dedent(f"""\
            schedule={self.chance.choice(SCHEDULES)},
            start_date=pendulum.datetime(2026, {self.chance.randint(1, 9)}, 1, tz="UTC"),
            catchup=False,
            max_active_runs={self.chance.randint(1, 4)},
            default_args={{"owner": "{self.team}", "retries": {self.chance.randint(1, 5)}, "retry_delay": RETRY_DELAY}},
            tags=["{self.team}", "{self.subject}"],
        """)

    def head(self, what: str, *imports: str, standard: tuple[str, ...] = ()) -> str:
        """Docstring, imports and constants."""
        own = [line for line in self.more_imports if line != "import acme_rates"]
        uses = [line for line in self.more_imports if line == "import acme_rates"]
        first = sorted({"import datetime", *standard, *own}, key=_import_order)
        second = sorted({"import pendulum", *uses, *imports}, key=_import_order)
        local = [f"from {self.team}.steps import checked, told"]
        rates = "\nRATES = acme_rates.VERSION" if uses else ""
        return "\n".join([
            f'"""{what} of {self.subject}, for {self.team}."""',
            "",
            *first,
            "",
            *second,
            "",
            *local,
            "",
            f"RETRY_DELAY = datetime.timedelta(minutes={self.chance.randint(1, 15)})",
            f'BUCKET = "{self.team}-{self.subject}"{rates}',
            "",
        ])  # fmt: skip


def _import_order(line: str) -> tuple[bool, str]:
    return line.startswith("from"), line.split()[1]


def functions(dag: Dag) -> str:
    """TaskFlow: a chain of functions, one of them for each of several parts."""
    steps = dag.chance.randint(2, 6)
    body = [
        dedent(f"""\
            @task(retries={dag.chance.randint(1, 6)})
            def extract(source: str, **context) -> list[dict[str, float]]:
                \"\"\"Read the rows of one source.\"\"\"
                started = context["data_interval_start"]
                rows = [{{"id": float(number), "amount": number * 1.{dag.number % 10}}} for number in range({dag.chance.randint(5, 90)})]
                log.info("%s rows of %s since %s", len(rows), source, started)
                return checked(rows, "{dag.subject}")
        """)
    ]
    for step in range(steps):
        factor = dag.chance.randint(2, 9)
        body.append(
            dedent(f"""\
                @task
                def step_{step}(rows: list[dict[str, float]]) -> list[dict[str, float]]:
                    \"\"\"Keep what is worth more than {factor}, and weigh it.\"\"\"
                    kept = []
                    for row in rows:
                        if row["amount"] < {factor}:
                            continue
                        weighed = dict(row)
                        weighed["amount"] = round(row["amount"] * {factor}, 2)
                        kept.append(weighed)
                    if not kept:
                        log.warning("nothing is left of %s rows", len(rows))
                    return kept
            """)
        )
    body.append(
        dedent("""\
            @task(multiple_outputs=True)
            def summarise(rows: list[dict[str, float]]) -> dict[str, float]:
                \"\"\"Count and total.\"\"\"
                return {"count": float(len(rows)), "total": sum(row["amount"] for row in rows)}
        """)
    )
    body.append(
        dedent("""\
            @task
            def store(count: float, total: float) -> str:
                \"\"\"Write the summary.\"\"\"
                key = f"s3://{BUCKET}/{int(count)}.json"
                return told(key, total)
        """)
    )
    flow = [f'rows_0 = extract("{dag.subject}")']
    flow += [f"rows_{step + 1} = step_{step}(rows_{step})" for step in range(steps)]
    flow += [f"summary = summarise(rows_{steps})", 'store(summary["count"], summary["total"])']
    return (
        dag.head(
            "A daily summary",
            "from airflow.sdk import dag, task",
            standard=("import logging",),
        )
        + "log = logging.getLogger(__name__)\n\n\n"
        + f'@dag(\n    "{dag.dag_id}",\n{indent(dag.arguments(), "    ")})\n'
        + f"def {dag.subject}():\n"
        + indent(f'"""The steps, from source to summary."""\n\n{"\n".join(body)}\n{"\n".join(flow)}\n', "    ")
        + f"\n\n{dag.subject}()\n"
    )


def operators(dag: Dag) -> str:
    """The classic form: operators in a `with` block, of which a loop makes some."""
    tables = dag.chance.sample(WORDS, dag.chance.randint(3, 7))
    tasks = [
        dedent(f"""\
            load_{table} = BashOperator(
                task_id="load_{table}",
                bash_command="load --table {table} --day {{{{ ds }}}} --bucket {{{{ params.bucket }}}}",
                env={{"TABLE": "{table}", "DAY": "{{{{ ds }}}}"}},
                append_env=True,
                execution_timeout=datetime.timedelta(minutes={dag.chance.randint(5, 90)}),
                params={{"bucket": BUCKET}},
            )
            check_{table} = PythonOperator(
                task_id="check_{table}",
                python_callable=check,
                op_kwargs={{"table": "{table}", "least": {dag.chance.randint(1, 500)}}},
                retries={dag.chance.randint(0, 3)},
            )
        """)
        for table in tables
    ]
    wires = [f"start >> load_{table} >> check_{table} >> end" for table in tables]
    return (
        dag.head(
            "The nightly load",
            "from airflow.providers.standard.operators.bash import BashOperator",
            "from airflow.providers.standard.operators.empty import EmptyOperator",
            "from airflow.providers.standard.operators.python import PythonOperator",
            "from airflow.sdk import DAG",
            standard=("import logging",),
        )
        + dedent("""\
            log = logging.getLogger(__name__)


            def check(table: str, least: int) -> int:
                \"\"\"Raise where too few rows came.\"\"\"
                rows = checked([{"id": 1.0, "amount": 2.0}] * least, table)
                if len(rows) < least:
                    raise ValueError(f"{table} has {len(rows)} rows, fewer than {least}")
                log.info(told(table, float(len(rows))))
                return len(rows)


        """)
        + f'with DAG(\n    "{dag.dag_id}",\n{indent(dag.arguments(), "    ")}):\n'
        + '    start = EmptyOperator(task_id="start")\n'
        + indent("".join(tasks), "    ")
        + '    end = EmptyOperator(task_id="end", trigger_rule="none_failed_min_one_success")\n'
        + indent("\n".join(wires), "    ")
        + "\n"
    )


def queries(dag: Dag) -> str:
    """SQL from files and from the text, in groups."""
    groups = dag.chance.sample(WORDS, dag.chance.randint(2, 5))
    made = "".join(
        dedent(f"""\
            with TaskGroup("{group}") as group_{group}:
                create = SQLExecuteQueryOperator(
                    task_id="create",
                    conn_id="warehouse",
                    sql=\"\"\"
                        create table if not exists {group}_{dag.number} (
                            id bigint primary key, amount numeric(12, 2), loaded_at timestamp
                        );
                    \"\"\",
                )
                load = SQLExecuteQueryOperator(
                    task_id="load",
                    conn_id="warehouse",
                    sql="sql/load.sql",
                    params={{"table": "{group}_{dag.number}", "limit": {dag.chance.randint(100, 9000)}}},
                )
                report = SQLExecuteQueryOperator(
                    task_id="report",
                    conn_id="warehouse",
                    sql="sql/report.sql",
                    params={{"table": "{group}_{dag.number}"}},
                    show_return_value_in_logs=True,
                )
                chain(create, load, report)
        """)
        for group in groups
    )
    return (
        dag.head(
            "Tables",
            "from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator",
            "from airflow.sdk import DAG, TaskGroup, chain, task",
        )
        + "\n"
        + f'with DAG(\n    "{dag.dag_id}",\n{indent(dag.arguments(), "    ")}):\n\n'
        + indent(
            dedent("""\
                @task
                def announce() -> str:
                    \"\"\"Say that all is loaded.\"\"\"
                    rows = checked([{"id": 1.0, "amount": 1.0}], BUCKET)
                    return told(BUCKET, float(len(rows)))

            """)
            + made
            + f"chain({', '.join(f'group_{group}' for group in groups)}, announce())\n",
            "    ",
        )
    )


def mapped(dag: Dag) -> str:
    """A sensor, a branch, and as many tasks as there are partitions."""
    partitions = dag.chance.sample(WORDS, dag.chance.randint(3, 8))
    branches = dag.chance.sample(WORDS, dag.chance.randint(2, 5))
    made = "".join(
        dedent(f"""\
            {branch} = BashOperator(
                task_id="{branch}",
                bash_command="compact --branch {branch} --size {dag.chance.randint(10, 900)} {{{{ dag_run.run_id }}}}",
                pool_slots={dag.chance.randint(1, 3)},
                priority_weight={dag.chance.randint(1, 10)},
                doc_md="Compacts what {branch} left.",
            )
            chosen >> {branch} >> joined
        """)
        for branch in branches
    )
    return (
        dag.head(
            "Partitions",
            "from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor",
            "from airflow.providers.standard.operators.bash import BashOperator",
            "from airflow.providers.standard.operators.empty import EmptyOperator",
            "from airflow.sdk import Asset, TriggerRule, dag, task",
        )
        + f"PARTITIONS = (\n{''.join(f'    "{partition}",\n' for partition in partitions)})\n"
        + f'DONE = Asset("s3://{dag.team}/{dag.subject}/{dag.number}")\n\n\n'
        + f'@dag(\n    "{dag.dag_id}",\n{indent(dag.arguments(), "    ")})\n'
        + f"def {dag.subject}():\n"
        + indent(
            dedent(f"""\
                \"\"\"Waits, loads each partition, compacts by size.\"\"\"
                wait = S3KeySensor(
                    task_id="wait",
                    bucket_key=f"s3://{{BUCKET}}/{{{{{{{{ ds }}}}}}}}/done",
                    deferrable=True,
                    timeout=datetime.timedelta(hours={dag.chance.randint(1, 8)}),
                    poke_interval={dag.chance.randint(30, 600)},
                )

                @task
                def partitions() -> list[str]:
                    \"\"\"Those that are not empty.\"\"\"
                    return [name for name in PARTITIONS if checked([{{"id": 1.0, "amount": 1.0}}], name)]

                @task(max_active_tis_per_dag={dag.chance.randint(1, 9)})
                def load(partition: str) -> str:
                    \"\"\"Bring one partition.\"\"\"
                    try:
                        return told(partition, float(PARTITIONS.index(partition)))
                    except ValueError as error:
                        raise KeyError(partition) from error

                @task.branch
                def choose(loaded: list[str]) -> str:
                    \"\"\"By how much came.\"\"\"
                    return "{branches[0]}" if len(list(loaded)) > {dag.chance.randint(1, 5)} else "{branches[1]}"

                @task(outlets=[DONE])
                def finish() -> int:
                    \"\"\"Tell whoever waits for the asset.\"\"\"
                    return len(PARTITIONS)

                joined = EmptyOperator(task_id="joined", trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
                names = partitions()
                wait >> names
                chosen = choose(load.expand(partition=names))
            """)
            + made
            + "joined >> finish()\n",
            "    ",
        )
        + f"\n\n{dag.subject}()\n"
    )


def housekeeping(dag: Dag) -> str:
    """A few commands, one after the other."""
    words = dag.chance.sample(WORDS, dag.chance.randint(1, 6))
    commands = "".join(
        dedent(f"""\
            {word} = BashOperator(
                task_id="{word}",
                bash_command=f"expire --days {dag.chance.randint(7, 400)} s3://{{BUCKET}}/{word}/",
            )
        """)
        for word in words
    )
    return (
        dag.head(
            "Housekeeping",
            "from airflow.providers.standard.operators.bash import BashOperator",
            "from airflow.sdk import DAG, chain, task",
        )
        + "\n"
        + f'with DAG(\n    "{dag.dag_id}",\n{indent(dag.arguments(), "    ")}):\n\n'
        + indent(
            dedent("""\
                @task
                def tell() -> str:
                    \"\"\"One line about what is left.\"\"\"
                    return told(BUCKET, float(len(checked([], BUCKET))))

            """)
            + commands
            + f"chain({', '.join(words)}, tell())\n",
            "    ",
        )
    )


KINDS: tuple[Callable[[Dag], str], ...] = (functions, operators, queries, mapped, housekeeping)

TEAM = {
    "__init__.py": '"""What the DAGs of TEAM share."""\n',
    "steps.py": dedent("""\
        \"\"\"Steps that several DAGs have.\"\"\"

        import logging

        log = logging.getLogger(__name__)


        def checked(rows: list[dict[str, float]], source: str) -> list[dict[str, float]]:
            \"\"\"The rows that have all they need.\"\"\"
            kept = [row for row in rows if {"id", "amount"} <= row.keys()]
            if len(kept) < len(rows):
                log.warning("%s of %s rows of %s are not whole", len(rows) - len(kept), len(rows), source)
            return kept


        def told(name: str, amount: float) -> str:
            \"\"\"One line about what was done.\"\"\"
            return f"{name}: {amount:.2f}"
    """),
    "sql/load.sql": dedent("""\
        insert into {{ params.table }} (id, amount, loaded_at)
        select id, amount, '{{ ts }}'
        from TEAM.staging
        where day = '{{ ds }}'
        limit {{ params.limit }};
    """),
    "sql/report.sql": "select 'TEAM', count(*), sum(amount) from {{ params.table }} where loaded_at >= '{{ ds }}';\n",
}
"""These and forty-six DAGs; TEAM stands for the team's name."""

"""FL209 and AIR003: requests, queries, processes, sleeps and variables while a file is imported.

Ruff has a rule AIR003 of its own, which takes `@setup`, `@teardown` and functions that tasks call for code outside of
tasks, and does not look into functions that the file calls: what is asked here is what an import runs.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dag_lint.finding import Finding
from dag_lint.rules import finding
from dag_lint.syntax.dag_module import Module

from .reading import Reading

_VERB = r"(?:get|post|put|patch|delete|head|options|request|stream|send)"
_DRIVERS = (
    r"(?:psycopg2?|pymysql|MySQLdb|mysql\.connector|sqlite3|pyodbc|cx_Oracle|oracledb|snowflake\.connector"
    r"|redshift_connector|pymssql|duckdb|trino\.dbapi|pyhive\.\w+|impala\.dbapi|teradatasql|vertica_python|hdbcli\.dbapi"
    r"|databricks\.sql|clickhouse_connect|asyncpg)"
)

WORK = {
    "goes to the network": re.compile(
        rf"(?:requests|httpx)\.{_VERB}"
        rf"|requests\.(?:api|sessions)\.{_VERB}"
        rf"|(?:requests|httpx)\.(?:\w+\.)*(?:[Ss]ession|Client)\(\)\.{_VERB}"
        r"|urllib\.request\.(?:urlopen|urlretrieve|\w+\(\)\.open)"
        r"|urllib3\.(?:request|(?:\w+\.)*\w+\(\)\.(?:request|urlopen))"
        r"|http\.client\.HTTPS?Connection\(\)\.(?:connect|request|getresponse)"
        r"|socket\.(?:create_connection|getaddrinfo|gethostbyname|socket\(\)\.(?:connect|connect_ex|sendto|bind))"
        r"|(?:ftplib\.FTP|ftplib\.FTP_TLS|smtplib\.SMTP|smtplib\.SMTP_SSL|imaplib\.IMAP4(?:_SSL)?|poplib\.POP3(?:_SSL)?)"
        r"|paramiko\.(?:SSHClient|client\.SSHClient)\(\)\.connect"
        r"|boto3\.(?:.*\.)?(?:client|resource)\(\)\.\w[\w.]*(?:\(\)\.\w+)*"
        r"|google\.cloud\.[\w.]+Client\(\)\.\w[\w.]*"
        r"|azure\.[\w.]+Client(?:\.\w+)?\(\)\.\w[\w.]*"
        r"|kubernetes\.client\.\w+Api\(\)\.\w+"
        r"|airflow\.[\w.]*Hook\(\)\.\w[\w.]*"
        r"|airflow\.[\w.]*Connection\.get|airflow\.[\w.]*Hook\.get_connections?"
    ),
    "asks a database": re.compile(
        rf"{_DRIVERS}\.connect"
        r"|sqlalchemy\.(?:\w+\.)*create_engine\(\)\.(?:connect|begin|execute|raw_connection)(?:\(\)\.\w+)*"
        r"|pymongo\.MongoClient\(\)\.[\w.]+"
        r"|redis\.(?:\w+\.)*(?:Redis|StrictRedis|from_url)\(\)\.\w+"
        r"|pandas\.read_(?:sql|sql_query|sql_table|gbq)"
        r"|airflow\.settings\.Session|airflow\.[\w.]*create_session"
    ),
    "starts a process": re.compile(
        r"subprocess\.(?:run|call|check_call|check_output|Popen|getoutput|getstatusoutput)"
        r"|os\.(?:system|popen|fork|forkpty|startfile|spawn\w+|posix_spawnp?|exec[lv]\w*)"
        r"|multiprocessing\.(?:Pool|Process\(\)\.start)|pty\.spawn|asyncio\.create_subprocess_\w+"
    ),
    "waits": re.compile(r"time\.sleep|asyncio\.(?:run|sleep)|input|signal\.pause"),
}
"""What is called, by full name: https://airflow.apache.org/docs/apache-airflow/stable/best-practices.html#top-level-dag-code"""

_VARIABLE = re.compile(r"airflow\.(?:[\w.]+\.)?Variable\.get")

_READS_URL = re.compile(r"pandas\.read_(?:csv|json|parquet|excel|html|xml|feather|orc|table)|open|fsspec\.open")
_URL = re.compile(r"(?:https?|s3a?|gs|ftp|abfss?)://")


def work_at_import(reading: Reading) -> Iterator[Finding]:
    """Calls that an import reaches, in the file's own functions too."""
    module, import_time = reading.module, reading.import_time
    for node in import_time.calls:
        name = module.qualified(node.func)
        within = import_time.within(node)
        way = f", through {within}() in line {import_time.called[within]}" if within else ""
        if _VARIABLE.fullmatch(name):
            yield finding("AIR003", module.path, node.lineno, f"`Variable.get()` runs at import{way}")
        what = _what(module, node, name)
        if what:
            yield finding("FL209", module.path, node.lineno, f"{name} {what} whenever the file is imported{way}")


def _what(module: Module, call: ast.Call, name: str) -> str | None:
    if module.bindings[name]:
        return None  # a function of the file's own, named as one of Python's
    if _READS_URL.fullmatch(name) and call.args:
        url = module.literal(call.args[0])
        return "goes to the network" if isinstance(url, str) and _URL.match(url) else None
    return next((what for what, pattern in WORK.items() if pattern.fullmatch(name)), None)

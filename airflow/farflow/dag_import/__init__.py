"""`python -m farflow.dag_import`: import DAG files as Airflow's DAG processor does, and tell what came of each.

The files are not trusted. Each is imported in a process of its own that holds no credentials, has limits of time, memory
and file size, and is gone before the next one starts. What such a process says of its own file may be a lie, for the
code that it imported can do in it what it likes; what it can reach is that one answer. Whoever asks must never take an
answer for more than a reason against a file.

A request on standard input, a reply on standard output, both JSON (`request.py`, `reply.py`). Exit code 0 with a reply,
whatever came of the files; any other code, or no reply, is a failure of the import as a whole.
"""

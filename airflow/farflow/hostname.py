"""The name under which Airflow notes where a job or a task instance runs: `[core] hostname_callable`.

A container's own name, which no other running task has. `socket.getfqdn`, Airflow's default, asks the name service, which
may know every container of a host by one name.
"""

from __future__ import annotations

import os
import socket


def hostname() -> str:
    """Of this container."""
    return os.environ.get("HOSTNAME") or socket.getfqdn()

"""What `workload_metrics` is told by its template."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Read from the environment by `control_plane.settings.read_settings`."""

    cluster: str
    state_table: str
    worker_groups: str
    """See `control_plane.worker_scaling.group`."""
    worker_scaler: str
    """Name of the function that is invoked when a gap persists."""
    parallelism: int
    """Task instances that a scheduler has queued or running at once."""
    schedulers: int
    """As many as there are at least."""
    database_host: str
    database_port: int
    database_name: str
    database_ssl_mode: str
    """libpq's sslmode."""
    database_secret_arn: str
    """Secret with the name and the password of the read-only role."""

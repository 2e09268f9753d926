"""What `metadata_migrator` is told by its template."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Read from the environment by `control_plane.settings.read_settings`."""

    state_table: str
    state_machine_arn: str
    work_queue_urls: str
    """Separated by commas."""
    worker_scaling_topic_arn: str
    drain_minutes: int
    queued_tasks: str
    """What becomes of the tasks that wait in the queue: `run` them first, or `requeue` them for the new version."""
    database_instance: str = ""
    """RDS's identifier; empty for a database of which Farflow takes no snapshots."""

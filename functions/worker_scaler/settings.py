"""What `worker_scaler` is told by its template."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Read from the environment by `control_plane.settings.read_settings`."""

    cluster: str
    state_table: str
    worker_groups: str
    """See `control_plane.worker_scaling.group`."""

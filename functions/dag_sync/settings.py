"""What `dag_sync` is told by its template."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Read from the environment by `control_plane.settings.read_settings`."""

    dags_bucket: str
    dags_prefix: str
    """Prefix of the keys that are DAG files, with its slash."""
    file_system_path: Path
    """Where the file system is mounted; releases go below it."""

"""What `push_webhook` is told by its template."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Read from the environment by `control_plane.settings.read_settings`."""

    github_repository: str
    """The one repository that is listened to, as owner/name."""
    github_deploy_branch: str
    """The branch that is published, without `refs/heads/`."""
    webhook_secret_arn: str
    push_queue_url: str
    state_table: str

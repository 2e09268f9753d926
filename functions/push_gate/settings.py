"""What `push_gate` is told by its template."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Read from the environment by `control_plane.settings.read_settings`."""

    github_repository: str
    """owner/name."""
    github_api_url: str
    github_deploy_branch: str
    dags_bucket: str
    state_table: str
    push_queue_url: str
    lint_sandbox: str
    """Name of the function that imports."""
    lint_sandbox_image: str
    """What it runs: another image may judge otherwise."""
    github_dags_folder: str = ""
    """Path of the DAG folder in the repository; empty is the whole of it."""
    github_app_id: str = ""
    """Of the App in whose name to talk; empty uses the token."""
    github_app_key_id: str = ""
    """The App's key in KMS."""
    github_token_secret_arn: str = ""
    """Secret with a token, where there is no App."""

"""What `image_builder` is told by its template."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Read from the environment by `control_plane.settings.read_settings`."""

    project_name: str
    """CodeBuild project that builds and pushes the image."""
    repository_name: str
    """ECR repository that holds the images."""
    repository_uri: str

"""Which environment on disk stands for which container image, and the image's own variables."""

from __future__ import annotations

from local import layout
from local.emulator.process_runtime import ProcessImage


def process_images() -> dict[str, ProcessImage]:
    """By image name, as the parameter `AirflowImage` gives it.

    The variables repeat the ENV lines of `airflow/Dockerfile`; `{container}` is the container's own folder.
    """
    return {
        layout.AIRFLOW_IMAGE: ProcessImage(
            bin_folder=layout.environment_python("airflow").parent,
            environ={
                "AIRFLOW_HOME": "{container}",
                "PYTHONPATH": str(layout.ROOT / "airflow"),
                "PYTHONUNBUFFERED": "1",
            },
        )
    }

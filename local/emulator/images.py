"""Which environment on disk stands for which container image, and the image's own variables."""

from __future__ import annotations

from pathlib import Path

from local import layout
from local.emulator.process_runtime import ProcessImage

AIRFLOW_3_2_SETTINGS = Path(__file__).parent / "airflow-3.2.cfg"


def process_images() -> dict[str, ProcessImage]:
    """By image name, as the parameter `AirflowImage` gives it.

    The variables repeat the ENV lines of `airflow/Dockerfile`; `{container}` is the container's own folder.
    """
    images = {
        image: ProcessImage(
            bin_folder=layout.environment_python(environment).parent,
            environ={
                "AIRFLOW_HOME": "{container}",
                "PYTHONPATH": str(layout.ROOT / "airflow"),
                "PYTHONUNBUFFERED": "1",
                **({"AIRFLOW_CONFIG": str(AIRFLOW_3_2_SETTINGS)} if environment.startswith("airflow-3.2") else {}),
            },
        )
        for image, environment in layout.image_environments().items()
    }
    present = images[layout.AIRFLOW_IMAGE]
    broken = {"AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS": "no.such.module"}
    return {**images, layout.MISCONFIGURED_IMAGE: ProcessImage(present.bin_folder, {**present.environ, **broken})}

"""Airflow's S3DagBundle as a DAG processor has it: one process that lives on, and refreshes when it is told to.

Runs in Airflow's environment: `python -m benchmarks.s3_dag_bundle BUCKET PREFIX`. For each line that it reads it
refreshes, the first time from nothing, and says how many seconds that took.
"""

from __future__ import annotations

import sys
import time

from airflow.providers.amazon.aws.bundles.s3 import S3DagBundle  # type: ignore[import-not-found]


def main(bucket: str, prefix: str) -> None:
    bundle = S3DagBundle(name="bench", bucket_name=bucket, prefix=prefix)
    print(bundle.path, flush=True)
    refresh = bundle.initialize
    for _ in sys.stdin:
        began = time.perf_counter()
        refresh()
        print(f"{time.perf_counter() - began}", flush=True)
        refresh = bundle.refresh


if __name__ == "__main__":
    main(*sys.argv[1:])

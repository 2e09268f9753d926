"""`python -m farflow.dag_processor`: Airflow's DAG processor, but a new release is parsed at once, and only as itself.

Airflow 3.3 parses a file again when its modification time is new or 30 s are over. The files of a release are hard links
to content that other releases have too, with the times of that; and where only a module changed that others import, no
time tells. So with a new release every file is due (`airflow/dag_processing/manager.py:prepare_file_queue`).

A file that was being parsed when the release changed would be stored as the new release's, though its content is the
old one's (`handle_parsing_result`): what was read from another folder than the release's own is not stored.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any

from airflow.__main__ import main as airflow
from airflow.cli.commands import dag_processor_command
from airflow.dag_processing.manager import DagFileInfo, DagFileProcessorManager

from farflow import releases, releases_in_use
from farflow.release_bundle import ReleaseBundle


class ReleaseProcessorManager(DagFileProcessorManager):
    """The manager of the pinned Airflow with a sense of releases."""

    _awaited: str | None = None
    """The release whose files are being parsed, None when all are."""

    def update_bundle_state(self, bundle_name: str, *, version: str | None, **others: Any) -> None:
        """Called when a bundle was refreshed; with a version when that is another than this process saw before."""
        if version is not None:
            self._make_due(bundle_name)
            stored = self.get_bundle_state(bundle_name)
            if stored is not None and stored.version != version:  # else it was parsed before this process started
                self._awaited = version
        super().update_bundle_state(bundle_name, version=version, **others)

    def _make_due(self, bundle_name: str) -> None:
        """Forget when its files were parsed, and those that wait to be parsed where the old release lies."""
        for file, stat in self._file_stats.items():
            if file.bundle_name == bundle_name:
                stat.last_finish_time = None
        kept = (
            file for file in self._file_queue if file.bundle_name != bundle_name or file in self._callback_to_execute
        )
        self._file_queue = OrderedDict.fromkeys(kept)

    def handle_parsing_result(self, file: DagFileInfo, proc: Any, **others: Any) -> None:
        if file.bundle_version is None and file.bundle_path != self._path_of(file.bundle_name):
            self.log.info("%s changed while it was parsed: it is parsed again", file.rel_path)
            return  # never noted as parsed, it is due
        super().handle_parsing_result(file, proc, **others)

    def _path_of(self, bundle_name: str) -> Any:
        return next((bundle.path for bundle in self._dag_bundles if bundle.name == bundle_name), None)

    def print_stats(self, known_files: dict[str, set[DagFileInfo]]) -> None:
        """Called in each turn of the loop."""
        super().print_stats(known_files=known_files)
        if self._awaited and self._all_parsed(known_files):
            self._tell_parsed(self._awaited)
            self._awaited = None
        releases_in_use.tell(self._dag_bundles, time.monotonic())

    def _all_parsed(self, known_files: dict[str, set[DagFileInfo]]) -> bool:
        """Since they were made due."""
        parsed = {file.presence_key for file, stat in self._file_stats.items() if stat.last_finish_time is not None}
        return all(file.presence_key in parsed for files in known_files.values() for file in files)

    def _tell_parsed(self, release_id: str) -> None:
        bundles = [bundle for bundle in self._dag_bundles if isinstance(bundle, ReleaseBundle)]
        if bundles:
            began = datetime.fromisoformat(releases.changed_at(bundles[0].root, release_id))
            print(parsed_metric(release_id, datetime.now(UTC), began), flush=True)


def parsed_metric(release_id: str, now: datetime, changed_at: datetime) -> str:
    """A log event that CloudWatch makes a metric of: how long a change took until Airflow had parsed it.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    metric = {
        "Namespace": os.environ.get("FARFLOW_METRICS_NAMESPACE", "Farflow"),
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "SecondsToParsed", "Unit": "Seconds"}],
    }
    return json.dumps(
        {
            "_aws": {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": [metric]},
            "service": "dag_processor",
            "SecondsToParsed": max(0.0, (now - changed_at).total_seconds()),
            "release": release_id,
        }
    )


def main() -> None:
    dag_processor_command.DagFileProcessorManager = ReleaseProcessorManager  # type: ignore[attr-defined]
    sys.argv = ["airflow", "dag-processor", *sys.argv[1:]]
    airflow()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()

"""`make bench-delivery`: how DAG files come from S3 to Airflow, by Farflow and by what people use instead.

First the way from S3 to a file system: all read the same endpoint, each request waits 20 ms; for Farflow each metadata
operation of the file system waits 3 ms more, as on EFS, for the others none. Turn by turn the same change is made in the
bucket, and each brings it. After each turn the files are compared with what they should be. Then, on the whole local
stack, the way from the change to Airflow having parsed it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import dag_tree, mixture_reader, report, upload_to_parsed
from benchmarks.dag_tree import CHANGES, Tree
from benchmarks.deliverers import PREFIX, Deliverer, Farflow, client, rivals
from benchmarks.report import Row
from benchmarks.slow_s3 import SlowS3
from control_plane.dag_releases import Content, DagReleases
from local import deploy, layout, own_stack

SECONDS_PER_REQUEST = 0.020
SECONDS_PER_CALL = 0.003
SIZES = (100, 1_000, 10_000)
MIXTURE_SIZE = 1_000
TURNS = 5
RELEASES, UPLOADS = "Farflow, release", "Farflow, plain uploads"
FIRST = "first copy"
PUBLISHING = "publishing it"


@dataclass(frozen=True)
class Bench:
    """The endpoint without delay for changing what is in the buckets, and the way to it that the deliverers take."""

    s3: Any
    way: SlowS3
    folder: Path


def main() -> int:
    rows: list[Row] = []
    with own_stack.started() as stack:
        port = int(stack.aws_url.rpartition(":")[2])
        with SlowS3(port, SECONDS_PER_REQUEST) as way, tempfile.TemporaryDirectory(prefix="farflow-bench-") as folder:
            bench = Bench(client(stack.aws_url, max_pool_connections=32), way, Path(folder))
            for size in SIZES:
                rows += measure(bench, size)
            rows += mixtures(bench)
            rows += starts()
        deploy.build()
        deploy.deploy(stack)
        rows += upload_to_parsed.measure(stack)
    report.save("delivery", rows)
    publish(rows)
    return 0


# ---- from S3 to a file system -----------------------------------------------------------------------


def measure(bench: Bench, size: int) -> Iterator[Row]:
    """Every figure of one size of tree; prints as it goes."""
    work = Work(bench, dag_tree.tree(size), f"size{size}")
    try:
        yield from work.take(f"{size}: {FIRST}", 1)
        for change, changed in CHANGES.items():
            yield from work.take(f"{size}: {change}", TURNS, changed)
    finally:
        work.end()


class Work:
    """Two buckets with the same tree, one of plain uploads and one of releases, and all who deliver from them."""

    def __init__(self, bench: Bench, tree: Tree, name: str) -> None:
        self.tree = tree
        self._bench = bench
        self._turn = 0
        uploads, releases = f"uploads-{name}", f"releases-{name}"
        for bucket in (uploads, releases):
            bench.s3.create_bucket(Bucket=bucket)
            bench.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self._uploads = uploads
        self._publisher = DagReleases(client(bench.way.url, max_pool_connections=10), releases)
        folder = bench.folder / name
        self.deliverers: list[Deliverer] = [
            Farflow(RELEASES, bench.way.url, releases, folder / "releases", SECONDS_PER_CALL),
            Farflow(UPLOADS, bench.way.url, uploads, folder / "uploads", SECONDS_PER_CALL),
            *rivals(bench.way.url, uploads, folder / "rivals"),
        ]
        self._upload({}, tree)
        self._publish()

    def end(self) -> None:
        for deliverer in self.deliverers:
            deliverer.end()

    def change(self, changed: Callable[[Tree, int], Tree]) -> dict[str, tuple[float, int, int]]:
        """Change both buckets. What publishing took: seconds, requests, bytes."""
        self._turn += 1
        before, self.tree = self.tree, changed(self.tree, self._turn)
        self._upload(before, self.tree)
        return {PUBLISHING: self._publish()}

    def _upload(self, before: Tree, after: Tree) -> None:
        s3, bucket = self._bench.s3, self._uploads
        with ThreadPoolExecutor(8) as pool:
            new = [path for path in after if before.get(path) != after[path]]
            list(pool.map(lambda path: s3.put_object(Bucket=bucket, Key=PREFIX + path, Body=after[path]), new))
            gone = [path for path in before if path not in after]
            list(pool.map(lambda path: s3.delete_object(Bucket=bucket, Key=PREFIX + path), gone))

    def _publish(self) -> tuple[float, int, int]:
        contents = [
            Content(path, hashlib.sha256(text).hexdigest(), len(text), False, lambda text=text: text)  # type: ignore[misc]
            for path, text in self.tree.items()
        ]
        self._bench.way.counted()
        began = time.perf_counter()
        self._publisher.publish(contents, publisher="bench", confirmed=True)
        seconds = time.perf_counter() - began
        traffic = self._bench.way.counted()
        return seconds, traffic.requests, traffic.body_bytes

    def take(self, work: str, turns: int, changed: Callable[[Tree, int], Tree] | None = None) -> Iterator[Row]:
        """Deliver so many changes by all in turn; medians of what it took."""
        found: dict[tuple[str, str, str], list[float]] = {}

        def note(system: str, **values: float | None) -> None:
            for metric, value in values.items():
                if value is not None:
                    found.setdefault((system, metric, UNITS[metric]), []).append(value)

        for _ in range(turns):
            if changed:
                seconds, requests, moved = self.change(changed)[PUBLISHING]
                note(PUBLISHING, seconds=seconds, requests=requests, bytes=moved)
            for deliverer in self.deliverers:
                self._bench.way.counted()
                delivered = deliverer.deliver()
                traffic = self._bench.way.counted()
                note(deliverer.name, requests=traffic.requests, bytes=traffic.body_bytes, **asdict(delivered))
                self._check(deliverer)
        for (system, metric, unit), values in found.items():
            if metric == "seconds":
                print(f"{work:<26} {system:<24} {report.median(values):8.3f} s", flush=True)
            yield Row(work, system, metric, round(report.median(values), 4), unit)

    def _check(self, deliverer: Deliverer) -> None:
        """What was delivered is what the bucket holds."""
        folder = deliverer.folder
        served = mixture_reader.current(folder) if deliverer.kind == "releases" else folder
        if mixture_reader.read(served) != self.tree:
            raise RuntimeError(f"{deliverer.name} did not deliver what the bucket holds")


UNITS = {
    "seconds": "s",
    "requests": "requests",
    "bytes": "bytes",
    "calls": "operations",
    "calls_after": "operations",
    "seconds_after": "s",
}


def mixtures(bench: Bench) -> Iterator[Row]:
    """How many readings of a reader in a loop were neither the old set nor the new one. Times are not taken here."""
    work = Work(bench, dag_tree.tree(MIXTURE_SIZE), "mixtures")
    try:
        for deliverer in work.deliverers:
            deliverer.deliver()
        for title, changed in (
            ("a folder renamed", dag_tree.folder_renamed),
            ("all files changed", dag_tree.all_changed),
        ):
            before = work.tree
            work.change(changed)
            whole = {dag_tree.digest(before), dag_tree.digest(work.tree)}
            for deliverer in work.deliverers:
                readings = watched(deliverer)
                mixed = sum(times for found, times in readings.items() if found not in whole)
                print(f"{title:<26} {deliverer.name:<24} {mixed:4} of {readings.total()} readings mixed", flush=True)
                yield Row(title, deliverer.name, "mixed", mixed, "readings")
                yield Row(title, deliverer.name, "readings", readings.total(), "readings")
    finally:
        work.end()


def watched(deliverer: Deliverer) -> Counter[str]:
    """Deliver while a reader reads: the digests of the sets that it saw, and how often."""
    paths = [layout.ROOT / folder for folder in (".", "airflow")]
    reader = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.mixture_reader", str(deliverer.folder), deliverer.kind],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if reader.stdout is None or reader.stdout.readline() != "reading\n":
        raise RuntimeError("the reader does not read")
    deliverer.deliver()
    time.sleep(0.5)
    said, _ = reader.communicate()
    return Counter({line.split()[0]: int(line.split()[1]) for line in said.splitlines()})


def starts() -> Iterator[Row]:
    """What a command takes to start and say its version: part of each of its deliveries."""
    bin_folder = layout.environment_python("rivals").parent
    commands = {
        "aws s3 sync": [str(bin_folder / "aws"), "--version"],
        "s5cmd sync": [str(bin_folder / "s5cmd"), "version"],
        "rclone sync": ["rclone", "version"],
    }
    for system, command in commands.items():
        if shutil.which(command[0]):
            seconds = []
            for _ in range(TURNS):
                began = time.perf_counter()
                subprocess.run(command, check=True, capture_output=True)
                seconds.append(time.perf_counter() - began)
            yield Row("start alone", system, "seconds", round(report.median(seconds), 3), "s")


# ---- the page ---------------------------------------------------------------------------------------


def publish(rows: list[Row]) -> None:
    """Write the page and its picture."""
    value = {(row.work, row.system, row.metric): row.value for row in rows}
    systems = list(dict.fromkeys(row.system for row in rows if row.metric == "seconds" and row.system != PUBLISHING))
    works = [FIRST, *CHANGES]
    large = SIZES[-1]

    def seconds(size: int, work: str, system: str) -> float:
        return value[f"{size}: {work}", system, "seconds"]

    times = [
        [f"{size:,}", work, *(told(seconds(size, work, system)) for system in systems)]
        for size in SIZES
        for work in works
    ]
    ratios = [
        [work, *(f"{seconds(large, work, system) / seconds(large, work, RELEASES):.1f}" for system in systems[1:])]
        for work in works
    ]
    costs = [
        [
            f"{size:,}",
            work,
            *(
                f"{value[f'{size}: {work}', system, 'requests']:,.0f}, {size_of(value[f'{size}: {work}', system, 'bytes'])}"
                for system in systems
            ),
        ]
        for size in SIZES
        for work in works
    ]
    growing = [
        [
            f"{size:,}",
            work,
            f"{value[f'{size}: {work}', RELEASES, 'calls']:,.0f}",
            f"{value[f'{size}: {work}', RELEASES, 'calls_after']:,.0f} in {told(value[f'{size}: {work}', RELEASES, 'seconds_after'])}",
            *published(value, f"{size}: {work}"),
        ]
        for size in SIZES
        for work in works
    ]
    mixed = [
        [
            system,
            *(
                f"{value[work, system, 'mixed']:.0f} of {value[work, system, 'readings']:.0f}"
                for work in ("a folder renamed", "all files changed")
            ),
        ]
        for system in systems
    ]
    parsed = [
        [
            system,
            told(value[upload_to_parsed.WORK, system, "median"]),
            told(value[upload_to_parsed.WORK, system, "p95"]),
        ]
        for system in (RELEASES, UPLOADS)
    ]
    begun = ", ".join(
        f"{system} {row.value:.2f} s" for row in rows if row.work == "start alone" for system in [row.system]
    )
    report.draw_bars(
        "delivery",
        f"From S3 to the file system, a tree of {large:,} files",
        "seconds (logarithmic)",
        works,
        {system: [seconds(large, work, system) for work in works] for system in systems},
        log=True,
    )
    report.write_page("delivery", "How DAG files come from S3 to Airflow", PAGE.format(
        times=report.table(["files", "", *systems], times),
        ratios=report.table([f"{large:,} files", *systems[1:]], ratios),
        costs=report.table(["files", "", *systems], costs),
        growing=report.table(["files", "", "operations until served", "after that", "publishing: requests", "bytes", "seconds"], growing),
        mixed=report.table(["readings of a mixed set", "a folder renamed", "all files changed"], mixed),
        parsed=report.table(["from upload to parsed", "median", "p95"], parsed),
        begun=begun, turns=TURNS, per_folder=dag_tree.FILES_PER_FOLDER, mixture_size=f"{MIXTURE_SIZE:,}", changes=upload_to_parsed.CHANGES, dags=upload_to_parsed.DAGS,
    ))  # fmt: skip


def published(value: dict[tuple[str, str, str], float], work: str) -> Sequence[str]:
    if (work, PUBLISHING, "requests") not in value:
        return ("", "", "")
    return (
        f"{value[work, PUBLISHING, 'requests']:.0f}",
        size_of(value[work, PUBLISHING, "bytes"]),
        told(value[work, PUBLISHING, "seconds"]),
    )


def told(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"


def size_of(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000 or unit == "MB":
            return f"{count:.1f} {unit}" if unit != "B" else f"{count:.0f} B"
        count /= 1000
    raise AssertionError


PAGE = """
`make bench-delivery` brings the same trees (files of 2.5 kB, {per_folder} in a folder) from one S3 endpoint, the local AWS's, to a file
system: by Farflow's own modules as `dag_sync` runs them, and by the tools that people use instead, each at the flags that
were the fastest here. Between each of them and the endpoint every request waits 20 ms. For Farflow each metadata operation of
the file system waits 3 ms more, as on EFS, with one change of a folder at a time, as a Linux client has it; **the others
write to this machine's own disk with nothing added**, which they would not have on EFS. After each turn the files are compared with
what the bucket holds.

{times}

Medians of {turns} turns, the first copy once. Plain uploads wait 1.5 s for a burst to be over. Farflow and S3DagBundle run in a process that is there
already, as in a warm function and a DAG processor; the commands are started anew each time, which takes them: {begun}.

How many times longer than by a release, from what is in the bucket on. Publishing the release (below) and uploading for the others are not in it; nor is what
the function does when the release is served. For a first copy of many files rclone is the fastest by far.

{ratios}

![Bars of the table above](delivery.svg)

Requests and bytes of bodies, both ways:

{costs}

What grows with the tree in a release: the metadata operations, of which those after it is served make the tree in which the next
release begins; and the manifest, which the publisher reads and writes ([decision 11](../decisions/0011-what-a-change-costs.md)).

{growing}

A reader in a loop, over a tree of {mixture_size} files: how many of its readings were neither the old set nor the new one.

{mixed}

From the change of one DAG in the bucket to Airflow's API showing it, on the whole local stack with a tree of {dags} DAGs, {changes} changes each (nothing added to
requests and file system here):

{parsed}
"""


if __name__ == "__main__":
    sys.exit(main())

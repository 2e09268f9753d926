"""A recording as a picture: tasks above, workers below, over the same time."""

from __future__ import annotations

import matplotlib as mpl

from benchmarks.fleet_recorder import Recording
from benchmarks.report import PAGES

mpl.use("Agg")
from matplotlib import pyplot as plt


def draw(name: str, title: str, recording: Recording) -> None:
    """Write `docs/benchmarks/NAME.svg`."""
    figure, (tasks, workers) = plt.subplots(2, 1, sharex=True, figsize=(8, 4.5), layout="constrained")
    at = [sample.at for sample in recording.samples]
    tasks.plot(at, [sample.queued for sample in recording.samples], label="tasks that wait")
    tasks.plot(at, [sample.running for sample in recording.samples], label="tasks that run")
    tasks.set_ylabel("task instances")
    needed = [(moment, value) for moment, value in recording.needed if moment <= at[-1]]
    workers.step(
        [each[0] for each in needed], [each[1] for each in needed], where="post", label="needed", linestyle=":"
    )
    workers.step(at, [sample.desired for sample in recording.samples], where="post", label="asked for", linestyle="--")
    workers.step(at, [sample.workers for sample in recording.samples], where="post", label="there")
    workers.set_ylabel("workers")
    workers.set_xlabel("seconds")
    tasks.set_title(title, loc="left")
    for axes in (tasks, workers):
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8, loc="lower right", bbox_to_anchor=(1, 1), ncols=3)
    mpl.rcParams["svg.hashsalt"] = name
    figure.savefig(PAGES / f"{name}.svg", metadata={"Date": None})
    plt.close(figure)

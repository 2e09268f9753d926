"""The picture of a replay, and the command: its plotting library is there in the benchmarks' environment only."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl

from benchmarks.scaling import replay
from benchmarks.scaling.outcome import Outcome
from control_plane.worker_scaling.policy import PRESETS

mpl.use("Agg")
from matplotlib import pyplot as plt


def draw(outcomes: Mapping[str, Outcome], bound: float, path: Path) -> None:
    """Worker-hours against p95 wait."""
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    for name, each in outcomes.items():
        color = "tab:blue" if name in PRESETS else "tab:red" if each.killed else "tab:gray"
        axes.scatter(each.worker_hours, each.p95, color=color)
        axes.annotate(name, (each.worker_hours, each.p95), fontsize=7, xytext=(4, 3), textcoords="offset points")
    axes.axvline(bound, color="tab:green", linestyle=":")
    axes.set_xlabel("worker-hours (dotted: what nobody can go below without waiting)")
    axes.set_ylabel("p95 wait, seconds")
    axes.set_title("blue: Farflow; red: kills tasks", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    mpl.rcParams["svg.hashsalt"] = "replay"
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(replay.main(draw))

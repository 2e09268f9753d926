"""The picture of a replay, and the command: its plotting library is there in the benchmarks' environment only."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl

from benchmarks.scaling import replay
from benchmarks.scaling.outcome import Outcome
from control_plane.worker_scaling.policy import PRESETS

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter
from matplotlib.transforms import Bbox

PLACES = [
    (across * distance, up * distance)
    for distance in (5, 12, 20, 30, 45, 60, 80, 100)
    for across, up in ((1, -0.5), (-1, -0.5), (1, 0.7), (-1, 0.7), (1, -1.7), (-1, -1.7), (0, 1), (0, -2))
]
"""Where a label may stand, in points from its dot: the nearest that is free is taken, with a line from afar."""
NEAR = 5
LEAST_HOURS = 0.01
"""A logarithm knows no zero."""


def draw(outcomes: Mapping[str, Outcome], bound: float, path: Path) -> None:
    """Worker-hours against p95 wait, both logarithmic: one dear or slow policy would push the rest together."""
    figure, axes = plt.subplots(figsize=(9, 6), layout="constrained")
    dots = []
    for name, each in sorted(outcomes.items(), key=lambda item: item[1].killed):  # those that kill are on top
        color = "tab:red" if each.killed else "tab:blue" if name in PRESETS else "tab:gray"
        place = (max(LEAST_HOURS, each.worker_hours), each.p95)
        axes.scatter(*place, color=color, zorder=3)
        dots.append((name, place, color))
    if bound >= LEAST_HOURS:
        axes.axvline(bound, color="tab:green", linestyle=":")
    axes.set_xscale("log")
    axes.margins(x=0.12, y=0.08)
    axes.set_xlabel("worker-hours, logarithmic (dotted: what nobody can go below without waiting)")
    axes.set_yscale("symlog", linthresh=10, linscale=0.5)
    axes.set_ylim(bottom=-2)
    axes.set_ylabel("p95 wait in seconds, logarithmic above 10")
    axes.set_title("blue: Farflow; red: kills tasks", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    _ticks(axes)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # labels were to be measured where they will stand
    _label(axes, dots)
    mpl.rcParams["svg.hashsalt"] = "replay"
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _ticks(axes: Axes) -> None:
    """Plain numbers, and some between the powers of ten when there is room for them."""
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 1000 else (1,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda hours, _: f"{hours:,g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_locator(
        FixedLocator([0, 5, *(step * 10**power for power in (1, 2, 3, 4, 5) for step in (1, 2, 5))])
    )
    axes.yaxis.set_major_formatter(FuncFormatter(lambda seconds, _: f"{seconds:,g}"))


def _label(axes: Axes, dots: Sequence[tuple[str, tuple[float, float], str]]) -> None:
    """Each beside its dot, over no other label and no dot as far as there is room."""
    taken = [Bbox.from_bounds(x - 4, y - 4, 8, 8) for x, y in (axes.transData.transform(place) for _, place, _ in dots)]
    for name, place, color in dots:
        labels = []
        for across, up in PLACES:
            label = axes.annotate(
                name,
                place,
                xytext=(across, up),
                textcoords="offset points",
                fontsize=7,
                color=color,
                arrowprops=None
                if max(abs(across), abs(up)) <= 2 * NEAR
                else {"arrowstyle": "-", "color": color, "linewidth": 0.4, "shrinkA": 0, "shrinkB": 3},
                horizontalalignment="left" if across > 0 else "right" if across < 0 else "center",
            )
            label.get_window_extent()  # puts it in its place
            box = Text.get_window_extent(label)  # without the line
            overlaps = sum(box.overlaps(other) for other in taken) + (not _holds(axes.bbox, box))
            labels.append((overlaps, label, box))
            if not overlaps:
                break
        best = min(labels, key=lambda each: each[0])
        for each in labels:
            if each is not best:
                each[1].remove()
        taken.append(best[2])


def _holds(outer: Bbox, inner: Bbox) -> bool:
    return bool(outer.x0 <= inner.x0 and inner.x1 <= outer.x1 and outer.y0 <= inner.y0 and inner.y1 <= outer.y1)


if __name__ == "__main__":
    sys.exit(replay.main(draw))

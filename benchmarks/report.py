"""What a benchmark leaves: rows for machines, a table and a picture for readers."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import matplotlib as mpl

from local import layout

mpl.use("Agg")
from matplotlib import pyplot as plt

ROWS = layout.ROOT / "build" / "bench"
PAGES = layout.ROOT / "docs" / "benchmarks"


@dataclass(frozen=True)
class Row:
    """One figure: what was measured, for which work, on which system."""

    work: str
    system: str
    metric: str
    value: float
    unit: str


def save(name: str, rows: Sequence[Row]) -> Path:
    """Write the rows to `build/bench/NAME.json`."""
    ROWS.mkdir(parents=True, exist_ok=True)
    path = ROWS / f"{name}.json"
    path.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    return path


def write_page(name: str, title: str, text: str) -> Path:
    """Write `docs/benchmarks/NAME.md`, with what it was measured on."""
    PAGES.mkdir(parents=True, exist_ok=True)
    path = PAGES / f"{name}.md"
    when = datetime.now(UTC).date().isoformat()
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    path.write_text(f"# {title}\n\n{text.strip()}\n\nMeasured on {when}, on one machine with {machine}.\n")
    return path


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    rows = [header, ["---"] * len(header), *lines]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def draw_bars(
    name: str, title: str, unit: str, works: Sequence[str], systems: dict[str, Sequence[float]], *, log: bool = False
) -> Path:
    """Write `docs/benchmarks/NAME.svg`: for each work, one bar per system. `log` for values of very different size."""
    PAGES.mkdir(parents=True, exist_ok=True)
    path = PAGES / f"{name}.svg"
    figure, axes = plt.subplots(figsize=(8, 3.5), layout="constrained")
    width = 0.8 / len(systems)
    for number, (system, values) in enumerate(systems.items()):
        places = [place + width * (number - (len(systems) - 1) / 2) for place in range(len(works))]
        bars = axes.bar(places, values, width, label=system)
        axes.bar_label(bars, fmt="%.2f", fontsize=8 if len(systems) < 4 else 6)
    axes.set_xticks(range(len(works)), works)
    axes.set_ylabel(unit)
    if log:
        axes.set_yscale("log")
    axes.set_title(title)
    axes.spines[["top", "right"]].set_visible(False)
    if len(systems) > 6:  # too many for the room between the bars
        figure.legend(frameon=False, fontsize=8, loc="outside right center")
    else:
        axes.legend(frameon=False)
    mpl.rcParams["svg.hashsalt"] = name  # the same figures give the same file
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    return path


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def p95(values: Sequence[float]) -> float:
    """The value that 95 % stay below; of few values, the largest."""
    return sorted(values)[max(0, round(0.95 * len(values)) - 1)]

"""The published page: what was measured, the targets, the losing cases, and the picture of the frontier."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import matplotlib as mpl

from benchmarks import report
from benchmarks.scaling.families import FAMILIES
from benchmarks.scaling.study import Bounds, Entrant, Played, Scenario, ablations, farflow_name, interval, mean
from control_plane.worker_scaling.policy import PRESETS

mpl.use("Agg")
from matplotlib import pyplot as plt

MAIN = ("cron-heavy", "mixed", "event-driven")
ANALOGUES = ("fixed", "DELAYEDOFF", "Deadline", "tuned")
"""Neither an ECS nor an Airflow scaler: bounds of what a static fleet, a rule of research or of another service gives."""
RATIO_TARGET, P95_TARGET = 1.25, 15.0


class Results:
    """What was played, by family and entrant, in the order of the seeds."""

    def __init__(self, played: Sequence[Played], bounds: dict[str, list[Bounds]]) -> None:
        self.bounds = bounds
        self._by_key: dict[tuple[Scenario, str], list[Played]] = {}
        for each in sorted(played, key=lambda each: each.seed):
            self._by_key.setdefault((each.scenario, each.entrant), []).append(each)

    def values(self, scenario: Scenario, entrant: str, figure: str) -> list[float]:
        return [each.outcome.figures()[figure] for each in self._by_key[scenario, entrant]]

    def mean_over(self, scenario: Scenario, entrant: str, figure: str, seeds: Sequence[int]) -> float:
        played = self._by_key[scenario, entrant]
        return mean([each.outcome.figures()[figure] for each in played if each.seed in seeds])

    def seeds_of(self, scenario: Scenario, entrant: str) -> list[int]:
        return [each.seed for each in self._by_key[scenario, entrant]]

    def mean(self, scenario: Scenario, entrant: str, figure: str) -> float:
        return mean(self.values(scenario, entrant, figure))

    def entrants(self, scenario: Scenario) -> list[str]:
        return [name for each, name in self._by_key if each == scenario]

    def paired(self, scenario: Scenario, one: str, other: str, figure: str) -> tuple[float, tuple[float, float]]:
        """Mean difference one - other on the same days, and its interval."""
        pairs = zip(self.values(scenario, one, figure), self.values(scenario, other, figure), strict=True)
        differences = [a - b for a, b in pairs]
        return mean(differences), interval(differences)

    def bound(self, family: str, name: str) -> float:
        return mean([getattr(each, name) for each in self.bounds[family]])


def is_reference(name: str) -> bool:
    """Whether it is a scaler that somebody runs Airflow or an ECS service with."""
    return not name.startswith(("Farflow", *ANALOGUES))


# ---- The targets --------------------------------------------------------------------------------------


def targets(results: Results) -> str:
    """Each target with what was measured."""
    lines = []
    for family in MAIN[:2]:
        lines += [_economy_target(results, family), _balanced_target(results, family)]
    lines.append(_frontier_target(results, MAIN[2]))
    killed = sum(
        sum(results.values(Scenario(family), farflow_name(preset), "killed"))
        for family in results.bounds
        for preset in PRESETS
    )
    lines.append(["all families", "no task killed", f"{killed:.0f} killed", _verdict(met=not killed)])
    return report.table(["work", "target", "measured", ""], lines)


def _verdict(*, met: bool) -> str:
    return "hit" if met else "**missed**"


def _economy_target(results: Results, family: str) -> list[str]:
    scenario, economy = Scenario(family), farflow_name("economy")
    better = {
        name: what
        for name in results.entrants(scenario)
        if is_reference(name)
        for figure, what in (("worker_hours", "hours"), ("p95", "wait"))
        if results.paired(scenario, economy, name, figure)[0] >= 0
    }
    reasons = [
        f"{name} is lower in {what}, at {_hours(results, scenario, name)} h, p95 {_p95(results, scenario, name)} s"
        + _beaten_by(results, scenario, name)
        for name, what in better.items()
    ]
    measured = f"{_hours(results, scenario, economy)} h, p95 {_p95(results, scenario, economy)} s"
    target = "economy below every ECS and Airflow reference in worker-hours and in p95 wait"
    return [family, target, "; ".join([measured, *reasons]), _verdict(met=not better)]


def _beaten_by(results: Results, scenario: Scenario, name: str) -> str:
    """Which preset is below in both all the same."""
    for preset in PRESETS:
        ours = farflow_name(preset)
        if all(
            results.mean(scenario, ours, figure) < results.mean(scenario, name, figure)
            for figure in ("worker_hours", "p95")
        ):
            return f" ({preset} is below it in both)"
    return ""


def _balanced_target(results: Results, family: str) -> list[str]:
    scenario, balanced = Scenario(family), farflow_name("balanced")
    ratio = results.mean(scenario, balanced, "worker_hours") / results.bound(family, "zero_wait_with_starts")
    p95 = results.mean(scenario, balanced, "p95")
    target = f"balanced within {RATIO_TARGET} of bound (3), p95 under {P95_TARGET:.0f} s"
    return [family, target, f"{ratio:.2f}, p95 {p95:.1f} s", _verdict(met=ratio <= RATIO_TARGET and p95 < P95_TARGET)]


def _frontier_target(results: Results, family: str) -> list[str]:
    scenario = Scenario(family)
    ours = [farflow_name(preset) for preset in PRESETS]
    better = [
        f"{name} ({beaten})"
        for name in results.entrants(scenario)
        if not name.startswith("Farflow")
        for beaten in ours
        if results.mean(scenario, name, "worker_hours") < results.mean(scenario, beaten, "worker_hours")
        and results.mean(scenario, name, "p95") < results.mean(scenario, beaten, "p95")
    ]
    return [
        family,
        "no reference is below a preset in hours and in p95",
        ("; ".join(better) + " is") if better else "none is",
        _verdict(met=not better),
    ]


# ---- Tables -------------------------------------------------------------------------------------------


def _hours(results: Results, scenario: Scenario, name: str) -> str:
    return f"{results.mean(scenario, name, 'worker_hours'):.1f}"


def _p95(results: Results, scenario: Scenario, name: str) -> str:
    return f"{results.mean(scenario, name, 'p95'):.1f}"


FIGURES: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("worker_hours", "worker-h", lambda value: f"{value:.1f}"),
    ("dollars", "$", lambda value: f"{value:.2f}"),
    ("p50", "p50 s", lambda value: f"{value:.1f}"),
    ("p95", "p95 s", lambda value: f"{value:.1f}"),
    ("p99", "p99 s", lambda value: f"{value:.0f}"),
    ("max", "max s", lambda value: f"{value:.0f}"),
    ("root_p95", "p95 roots", lambda value: f"{value:.0f}"),
    ("successor_p95", "p95 successors", lambda value: f"{value:.0f}"),
    ("unknown_p95", "p95 unannounced", lambda value: f"{value:.0f}"),
    ("makespan", "makespan s", lambda value: f"{value:.0f}"),
    ("starts", "starts", lambda value: f"{value:.0f}"),
    ("killed", "killed", lambda value: f"{value:.1f}".removesuffix(".0")),
    ("queued_too_long", "queued > 600 s", lambda value: f"{value:.1f}".removesuffix(".0")),
)


def family_table(results: Results, family: str, names: Sequence[str], *, with_intervals: bool) -> str:
    """Means over the seeds; with the paired difference to economy."""
    scenario, economy = Scenario(family), farflow_name("economy")
    header = ["", *(title for _, title, _ in FIGURES)]
    if with_intervals:
        header += ["hours - economy's", "p95 - economy's"]
    lines = []
    for name in names:
        cells = [write(results.mean(scenario, name, figure)) for figure, _, write in FIGURES]
        if with_intervals:
            cells += [_difference(results, scenario, name, economy, figure) for figure in ("worker_hours", "p95")]
        label = f"**{name}**" if name.startswith("Farflow") else name
        lines.append([label, *cells])
    return report.table(header, lines)


def _difference(results: Results, scenario: Scenario, name: str, other: str, figure: str) -> str:
    if name == other:
        return ""
    value, (low, high) = results.paired(scenario, name, other, figure)
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"


def bounds_table(results: Results) -> str:
    names = (
        ("work", "(1) work, any waiting"),
        ("waiting_20", "(4) waits up to 20 s"),
        ("zero_wait", "(2) no waiting, free starts"),
        ("zero_wait_with_starts", "(3) no waiting, starts billed"),
        ("first_fit", "first fit, knowing all"),
    )
    header = ["work", *(title for _, title in names), *(f"{preset} / (3)" for preset in PRESETS)]
    lines = []
    for family in results.bounds:
        third = results.bound(family, "zero_wait_with_starts")
        ratios = [
            f"{results.mean(Scenario(family), farflow_name(preset), 'worker_hours') / third:.2f}" for preset in PRESETS
        ]
        lines.append([family, *(f"{results.bound(family, name):.1f}" for name, _ in names), *ratios])
    return report.table(header, lines)


def undominated(results: Results, family: str) -> list[str]:
    """Others that no preset is below in both hours and p95: where Farflow is not simply better."""
    scenario = Scenario(family)
    ours = [farflow_name(preset) for preset in PRESETS]
    return [
        name
        for name in results.entrants(scenario)
        if not name.startswith("Farflow")
        and not any(
            results.mean(scenario, our, "worker_hours") <= results.mean(scenario, name, "worker_hours")
            and results.mean(scenario, our, "p95") <= results.mean(scenario, name, "p95")
            for our in ours
        )
    ]


def losing_cases(results: Results) -> str:
    lines = []
    for family in results.bounds:
        scenario = Scenario(family)
        cells = [
            f"{name} ({_hours(results, scenario, name)} h, {_p95(results, scenario, name)} s)"
            for name in undominated(results, family)
        ]
        ours = [
            f"{preset} {_hours(results, scenario, farflow_name(preset))} h,"
            f" {_p95(results, scenario, farflow_name(preset))} s"
            for preset in PRESETS
        ]
        lines.append([family, "; ".join(ours), "; ".join(cells) or "none"])
    return report.table(["work", "Farflow: hours, p95", "others that no preset beats in both"], lines)


def sweep_table(results: Results, sweeps: Sequence[tuple[str, Scenario]], entrants: Sequence[Entrant]) -> str:
    """Hours and p95 of each entrant in each variation."""
    header = ["variation", *(each.name for each in entrants)]
    lines = []
    for title, scenario in sweeps:
        cells = []
        for entrant in entrants:
            if entrant.name in results.entrants(scenario):
                killed = results.mean(scenario, entrant.name, "killed")
                extra = f", {killed:.0f} killed" if killed else ""
                cells.append(
                    f"{_hours(results, scenario, entrant.name)} / {_p95(results, scenario, entrant.name)}{extra}"
                )
            else:
                cells.append("")
        lines.append([title, *cells])
    return report.table(header, lines)


def ablation_table(results: Results) -> str:
    """On the days that the ablations were played on."""
    less = [each.name for each in ablations()]
    seeds = results.seeds_of(Scenario(MAIN[0]), less[0])
    lines = []
    for name in [farflow_name("economy"), farflow_name("fast"), *less]:
        cells = [
            " / ".join(
                f"{results.mean_over(Scenario(family), name, figure, seeds):.1f}" for figure in ("worker_hours", "p95")
            )
            for family in MAIN
        ]
        lines.append([name, *cells])
    return report.table([f"hours / p95 s, {len(seeds)} day{'s' if len(seeds) > 1 else ''}", *MAIN], lines)


# ---- The picture --------------------------------------------------------------------------------------


def draw(results: Results) -> None:
    """Worker-hours against p95 wait: nearer to the lower left is better."""
    figure, all_axes = plt.subplots(1, 3, figsize=(13, 4.6), layout="constrained")
    for axes, family in zip(all_axes, MAIN, strict=True):
        _draw_family(axes, results, family)
    all_axes[0].set_ylabel("p95 wait, seconds")
    all_axes[0].legend(frameon=False, fontsize=8)
    mpl.rcParams["svg.hashsalt"] = "scaling"
    figure.savefig(report.PAGES / "scaling.svg", metadata={"Date": None})
    plt.close(figure)


def _draw_family(axes: plt.Axes, results: Results, family: str) -> None:
    scenario = Scenario(family)

    def place(name: str) -> tuple[float, float]:
        return results.mean(scenario, name, "worker_hours"), results.mean(scenario, name, "p95")

    names = [name for name in results.entrants(scenario) if not name.startswith("Farflow") and "peak" not in name]
    for kind, marker in (("own executor", "x"), ("zero-kill executor", "o")):
        places = [place(name) for name in names if (kind[0] == "z") == ("zero-kill" in name or "fixed" in name)]
        axes.scatter([x for x, _ in places], [y for _, y in places], marker=marker, color="tab:gray", label=kind, s=24)
    for name in names:
        if "zero-kill" not in name:
            axes.annotate(name, place(name), fontsize=5, xytext=(3, 2), textcoords="offset points")
    ours = [place(farflow_name(preset)) for preset in PRESETS]
    axes.plot([x for x, _ in ours], [y for _, y in ours], "o-", color="tab:blue", label="Farflow")
    for preset, (x, y) in zip(PRESETS, ours, strict=True):
        axes.annotate(preset, (x, y), fontsize=8, color="tab:blue", xytext=(4, -9), textcoords="offset points")
    axes.axvline(
        results.bound(family, "zero_wait_with_starts"), color="tab:green", linestyle=":", label="bound (3), no waiting"
    )
    axes.set_title(f"{family}: {FAMILIES[family].says}", fontsize=7)
    axes.set_xlabel("worker-hours of a day")
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=1)
    axes.spines[["top", "right"]].set_visible(False)

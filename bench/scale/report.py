"""What runs of several sizes came to: results by name, the table docs/scale.md and its figure."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from bench.result import Result

DOCS = Path(__file__).parents[2] / "docs"
PAGE, FIGURE = DOCS / "scale.md", DOCS / "figures" / "scale.svg"
COMMAND = "python -m bench.scale {}"


@dataclass(frozen=True)
class Line:
    """A row of the table.

    Attributes:
        key: Of the figure; its result is called `key_at_N`.
        who: Whose cost it is.
        words: What it is.
        unit: Of the figure.
        target: To be reached at 250,000; empty if none was set.
    """

    key: str
    who: str
    words: str
    unit: str
    target: str = ""


LINES = (
    Line("contribution_ms", "contributor", "computing, to a committee it has not met before", "ms"),
    Line("contribution_bytes", "contributor", "its one message", "bytes"),
    Line("sent_per_second", "relay", "contributions stored, while the same cores also made them", "a second"),
    Line("relay_disk_mb", "relay", "on disk after the round", "MB"),
    Line("collect_seconds", "developer", "every check, the tree, the sums", "s"),
    Line("collect_per_second", "developer", "contributions a second in that", "a second"),
    Line("tree_seconds", "developer", "the tree alone, read from checked contributions on disk", "s", "≤ 60"),
    Line("developer_peak_mb", "developer", "memory of all its processes together", "MB", "≤ 2,000"),
    Line(
        "clerk_job_bytes", "clerk", "downloaded by a seat below R that knows the contributors", "bytes", "≤ 1,050,000"
    ),
    Line("clerk_late_job_bytes", "clerk", "the same by a seat from R up", "bytes", "one row more"),
    Line("clerk_first_bytes", "clerk", "downloaded when it meets all of them the first time", "bytes"),
    Line("clerk_first_cpu_seconds", "clerk", "the first time: every signature and proof, every shared point", "s"),
    Line("clerk_load_seconds", "clerk", "reading its cache", "s"),
    Line("clerk_cached_seconds", "clerk", "the whole job with its cache: every check, the sum", "s", "≤ 1"),
    Line("clerk_first_peak_mb", "clerk", "memory, at most, the first time", "MB"),
    Line("clerk_peak_mb", "clerk", "the same with its cache, the program itself included", "MB", "≤ 200"),
    Line("gas_draw", "chain", "drawing 26 seats", "gas"),
    Line("gas_snapshot", "chain", "the snapshot", "gas"),
    Line("gas_row", "chain", "a row, mean of 26", "gas"),
    Line("gas_close", "chain", "settling the round", "gas"),
    Line("gas_claim", "chain", "a contributor's claim", "gas"),
)


def figures(facts: Mapping[str, Any]) -> dict[str, float]:
    """The figures of one run, by key of `LINES`."""
    collecting, growing = facts["collecting"], facts["growing"]
    checks, again = _each(facts, "checks "), _each(facts, "again ")
    late = max(job["bytes_down"] for job in again)
    early = min(job["bytes_down"] for job in again)
    developer = max(job["peak_mb"] + job["peak_child_mb"] * collecting["width"] for job in (collecting, growing))
    return {
        **facts["contributors"],
        "relay_disk_mb": facts["relay"]["disk_bytes"] / 1e6,
        "collect_seconds": collecting["seconds"],
        "collect_per_second": collecting["count"] / collecting["seconds"],
        "tree_seconds": growing["seconds"],
        "developer_peak_mb": developer,
        "clerk_job_bytes": early,
        "clerk_late_job_bytes": late,
        "clerk_first_bytes": mean(job["bytes_down"] for job in checks),
        "clerk_first_cpu_seconds": mean(job["cpu_seconds"] for job in checks),
        "clerk_load_seconds": mean(job["load_seconds"] for job in again),
        "clerk_cached_seconds": mean(job["answer_seconds"] for job in again),
        "clerk_first_peak_mb": max(job["peak_mb"] for job in checks),
        "clerk_peak_mb": max(job["peak_mb"] for job in again),
        **{f"gas_{step}": facts["gas"][step] for step in ("draw", "snapshot", "row", "close", "claim")},
    }


def _each(facts: Mapping[str, Any], prefix: str) -> list[Mapping[str, Any]]:
    return [value for name, value in facts.items() if name.startswith(prefix)]


def results(contributors: int, facts: Mapping[str, Any]) -> list[Result]:
    """One run's figures under names of their own."""
    found = figures(facts)
    where = f"{contributors:,} × 100 one-bit events, n=26, t=8, k=10; relay: {facts['relay']['words']}"
    return [
        Result(
            f"{line.key}_at_{contributors}",
            _rounded(found[line.key]),
            line.unit,
            f"{line.words}; {where}",
            line.target if contributors == 250_000 else "",
            COMMAND.format(contributors),
        )
        for line in LINES
    ]


def _rounded(value: float) -> float:
    return round(value) if value >= 1000 else float(f"{value:.3g}")


# ---------------------------------------------------------------------- the page


def by_size(entries: Sequence[Mapping[str, Any]]) -> dict[int, dict[str, float]]:
    """All runs in bench/results.json: contributors → key → figure, ascending."""
    found: dict[int, dict[str, float]] = {}
    for entry in entries:
        key, _, size = entry["name"].rpartition("_at_")
        if key and size.isdecimal():
            found.setdefault(int(size), {})[key] = entry["value"]
    return dict(sorted(found.items()))


def page(entries: Sequence[Mapping[str, Any]]) -> str:
    """docs/scale.md."""
    runs = by_size(entries)
    words = {entry["name"]: entry["compared_with"] for entry in entries}
    relay = words[f"contribution_ms_at_{max(runs)}"].rpartition("relay: ")[2]
    head = ["", "", *(f"{size:,}" for size in runs), "unit", "to be reached"]
    rows = [head, ["---", "---", *["---:"] * len(runs), "---", "---"]]
    for line in LINES:
        values = (f"{run[line.key]:,}" if line.key in run else "" for run in runs.values())
        rows.append([line.who, line.words, *values, line.unit, line.target])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"""# Cost as a round grows

Written by `python -m bench.scale` (`make bench-250k`, or `make bench-25k` in minutes); do not edit. Every
contribution was really made and sent, every one of the 26 clerks, drawn from 1,000 that stake on a local chain,
did its job, every row was verified on chain, and the sum is that of the plain vectors. 100 one-bit events,
n=26, t=8, k=10 (R=18, m=2); {os.cpu_count()} cores ({platform.machine()}); relay: {relay}.

{table}

Linear for developer, clerk and relay; constant for a contributor and for each step on chain, but for the 64 bytes a
level of the tree in a contributor's claim:

![cost by number of contributors](figures/{FIGURE.name})
"""


def draw(entries: Sequence[Mapping[str, Any]], path: Path = FIGURE) -> None:
    """The figure."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams.update(
        {"svg.hashsalt": "sda", "svg.fonttype": "none", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3}
    )
    from matplotlib import pyplot

    runs = by_size(entries)
    panels = {
        "a contributor": (("contribution_ms", "ms"),),
        "a step on chain": tuple((f"gas_{step}", step) for step in ("close", "draw", "snapshot", "row", "claim")),
        "a clerk (s)": (
            ("clerk_first_cpu_seconds", "first time"),
            ("clerk_cached_seconds", "with its cache"),
        ),
        "the developer (s)": (("collect_seconds", "everything"), ("tree_seconds", "tree alone")),
    }
    figure, axes = pyplot.subplots(2, 2, figsize=(8, 6), layout="constrained")
    for axis, (title, lines) in zip(axes.flat, panels.items(), strict=True):
        for key, label in lines:
            points = [(size, run[key]) for size, run in runs.items() if key in run]
            axis.plot(*zip(*points, strict=True), marker="o", label=label)
        grows = title.endswith("(s)")
        axis.set(title=title, xscale="log", xlabel="contributors", yscale="log" if grows else "linear")
        if not grows:
            axis.set_ylim(0, 1.3 * axis.get_ylim()[1])
        axis.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def write(entries: Sequence[Mapping[str, Any]]) -> None:
    """Page and figure, from all results."""
    draw(entries)
    PAGE.write_text(page(entries))

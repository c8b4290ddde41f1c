"""Results as a picture: one panel a metric, bars with their intervals."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from sda.privacy.results import Result, Results

BAR = "#4477aa"
BAR_INCHES = 0.28
MAXIMUM_BARS = 60

STYLE = {"svg.hashsalt": "sda", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
"""The salt makes the same picture the same bytes."""


def save_chart(results: Results, path: Path) -> None:
    """Draw to a file whose suffix says its form, such as .svg or .png."""
    shown = [metric for metric in results.metrics if any(math.isfinite(each.value) for each in metric.estimates)]
    heights = [min(len(metric.estimates), MAXIMUM_BARS) * BAR_INCHES + 0.9 for metric in shown]
    with rc_context(STYLE):
        figure = Figure(figsize=(8, sum(heights) + 0.6), layout="constrained")
        figure.suptitle(
            f"{results.title}\n{results.count:,} contributors, {100 * results.confidence:g}% intervals of the noise", size=10
        )
        panels = figure.subplots(len(shown), 1, squeeze=False, height_ratios=heights)[:, 0]
        for panel, metric in zip(panels, shown, strict=True):
            _draw(panel, metric)
        save_figure(figure, path)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure; without a date, so that the same figure is the same file."""
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _draw(panel: Any, metric: Result) -> None:
    estimates = [each for each in metric.estimates if math.isfinite(each.value)][:MAXIMUM_BARS]
    values = [each.value for each in estimates]
    # The interval is cut to what is possible and may then not reach the value.
    below = [max(each.value - each.low, 0.0) if math.isfinite(each.low) else 0.0 for each in estimates]
    above = [max(each.high - each.value, 0.0) if math.isfinite(each.high) else 0.0 for each in estimates]
    places = range(len(estimates))
    panel.barh(places, values, xerr=(below, above), color=BAR, ecolor="black", capsize=3, height=0.7)
    panel.set_yticks(places, [each.label for each in estimates])
    panel.invert_yaxis()
    panel.axvline(0, color="black", linewidth=0.6)
    panel.set_title(f"{metric.name} ({metric.kind})", loc="left", size=9)
    panel.set_xlabel(estimates[0].unit)

"""Results as a picture: one panel a metric, bars with their intervals."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from sda.errors import ParameterError
from sda.privacy.metrics.metric import Estimate
from sda.privacy.results import Result, Results

BAR = "#4477aa"
BAR_INCHES = 0.28
MAXIMUM_BARS = 60
FORMS = (".svg", ".png", ".pdf")

STYLE: Any = {"svg.hashsalt": "sda", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
"""The salt makes the same picture the same bytes."""


def save_chart(results: Results, path: Path) -> None:
    """Draw to a file whose suffix says its form, such as .svg or .png."""
    shown = [metric for metric in results.metrics if _bars(metric)]
    heights = [len(_bars(metric)) * BAR_INCHES + 0.9 for metric in shown]
    with rc_context(STYLE):
        figure = Figure(figsize=(8, sum(heights) + 0.6), layout="constrained")
        figure.suptitle(
            f"{results.title}\n{results.count:,} contributors, {100 * results.confidence:g}% intervals of the noise",
            size=10,
        )
        if shown:
            panels = figure.subplots(len(shown), 1, squeeze=False, height_ratios=heights)[:, 0]
            for panel, metric in zip(panels, shown, strict=True):
                _draw(panel, metric)
        save_figure(figure, path)


def require_form(path: Path) -> None:
    """Refuse a file name whose form cannot be drawn, before any work is done.

    Raises:
        ParameterError: Names the suffix.
    """
    if path.suffix not in FORMS:
        raise ParameterError("chart", str(path), f"a name that ends in {', '.join(FORMS)}")


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure; without a date, so that the same figure is the same file."""
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _bars(metric: Result) -> list[Estimate]:
    """The figures that share the first one's unit, and so an axis."""
    finite = [each for each in metric.estimates if math.isfinite(each.value)]
    return [each for each in finite if each.unit == finite[0].unit][:MAXIMUM_BARS]


def _draw(panel: Any, metric: Result) -> None:
    estimates = _bars(metric)
    values = [each.value for each in estimates]
    # The interval is cut to what is possible and may then not reach the value.
    below = [max(each.value - each.low, 0.0) if math.isfinite(each.low) else 0.0 for each in estimates]
    above = [max(each.high - each.value, 0.0) if math.isfinite(each.high) else 0.0 for each in estimates]
    places = range(len(estimates))
    panel.barh(places, values, xerr=(below, above), color=BAR, ecolor="black", capsize=3, height=0.7)
    panel.set_yticks(places, [each.label for each in estimates])
    panel.invert_yaxis()
    panel.axvline(0, color="black", linewidth=0.6)
    more = f", {len(estimates)} of {len(metric.estimates)} figures" if len(estimates) == MAXIMUM_BARS else ""
    panel.set_title(f"{metric.name} ({metric.kind}{more})", loc="left", size=9)
    panel.set_xlabel(estimates[0].unit)

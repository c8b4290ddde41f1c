"""The learning curve as a picture: accuracy and loss by round, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from sda.chain.settings import TOKEN
from sda.errors import ParameterError
from sda.learning.checkpoint import Report

FORMS = (".svg", ".png", ".pdf")
_STYLE: Any = {"svg.hashsalt": "sda", "svg.fonttype": "none", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3}


def save_curve(title: str, reports: Sequence[Report], path: Path) -> None:
    """Draw to a file whose suffix says its form, such as .svg or .png.

    Raises:
        ParameterError: Another suffix, or no round counted yet.
    """
    if path.suffix not in FORMS:
        raise ParameterError("out", str(path), f"a file that ends in {', '.join(FORMS)}")
    counted = [report for report in reports if report.counted]
    if not counted:
        raise ParameterError("rounds", 0, "one that counted at least: there is no curve yet")
    steps = range(1, len(counted) + 1)
    with rc_context(_STYLE):
        figure = Figure(figsize=(8, 3), layout="constrained")
        figure.suptitle(title, size=10)
        accuracy, loss, cost = figure.subplots(1, 3)
        accuracy.plot(steps, [report.accuracy for report in counted], marker="o", markersize=3)
        accuracy.set(title="accuracy on the public set", xlabel="updates", ylim=(0, 1))
        loss.plot(steps, [report.loss for report in counted], marker="o", markersize=3)
        loss.set(title="loss on the public set", xlabel="updates")
        loss.set_ylim(bottom=0)
        cost.plot(steps, list(accumulate(report.paid / TOKEN for report in counted)), marker="o", markersize=3)
        cost.set(title="tokens paid, in all", xlabel="updates")
        cost.set_ylim(bottom=0)
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)

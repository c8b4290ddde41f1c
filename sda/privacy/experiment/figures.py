"""The figures of docs/experiment.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from sda.privacy.chart import STYLE, save_figure
from sda.privacy.experiment.bloom import Decoded
from sda.privacy.experiment.measure import USERS, Comparison
from sda.privacy.experiment.scenarios import COMMITTEE, COMMON, RARE

CLERKS, LOCAL, PROMISED = "#cc3311", "#4477aa", "#ee9977"
_SCENARIOS = ("one-pure", "many")


def draw_all(
    comparisons: Sequence[Comparison], rappor: Sequence[Decoded], clerks: dict[str, Decoded], folder: Path
) -> None:
    """Write every figure."""
    folder.mkdir(parents=True, exist_ok=True)
    with rc_context(STYLE):
        save_figure(error_against_users(comparisons), folder / "error-against-users.svg")
        save_figure(square_law(comparisons), folder / "square-law.svg")
        save_figure(decoder(rappor, clerks), folder / "rappor-decoder.svg")


def error_against_users(comparisons: Sequence[Comparison]) -> Figure:
    """Error against number of users, for both, rare and common events, one event per user and many."""
    figure = Figure(figsize=(9, 7), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True)
    for row, name in zip(panels, _SCENARIOS, strict=True):
        for panel, share in zip(row, (RARE, COMMON), strict=True):
            _curves(panel, next(c for c in comparisons if (c.scenario, c.share) == (name, share)))
    for panel in panels[1]:
        panel.set_xlabel("users")
    for panel in panels[:, 0]:
        panel.set_ylabel("error of the share of users (root mean square)")
    panels[0, 0].legend(fontsize=8)
    return figure


def _curves(panel: Any, comparison: Comparison) -> None:
    users = np.array([point.users for point in comparison.local], dtype=float)
    clerks = comparison.clerks.error * USERS / users
    sampling = comparison.share * (1 - comparison.share) / users
    panel.loglog(users, [p.error for p in comparison.local], "o-", color=LOCAL, label="randomised response")
    panel.loglog(users, clerks, "s-", color=CLERKS, label="noise from the clerks")
    panel.loglog(users, [p.population for p in comparison.local], ":", color=LOCAL, label="… of the population's share")
    panel.loglog(users, np.sqrt(clerks**2 + sampling), ":", color=CLERKS, label="… of the population's share")
    panel.hlines(comparison.clerks.error, USERS, comparison.equal, color="grey", linewidth=0.8)
    panel.annotate(
        f"{USERS:,} = {float(f'{comparison.equal:.2g}'):,.0f}",
        (comparison.equal, comparison.clerks.error),
        textcoords="offset points",
        xytext=(4, 4),
        fontsize=8,
    )
    kind = "rare" if comparison.share == RARE else "common"
    panel.set_title(f"{comparison.title}; {kind} ({comparison.share:g} of users)", size=9)
    panel.grid(alpha=0.3)


def square_law(comparisons: Sequence[Comparison]) -> Figure:
    """Users for equal error with and without clerks: lines are the law, points are measured."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    panel = figure.subplots()
    with_clerks = np.geomspace(30, 30_000, 50)
    missing = COMMITTEE.dealers / COMMITTEE.n
    for index, each in enumerate(c for c in comparisons if c.share == RARE):
        color = f"C{index}"
        panel.loglog(
            with_clerks, each.law * missing * with_clerks**2, color=color, label=f"{each.title}: {each.law:.2f} n²·h/n"
        )
        panel.plot(USERS, each.equal, "o", color=color)
    panel.loglog(with_clerks, with_clerks, "--", color="grey", label="as many")
    panel.plot(USERS, 1_000_000, "*", color="black", markersize=14, label="claim of 2018")
    panel.set_xlabel("users with noise from the clerks")
    panel.set_ylabel("users with local randomisation, same ε and error")
    panel.set_title(
        f"rare events; n = {COMMITTEE.n} clerks, all present, t = {COMMITTEE.t}, s = {COMMITTEE.silent}", size=9
    )
    panel.legend(fontsize=7)
    panel.grid(alpha=0.3)
    return figure


def decoder(rappor: Sequence[Decoded], clerks: dict[str, Decoded]) -> Figure:
    """RAPPOR with Bloom filters and decoder beside 1,000 users with clerks."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    users = [each.users for each in rappor]
    left.loglog(users, [each.error for each in rappor], "o-", color=LOCAL, label="RAPPOR, decoded")
    right.semilogx(users, [each.found for each in rappor], "o-", color=LOCAL)
    for (words, each), color in zip(clerks.items(), (CLERKS, PROMISED), strict=True):
        left.axhline(each.error, color=color, label=f"{each.users:,} users with clerks, {words}")
        right.axhline(each.found, color=color)
    left.set_ylabel("error of a string's share (root mean square)")
    right.set_ylabel("strings found, of 100")
    for panel in (left, right):
        panel.set_xlabel("users of RAPPOR")
        panel.grid(alpha=0.3)
    left.legend(fontsize=8)
    return figure

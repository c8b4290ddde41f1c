"""What a measurement says, and how a time is taken."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Result:
    """One figure.

    Attributes:
        name: Explains itself.
        value, unit: The figure.
        compared_with: Named, with its own figure where there is one.
        target: What was to be reached; empty if nothing was set.
        command: That reproduces it.
    """

    name: str
    value: float
    unit: str
    compared_with: str
    target: str
    command: str


def seconds(function: Callable[[], object], runs: int) -> float:
    """Median time of `runs` runs, after one that is not counted."""
    function()
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return median(times)

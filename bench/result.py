"""What a measurement says, and how a time is taken."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

FILE = Path(__file__).parent / "results.json"


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


def peak_mb() -> float:
    """Memory of this program alone, at most: `getrusage` would count that of the process that started it as well."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024 / 1e6


def seconds(function: Callable[[], object], runs: int) -> float:
    """Median time of `runs` runs, after one that is not counted."""
    function()
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return median(times)


def merge(found: Iterable[Result]) -> list[dict[str, Any]]:
    """Write results into the file, in place of earlier ones of the same name; all that are there now."""
    kept = {entry["name"]: entry for entry in json.loads(FILE.read_text())} if FILE.exists() else {}
    kept |= {result.name: asdict(result) for result in found}
    entries = list(kept.values())
    FILE.write_text(json.dumps(entries, indent=2, ensure_ascii=False) + "\n")
    return entries


def show(result: Result) -> None:
    """For people."""
    target = f"  (to be reached: {result.target})" if result.target else ""
    print(f"{result.name:32} {result.value:>12,} {result.unit}{target}\n{'':32} {result.compared_with}")

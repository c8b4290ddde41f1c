"""Runs all systems on the same vectors, checks their sums, and turns what they took into figures."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.util import find_spec
from random import Random

from bench.result import Result
from bench.side_by_side import mpyc_sum, ours, prio3, sealed_boxes, secagg
from bench.side_by_side.report import Load, Report, System, Vectors

COMMAND = "python -m bench.side_by_side"
SYSTEMS: tuple[System, ...] = (
    *ours.SYSTEMS,
    *sealed_boxes.SYSTEMS,
    *secagg.SYSTEMS,
    *mpyc_sum.SYSTEMS,
    *prio3.SYSTEMS,
)
PREFIX = "side_by_side"
CONTRIBUTORS, LENGTH = 1000, 100
WARM_UP = 12, 5


class NotSetUpError(Exception):
    """Something that a system needs is not here."""


def make_vectors(contributors: int, length: int) -> Vectors:
    """One-bit events, the same every time."""
    random = Random(contributors)
    return [[random.randrange(2) for _ in range(length)] for _ in range(contributors)]


def checked_run(system: System, vectors: Vectors) -> Report:
    """Run a system, and insist on the right sum."""
    report = system.run(vectors)
    if list(report.sums) != [sum(column) for column in zip(*vectors, strict=True)]:
        raise RuntimeError(f"{system.slug}: the sum is wrong")
    return report


def missing(systems: Sequence[System]) -> list[str]:
    """What the systems need and is not installed."""
    return sorted({need for system in systems for need in system.needs if not _is_there(need)})


def _is_there(need: str) -> bool:
    if need == "node":
        return shutil.which("node") is not None and (prio3.FOLDER / "node_modules").is_dir()
    return find_spec(need) is not None


def measure(slugs: Collection[str] = ()) -> Iterator[list[Result]]:
    """The named systems, or all, each on a few vectors first: that checks it, and compiles what is compiled on use.

    Yields:
        The figures of one system after the other, so that a run that is cut short keeps what it has.

    Raises:
        NotSetUpError: An extra is not installed.
    """
    chosen = [system for system in SYSTEMS if not slugs or system.slug in slugs]
    if lacking := missing(chosen):
        raise NotSetUpError(
            f"side by side needs {', '.join(lacking)}, which are not part of the usual set-up; run: make side-by-side"
        )
    yield [_scene(), *_gas()]
    vectors = make_vectors(CONTRIBUTORS, LENGTH)
    for system in chosen:
        print(f"{system.title}, {system.setting} …", flush=True)
        checked_run(system, make_vectors(*WARM_UP))
        yield list(figures(system, checked_run(system, vectors)))


def figures(system: System, report: Report) -> Iterator[Result]:
    """Bytes and time of one party of each role."""
    yield from _loads(system, report.first, "")
    yield from _loads(system, report.later, "_later")


def _loads(system: System, loads: Mapping[str, Load], suffix: str) -> Iterator[Result]:
    for role, load in loads.items():
        values = {"up": (round(load.up), "bytes"), "down": (round(load.down), "bytes"), "cpu": _cpu(load)}
        for name, (value, unit) in values.items():
            yield Result(f"{PREFIX}_{system.slug}_{role}_{name}{suffix}", value, unit, system.setting, "", COMMAND)


def _cpu(load: Load) -> tuple[float, str]:
    return round(load.cpu_ms, 2), "ms"


def _scene() -> Result:
    what = f"{LENGTH} one-bit events each; {os.cpu_count()} shared cores, Python {platform.python_version()}"
    return Result(f"{PREFIX}_contributors", CONTRIBUTORS, "contributors", what, "", COMMAND)


def _gas() -> list[Result]:
    return [
        Result(f"{PREFIX}_ours_gas_{name}", gas, "gas", "from docs/gas.md", "", COMMAND)
        for name, gas in ours.gas().items()
    ]

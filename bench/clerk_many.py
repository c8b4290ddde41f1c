"""A clerk's whole job for 250,000 contributors: the first time, the first time in an epoch, and every other time."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from bench import enrolments
from bench.result import Result

COMMAND = "python -m bench clerk-250k"
CONTRIBUTORS = 250_000
CACHED_RUNS = 5


def measure() -> list[Result]:
    """Each job in a process of its own, which reads what earlier ones wrote down; every check included, m = 3."""
    enrolments.ensure(CONTRIBUTORS)
    with tempfile.TemporaryDirectory() as directory:
        first, _ = _job(directory, 1), _job(directory, 1)
        epoch = _job(directory, 2)
        cached = [_job(directory, 2) for _ in range(CACHED_RUNS)]
    assert all(each["opened"] for each in cached), "the sum opens the commitment"
    each = 1e6 / CONTRIBUTORS
    peak = max(job["peak_mb"] for job in (first, epoch, *cached))
    what = f"{CONTRIBUTORS:,} contributors, m=3, all checks and the reading of files included"
    cpu = "CPU time of all processes"
    return [
        Result(
            "clerk_250k_cached_us_per_contributor",
            round(each * median(job["cpu"] for job in cached), 2),
            "µs",
            f"{what}; {cpu}",
            "≤ 4",
            COMMAND,
        ),
        Result("clerk_250k_cached_s", round(median(job["seconds"] for job in cached), 2), "s", what, "≤ 1", COMMAND),
        Result(
            "clerk_250k_new_epoch_us_per_contributor_and_core",
            round(each * epoch["cpu"], 1),
            "µs",
            f"{what}; {cpu}; enrolments verified in an earlier epoch, every shared point new",
            "≤ 100",
            COMMAND,
        ),
        Result(
            "clerk_250k_first_us_per_contributor_and_core",
            round(each * first["cpu"], 1),
            "µs",
            f"{what}; {cpu}; nothing known: signature, proof of possession and subgroup checked, once ever",
            "≤ 100, not reached: a constant-time multiplication and the signature alone take 140",
            COMMAND,
        ),
        Result("clerk_250k_first_s", round(first["seconds"], 1), "s", f"{what}; two cores", "", COMMAND),
        Result("clerk_250k_peak_mb", round(peak), "MB", "of the job's process, all three cases", "≤ 200", COMMAND),
    ]


def _job(directory: str, key: int) -> dict[str, float]:
    line = [sys.executable, "-m", "bench.clerk_job", directory, str(CONTRIBUTORS), str(key)]
    done = subprocess.run(line, check=True, capture_output=True, text=True, cwd=Path(__file__).parent.parent)
    found: dict[str, float] = json.loads(done.stdout)
    return found

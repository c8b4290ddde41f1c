"""Prio3, as browsers and phones send measurements to two servers: @divviup/prio3 from npm, run by `prio3.mjs`."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from bench.side_by_side.report import Load, Report, System, Vectors

FOLDER = Path(__file__).parent
SERVERS = 2


def run(vectors: Vectors) -> Report:
    """One batch; everything in one Node process."""
    done = subprocess.run(
        ["node", "prio3.mjs"], cwd=FOLDER, input=json.dumps(vectors), stdout=subprocess.PIPE, text=True, check=True
    )
    result = json.loads(done.stdout)
    parties = {"contributor": len(vectors), "clerk": SERVERS, "developer": 1}
    loads = {
        role: Load(*(size / count for size in result["bytes"][role]), sum(result["cpu"][role]) / count)
        for role, count in parties.items()
    }
    # A contributor sends one report and is gone: the engine compiles for it, and not for those after it.
    fresh, *warm = result["cpu"]["contributor"]
    later = {"contributor": replace(loads["contributor"], cpu_ms=fmean(warm or [fresh]))}
    return Report(result["sums"], {**loads, "contributor": replace(loads["contributor"], cpu_ms=fresh)}, later)


SYSTEMS = (
    System(
        slug="prio3_2",
        title="Prio3SumVec",
        setting="2 servers, 1 bit, chunks of 10; @divviup/prio3 0.8.0 (VDAF draft 8) on Node",
        run=run,
        round_trips="contributor: one message; clerk: one per batch of contributions, both online at once",
        silent="any contributors; neither server",
        lying="contributors: a vector out of range is found and left out; servers: a wrong share spoils the sum "
        "unnoticed",
        learns="collector: the sum; more: both servers together",
        not_counted="The network, and what DAP adds: HPKE around each server's share (48 bytes and a key exchange), "
        "headers. Sizes are of the package's own encoders; all parties share one process.",
        needs=("node",),
    ),
)

"""Gas of each step, from the Foundry measurement that the gas table is checked against."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from bench.result import Result

COMMAND = "python -m bench gas"
FILE = Path(".build/gas.json")
LIMITS = {
    "draw": 600_000,
    "snapshot": 500_000,
    "row": 130_000,
    "claim": 120_000,
    "register": 280_000,
    "snapshot_64": 800_000,
    "row_m64": 650_000,
}


def measure() -> list[Result]:
    """n=26 of 1,000 clerks, R=18, m=3, 250,000 contributors; `snapshot_64` with n=64, `row_m64` with m=64."""
    subprocess.run(["forge", "test", "--match-contract", "RoundsGas"], check=True, stdout=subprocess.DEVNULL)
    measured: dict[str, int] = json.loads(FILE.read_text())
    return [
        Result(f"gas_{name}", gas, "gas", "a whole transaction, calldata included", _target(name), COMMAND)
        for name, gas in measured.items()
    ]


def _target(name: str) -> str:
    return f"≤ {LIMITS[name]:,}" if name in LIMITS else ""

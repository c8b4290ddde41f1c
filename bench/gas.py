"""Gas of each step, from the Foundry measurement that docs/gas.md is checked against."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from bench.result import Result

COMMAND = "python -m bench gas"
FILES = [Path(".build") / name for name in ("gas.json", "gas-disputes.json", "gas-wide.json")]


def measure() -> list[Result]:
    """n=26 of 1,000 clerks, R=18, m=3, 250,000 contributors; `…_64` with n=64, `row_m64` with m=64."""
    subprocess.run(
        ["forge", "test", "--match-contract", "RoundsGas|DisputesGas|WideGas"], check=True, stdout=subprocess.DEVNULL
    )
    measured: dict[str, int] = {}
    for file in FILES:
        measured |= json.loads(file.read_text())
    return [
        Result(f"gas_{name}", gas, "gas", "a whole transaction", f"≤ {measured[name + '_limit']:,}", COMMAND)
        for name, gas in measured.items()
        if not name.endswith("_limit")
    ]

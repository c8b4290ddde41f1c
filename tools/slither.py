"""What Slither finds in the contracts, against the answers in docs/SLITHER.md.

`python tools/slither.py` fails if a finding has no answer there, or an answer no finding any more. A finding is a
detector and the function, variable or contract that it is about: line numbers move, answers stay. Needs `slither`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
ANSWERS = ROOT / "docs" / "SLITHER.md"
REPORT = ROOT / ".build" / "slither.json"
# A build of the contracts alone: Slither compiles from scratch, and tests take most of the time.
FOUNDRY = {
    "FOUNDRY_OUT": ".build/slither",
    "FOUNDRY_CACHE_PATH": ".build/slither-cache",
    "FOUNDRY_TEST": "tools",
    "FOUNDRY_SCRIPT": "tools",
}
EVERYWHERE = "everywhere"  # stands for every place, but not of what may be serious
SERIOUS = {"High", "Medium"}

Finding = tuple[str, str]  # detector, place


def findings() -> dict[Finding, str]:
    """What Slither finds now, and of which impact.

    Raises:
        RuntimeError: Slither did not get to the end.
    """
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.unlink(missing_ok=True)  # it would not be overwritten
    command = ["slither", ".", "--filter-paths", "node_modules", "--fail-none", "--json", str(REPORT)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | FOUNDRY, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not REPORT.exists():
        raise RuntimeError(f"slither failed:\n{done.stderr[-4000:]}")
    report = json.loads(REPORT.read_text())
    if not report["success"]:
        raise RuntimeError(f"slither failed: {report['error']}")
    detectors = report["results"].get("detectors", [])
    return {(found["check"], place(found["elements"][0])): found["impact"] for found in detectors}


def place(element: dict[str, Any]) -> str:
    """Contract.function, Contract.function.variable or Contract of what a finding is about first."""
    parent = element.get("type_specific_fields", {}).get("parent")
    if element["type"] == "node":
        return place(parent)
    name: str = element["name"]
    return f"{place(parent)}.{name}" if parent and element["type"] != "contract" else name


def answers(text: str) -> set[Finding]:
    """Detectors and places of the table's rows: `detector` | `place`, `place` … | answer."""
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+?) \| (.+) \|$", text, re.MULTILINE)
    return {(detector, where.strip("`")) for detector, places, _ in rows for where in places.split(", ")}


def faults(found: dict[Finding, str], answered: set[Finding]) -> list[str]:
    """Findings without an answer, and answers without a finding."""
    needed = set()
    for (detector, where), impact in found.items():
        covered = impact not in SERIOUS and (detector, EVERYWHERE) in answered
        needed.add((detector, EVERYWHERE if covered else where))
    unanswered = [
        f"no answer: {detector} ({found[detector, where]}) in {where}" for detector, where in needed - answered
    ]
    stale = [f"not found any more: {detector} in {where}" for detector, where in answered - needed]
    return sorted(unanswered + stale)


def main() -> str | None:
    """Compare; an error's text, or None."""
    found = findings()
    wrong = faults(found, answers(ANSWERS.read_text()))
    if wrong:
        return "docs/SLITHER.md and Slither differ:\n" + "\n".join(wrong)
    print(f"slither: {len(found)} findings, each answered in docs/SLITHER.md")
    return None


if __name__ == "__main__":
    sys.exit(main())

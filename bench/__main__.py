"""`python -m bench [contribution] [clerk] [gas] [clerk-250k]`: measure, print, write results.json and README's table.

All but the last by default: that one takes some minutes, and half a gigabyte of the user's cache the first time.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from bench import clerk, clerk_many, contribution, gas, readme
from bench.result import Result

FILE = Path(__file__).parent / "results.json"
PARTS = {"contribution": contribution.measure, "clerk": clerk.measure, "gas": gas.measure}
HEAVY = {"clerk-250k": clerk_many.measure}


def main() -> None:
    """Run the named parts; figures of other parts are kept."""
    measures = PARTS | HEAVY
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(measures)}")
    parts = parser.parse_args().parts or list(PARTS)
    if unknown := set(parts) - set(measures):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    kept = {entry["name"]: entry for entry in json.loads(FILE.read_text())} if FILE.exists() else {}
    for part in parts:
        for result in measures[part]():
            kept[result.name] = asdict(result)
            _show(result)
    results = list(kept.values())
    FILE.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    readme.write(results)


def _show(result: Result) -> None:
    target = f"  (to be reached: {result.target})" if result.target else ""
    print(f"{result.name:32} {result.value:>12,} {result.unit}{target}\n{'':32} {result.compared_with}")


if __name__ == "__main__":
    main()

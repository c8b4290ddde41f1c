"""`python -m bench [contribution] [clerk] [gas]`: measure, print, write bench/results.json and the README's table."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from bench import clerk, contribution, gas, readme
from bench.result import Result

FILE = Path(__file__).parent / "results.json"
PARTS = {"contribution": contribution.measure, "clerk": clerk.measure, "gas": gas.measure}


def main() -> None:
    """Run the named parts, all by default; figures of other parts are kept."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}")
    parts = parser.parse_args().parts or list(PARTS)
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    kept = {entry["name"]: entry for entry in json.loads(FILE.read_text())} if FILE.exists() else {}
    for part in parts:
        for result in PARTS[part]():
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

"""`python -m bench [contribution] [clerk] [gas] [side-by-side]`: measure, print, write bench/results.json, the README's
table and docs/side-by-side.md."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from bench import clerk, contribution, gas, readme
from bench.result import Result
from bench.side_by_side import page
from bench.side_by_side import run as side_by_side

FILE = Path(__file__).parent / "results.json"
PARTS = {"contribution": contribution.measure, "clerk": clerk.measure, "gas": gas.measure}
SIDE_BY_SIDE = "side-by-side"
"""Only when named: it takes long, and needs what `make side-by-side` sets up."""
SLUGS = [system.slug for system in side_by_side.SYSTEMS]


def main() -> None:
    """Run the named parts, all but side-by-side by default; figures of other parts are kept."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join([*PARTS, SIDE_BY_SIDE])}")
    parser.add_argument("--systems", nargs="+", choices=SLUGS, default=[], help="of side-by-side, all by default")
    arguments = parser.parse_args()
    parts = arguments.parts or list(PARTS)
    if unknown := set(parts) - {*PARTS, SIDE_BY_SIDE}:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    for part in parts:
        if part != SIDE_BY_SIDE:
            _keep(PARTS[part]())
            continue
        try:
            for results in side_by_side.measure(arguments.systems):
                _keep(results)
        except side_by_side.NotSetUpError as error:
            raise SystemExit(str(error)) from error


def _keep(measured: Iterable[Result]) -> None:
    """Show figures and write them, in place of earlier ones of the same names."""
    kept = {entry["name"]: entry for entry in json.loads(FILE.read_text())} if FILE.exists() else {}
    for result in measured:
        kept[result.name] = asdict(result)
        _show(result)
    results = list(kept.values())
    FILE.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    readme.write(results)
    page.write(results)


def _show(result: Result) -> None:
    target = f"  (to be reached: {result.target})" if result.target else ""
    print(f"{result.name:32} {result.value:>12,} {result.unit}{target}\n{'':32} {result.compared_with}")


if __name__ == "__main__":
    main()

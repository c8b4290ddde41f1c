"""`python -m bench [contribution] [clerk] [gas] [relay]`: measure, print, write bench/results.json and the README's table."""

from __future__ import annotations

import argparse

from bench import clerk, contribution, gas, readme, relay_ingest
from bench.result import merge, show

PARTS = {
    "contribution": contribution.measure,
    "clerk": clerk.measure,
    "gas": gas.measure,
    "relay": relay_ingest.measure,
}


def main() -> None:
    """Run the named parts, all by default; figures of other parts are kept."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}")
    parts = parser.parse_args().parts or list(PARTS)
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    for part in parts:
        found = PARTS[part]()
        for result in found:
            show(result)
        readme.write(merge(found))


if __name__ == "__main__":
    main()

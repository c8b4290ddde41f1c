"""`python -m bench [PART …]`: measure, print, write results.json and the table in README.md.

All but the heavy ones by default: they take minutes; clerk-250k also half a gigabyte of the user's cache at first.
"""

from __future__ import annotations

import argparse

from bench import clerk, clerk_many, contribution, gas, learning, privacy, readme, relay_ingest
from bench.result import merge, show

PARTS = {"contribution": contribution.measure, "clerk": clerk.measure, "gas": gas.measure}
HEAVY = {
    "privacy": privacy.measure,
    "relay": relay_ingest.measure,
    "learning": learning.measure,
    "clerk-250k": clerk_many.measure,
}


def main() -> None:
    """Run the named parts; figures of other parts are kept."""
    measures = PARTS | HEAVY
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(measures)}")
    parts = parser.parse_args().parts or list(PARTS)
    if unknown := set(parts) - set(measures):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    for part in parts:
        found = measures[part]()
        for result in found:
            show(result)
        readme.write(merge(found))


if __name__ == "__main__":
    main()

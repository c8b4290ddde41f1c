"""`python -m bench [PART …]`: measure, print, write results.json and the table in README.md.

All but the last two by default: they take some minutes, clerk-250k also half a gigabyte of the user's cache at first.
"""

from __future__ import annotations

import argparse

from bench import clerk, clerk_many, contribution, gas, learning, readme
from bench.result import merge, show

PARTS = {"contribution": contribution.measure, "clerk": clerk.measure, "gas": gas.measure}
HEAVY = {"clerk-250k": clerk_many.measure, "learning": learning.measure}


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

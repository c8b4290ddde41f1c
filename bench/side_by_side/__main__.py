"""`python -m bench.side_by_side`: ours beside other systems; writes bench/results.json and docs/side-by-side.md.

Needs what `make side-by-side` sets up, and takes a quarter of an hour.
"""

from __future__ import annotations

import argparse

from bench.result import merge, show
from bench.side_by_side import page
from bench.side_by_side.run import SYSTEMS, NotSetUpError, measure


def main() -> None:
    """Run the named systems, or all; figures of others are kept."""
    slugs = [system.slug for system in SYSTEMS]
    parser = argparse.ArgumentParser(
        prog="python -m bench.side_by_side",
        description=__doc__,
        epilog=f"example: python -m bench.side_by_side {slugs[0]}",
    )
    # argparse looks for the empty list among the choices, too.
    parser.add_argument("systems", nargs="*", choices=[[], *slugs], metavar="system", help=f"of {', '.join(slugs)}")
    try:
        for results in measure(parser.parse_args().systems):
            for result in results:
                show(result)
            page.write(merge(results))
    except NotSetUpError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
